"""Queues of traces, and the traces in them, as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.records.ids import checked_name
from xeroml_nb.records.json_text import safe_repr
from xeroml_nb.sync.wire.reading import body_of, filled, id_of, is_id, moment_text, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from xeroml_nb.records.label import QueueRecord

TRACE = "TRACE"
PENDING, COMPLETED = "PENDING", "COMPLETED"


@dataclass(frozen=True, slots=True)
class QueueBody:
    """A queue as somebody sends it.

    Args:
        id: None where the server is to make one.
        name: For people.
        description: For people.
        config_ids: What is asked.
    """

    id: str | None
    name: str
    description: str
    config_ids: tuple[str, ...]


def to_wire(record: QueueRecord, config_ids: Sequence[str]) -> dict[str, Any]:
    """A queue as it is sent, without the traces in it.

    Args:
        record: The queue.
        config_ids: The definitions of what it asks.
    """
    return filled(
        {
            "id": record.id,
            "name": record.name,
            "description": record.description or None,
            "scoreConfigIds": list(config_ids),
        }
    )


def shown(record: QueueRecord, config_ids: Sequence[str]) -> dict[str, Any]:
    """A queue as a server shows it: every field, also those that are not set."""
    at = moment_text(record.created_at)
    described = {"description": record.description or None, "createdAt": at, "updatedAt": at}
    return to_wire(record, config_ids) | described


def from_wire(given: Any) -> QueueBody:
    """Read a queue that somebody sends or a server shows.

    Raises:
        BadInput: If it has no name, asks nothing, or a part of it cannot be accepted.
    """
    body = body_of("annotation queue", given)
    found = body.get("scoreConfigIds")
    if not isinstance(found, list) or not found or not all(map(is_id, found)):
        raise BadInput(
            f"scoreConfigIds is {safe_repr(found)[:80]}.",
            "Send the ids of score configs in a list.",
        )
    name = checked_name("annotation queue", body.get("name"))
    described = text_of(body, "description") or ""
    return QueueBody(id_of(body, "id"), name, described, tuple(found))


def item_to_wire(trace_id: str) -> dict[str, Any]:
    """A trace in a queue as it is sent."""
    return {"objectId": trace_id, "objectType": TRACE}


def item_shown(queue_id: str, trace_id: str, status: str, added_at: datetime) -> dict[str, Any]:
    """A trace in a queue as a server shows it; the item's id is the trace's.

    Args:
        queue_id: The queue.
        trace_id: The trace.
        status: "PENDING" or "COMPLETED".
        added_at: When it was put in.
    """
    at = moment_text(added_at)
    moments = {"completedAt": None, "createdAt": at, "updatedAt": at}
    named = {"id": trace_id, "queueId": queue_id, "status": status}
    return item_to_wire(trace_id) | named | moments


def item_from_wire(given: Any) -> str:
    """The trace that somebody puts into a queue.

    Raises:
        BadInput: If it is another thing than a trace.
    """
    body = body_of("queue item", given)
    if body.get("objectType", TRACE) != TRACE:
        raise BadInput(
            f"objectType is {safe_repr(body['objectType'])[:80]}.",
            "Queues of this server hold traces: send TRACE and a trace's id.",
        )
    trace_id = id_of(body, "objectId")
    if trace_id is None:
        raise BadInput("The queue item has no objectId.", "Send the id of a trace.")
    return trace_id
