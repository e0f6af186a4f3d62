"""What people said in a queue as rows: the queue, what it asks, each person's order, the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.annotation.dimension import Dimension
from xeroml_nb.records.label import Action, EntryKey, LabelEvent, QueueRecord
from xeroml_nb.store import labels, queues, score_merging, streams
from xeroml_nb.sync.files.cells import moment_text
from xeroml_nb.sync.files.score_rows import score_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.engine import Connection

    from xeroml_nb.sync.files.details import Details

    Row = dict[str, Any]

# The cells of an event that are called as its parts are.
_SAME = (
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
)


def label_rows(connection: Connection, queue: QueueRecord) -> Iterator[Row]:
    """All rows of a queue, made while they are asked for."""
    yield {"record": "queue", "details": queue_details(queue)}
    yield from _question_rows(connection, queue)
    for trace_id in queues.traces(connection, queue.id):
        yield {"record": "trace", "trace_id": trace_id}
    yield from _place_rows(connection, queue)
    for event in labels.of_queue(connection, queue.id):
        yield _event_row(event)
    for score, changed_at in score_merging.of_queue(connection, queue.id):
        yield score_row(score, changed_at)


def queue_details(queue: QueueRecord) -> dict[str, Any]:
    """What is kept of a queue besides its questions."""
    return {
        "id": queue.id,
        "name": queue.name,
        "kind": queue.kind,
        "created_at": moment_text(queue.created_at),
        "experiment_ids": list(queue.experiment_ids),
        "dataset_id": queue.dataset_id,
        "parent_id": queue.parent_id,
        "rubric_name": queue.rubric_name,
        "order": queue.order,
        "team": queue.team,
        "repeats": queue.repeats,
        "description": queue.description,
    }


def queue_of(details: Details) -> QueueRecord:
    """The queue that such details are of.

    Raises:
        ValueError: If they are of none.
    """
    return QueueRecord(
        id=details.text("id"),
        name=details.text("name"),
        kind=details.text("kind"),
        created_at=details.moment("created_at"),
        experiment_ids=details.texts("experiment_ids"),
        dataset_id=details.text_or_none("dataset_id"),
        parent_id=details.text_or_none("parent_id"),
        rubric_name=details.text("rubric_name"),
        order=details.record("order"),
        team=details.record("team"),
        repeats=details.share("repeats"),
        description=details.text("description"),
    )


def event_of(queue_id: str, cells: Mapping[str, Any]) -> LabelEvent:
    """The event of a row.

    Raises:
        ValueError: If it is none.
    """
    return LabelEvent(
        queue_id=queue_id,
        action=Action(cells["action"]),
        key=EntryKey(cells["item_id"], cells["repetition"], cells["repeat"]),
        active_seconds=cells.get("active_s"),
        tool_version=cells.get("tool_version", ""),
        **{name: cells[name] for name in _SAME if name in cells},
    )


def _question_rows(connection: Connection, queue: QueueRecord) -> Iterator[Row]:
    """What is asked now, in order, then what was asked when a label was given."""
    asked = [Dimension(**definition) for definition in queue.definitions]
    now = {dimension.config_id: dimension.definition() for dimension in asked}
    given = {event.config_id for event in labels.of_queue(connection, queue.id)}
    before = streams.configs_by_id(connection, {i for i in given if i is not None} - now.keys())
    for config_id, definition in (now | dict(sorted(before.items()))).items():
        details = {"id": config_id, "asked": config_id in now, "definition": definition}
        yield {"record": "question", "details": details}


def _place_rows(connection: Connection, queue: QueueRecord) -> Iterator[Row]:
    for annotator, part, entries in streams.plan_parts(connection, queue.id):
        for item_id, repetition, repeat, drawn in entries:
            yield {
                "record": "place",
                "annotator": annotator,
                "part": part,
                "item_id": item_id,
                "repetition": repetition,
                "repeat": bool(repeat),
                "drawn": drawn,
            }


def _event_row(event: LabelEvent) -> Row:
    optional = {name: getattr(event, name) for name in _SAME} | {
        "active_s": event.active_seconds,
        "tool_version": event.tool_version or None,
    }
    return {
        "record": "event",
        "action": event.action.value,
        "item_id": event.key.item_id,
        "repetition": event.key.repetition,
        "repeat": event.key.repeat,
        **{name: value for name, value in optional.items() if value is not None},
    }
