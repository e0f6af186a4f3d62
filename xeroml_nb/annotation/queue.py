"""Queues: what is labelled, under which rubric, by whom; made once and found again."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xeroml_nb.annotation.dimension import Dimension
from xeroml_nb.annotation.material import ExperimentMaterial, TraceMaterial
from xeroml_nb.annotation.order import Order
from xeroml_nb.annotation.rubric import Rubric
from xeroml_nb.annotation.sharing import Team
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.records import clock
from xeroml_nb.records.ids import checked_id, checked_name, content_hash, random_id
from xeroml_nb.records.label import QueueRecord
from xeroml_nb.store import experiments, queues

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from xeroml_nb.annotation.material import Material, Show
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.store.store import Store


@dataclass(frozen=True, slots=True)
class Terms:
    """How a new queue is labelled; a queue that exists keeps its own.

    Args:
        order: What comes next.
        team: Who labels what.
        repeats: Share of the entries that are shown twice, 0..1.
    """

    order: Order
    team: Team
    repeats: float = 0.0

    def __post_init__(self) -> None:
        share = self.repeats
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
            raise BadInput(f"repeats is {share!r}.", "Use a share from 0 to 1, such as 0.05.")


@dataclass(frozen=True, slots=True)
class AnnotationQueue:
    """A queue that traces are put into by hand or by code.

    Args:
        id: For `add_to_annotation_queue`.
        name: For people.
        rubric: What is asked.
        description: For people.
    """

    id: str
    name: str
    rubric: Rubric
    description: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A queue as it was found or made.

    Args:
        record: The queue.
        rubric: What is asked from now on.
        notices: What the person should know: a changed rubric, an order that stays.
        changed: The rubric asks something else than the last time.
    """

    record: QueueRecord
    rubric: Rubric
    notices: tuple[str, ...] = ()
    changed: bool = False


def open_for_experiments(
    store: Store, chosen: Sequence[Experiment], rubric: Rubric, terms: Terms | None
) -> Opened:
    """The queue over one experiment, or over the pairs of two.

    Raises:
        BadInput: If two experiments share no dataset, or the rubric does not fit.
    """
    records = [experiment.record for experiment in chosen]
    _check_rubric(records, rubric)
    ids = tuple(record.id for record in records)
    wanted = QueueRecord(
        id=content_hash(ids, rubric.name)[:16],
        name=" against ".join(record.label for record in records),
        kind="pair" if len(records) == 2 else "experiment",  # noqa: PLR2004 - two make a pair
        created_at=clock.now(),
        experiment_ids=ids,
        dataset_id=records[0].dataset_id,
        rubric_name=rubric.name,
    )
    return _opened(store, wanted, rubric, terms)


def open_for_adjudication(store: Store, parent: QueueRecord, rubric: Rubric) -> Opened:
    """The queue that settles what people disagreed about in another."""
    wanted = replace(
        parent,
        id=content_hash(parent.id, "adjudication")[:16],
        kind="adjudication",
        parent_id=parent.id,
        order=Order(seed=parent.order.get("seed")).to_wire(),
        team={},
        repeats=0.0,
        created_at=clock.now(),
    )
    return _opened(store, wanted, rubric, None)


def open_annotation_queue(store: Store, queue_id: str, rubric: Rubric | None) -> Opened:
    """A queue of traces, with its own rubric unless another is given."""
    record = queue_by_id(store, queue_id)
    asked = rubric or rubric_of(record)
    _check_single(asked)
    return _opened(store, record, asked, None)


def create_annotation_queue(
    store: Store, name: str, rubric: Rubric, description: str = ""
) -> AnnotationQueue:
    """Make a queue of traces.

    Raises:
        BadInput: If there is one of that name already.
    """
    checked_name("annotation queue", name)
    _check_single(rubric)
    made = QueueRecord(
        id=random_id(),
        name=name,
        kind="traces",
        created_at=clock.now(),
        rubric_name=rubric.name,
        definitions=_definitions(rubric),
        description=description,
        order=Order().to_wire(),
    )

    def work(connection: Connection) -> bool:
        if any(q.name == name for q in queues.listing(connection, kind="traces")):
            return False
        _put(connection, made, rubric)
        return True

    if not store.write(work):
        raise BadInput(f"There is an annotation queue {name!r} already.", "Choose another name.")
    return AnnotationQueue(made.id, name, rubric, description)


def annotation_queues(store: Store) -> list[AnnotationQueue]:
    """All queues of traces, oldest first."""
    with store.reading() as connection:
        found = queues.listing(connection, kind="traces")
    return [AnnotationQueue(q.id, q.name, rubric_of(q), q.description) for q in found]


def add_trace(store: Store, queue_id: str, trace_id: str) -> bool:
    """Put a trace at the end of a queue; False if it is in it already.

    Raises:
        NotFound: If there is no such queue.
        BadInput: If it is no queue of traces.
    """
    checked_id("trace_id", trace_id)
    if queue_by_id(store, queue_id).kind != "traces":
        raise BadInput(
            f"Queue {queue_id!r} is over an experiment.",
            "Put traces into a queue made by create_annotation_queue().",
        )
    return store.write(lambda connection: queues.add_trace(connection, queue_id, trace_id))


def queue_by_id(store: Store, queue_id: str) -> QueueRecord:
    """The queue of an id.

    Raises:
        NotFound: If there is none.
    """
    with store.reading() as connection:
        record = queues.by_id(connection, queue_id)
        if record is None:
            known = [q.id for q in queues.listing(connection, kind="traces")]
            raise NotFound("annotation queue", queue_id, known, "Use create_annotation_queue().")
    return record


def rubric_of(record: QueueRecord) -> Rubric:
    """What a queue asks, as it was stored."""
    return Rubric([Dimension(**d) for d in record.definitions], name=record.rubric_name)


def material_of(store: Store, record: QueueRecord, show: Show | None = None) -> Material:
    """What there is to label in a queue, disagreements of an adjudication not yet sorted out."""
    if not record.experiment_ids:
        return TraceMaterial(store, record.parent_id or record.id)
    with store.reading() as connection:
        found = [experiments.by_id(connection, i) for i in record.experiment_ids]
    known: tuple[ExperimentRecord, ...] = tuple(r for r in found if r is not None)
    return ExperimentMaterial(store, known, show)


def _check_rubric(records: Sequence[ExperimentRecord], rubric: Rubric) -> None:
    paired = len(records) > 1
    if paired and records[0].dataset_id != records[1].dataset_id:
        raise BadInput(
            f"{records[0].label} and {records[1].label} ran over different datasets.",
            "Compare two experiments over one dataset.",
        )
    if paired and records[0].id == records[1].id:
        raise BadInput(f"{records[0].label} was given twice.", "Compare it with another one.")
    if rubric.is_pairwise != paired:
        wanted = "two experiments" if rubric.is_pairwise else "a preference dimension"
        raise BadInput(
            f"Rubric {rubric.name!r} does not fit {len(records)} experiment(s).",
            f"It needs {wanted}: use Rubric.preference(), or pass both experiments.",
        )


def _check_single(rubric: Rubric) -> None:
    if rubric.is_pairwise:
        raise BadInput(
            f"Rubric {rubric.name!r} asks which of two outputs is better; a trace has one.",
            "Leave the preference out, or compare two experiments.",
        )


def _opened(store: Store, wanted: QueueRecord, rubric: Rubric, terms: Terms | None) -> Opened:
    """Find or make a queue, and note what it asks from now on."""
    with store.reading() as connection:
        found = queues.by_id(connection, wanted.id)
    if found is None:
        made = replace(_with_terms(wanted, terms), definitions=_definitions(rubric))
        found = store.write(lambda connection: _put(connection, made, rubric))
        if found.created_at == made.created_at:
            return Opened(found, rubric)
    notices = _terms_notices(found, terms)
    changed = [d.config_id for d in rubric.dimensions] != _config_ids(found)
    if changed:
        store.write(lambda connection: _put_configs(connection, found, rubric))
        notices.append("The rubric has changed since the last time.")
    record = replace(found, definitions=_definitions(rubric))
    return Opened(record, rubric, tuple(notices), changed)


def _with_terms(wanted: QueueRecord, terms: Terms | None) -> QueueRecord:
    if wanted.order:
        return wanted
    terms = terms or Terms(Order(), Team())
    order = _order_wire(terms.order)
    if order["seed"] is None:
        order["seed"] = random.SystemRandom().randrange(1, 1_000_000)
    team = {"members": list(terms.team.members), "overlap": terms.team.overlap}
    return replace(wanted, order=order, team=team, repeats=float(terms.repeats))


def _order_wire(order: Order) -> dict[str, Any]:
    """An order as it is stored; what it compares with is a score or an experiment by its id."""
    against = order.against
    if isinstance(against, str):
        return order.to_wire(f"score:{against}")
    return order.to_wire(None if against is None else f"experiment:{against.id}")


def _terms_notices(found: QueueRecord, terms: Terms | None) -> list[str]:
    """Say where a queue that exists stays as it is although something else was asked for."""
    if terms is None:
        return []
    asked = _order_wire(terms.order)
    stored = dict(found.order)
    if asked["seed"] is None:
        asked["seed"] = stored.get("seed")
    team = {"members": list(terms.team.members), "overlap": terms.team.overlap}
    changed = [
        name
        for name, differs in (
            ("order", asked != stored),
            ("team", team != found.team),
            ("repeats", float(terms.repeats) != found.repeats),
        )
        if differs
    ]
    if not changed:
        return []
    kept = " and ".join(changed)
    return [f"This queue keeps its {kept}; a rubric of another name begins a new queue."]


def _put(connection: Connection, record: QueueRecord, rubric: Rubric) -> QueueRecord:
    """Store a queue; gives the one that stands, which somebody else may have made meanwhile."""
    _put_definitions(connection, rubric)
    queues.create(connection, record, [d.config_id for d in rubric.dimensions])
    return queues.by_id(connection, record.id) or record


def _put_configs(connection: Connection, record: QueueRecord, rubric: Rubric) -> None:
    queues.set_configs(connection, record.id, [d.config_id for d in rubric.dimensions])
    _put_definitions(connection, rubric)


def _put_definitions(connection: Connection, rubric: Rubric) -> None:
    for dimension in rubric.dimensions:
        queues.put_config(connection, dimension.config_id, dimension.name, dimension.definition())


def _definitions(rubric: Rubric) -> tuple[dict[str, Any], ...]:
    return tuple(dimension.definition() for dimension in rubric.dimensions)


def _config_ids(record: QueueRecord) -> list[str]:
    return [Dimension(**definition).config_id for definition in record.definitions]
