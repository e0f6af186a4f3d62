"""The part of a traceback that is the user's own code."""

from __future__ import annotations

import traceback
from pathlib import Path

from xeroml_nb.records.json_text import clean_text

_PACKAGE = str(Path(__file__).parents[1])
_LONGEST = 4_000


def users_traceback(error: BaseException) -> str:
    """The lines of the user's code that led to an error, without those of this package."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [f for f in frames if not f.filename.startswith(_PACKAGE)]
    lines = traceback.format_list(theirs) + traceback.format_exception_only(error)
    text = clean_text("".join(lines)).rstrip()
    return text if len(text) <= _LONGEST else f"…{text[-_LONGEST:]}"
