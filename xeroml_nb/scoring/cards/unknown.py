"""Say that a name is unknown, and which come near."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN = 8


def unknown_name(what: str, name: str, known: Iterable[str]) -> tuple[str, str]:
    """A problem and the next step, for an error.

    Args:
        what: Who asked for what, up to the name.
        name: What was asked for.
        known: What there is.

    Example:
        >>> unknown_name("The card counts column", "acuracy", ["accuracy", "tone"])
        ("The card counts column 'acuracy', which is not there.", "Did you mean 'accuracy'?")
    """
    names = list(known)
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    shown = ", ".join(repr(n) for n in names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    if near:
        step = f"Did you mean {' or '.join(repr(n) for n in near)}?"
    else:
        step = f"There are: {shown}." if names else "There are none."
    return f"{what} {name!r}, which is not there.", step
