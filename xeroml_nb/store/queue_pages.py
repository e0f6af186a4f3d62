"""Read queues of traces, what is in them, and the definitions of what is asked, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records.score import ScoreSource
from xeroml_nb.store import queues as stored
from xeroml_nb.store.paging import Part, part_of
from xeroml_nb.store.schema import label_queues as table
from xeroml_nb.store.schema import queue_traces, score_configs, scores

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row

    from xeroml_nb.records.label import QueueRecord

_TRACES = "traces"


@dataclass(frozen=True, slots=True)
class ConfigRecord:
    """A definition that a dimension has or had.

    Args:
        id: Its id.
        version: 1 for the first definition of its name.
        definition: All parts, as `Dimension.definition` gives them.
        created_at: When it was stored.
    """

    id: str
    version: int
    definition: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """A trace in a queue.

    Args:
        trace_id: The trace.
        added_at: When it was put in.
        completed_at: When people had answered all that has to be answered; None before that.
    """

    trace_id: str
    added_at: datetime
    completed_at: datetime | None


def config_page(connection: Connection, part: Part) -> tuple[list[ConfigRecord], int]:
    """Definitions, newest first, and how many there are."""
    query = sa.select(score_configs)
    order = (score_configs.c.created_at.desc(), score_configs.c.name, score_configs.c.version)
    rows, total = part_of(connection, query.order_by(*order), part)
    return [_config(row) for row in rows], total


def configs_by_id(connection: Connection, ids: Iterable[str]) -> dict[str, ConfigRecord]:
    """Some definitions by id, those that exist."""
    query = sa.select(score_configs).where(score_configs.c.id.in_(list(ids)))
    return {row.id: _config(row) for row in connection.execute(query)}


def page(connection: Connection, part: Part) -> tuple[list[tuple[QueueRecord, list[str]]], int]:
    """Queues of traces with the ids of what they ask, newest first, and how many there are."""
    query = sa.select(table.c.id).where(table.c.kind == _TRACES)
    rows, total = part_of(connection, query.order_by(table.c.created_at.desc(), table.c.id), part)
    found = [by_id(connection, row.id) for row in rows]
    return [one for one in found if one is not None], total


def by_id(connection: Connection, queue_id: str) -> tuple[QueueRecord, list[str]] | None:
    """A queue of traces and the ids of what it asks, or None."""
    record = stored.by_id(connection, queue_id)
    if record is None or record.kind != _TRACES:
        return None
    query = sa.select(table.c.config_ids).where(table.c.id == queue_id)
    return record, list(connection.execute(query).scalar_one())


def describe(
    connection: Connection, queue_id: str, name: str, description: str, config_ids: Sequence[str]
) -> None:
    """Change what a queue is called and what it asks from now on."""
    named = {"name": name, "description": description}
    connection.execute(sa.update(table).where(table.c.id == queue_id).values(named))
    stored.set_configs(connection, queue_id, config_ids)


def entries(
    connection: Connection, record: QueueRecord, part: Part, *, completed: bool | None = None
) -> tuple[list[QueueEntry], int]:
    """Traces of a queue in the order they were added, and how many there are.

    Args:
        connection: To read with.
        record: The queue.
        part: Which of them.
        completed: Only those that are completed, or only those that are not.
    """
    query, at = _entries(record)
    if completed is not None:
        query = query.where(at.is_not(None) if completed else at.is_(None))
    order = (queue_traces.c.position, queue_traces.c.trace_id)
    rows, total = part_of(connection, query.order_by(*order), part)
    return [_entry(row) for row in rows], total


def entry(connection: Connection, record: QueueRecord, trace_id: str) -> QueueEntry | None:
    """One trace of a queue, or None."""
    query, _ = _entries(record)
    row = connection.execute(query.where(queue_traces.c.trace_id == trace_id)).first()
    return None if row is None else _entry(row)


def _entries(record: QueueRecord) -> tuple[sa.Select[Any], sa.ColumnElement[Any]]:
    """The traces of a queue, and when each was completed.

    A trace is completed when people gave a score of every name that has to be answered; where
    nothing has to be, of any.
    """
    required = [d["name"] for d in record.definitions if d.get("required", True)]
    names = required or [d["name"] for d in record.definitions]
    here = queue_traces.c.queue_id == record.id
    given = (
        sa.select(
            scores.c.trace_id,
            sa.func.max(scores.c.updated_at, type_=scores.c.updated_at.type).label("at"),
        )
        .where(scores.c.trace_id.in_(sa.select(queue_traces.c.trace_id).where(here)))
        .where(scores.c.source == ScoreSource.HUMAN.value, scores.c.observation_id.is_(None))
        .where(scores.c.name.in_(names))
        .group_by(scores.c.trace_id)
        .having(sa.func.count(scores.c.name.distinct()) >= max(1, len(required)))
        .subquery()
    )
    columns = (queue_traces.c.trace_id, queue_traces.c.added_at, given.c.at)
    joined = sa.select(*columns).outerjoin_from(
        queue_traces, given, given.c.trace_id == queue_traces.c.trace_id
    )
    return joined.where(here), given.c.at


def _config(row: Row[Any]) -> ConfigRecord:
    return ConfigRecord(row.id, row.version, row.definition, row.created_at)


def _entry(row: Row[Any]) -> QueueEntry:
    return QueueEntry(row.trace_id, row.added_at, row.at)
