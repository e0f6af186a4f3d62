"""Which rows of a report stand behind a row of a score matrix."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Row = dict[str, Any]
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Behind:
    """Rows of a report, and why these.

    Args:
        why: Such as "category is billing".
        rows: Those rows, in the report's order or the lowest value first.
        first: The column that is to be read first.
    """

    why: str
    rows: Sequence[Row]
    first: str


def rows_behind(labels: Iterable[Any], rows: Sequence[Row]) -> dict[str, Behind]:
    """Find what the first cells of a matrix's rows name among the rows of a report.

    A name of a column stands for that column, the lowest values first. Any other text or number
    stands for the rows in which one column has that value; where several have, the column with
    most such rows.

    Args:
        labels: The first cells.
        rows: The report's rows; every one has the same columns.

    Returns:
        By the text of the cell; cells that name nothing are left out.

    Example:
        >>> rows = [{"category": "billing", "right": True}, {"category": "other", "right": False}]
        >>> found = rows_behind(["billing", "right", "total"], rows)
        >>> [(one.why, len(one.rows)) for one in found.values()]
        [('category is billing', 1), ('right, lowest first', 2)]
    """
    wanted = {key: None for label in labels if (key := name_of(label)) is not None}
    columns = list(rows[0]) if rows else []
    holding = _holding([key for key in wanted if key not in columns], rows)
    found = {}
    for key in wanted:
        if key in columns:
            found[key] = Behind(f"{key}, lowest first", sorted(rows, key=_by(key)), key)
        elif key in holding:
            column, places = max(holding[key].items(), key=lambda one: len(one[1]))
            found[key] = Behind(f"{column} is {key}", [rows[n] for n in places], column)
    return found


def _holding(keys: Iterable[str], rows: Sequence[Row]) -> Mapping[str, Mapping[str, list[int]]]:
    """Where each text is a value: by the text, then by the column, the numbers of the rows."""
    wanted = set(keys)
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    if not wanted:
        return found
    for number, row in enumerate(rows):
        for column, value in row.items():
            key = name_of(value)
            if key in wanted:
                found[key][column].append(number)
    return found


def name_of(value: Any) -> str | None:
    """A value as a matrix may name it; long texts, lists and dicts are no names."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_NAME else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, int | float) else None


def _by(column: str) -> Any:
    """Sorts by a column: missing values first, then false, then numbers, then texts."""

    def order(row: Row) -> tuple[int, float, str]:
        value = row.get(column)
        if value is None:
            return (0, 0.0, "")
        if isinstance(value, int | float):
            return (1, float(value), "")
        return (2, 0.0, str(value))

    return order
