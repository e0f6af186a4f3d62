"""The part of a traceback that is the user's own code."""

from __future__ import annotations

import traceback
from pathlib import Path

from xeroml_nb.records.json_text import clean_text

_PACKAGE = str(Path(__file__).parents[1])
_LONGEST = 4_000
_KEPT = "__xeroml_traceback__"


def keep_traceback(error: BaseException, text: str) -> BaseException:
    """Let an error keep the traceback it had in another process."""
    error.__dict__[_KEPT] = text
    return error


def users_traceback(error: BaseException) -> str:
    """The lines of the user's code that led to an error, without those of this package."""
    kept = getattr(error, _KEPT, None)
    if isinstance(kept, str):
        return kept
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [f for f in frames if not f.filename.startswith(_PACKAGE)]
    lines = traceback.format_list(theirs) + traceback.format_exception_only(error)
    text = clean_text("".join(lines)).rstrip()
    return text if len(text) <= _LONGEST else f"…{text[-_LONGEST:]}"
