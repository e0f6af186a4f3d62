"""Conditions on scores, written as people say them: `accuracy < 0.5`."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.records.json_text import clean_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_QUOTED = """`(?:[^`]|``)*`|"(?:[^"]|"")*"|'(?:[^']|'')*'"""
_CONDITION = re.compile(
    rf"""\s*(?P<name>{_QUOTED}|[^\s<>=!`"']+)\s*(?P<op><=|>=|==|!=|<|>)
    \s*(?P<value>{_QUOTED}|[^<>=!`"']*?)\s*""",
    re.VERBOSE | re.DOTALL,
)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_BOOLEANS = {"true": 1.0, "false": 0.0}
_HELP = 'Write a name, a comparison and a value, such as "accuracy < 0.5" or "`my tone` == warm".'


@dataclass(frozen=True, slots=True)
class Condition:
    """What a score has to be.

    Args:
        name: The score's name, as its column is called.
        op: `<`, `<=`, `>`, `>=`, `==` or `!=`.
        value: A number (True is 1, False is 0), or a text for categories.
    """

    name: str
    op: str
    value: float | str

    def holds(self, value: float | str | None) -> bool:
        """Tell whether a score's value meets it; a missing one or one of another kind never does.

        Example:
            >>> parse_condition("accuracy < 0.5").holds(False)
            True
        """
        if value is None or isinstance(value, str) != isinstance(self.value, str):
            return False
        return _COMPARE[self.op](value, self.value)


def parse_conditions(given: str | Sequence[str] | None) -> tuple[Condition, ...]:
    """Read one expression or several, all of which have to hold.

    Raises:
        BadInput: If one cannot be read.
    """
    if given is None:
        return ()
    if not isinstance(given, (str, list, tuple)):
        raise BadInput(f"score={given!r} is no text.", _HELP)
    return tuple(parse_condition(one) for one in ((given,) if isinstance(given, str) else given))


def parse_condition(text: str) -> Condition:
    """Read `NAME OP VALUE`.

    A name with spaces or comparison signs stands in backquotes or quotes, which are doubled
    inside. A value is a number, `true`, `false`, or a text, in quotes where it looks like those.

    Raises:
        BadInput: If it cannot be read; texts can only be equal or not.

    Example:
        >>> parse_condition("`my tone` == warm")
        Condition(name='my tone', op='==', value='warm')
    """
    found = _CONDITION.fullmatch(text) if isinstance(text, str) else None
    name = _unquoted(found["name"]) if found else ""
    if found is None or not name or not found["value"]:
        raise BadInput(f"The score condition {text!r} cannot be read.", _HELP)
    value = _value(found["value"])
    if isinstance(value, str) and found["op"] not in {"==", "!="}:
        raise BadInput(
            f"The score condition {text!r} compares with the text {value!r} by {found['op']!r}.",
            "Use == or != with a text, such as \"verdict == 'pass'\".",
        )
    return Condition(name, found["op"], value)


def _unquoted(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote) if quote in "`\"'" else text


def _value(text: str) -> float | str:
    if text.lower() in _BOOLEANS:
        return _BOOLEANS[text.lower()]
    return float(text) if _NUMBER.fullmatch(text) else clean_text(_unquoted(text))
