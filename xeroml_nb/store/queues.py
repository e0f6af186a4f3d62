"""Read and write queues, the traces in them, and the definitions of what is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records import clock
from xeroml_nb.records.label import QueueRecord
from xeroml_nb.store.rows import upsert
from xeroml_nb.store.schema import label_queues as table
from xeroml_nb.store.schema import queue_traces, score_configs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection, Row

_SAME_NAMES = (
    "id",
    "name",
    "kind",
    "dataset_id",
    "parent_id",
    "rubric_name",
    "order",
    "team",
    "repeats",
    "description",
    "created_at",
)


def create(connection: Connection, record: QueueRecord, config_ids: Sequence[str]) -> None:
    """Store a queue that is not there yet."""
    row = {name: getattr(record, name) for name in _SAME_NAMES}
    lists = {"experiment_ids": list(record.experiment_ids), "config_ids": list(config_ids)}
    connection.execute(upsert(connection.dialect.name, table, ("id",)), row | lists)


def by_id(connection: Connection, queue_id: str) -> QueueRecord | None:
    """The queue of that id, or None."""
    row = connection.execute(sa.select(table).where(table.c.id == queue_id)).first()
    return None if row is None else _record(connection, row)


def listing(connection: Connection, **columns: str | None) -> list[QueueRecord]:
    """The queues whose columns have the values given (None means any), oldest first."""
    query = sa.select(table).order_by(table.c.created_at, table.c.id)
    for column, value in columns.items():
        if value is not None:
            query = query.where(table.c[column] == value)
    return [_record(connection, row) for row in connection.execute(query)]


def lock(connection: Connection, queue_id: str) -> None:
    """Let no other process write to the queue's log before this transaction ends."""
    connection.execute(sa.select(table.c.id).where(table.c.id == queue_id).with_for_update())


def set_configs(connection: Connection, queue_id: str, config_ids: Sequence[str]) -> None:
    """Note what a queue asks from now on."""
    changed = {"config_ids": list(config_ids)}
    connection.execute(sa.update(table).where(table.c.id == queue_id).values(changed))


def put_config(
    connection: Connection, config_id: str, name: str, definition: dict[str, Any]
) -> None:
    """Store a definition as the next version of its name, unless it is there."""
    known = sa.select(score_configs.c.id).where(score_configs.c.id == config_id)
    if connection.execute(known).first() is not None:
        return
    newest = sa.select(sa.func.max(score_configs.c.version)).where(score_configs.c.name == name)
    row = {
        "id": config_id,
        "name": name,
        "version": (connection.execute(newest).scalar() or 0) + 1,
        "definition": definition,
        "created_at": clock.now(),
    }
    connection.execute(sa.insert(score_configs), row)


def configs(connection: Connection, name: str | None = None) -> list[tuple[str, int, Any]]:
    """Name, version and definition of what was ever asked, by name and version."""
    columns = (score_configs.c.name, score_configs.c.version, score_configs.c.definition)
    query = sa.select(*columns).order_by(score_configs.c.name, score_configs.c.version)
    if name is not None:
        query = query.where(score_configs.c.name == name)
    return [tuple(row) for row in connection.execute(query)]


def add_trace(connection: Connection, queue_id: str, trace_id: str) -> bool:
    """Put a trace at the end of a queue; False if it is in it already."""
    lock(connection, queue_id)
    here = queue_traces.c.queue_id == queue_id
    known = sa.select(queue_traces.c.trace_id).where(here, queue_traces.c.trace_id == trace_id)
    if connection.execute(known).first() is not None:
        return False
    last = sa.select(sa.func.max(queue_traces.c.position)).where(here)
    row = {
        "queue_id": queue_id,
        "trace_id": trace_id,
        "position": connection.execute(
            sa.select(sa.func.coalesce(last.scalar_subquery() + 1, 0))
        ).scalar_one(),
        "added_at": clock.now(),
    }
    connection.execute(sa.insert(queue_traces), row)
    return True


def remove_trace(connection: Connection, queue_id: str, trace_id: str) -> bool:
    """Take a trace out of a queue; False if it is not in it."""
    here = sa.and_(queue_traces.c.queue_id == queue_id, queue_traces.c.trace_id == trace_id)
    return connection.execute(sa.delete(queue_traces).where(here)).rowcount == 1


def traces(connection: Connection, queue_id: str) -> list[str]:
    """The traces of a queue, in the order they were added."""
    query = (
        sa.select(queue_traces.c.trace_id)
        .where(queue_traces.c.queue_id == queue_id)
        .order_by(queue_traces.c.position)
    )
    return list(connection.execute(query).scalars())


def _record(connection: Connection, row: Row[Any]) -> QueueRecord:
    query = sa.select(score_configs.c.id, score_configs.c.definition).where(
        score_configs.c.id.in_(row.config_ids)
    )
    found = {config.id: config.definition for config in connection.execute(query)}
    return QueueRecord(
        **{name: row._mapping[name] for name in _SAME_NAMES},  # noqa: SLF001 - SQLAlchemy's own
        experiment_ids=tuple(row.experiment_ids),
        definitions=tuple(found[config_id] for config_id in row.config_ids),
    )
