"""Read many scores as plain rows, without records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records.score import ScoreSource
from xeroml_nb.store.fetching import fetched, plain
from xeroml_nb.store.rows import chunks
from xeroml_nb.store.schema import item_runs, observations
from xeroml_nb.store.schema import scores as table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from xeroml_nb.store.fetching import Columns

LISTED = (
    "id",
    "trace_id",
    "observation_id",
    "session_id",
    "experiment_id",
    "name",
    "number",
    "label",
    "data_type",
    "comment",
    "source",
    "author",
    "metadata",
    "created_at",
)
TARGET = ("trace_id", "observation_id", "session_id", "experiment_id")
# Written out, as the index on what people gave asks for.
_BY_PEOPLE = table.c.source == sa.literal_column(f"'{ScoreSource.HUMAN.value}'")
_METADATA = sa.type_coerce(table.c.metadata, sa.Text)
# Most metadata cannot say that a score settles a disagreement, and is not read.
_SETTLED = sa.case((_METADATA.contains('"adjudicated"'), _METADATA)).label("settled")
ON_TRACES = table.c.trace_id.is_not(None) & table.c.observation_id.is_(None)


def listing(
    connection: Connection,
    *,
    experiment_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    **columns: str | None,
) -> Columns:
    """Scores as columns, oldest first: those of `LISTED`.

    Moments are in microseconds, metadata is JSON text.

    Args:
        connection: To read with.
        experiment_id: Those on an experiment, and on the traces of its item runs.
        since: Given then or later.
        until: Given before.
        columns: Each column has the value given; None means any.
    """
    query = sa.select(*(plain(table.c[name]) for name in LISTED)).where(
        *(table.c[name] == value for name, value in columns.items() if value is not None)
    )
    if experiment_id is not None:
        on_it = table.c.experiment_id == experiment_id
        query = query.where(on_it | table.c.trace_id.in_(_traces_of(experiment_id)))
    if since is not None:
        query = query.where(table.c.created_at >= since)
    if until is not None:
        query = query.where(table.c.created_at < until)
    return fetched(connection, query.order_by(table.c.created_at, table.c.id))


def names(
    connection: Connection, *, experiment_id: str | None = None, on_traces: bool = False
) -> list[tuple[str, bool]]:
    """Each name scores have and whether people gave it; a name may be there both ways.

    Args:
        connection: To read with.
        experiment_id: Only names of scores on the traces of its item runs.
        on_traces: Only names of scores on whole traces.
    """
    query = sa.select(table.c.name, _BY_PEOPLE.label("by_people")).distinct()
    if experiment_id is not None:
        query = query.where(table.c.trace_id.in_(_traces_of(experiment_id)))
    if on_traces:
        query = query.where(ON_TRACES)
    return [(row.name, bool(row.by_people)) for row in connection.execute(query)]


def people_scored(connection: Connection) -> bool:
    """Tell whether people gave any score; the others are not looked at."""
    query = sa.select(sa.exists(sa.select(table.c.name).where(_BY_PEOPLE)))
    return bool(connection.execute(query).scalar())


def on_traces(connection: Connection, trace_ids: Iterable[str]) -> list[Sequence[Any]]:
    """The scores on some whole traces.

    Columns: `trace_id, name, by_people, data_type, number, label, updated_at, settled`. Moments are
    in microseconds; the last is the JSON text of metadata that may say that the score settles a
    disagreement, else None.
    """
    named = (table.c.trace_id, table.c.name, _BY_PEOPLE.label("by_people"))
    valued = (table.c.data_type, table.c.number, table.c.label)
    query = sa.select(*named, *valued, plain(table.c.updated_at), _SETTLED).where(ON_TRACES)
    return [
        row
        for part in chunks(trace_ids)
        for row in connection.execute(query.where(table.c.trace_id.in_(part)))
    ]


def of_name(connection: Connection, name: str, *, by_people: bool) -> Columns:
    """The scores of a name on anything.

    Columns: those of `TARGET`, `number, label, began`, and `updated_at, settled` as for
    `on_traces`. It began with the trace's first observation; where none is stored, when the score
    was given.

    Args:
        connection: To read with.
        name: The stored name.
        by_people: Given by people, not by code and models.
    """
    start = observations.c.start
    mine = observations.c.trace_id == table.c.trace_id
    first = sa.select(sa.func.min(plain(start))).where(mine).scalar_subquery()
    began = sa.func.coalesce(first, plain(table.c.created_at)).label("began")
    held = [table.c[column] for column in (*TARGET, "number", "label")]
    query = sa.select(*held, began, plain(table.c.updated_at), _SETTLED)
    query = query.where(table.c.name == name, _BY_PEOPLE if by_people else ~_BY_PEOPLE)
    return fetched(connection, query)


def _traces_of(experiment_id: str) -> sa.Select[Any]:
    return sa.select(item_runs.c.trace_id).where(item_runs.c.experiment_id == experiment_id)
