"""Read traces as plain rows: what is in them, and what they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.store.rows import chunks
from xeroml_nb.store.schema import datasets, experiments, item_runs, observations, scores

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection, Row

_SPAN_COLUMNS = (
    "trace_id",
    "id",
    "parent_id",
    "name",
    "start",
    "end",
    "error",
    "user_id",
    "session_id",
    "tags",
    "version",
    "release",
    "environment",
)


def spans(connection: Connection, trace_ids: Iterable[str]) -> list[Row[Any]]:
    """The observations of some traces, oldest first, without what went in and came out."""
    columns = [observations.c[name] for name in _SPAN_COLUMNS]
    query = sa.select(*columns).order_by(observations.c.start, observations.c.id)
    return _by_chunks(connection, query, observations.c.trace_id, trace_ids)


def contents(
    connection: Connection, keys: Iterable[tuple[str, str]]
) -> dict[str, tuple[str | None, str | None]]:
    """By trace, what went in and came out of one observation of it, as JSON texts.

    Args:
        connection: To read with.
        keys: Trace and observation.
    """
    c = observations.c
    found: dict[str, tuple[str | None, str | None]] = {}
    for part in chunks(keys):
        wanted = set(part)
        query = sa.select(c.trace_id, c.id, c.input, c.output).where(
            c.trace_id.in_({t for t, _ in wanted}), c.id.in_({i for _, i in wanted})
        )
        for row in connection.execute(query):
            if (row.trace_id, row.id) in wanted:
                found[row.trace_id] = (row.input, row.output)
    return found


def item_runs_of(connection: Connection, trace_ids: Iterable[str]) -> list[Row[Any]]:
    """The item runs of some traces with their experiment and dataset, the latest last."""
    run, made = item_runs.c, experiments.c
    query = (
        sa.select(
            run.trace_id,
            run.latency,
            run.output,
            run.error,
            run.experiment_id,
            made.name,
            made.number,
            datasets.c.name.label("dataset"),
        )
        .join(experiments, made.id == run.experiment_id)
        .outerjoin(datasets, datasets.c.id == made.dataset_id)
        .order_by(run.started_at)
    )
    return _by_chunks(connection, query, run.trace_id, trace_ids)


def some_ids(connection: Connection, like: str, limit: int = 8) -> list[str]:
    """Ids of stored traces: those that begin like this one, else any."""
    every = sa.union(
        *(
            sa.select(table.c.trace_id).where(table.c.trace_id.is_not(None))
            for table in (observations, scores)
        )
    ).subquery()
    query = sa.select(every.c.trace_id).limit(limit)
    near = query.where(every.c.trace_id.startswith(like[:8], autoescape=True))
    return list(connection.execute(near).scalars()) or list(connection.execute(query).scalars())


def _by_chunks(
    connection: Connection, query: sa.Select[Any], column: sa.Column[Any], values: Iterable[str]
) -> list[Row[Any]]:
    """The rows whose column has one of these values; those of one value keep their order."""
    return [
        row for part in chunks(values) for row in connection.execute(query.where(column.in_(part)))
    ]
