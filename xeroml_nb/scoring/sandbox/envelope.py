"""What a worker hands back, opened: an answer, or an error with the user's own line.

The envelope is JSON text. With `Status.ANSWERED` it is `{"value": ..., "printed": "..."}`; with
`Status.FAILED` it is `{"error": {"type": "KeyError", "message": "'x'", "line": 2, "function":
"helper"}, "printed": "..."}`, where `line` and `function` may be null. It comes from a process
that ran a stranger's code, so nothing in it is trusted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.scoring.sandbox import failing
from xeroml_nb.scoring.sandbox.ended import Status
from xeroml_nb.scoring.sandbox.limits import DEEPEST_ANSWER, MOST_PRINTED

if TYPE_CHECKING:
    from xeroml_nb.scoring.sandbox.ended import Ended
    from xeroml_nb.scoring.sandbox.limits import Limits


@dataclass(frozen=True)
class Answer:
    """What a card's code returned.

    Args:
        value: As JSON says it; nothing of it is checked but how deep it is nested.
        printed: At most 20,000 characters.
    """

    value: Any
    printed: str


def opened(ended: Ended, code: str, limits: Limits, name: str) -> Answer:
    """What a child process gave, or the error that says why it gave nothing.

    Args:
        ended: How it ended.
        code: What it ran, for the line that is to blame.
        limits: Which it had.
        name: Of the score card.

    Raises:
        CardFailed: If there is no answer.
    """
    if ended.answered_too_much:
        raise failing.too_long(name)
    if ended.status not in (Status.ANSWERED, Status.FAILED):
        raise failing.limit_met(ended, limits, name)
    envelope = _parsed(ended.answer, name)
    printed = str(envelope.get("printed", ""))[:MOST_PRINTED]
    if ended.status == Status.FAILED:
        raise failing.fault(envelope.get("error"), code, limits, name, printed)
    value = envelope.get("value")
    if _is_deeper(value, DEEPEST_ANSWER):
        raise failing.too_deep(name, printed)
    return Answer(value, printed)


def _parsed(text: bytes, name: str) -> dict[str, Any]:
    try:
        envelope = json.loads(text)
    except RecursionError:
        raise failing.too_deep(name) from None
    except ValueError as error:
        raise failing.no_answer(name, error) from None
    if not isinstance(envelope, dict):
        raise failing.no_answer(name, f"a {type(envelope).__name__} came back")
    return envelope


def _is_deeper(value: Any, depth: int) -> bool:
    """Whether lists and dicts stand inside one another more often than that."""
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, list | dict)
        ]
        if not level:
            return False
    return True
