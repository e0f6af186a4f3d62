"""Read and write observations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records.observation import Observation, ObservationType
from xeroml_nb.store import outbox
from xeroml_nb.store.fetching import fetched, plain
from xeroml_nb.store.paging import holds_text
from xeroml_nb.store.rows import upsert
from xeroml_nb.store.schema import item_runs
from xeroml_nb.store.schema import observations as table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection, Row

    from xeroml_nb.store.fetching import Columns


def put(connection: Connection, observations: Sequence[Observation]) -> None:
    """Store observations; one that is there already stays as it is."""
    if observations:
        statement = upsert(connection.dialect.name, table, ("trace_id", "id"))
        connection.execute(statement, [_to_row(o) for o in observations])
        outbox.enqueue(connection, "trace", (o.trace_id for o in observations))


def put_over(connection: Connection, observations: Sequence[Observation]) -> None:
    """Store observations; one that is there already is replaced."""
    if observations:
        rows = [_to_row(o) for o in observations]
        changed = tuple(name for name in rows[0] if name not in ("trace_id", "id"))
        statement = upsert(connection.dialect.name, table, ("trace_id", "id"), changed)
        connection.execute(statement, rows)
        outbox.enqueue(connection, "trace", (o.trace_id for o in observations))


def of_trace(connection: Connection, trace_id: str) -> list[Observation]:
    """The observations of a trace, oldest first; of two that began at once, a root."""
    query = (
        sa.select(table)
        .where(table.c.trace_id == trace_id)
        .order_by(table.c.start, table.c.parent_id.is_not(None))
    )
    return [from_row(row) for row in connection.execute(query)]


def with_attribute(connection: Connection, experiment_id: str, prefix: str) -> Columns:
    """The observations of an experiment that have an attribute whose name begins so.

    Columns: `trace_id, id, attributes` (JSON text).
    """
    chosen = (table.c.trace_id, table.c.id, plain(table.c.attributes))
    there = holds_text(connection, table.c.attributes, f'"{prefix}')
    return fetched(connection, _of_experiment(chosen, experiment_id).where(there))


def parents(connection: Connection, experiment_id: str) -> Columns:
    """Which observation each one of an experiment lies in: `trace_id, id, parent_id`."""
    chosen = (table.c.trace_id, table.c.id, table.c.parent_id)
    return fetched(connection, _of_experiment(chosen, experiment_id))


def _of_experiment(chosen: Sequence[sa.ColumnElement[Any]], experiment_id: str) -> sa.Select[Any]:
    return (
        sa.select(*chosen)
        .join(item_runs, item_runs.c.trace_id == table.c.trace_id)
        .where(item_runs.c.experiment_id == experiment_id)
    )


def _to_row(o: Observation) -> dict[str, Any]:
    return {
        "trace_id": o.trace_id,
        "id": o.id,
        "parent_id": o.parent_id,
        "name": o.name,
        "type": o.type,
        "start": o.start,
        "end": o.end,
        "error": o.error,
        "input": o.input_json,
        "output": o.output_json,
        "attributes": o.attributes or None,
        "user_id": o.user_id,
        "session_id": o.session_id,
        "tags": o.tags or None,
        "metadata": o.metadata or None,
        "version": o.version,
        "release": o.release,
        "environment": o.environment,
    }


def from_row(row: Row[Any]) -> Observation:
    """The observation in a row of the table."""
    return Observation(
        id=row.id,
        trace_id=row.trace_id,
        parent_id=row.parent_id,
        name=row.name,
        type=ObservationType(row.type),
        start=row.start,
        end=row.end,
        error=row.error,
        input_json=row.input,
        output_json=row.output,
        attributes=row.attributes or {},
        user_id=row.user_id,
        session_id=row.session_id,
        tags=tuple(row.tags or ()),
        metadata=row.metadata or {},
        version=row.version,
        release=row.release,
        environment=row.environment,
    )
