"""Read and write the log of labels, and the order in which each person labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records.label import Action, EntryKey, LabelEvent
from xeroml_nb.store.schema import label_events as events
from xeroml_nb.store.schema import label_plans as plans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection, Row

_SAME_NAMES = (
    "queue_id",
    "annotator",
    "session",
    "sequence",
    "trace_id",
    "content_hash",
    "dimension",
    "value",
    "previous",
    "config_id",
    "position",
    "swapped",
    "blind",
    "carried_from",
    "presented_at",
    "decided_at",
    "active_seconds",
    "tool_version",
)


def append(connection: Connection, made: Sequence[LabelEvent]) -> list[int]:
    """Add events to the log; gives the ids that put them in order."""
    insert = sa.insert(events).returning(events.c.id)
    return [connection.execute(insert, _to_row(event)).scalar_one() for event in made]


def of_queue(
    connection: Connection, queue_id: str, annotator: str | None = None, after: int = 0
) -> Iterator[LabelEvent]:
    """The log of a queue, or one person's part of it, in order.

    Args:
        connection: To read with.
        queue_id: The queue.
        annotator: Whose; everybody's by default.
        after: Only later events than the one with this id.
    """
    query = (
        sa.select(events)
        .where(events.c.queue_id == queue_id, events.c.id > after)
        .order_by(events.c.id)
    )
    if annotator is not None:
        query = query.where(events.c.annotator == annotator)
    return map(_event, connection.execute(query))


def annotators(connection: Connection, queue_id: str) -> list[str]:
    """Who labelled in a queue, by name."""
    query = sa.select(events.c.annotator).where(events.c.queue_id == queue_id).distinct()
    return sorted(connection.execute(query).scalars())


def queues_with(connection: Connection, annotator: str, trace_id: str, dimension: str) -> list[str]:
    """The queues in which a person answered a question on a trace, the latest first."""
    query = (
        sa.select(events.c.queue_id)
        .where(events.c.trace_id == trace_id, events.c.annotator == annotator)
        .where(events.c.dimension == dimension)
        .group_by(events.c.queue_id)
        .order_by(sa.func.max(events.c.id).desc())
    )
    return list(connection.execute(query).scalars())


def last_sequence(connection: Connection, session: str) -> int:
    """The highest sequence number stored of a session; 0 if none is."""
    query = sa.select(sa.func.max(events.c.sequence)).where(events.c.session == session)
    return connection.execute(query).scalar() or 0


def plan_sizes(connection: Connection, queue_id: str, annotator: str) -> list[int]:
    """How many entries each part of a person's order has."""
    query = sa.select(plans.c.size).where(*_whose(queue_id, annotator)).order_by(plans.c.part)
    return list(connection.execute(query).scalars())


def plan_part(connection: Connection, queue_id: str, annotator: str, part: int) -> list[Any]:
    """The entries of one part, as they were added."""
    query = sa.select(plans.c.entries).where(*_whose(queue_id, annotator), plans.c.part == part)
    found: list[Any] = connection.execute(query).scalar_one()
    return found


def add_plan_part(
    connection: Connection, queue_id: str, annotator: str, part: int, entries: list[Any]
) -> None:
    """Add a part to a person's order.

    Raises:
        sqlalchemy.exc.IntegrityError: If somebody added that part meanwhile.
    """
    row = {"queue_id": queue_id, "annotator": annotator, "part": part}
    connection.execute(sa.insert(plans), row | {"size": len(entries), "entries": entries})


def _whose(queue_id: str, annotator: str) -> tuple[sa.ColumnElement[bool], ...]:
    return plans.c.queue_id == queue_id, plans.c.annotator == annotator


def _to_row(event: LabelEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in _SAME_NAMES} | {
        "action": event.action.value,
        "item_id": event.key.item_id,
        "repetition": event.key.repetition,
        "repeat": event.key.repeat,
    }


def _event(row: Row[Any]) -> LabelEvent:
    return LabelEvent(
        id=row.id,
        action=Action(row.action),
        key=EntryKey(row.item_id, row.repetition, row.repeat),
        **{name: getattr(row, name) for name in _SAME_NAMES},
    )
