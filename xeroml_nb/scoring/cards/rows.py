"""Rows that a score card is given, as plain data and as JSON text."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.experiment import Experiment
from xeroml_nb.records.json_text import UNHELD, is_unheld, plain
from xeroml_nb.scoring.sandbox.limits import MOST_DATA

if TYPE_CHECKING:
    from collections.abc import Sequence

_WRITING = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
_SCALARS = (bool, int, str, type(None))
_NOTHING = ("NAType", "NaTType")


@dataclass(frozen=True, slots=True)
class NamedRows:
    """Rows with the names of their columns.

    Args:
        names: In their order.
        rows: One dict each, whose values may still be anything.
    """

    names: tuple[str, ...]
    rows: list[dict[str, Any]]


def rows_of(given: Any) -> NamedRows:
    """The rows of what a score card can be asked to score.

    Args:
        given: A list of dicts, a DataFrame, a report or an experiment.

    Raises:
        BadInput: If it is something else.
    """
    if isinstance(given, Experiment):
        from xeroml_nb.scoring.reports.cells import usual_rows

        return usual_rows(given)
    if callable(getattr(given, "named_rows", None)):
        named: NamedRows = given.named_rows()
        return named
    if hasattr(given, "to_dict") and hasattr(given, "columns"):
        return _frame_rows(given)
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise BadInput(
            f"The rows to score are a {type(given).__name__}.",
            "Pass a list of dicts, a DataFrame, a report or an experiment.",
        )
    return _listed_rows(given)


def json_rows(card: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """The JSON text of rows: NaN and infinities become null, other objects plain values.

    Args:
        card: The name of the score card, for the error.
        rows: Dicts of anything.

    Raises:
        BadInput: If the text is longer than 64 MB.
    """
    text = json_text(rows)
    if len(text) > MOST_DATA:
        raise BadInput(
            f"The rows for score card {card!r} are {len(text) / 2**20:,.0f} MB of JSON.",
            f"Keep them to {MOST_DATA // 2**20} MB: leave out columns that the code does not need.",
        )
    return text


def json_text(value: Any) -> str:
    """JSON text of any value, in which NaN and infinities are null.

    Example:
        >>> json_text([{"a": float("nan"), "b": (1, 2)}])
        '[{"a":null,"b":[1,2]}]'
    """
    try:
        text = _WRITING.encode(value)
    except (TypeError, ValueError, RecursionError):
        text = _WRITING.encode(bare(value))
    # The store marks what JSON cannot hold, also inside outputs.
    return _WRITING.encode(bare(json.loads(text))) if f'"{UNHELD}"' in text else text


def bare(value: Any) -> Any:
    """Plain data in which what has no value is None and what JSON cannot hold is its repr.

    Example:
        >>> bare({"when": float("inf"), "who": {"__repr__": "<User>", "type": "app.User"}})
        {'when': None, 'who': '<User>'}
    """
    if type(value) in _SCALARS:
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if type(value).__name__ in _NOTHING:
        return None
    return _unmarked(plain(value))


def _unmarked(value: Any) -> Any:
    if isinstance(value, list):
        return [_unmarked(one) for one in value]
    if is_unheld(value):
        # A float that is marked is one of NaN and the infinities.
        nothing = value["type"].rpartition(".")[2] in ("float", *_NOTHING)
        return None if nothing else value[UNHELD]
    return {k: _unmarked(v) for k, v in value.items()} if isinstance(value, dict) else value


def _frame_rows(frame: Any) -> NamedRows:
    names = [str(name) for name in frame.columns]
    if twice := next((n for n in names if names.count(n) > 1), None):
        raise BadInput(f"The DataFrame has two columns {twice!r}.", "Rename one of them.")
    values = [frame.iloc[:, place].tolist() for place in range(len(names))]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]
    return NamedRows(tuple(names), rows)


def _listed_rows(given: Iterable[Any]) -> NamedRows:
    rows: list[dict[str, Any]] = []
    names: dict[str, None] = {}
    for number, row in enumerate(given, start=1):
        if not isinstance(row, Mapping):
            raise BadInput(
                f"Row {number} to score is a {type(row).__name__}.",
                "Pass one dict of columns for each row.",
            )
        rows.append({str(name): value for name, value in row.items()})
        names |= dict.fromkeys(rows[-1])
    return NamedRows(tuple(names), rows)
