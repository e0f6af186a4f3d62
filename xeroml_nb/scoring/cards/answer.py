"""Check what a card's code returned: a score from 0 to 100, and a matrix if it likes."""

from __future__ import annotations

import math
from typing import Any

from xeroml_nb.errors import CardFailed
from xeroml_nb.records.json_text import preview

_HIGHEST = 100
_RETURN = 'End it with return {"score": ...}, a number from 0 to 100.'
_CELL = 'a cell is a plain value or {"value": ..., "positive_metric": True or False}'
_KINDS = {dict: "a dict", list: "a list", str: "a text", bool: "a truth value"}


class _Unfit(Exception):  # noqa: N818 - never leaves this module
    """What is wrong with an answer, after the name of the card."""


def checked_answer(card: str, value: Any, printed: str) -> tuple[float, list[Any] | None]:
    """The score and the matrix in what code returned.

    Args:
        card: The name of the score card, for the error.
        value: What came back, as JSON holds it.
        printed: What the code printed; goes with the error.

    Raises:
        CardFailed: If there is no such score, or the matrix has another shape.
    """
    try:
        return _score(value), _matrix(value.get("score_matrix"))
    except _Unfit as unfit:
        raise CardFailed(f"Score card {card!r}: {unfit}.", _RETURN, printed=printed) from None


def _score(value: Any) -> float:
    if value is None:
        raise _Unfit("the code returned nothing")
    if not isinstance(value, dict):
        raise _Unfit(f"the code returned {_kind(value)} ({preview(value, 60)}), not a dict")
    if "score" not in value:
        held = ", ".join(map(repr, list(value)[:8])) or "nothing"
        raise _Unfit(f"what the code returned has no 'score'; it holds {held}")
    score = value["score"]
    if score is None:
        raise _Unfit("the score is null, which is also what NaN becomes in JavaScript")
    if isinstance(score, bool) or not isinstance(score, (int, float)):
        raise _Unfit(f"the score is {_kind(score)} ({preview(score, 60)}), not a number")
    if isinstance(score, float) and not math.isfinite(score):
        raise _Unfit(f"the score is {score}")
    if not 0 <= score <= _HIGHEST:
        raise _Unfit(f"the score is {preview(score, 60)}, which is not from 0 to 100")
    return float(score)


def _matrix(matrix: Any) -> list[Any] | None:
    """Lists three deep: tables, rows, cells.

    Example:
        >>> _matrix([[["tone", {"value": 3, "positive_metric": False}]]])
        [[['tone', {'value': 3, 'positive_metric': False}]]]
    """
    if matrix is None:
        return None
    tables = _listed(matrix, "the score_matrix", "a list of tables")
    return [_table(table, f"score_matrix[{i}]") for i, table in enumerate(tables)]


def _table(table: Any, place: str) -> list[list[Any]]:
    rows = _listed(table, place, "a table, which is a list of rows")
    return [
        [
            _cell(cell, f"{place}[{i}][{j}]")
            for j, cell in enumerate(
                _listed(row, f"{place}[{i}]", "a row, which is a list of cells")
            )
        ]
        for i, row in enumerate(rows)
    ]


def _cell(cell: Any, place: str) -> Any:
    if isinstance(cell, dict):
        fits = "value" in cell and cell.keys() <= {"value", "positive_metric"}
        if not fits or not isinstance(cell.get("positive_metric", True), bool):
            raise _Unfit(f"{place} is {preview(cell, 60)}; {_CELL}")
        return cell | {"value": _plain(cell["value"], place)}
    return _plain(cell, place)


def _plain(value: Any, place: str) -> Any:
    if isinstance(value, (dict, list)):
        raise _Unfit(f"{place} holds {_kind(value)}; {_CELL}")
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _listed(value: Any, place: str, wanted: str) -> list[Any]:
    if not isinstance(value, list):
        raise _Unfit(f"{place} is {_kind(value)} ({preview(value, 60)}), not {wanted}")
    return value


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return _KINDS.get(type(value), "a number")
