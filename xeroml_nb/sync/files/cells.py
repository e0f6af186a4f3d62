"""What stands in one cell of a file: the same values in CSV, JSONL and Parquet.

CSV has text alone, so three things are agreed on there. An empty cell has no value. A cell of JSON
that holds a text shows the text itself. And an apostrophe at the beginning says that the rest is
text, whatever it looks like: it stands before the empty text, before what a spreadsheet would run
as a formula, and before a text that would be read as JSON.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_MARK = "'"
# Spreadsheets of some countries take the wide forms of these signs for formulas too.
_FORMULA_SIGNS = frozenset("=+-@＝＋－＠")
_CONTAINER = re.compile(r'[ \t\n\r]*[{\["]')
_SCALAR = re.compile(
    r"[ \t\n\r]*(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)[ \t\n\r]*"
)
# What a text file cannot show as it is; JSON writes it in plain letters.
_UNSHOWN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LARGEST = 2**31 - 1  # what every database takes as an integer


class Cell(StrEnum):
    """What the cells of a column hold."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    TRUTH = "truth"
    MOMENT = "moment"
    JSON = "json"


_WORDS = {
    Cell.TEXT: "a text",
    Cell.INTEGER: f"a whole number from 0 to {_LARGEST}",
    Cell.NUMBER: "a finite number",
    Cell.TRUTH: "true or false",
    Cell.MOMENT: "a moment with its time zone, such as 2026-01-31T12:00:00.000000+00:00",
    Cell.JSON: "JSON",
}


def json_text(value: Any) -> str:
    """A plain value as JSON text; in plain letters where it holds half a surrogate pair."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text if is_writable(text) else json.dumps(value, separators=(",", ":"))


def is_writable(text: str) -> bool:
    """Tell whether a text can be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def json_value(text: str | bytes) -> Any:
    """Read JSON text.

    Raises:
        ValueError: If it is no JSON, or holds what JSON has no word for, such as NaN.
    """
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def to_csv(kind: Cell, value: Any) -> str:
    """A value as the text of a CSV cell.

    Example:
        >>> [to_csv(Cell.TEXT, text) for text in ("a", "", "=A1", "'")]
        ['a', "'", "'=A1", "''"]
        >>> [to_csv(Cell.JSON, value) for value in ("Paris", "1", 1, [1], -0.5)]
        ['Paris', "'1", '1', '[1]', '-0.5']
    """
    if kind is Cell.TEXT:
        return _MARK + value if _is_mistakable(value) else str(value)
    if kind is Cell.JSON:
        return _json_to_csv(value)
    if kind is Cell.TRUTH:
        return "true" if value else "false"
    if kind is Cell.MOMENT:
        return moment_text(value)
    return repr(value)


def from_csv(kind: Cell, text: str) -> Any:
    """The value in a CSV cell that is not empty.

    Raises:
        ValueError: If it holds none of that kind.

    Example:
        >>> [from_csv(Cell.JSON, text) for text in ("Paris", "'1", "1", "[1]", "-0.5")]
        ['Paris', '1', 1, [1], -0.5]
    """
    return _checked(kind, text, _FROM_CSV[kind])


def to_jsonl(kind: Cell, value: Any) -> Any:
    """A value as JSON holds it."""
    return moment_text(value) if kind is Cell.MOMENT else value


def from_jsonl(kind: Cell, value: Any) -> Any:
    """The value that JSON held.

    Raises:
        ValueError: If it is none of that kind.
    """
    return _checked(kind, value, _FROM_JSONL[kind])


def to_parquet(kind: Cell, value: Any) -> Any:
    """A value as Arrow holds it: JSON as its text."""
    return json_text(value) if kind is Cell.JSON else value


def from_parquet(kind: Cell, value: Any) -> Any:
    """The value that Arrow held.

    Raises:
        ValueError: If it is none of that kind.
    """
    return _checked(kind, value, _FROM_PARQUET[kind])


def moment_text(moment: datetime) -> str:
    """A moment as text, always as long."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment_of(text: Any) -> datetime:
    """The moment in a text.

    Raises:
        ValueError: If it is none, or has no time zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("it has no time zone")
    return moment.astimezone(UTC)


def _checked(kind: Cell, held: Any, read: Callable[[Any], Any]) -> Any:
    try:
        return read(held)
    except (TypeError, ValueError, OverflowError):
        shown = held if isinstance(held, str) else repr(held)
        raise ValueError(f"is {shown[:60]!r}; use {_WORDS[kind]}") from None


def _is_mistakable(text: str) -> bool:
    """A spreadsheet, or the reader of this module, would take it for something else."""
    first = text[:1]
    return not first or first == _MARK or first in _FORMULA_SIGNS or first <= " " or first.isspace()


def _json_to_csv(value: Any) -> str:
    if not isinstance(value, str) or _UNSHOWN.search(value):
        return json_text(value)
    if _is_mistakable(value) or _CONTAINER.match(value) or _SCALAR.fullmatch(value):
        return _MARK + value
    return value


def _json_from_csv(text: str) -> Any:
    if text.startswith(_MARK):
        return _text(text[1:])
    if _CONTAINER.match(text) or _SCALAR.fullmatch(text):
        return json_value(text)
    return _text(text)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not is_writable(value):
        raise ValueError
    return value


def _integer(value: Any) -> int:
    # pandas holds a column of integers with gaps as floats.
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole or not 0 <= value <= _LARGEST:
        raise ValueError
    return int(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    return _finite(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _moment(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError
    return value.astimezone(UTC)


def _json(value: Any) -> Any:
    return value


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value} is no JSON value")
    return number


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is no JSON value")


def _text_from_csv(text: str) -> str:
    return _text(text[1:] if text.startswith(_MARK) else text)


def _integer_from_csv(text: str) -> int:
    return _integer(int(text))


def _truth_from_csv(text: str) -> bool:
    # A spreadsheet that saves the file writes them large.
    return _truth(_TRUTHS.get(text.lower()))


_TRUTHS = {"true": True, "false": False}
_FROM_CSV: dict[Cell, Callable[[Any], Any]] = {
    Cell.TEXT: _text_from_csv,
    Cell.INTEGER: _integer_from_csv,
    Cell.NUMBER: _finite,
    Cell.TRUTH: _truth_from_csv,
    Cell.MOMENT: moment_of,
    Cell.JSON: _json_from_csv,
}
_FROM_JSONL: dict[Cell, Callable[[Any], Any]] = {
    Cell.TEXT: _text,
    Cell.INTEGER: _integer,
    Cell.NUMBER: _number,
    Cell.TRUTH: _truth,
    Cell.MOMENT: moment_of,
    Cell.JSON: _json,
}
_FROM_PARQUET: dict[Cell, Callable[[Any], Any]] = {
    **_FROM_JSONL,
    Cell.MOMENT: _moment,
    Cell.JSON: json_value,
}
