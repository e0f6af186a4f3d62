"""Why a card's code gave no answer, in words for the person who wrote it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import CardFailed
from xeroml_nb.scoring.sandbox.ended import Status
from xeroml_nb.scoring.sandbox.limits import DEEPEST_ANSWER, LONGEST, LONGEST_ANSWER, MOST_MEMORY

if TYPE_CHECKING:
    from xeroml_nb.scoring.sandbox.ended import Ended
    from xeroml_nb.scoring.sandbox.limits import Limits

_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_LONGEST_SAID = 500
_CORRECT = "Correct its code and score again."
_NO_MODULE = (
    "The sandbox has those modules of Python's own library that compute: no installed package, "
    "no files, no network, no processes."
)


def fault(said: Any, code: str, limits: Limits, name: str, printed: str) -> CardFailed:
    """An exception that the code let through.

    Args:
        said: What the sandbox says of it: a dict of `type`, `message`, `line` and `function`;
            it is not trusted to be one.
        code: Which the line is looked up in.
        limits: Which the run had.
        name: Of the score card.
        printed: What the code had printed until then.
    """
    said = said if isinstance(said, dict) else {}
    kind, message = _short(said.get("type")), _short(said.get("message"))
    line, function = _line(said.get("line"), code), _short(said.get("function"))
    place = (f" on line {line}" if line else "") + (f", in {function}" if function else "")
    source = f" at `{_short(_LINE_ENDS.split(code)[line - 1].strip())}`" if line else ""
    what, next_step = _described(kind, message, limits)
    return CardFailed(
        f"Score card {name!r} failed{place}: {what}{source}.", next_step, line=line, printed=printed
    )


def _described(kind: str, message: str, limits: Limits) -> tuple[str, str]:
    """What an exception is called, and what to do about it."""
    if kind == "MemoryError" or (kind, message) == ("InternalError", "out of memory"):
        return f"it needed more than {limits.memory_mb} MB", _for_memory()
    what = ": ".join(word for word in (kind, message) if word) or "it did not say why"
    return what, _NO_MODULE if kind == "ModuleNotFoundError" else _CORRECT


def limit_met(ended: Ended, limits: Limits, name: str) -> CardFailed:
    """An end without an answer: mostly, a limit that the run met."""
    status = Status.OUT_OF_TIME if ended.ran_out_of_time else ended.status
    known: dict[int | None, tuple[str, str]] = {
        Status.OUT_OF_TIME: (
            f"ran longer than {limits.seconds:g} s",
            f"Let it do less, or give it more time, up to {LONGEST:g} s.",
        ),
        Status.TOO_DEEP: ("called itself, or nested its code or values, too deep", _CORRECT),
        Status.OUT_OF_MEMORY: (f"needed more than {limits.memory_mb} MB", _for_memory()),
        Status.CRASHED: (
            f"made its interpreter give up, most often for want of memory: {limits.memory_mb} MB",
            _for_memory(),
        ),
    }
    if status in known:
        what, next_step = known[status]
        return CardFailed(f"Score card {name!r} {what}.", next_step)
    said = ended.complaint.strip() or ended.answer[:_LONGEST_SAID].decode(errors="replace")
    return CardFailed(
        f"The sandbox of score card {name!r} ended with status {status}: {said}.",
        "Look whether it is all there, with: xeroml-nb doctor",
    )


def too_long(name: str) -> CardFailed:
    """An answer over the limit of bytes."""
    return CardFailed(
        f"Score card {name!r} answered more than {LONGEST_ANSWER // 1024**2} MB.",
        "Return a smaller score_matrix.",
    )


def too_deep(name: str, printed: str = "") -> CardFailed:
    """An answer over the limit of lists and dicts inside one another."""
    return CardFailed(
        f"Score card {name!r} answered lists or dicts nested deeper than {DEEPEST_ANSWER}.",
        "Return a flat score_matrix.",
        printed=printed,
    )


def no_answer(name: str, why: object) -> CardFailed:
    """An answer that cannot be read."""
    return CardFailed(
        f"Score card {name!r} gave an answer that cannot be read: {why}.",
        "Return a dict of numbers, texts and lists.",
    )


def _for_memory() -> str:
    return f"Let it keep less at a time, or give it more memory_mb, up to {MOST_MEMORY}."


def _short(said: Any) -> str:
    text = said if isinstance(said, str) else ""
    return text if len(text) <= _LONGEST_SAID else text[: _LONGEST_SAID - 1] + "…"


def _line(said: Any, code: str) -> int | None:
    is_line = isinstance(said, int) and not isinstance(said, bool)
    return said if is_line and 1 <= said <= len(_LINE_ENDS.split(code)) else None
