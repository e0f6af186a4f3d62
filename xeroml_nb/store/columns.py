"""Read many item runs and their scores as columns, without an object for each.

What the driver gives goes into arrays as it is: a hundred thousand rows are read in well under a
second, most of which SQLite itself takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from xeroml_nb.records.score import DataType, ScoreSource
from xeroml_nb.store.schema import item_runs, scores

if TYPE_CHECKING:
    import numpy.typing as npt
    from sqlalchemy.engine import Connection

    Columns = dict[str, npt.NDArray[np.object_]]

_RUN = ("item_id", "repetition", "status", "attempts", "latency", "trace_id")
_TEXTS = ("started_at", "local_item", "output", "error")


def run_columns(connection: Connection, experiment_id: str, *, texts: bool) -> Columns:
    """The item runs of an experiment, in the order of items and repetitions.

    Columns: `item_id, repetition, status, attempts, latency, trace_id`; where texts are asked for
    also `started_at` (microseconds), `local_item, output` (JSON text) and `error`.
    """
    names = _RUN + (_TEXTS if texts else ())
    query = (
        sa.select(*(_plain(item_runs.c[name]) for name in names))
        .where(item_runs.c.experiment_id == experiment_id)
        .order_by(item_runs.c.item_id, item_runs.c.repetition)
    )
    return _fetched(connection, query, names)


def score_columns(connection: Connection, experiment_id: str, *, history: bool) -> Columns:
    """The scores on the traces of an experiment's item runs.

    Columns: `trace_id, name, number, label, is_boolean, by_people` (0 or 1); where history is asked
    for also `updated_at` (microseconds) and `metadata` (JSON text).
    """
    columns: dict[str, sa.ColumnElement[Any]] = {
        "trace_id": scores.c.trace_id,
        "name": scores.c.name,
        "number": scores.c.number,
        "label": scores.c.label,
        # Small numbers are cheaper to fetch than texts.
        "is_boolean": _flag(scores.c.data_type == DataType.BOOLEAN.value),
        "by_people": _flag(scores.c.source == ScoreSource.HUMAN.value),
    }
    if history:
        columns |= {name: _plain(scores.c[name]) for name in ("updated_at", "metadata")}
    query = (
        sa.select(*columns.values())
        .join(item_runs, item_runs.c.trace_id == scores.c.trace_id)
        .where(item_runs.c.experiment_id == experiment_id)
        .where(scores.c.observation_id.is_(None))
    )
    return _fetched(connection, query, tuple(columns))


def _fetched(connection: Connection, query: sa.Select[Any], names: tuple[str, ...]) -> Columns:
    rows = connection.execute(query).cursor.fetchall()
    table = np.empty((len(rows), len(names)), dtype=object)
    if rows:
        table[:] = rows
    return {name: table[:, place] for place, name in enumerate(names)}


def _plain(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """A column as the database holds it."""
    kind = column.type
    return sa.type_coerce(column, kind.impl) if isinstance(kind, sa.TypeDecorator) else column


def _flag(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.case((condition, 1), else_=0)
