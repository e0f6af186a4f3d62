"""Labels of an export into a store: each person's log goes on where it ended here."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

from xeroml_nb.annotation.dimension import Dimension
from xeroml_nb.annotation.rubric import Rubric
from xeroml_nb.errors import BadInput
from xeroml_nb.records.ids import checked_id, checked_name
from xeroml_nb.records.label import Action
from xeroml_nb.store import experiments, labels, queues, score_merging
from xeroml_nb.sync.files.cells import json_text
from xeroml_nb.sync.files.details import Details
from xeroml_nb.sync.files.label_rows import event_of, queue_of
from xeroml_nb.sync.files.reading import Sections
from xeroml_nb.sync.files.score_rows import score_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy.engine import Connection

    from xeroml_nb.records.label import LabelEvent, QueueRecord
    from xeroml_nb.store.score_merging import Dated
    from xeroml_nb.sync.files.reading import Export, Row

_AT_ONCE = 200
_KINDS = ("experiment", "pair", "traces", "adjudication")
_ANSWERS = (Action.SET, Action.CARRY)
_ELSEWHERE = "Import into another store: get_client('other.db').import_file(...)."


def take_labels(connection: Connection, export: Export) -> tuple[str, list[str]]:
    """Bring a queue in, and what people said in it.

    Args:
        connection: Inside a writing transaction.
        export: The file.

    Returns:
        The queue's id, and what people should know.

    Raises:
        BadInput: If a row cannot be accepted, or a person labelled otherwise here; the
            transaction has to be undone then.
    """
    sections = Sections(export)
    wanted = _queue(export, sections.needed("queue"))
    questions = [_question(export, row) for row in sections.of("question")]
    for dimension, _ in questions:
        queues.put_config(connection, dimension.config_id, dimension.name, dimension.definition())
    asked = [dimension for dimension, is_asked in questions if is_asked]
    queue, notices = _put_queue(connection, wanted, _rubric(export, asked, wanted))
    for row in sections.of("trace"):
        queues.add_trace(connection, queue.id, _checked_id(export, row, "trace_id"))
    _take_places(connection, export, queue.id, sections.of("place"))
    by_id = {dimension.config_id: dimension for dimension, _ in questions}
    _Events(connection, export, queue.id, by_id).take_in(sections.of("event"))
    _take_scores(connection, export, sections.of("score"))
    return queue.id, notices


def _queue(export: Export, row: Row) -> QueueRecord:
    try:
        queue = queue_of(Details(row.cells["details"]))
        checked_id("id of the queue", queue.id)
        checked_name("queue", queue.name)
    except ValueError as error:
        raise export.bad(row, error) from None
    if queue.kind not in _KINDS:
        raise export.bad(row, f"its kind is {queue.kind!r}; use one of {', '.join(_KINDS)}")
    return queue


def _question(export: Export, row: Row) -> tuple[Dimension, bool]:
    """What is or was asked, and whether it is asked now."""
    try:
        details = Details(row.cells["details"])
        dimension = Dimension(**details.record("definition"))
        if dimension.config_id != details.text("id"):
            raise ValueError("its definition is not the one of its id")  # noqa: TRY301
        return dimension, details.truth("asked")
    except (TypeError, ValueError) as error:
        raise export.bad(row, error) from None


def _rubric(export: Export, asked: list[Dimension], queue: QueueRecord) -> Rubric:
    try:
        return Rubric(asked, name=queue.rubric_name)
    except BadInput as error:
        raise BadInput(f"{export.path}: {error}", "Export it again.") from None


def _put_queue(
    connection: Connection, wanted: QueueRecord, rubric: Rubric
) -> tuple[QueueRecord, list[str]]:
    """Store a queue that is not here; one that is keeps its terms and what it asks."""
    here = queues.by_id(connection, wanted.id)
    asked = [dimension.config_id for dimension in rubric.dimensions]
    if here is not None:
        asked_here = [Dimension(**definition).config_id for definition in here.definitions]
        text = f"Queue {here.name!r} asks something else in this store, and goes on doing so."
        return here, [text] if asked != asked_here else []
    notices = []
    record, missing = _with_dataset(connection, wanted)
    if missing:
        notices.append(
            f"The experiment behind {wanted.name!r} is not in this store: import it too to see "
            "what was labelled."
        )
    if record.kind == "traces":
        record = replace(record, name=_free_name(connection, wanted.name))
    if record.name != wanted.name:
        notices.append(f"Queue {wanted.name!r} is {record.name!r} here: that name is taken.")
    queues.create(connection, record, asked)
    return record, notices


def _with_dataset(connection: Connection, queue: QueueRecord) -> tuple[QueueRecord, bool]:
    """The queue over the dataset as it is called here; and whether an experiment is missing."""
    found = [experiments.by_id(connection, i) for i in queue.experiment_ids]
    if not found or None in found:
        return queue, bool(found)
    first = found[0]
    return replace(queue, dataset_id=first.dataset_id if first else None), False


def _free_name(connection: Connection, name: str) -> str:
    taken = {queue.name for queue in queues.listing(connection, kind="traces")}
    free, count = name, 1
    while free in taken:
        count += 1
        free = f"{name} ({count})"
    return free


def _checked_id(export: Export, row: Row, name: str) -> str:
    try:
        return checked_id(name, row.cells[name])
    except BadInput as error:
        raise export.bad(row, error) from None


def _take_places(
    connection: Connection, export: Export, queue_id: str, rows: Iterable[Row]
) -> None:
    """Add the parts of people's orders that are missing here."""

    def whose(row: Row) -> tuple[str, int]:
        return row.cells["annotator"], row.cells["part"]

    for (annotator, part), places in groupby(rows, whose):
        first = next(places)
        entries = [_entry(row.cells) for row in (first, *places)]
        sizes = labels.plan_sizes(connection, queue_id, annotator)
        if part > len(sizes):
            raise export.bad(first, f"part {len(sizes)} of the order of {annotator!r} is missing")
        if part == len(sizes):
            labels.add_plan_part(connection, queue_id, annotator, part, entries)
        elif labels.plan_part(connection, queue_id, annotator, part) != entries:
            raise BadInput(
                f"{annotator!r} labels the queue of {export.path} in another order here.",
                _ELSEWHERE,
            )


def _entry(cells: Mapping[str, Any]) -> list[Any]:
    """A place as plans hold it."""
    return [cells["item_id"], cells["repetition"], int(cells["repeat"]), cells.get("drawn")]


class _Events:
    """Appends to each person's log what is not there yet.

    Args:
        connection: Inside a writing transaction.
        export: The file.
        queue_id: The queue.
        questions: What its events answer, by id.
    """

    def __init__(
        self,
        connection: Connection,
        export: Export,
        queue_id: str,
        questions: Mapping[str, Dimension],
    ) -> None:
        self._connection = connection
        self._export = export
        self._queue_id = queue_id
        self._questions = questions
        self._here: dict[str, list[int]] = {}
        for event in labels.of_queue(connection, queue_id):
            self._here.setdefault(event.annotator, []).append(_hash(event))
        self._passed: dict[str, int] = {}
        self._pages: set[tuple[str, int]] = set()

    def take_in(self, rows: Iterable[Row]) -> None:
        """Take all events in.

        Raises:
            BadInput: If a row is no event, or the log here says something else at that place.
        """
        for row in rows:
            event = self._new(row)
            if event is not None:
                labels.append(self._connection, [event])

    def _new(self, row: Row) -> LabelEvent | None:
        """The event of a row; None if it is here already."""
        try:
            event = event_of(self._queue_id, row.cells)
            checked_name("annotator", event.annotator)
            checked_id("item_id", event.key.item_id)
            self._check_value(event)
        except ValueError as error:
            raise self._export.bad(row, error) from None
        page = event.session, event.sequence
        if page in self._pages:
            raise self._export.bad(row, "there is an event of its session and sequence before it")
        self._pages.add(page)
        known, place = self._here.get(event.annotator, []), self._passed.get(event.annotator, 0)
        self._passed[event.annotator] = place + 1
        if place >= len(known):
            return event
        if known[place] != _hash(event):
            raise self._export.bad(
                row, f"{event.annotator!r} said something else at its place in this store"
            )
        return None

    def _check_value(self, event: LabelEvent) -> None:
        """Refuse a value that does not answer the question of its event."""
        if event.action in _ANSWERS:
            question = self._questions.get(event.config_id or "")
            if question is None or question.name != event.dimension:
                raise ValueError(f"the file has no question {event.dimension!r} with its config_id")
            question.checked(event.value)
        elif event.value is not None and not isinstance(event.value, str):
            raise ValueError(f"its value is {event.value!r:.60}; use a text")


def _hash(event: LabelEvent) -> int:
    """Equal for equal events, whatever their order in the store."""
    plain = replace(event, id=0, value=json_text(event.value), previous=json_text(event.previous))
    return hash(plain)


def _take_scores(connection: Connection, export: Export, rows: Iterable[Row]) -> None:
    scores = _scores(export, rows)
    while part := list(islice(scores, _AT_ONCE)):
        score_merging.merge(connection, part)


def _scores(export: Export, rows: Iterable[Row]) -> Iterator[Dated]:
    ids: set[str] = set()
    for row in rows:
        try:
            score, changed_at = score_of(row.cells)
        except ValueError as error:
            raise export.bad(row, error) from None
        if score.id in ids:
            raise export.bad(row, f"there is a score with the id {score.id!r} before it")
        ids.add(score.id)
        yield score, changed_at
