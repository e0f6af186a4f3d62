"""Queues of traces that people label."""

from typing import Annotated, Any

from fastapi import Query

from xeroml_nb.annotation.dimension import Dimension
from xeroml_nb.annotation.order import Order
from xeroml_nb.annotation.rubric import Rubric
from xeroml_nb.errors import BadInput
from xeroml_nb.records import clock
from xeroml_nb.records.ids import random_id
from xeroml_nb.records.label import QueueRecord
from xeroml_nb.server.access import Reading, Stored, Writing
from xeroml_nb.server.failures import ApiError, Json, declared
from xeroml_nb.server.models.common import Id, Said
from xeroml_nb.server.models.queues import (
    Progress,
    QueueGiven,
    QueueItemGiven,
    QueueItemList,
    QueueItemShown,
    QueueList,
    QueueShown,
)
from xeroml_nb.server.naming import topic
from xeroml_nb.server.paging import Paged, listed
from xeroml_nb.store import queue_pages
from xeroml_nb.store import queues as stored
from xeroml_nb.store.paging import Part
from xeroml_nb.store.queue_pages import QueueEntry
from xeroml_nb.sync.wire.queues import COMPLETED, PENDING, QueueBody, from_wire, item_shown, shown
from xeroml_nb.sync.wire.reading import moment_text

router = topic("annotation queues")
_PATH = "/annotation-queues/{queue_id}"


@router.get("/annotation-queues", response_model=QueueList)
def list_queues(store: Stored, _: Reading, asked: Paged) -> Json:
    """Queues of traces, newest first."""
    with store.reading() as connection:
        found, total = queue_pages.page(connection, Part(asked.limit, asked.offset))
    return Json(listed(asked, [shown(*one) for one in found], total))


@router.post("/annotation-queues", response_model=QueueShown, responses=declared(404, 409))
def put_queue(given: QueueGiven, store: Stored, _: Writing) -> Json:
    """Make a queue, or change the one of that id: what it is called and what it asks."""
    body = from_wire(given.model_dump(by_alias=True, exclude_unset=True))
    queue_id = body.id or random_id()

    def work(connection: Any) -> dict[str, Any]:
        rubric = _rubric(connection, body)
        _check_free(connection, queue_id, body.name)
        if queue_pages.by_id(connection, queue_id) is None:
            stored.create(connection, _made(queue_id, body, rubric), body.config_ids)
        queue_pages.describe(connection, queue_id, body.name, body.description, body.config_ids)
        return shown(*_by_id(connection, queue_id))

    return Json(store.write(work))


@router.get(_PATH, response_model=QueueShown, responses=declared(404))
def get_queue(queue_id: Id, store: Stored, _: Reading) -> Json:
    """One queue."""
    with store.reading() as connection:
        return Json(shown(*_by_id(connection, queue_id)))


@router.get(f"{_PATH}/items", response_model=QueueItemList, responses=declared(404))
def list_entries(
    queue_id: Id,
    store: Stored,
    _: Reading,
    asked: Paged,
    status: Annotated[Progress | None, Query()] = None,
) -> Json:
    """Traces in a queue, in the order they were added."""
    part = Part(asked.limit, asked.offset)
    completed = None if status is None else status == COMPLETED
    with store.reading() as connection:
        record, _ids = _by_id(connection, queue_id)
        found, total = queue_pages.entries(connection, record, part, completed=completed)
    return Json(listed(asked, [_entry(queue_id, one) for one in found], total))


@router.post(f"{_PATH}/items", response_model=QueueItemShown, responses=declared(404))
def add_entry(queue_id: Id, given: QueueItemGiven, store: Stored, _: Writing) -> Json:
    """Put a trace at the end of a queue; one that is in it already stays where it is."""

    def work(connection: Any) -> dict[str, Any]:
        record, _ids = _by_id(connection, queue_id)
        stored.add_trace(connection, queue_id, given.object_id)
        return _entry(queue_id, _found(connection, record, given.object_id))

    return Json(store.write(work))


@router.get(f"{_PATH}/items/{{item_id}}", response_model=QueueItemShown, responses=declared(404))
def get_entry(queue_id: Id, item_id: Id, store: Stored, _: Reading) -> Json:
    """One trace in a queue."""
    with store.reading() as connection:
        record, _ids = _by_id(connection, queue_id)
        return Json(_entry(queue_id, _found(connection, record, item_id)))


@router.delete(f"{_PATH}/items/{{item_id}}", response_model=Said, responses=declared(404))
def delete_entry(queue_id: Id, item_id: Id, store: Stored, _: Writing) -> Json:
    """Take a trace out of a queue; what people said of it stays."""

    def work(connection: Any) -> None:
        record, _ids = _by_id(connection, queue_id)
        _found(connection, record, item_id)
        stored.remove_trace(connection, queue_id, item_id)

    store.write(work)
    return Json({"message": f"The trace {item_id} is not in queue {queue_id} any more."})


def _by_id(connection: Any, queue_id: str) -> tuple[QueueRecord, list[str]]:
    found = queue_pages.by_id(connection, queue_id)
    if found is None:
        raise ApiError(404, f"There is no annotation queue {queue_id!r}.")
    return found


def _found(connection: Any, record: QueueRecord, trace_id: str) -> QueueEntry:
    found = queue_pages.entry(connection, record, trace_id)
    if found is None:
        raise ApiError(404, f"The trace {trace_id!r} is not in queue {record.id!r}.")
    return found


def _rubric(connection: Any, body: QueueBody) -> Rubric:
    """What a queue is to ask."""
    known = queue_pages.configs_by_id(connection, body.config_ids)
    missing = [config_id for config_id in body.config_ids if config_id not in known]
    if missing:
        raise ApiError(404, f"There is no score config {missing[0]!r}. Send it before the queue.")
    rubric = Rubric([Dimension(**known[i].definition) for i in body.config_ids])
    if rubric.is_pairwise:
        raise BadInput(
            f"Queue {body.name!r} asks which of two outputs is better; a trace has one.",
            "Leave the preference out.",
        )
    return rubric


def _check_free(connection: Any, queue_id: str, name: str) -> None:
    """Let no two queues of traces have one name, and no queue the id of one over experiments."""
    taken = [q for q in stored.listing(connection, kind="traces", name=name) if q.id != queue_id]
    if taken:
        raise ApiError(409, f"There is an annotation queue {name!r} already.", "name_taken")
    other = stored.by_id(connection, queue_id)
    if other is not None and other.kind != "traces":
        raise ApiError(409, f"The id {queue_id!r} is that of another queue.", "id_taken")


def _made(queue_id: str, body: QueueBody, rubric: Rubric) -> QueueRecord:
    return QueueRecord(
        id=queue_id,
        name=body.name,
        kind="traces",
        created_at=clock.now(),
        rubric_name=rubric.name,
        description=body.description,
        order=Order().to_wire(),
    )


def _entry(queue_id: str, entry: QueueEntry) -> dict[str, Any]:
    status = PENDING if entry.completed_at is None else COMPLETED
    found = item_shown(queue_id, entry.trace_id, status, entry.added_at)
    if entry.completed_at is None:
        return found
    at = moment_text(entry.completed_at)
    return found | {"completedAt": at, "updatedAt": at}
