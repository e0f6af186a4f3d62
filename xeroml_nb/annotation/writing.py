"""Labels as scores with the source `human` on the traces they are about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.annotation.dimension import Dimension, Kind
from xeroml_nb.annotation.fold import Fold
from xeroml_nb.records.ids import NAME_LIMIT, score_id
from xeroml_nb.records.score import ScoreRecord, ScoreSource, ScoreTarget, new_score
from xeroml_nb.store import experiments, labels, queues, scores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

    from xeroml_nb.annotation.fold import Change
    from xeroml_nb.annotation.rubric import Rubric
    from xeroml_nb.records.label import EntryKey, Label, QueueRecord

_FOR_FIRST = {("left", False): "win", ("right", False): "loss"}
_FOR_FIRST |= {("right", True): "win", ("left", True): "loss"}
_TURNED = {"win": "loss", "loss": "win"}


@dataclass(frozen=True, slots=True)
class _Place:
    """A trace that scores of an entry stand on.

    Args:
        trace_id: The trace.
        ending: Of the scores' names there: of a pair, the name of the other run.
        is_first: It is the trace of the first run.
    """

    trace_id: str
    ending: str = ""
    is_first: bool = True

    def name(self, dimension: str) -> str:
        """What a dimension's score is called there."""
        return (dimension + self.ending)[:NAME_LIMIT]

    def score_id(self, dimension: str, annotator: str) -> str:
        """The id of a dimension's score there."""
        key = ScoreTarget(self.trace_id).key
        return score_id(key, self.name(dimension), ScoreSource.HUMAN, annotator)


def write_scores(
    connection: Connection, queue: QueueRecord, rubric: Rubric, annotator: str, change: Change
) -> None:
    """Bring the scores of one entry from what was said before to what is said now."""
    places = list(_places(connection, queue, change))
    # An answer to an earlier version of a question may not answer the one that is asked now.
    answered = {
        dimension.name: dimension
        for dimension in rubric.dimensions
        if dimension.accepts(change.after.answers.get(dimension.name))
    }
    made = [
        _score(dimension, place, queue, annotator, change.after)
        for dimension in answered.values()
        for place in places
        if not place.ending or dimension.kind is Kind.PREFERENCE
    ]
    scores.put(connection, made)
    for name in change.before.answers.keys() - answered.keys():
        for place in places:
            _take_back(connection, queue, annotator, place, name)


def _take_back(
    connection: Connection, queue: QueueRecord, annotator: str, place: _Place, name: str
) -> None:
    """Retract a score, or bring it to what the same person says in another queue."""
    scores.retract(connection, [place.score_id(name, annotator)])
    for other_id in labels.queues_with(connection, annotator, place.trace_id, name):
        other = queues.by_id(connection, other_id)
        if other is None or other_id == queue.id or other.is_pair:
            continue
        dimensions = {d["name"]: Dimension(**d) for d in other.definitions}
        fold = Fold.of(labels.of_queue(connection, other_id, annotator))
        for label in fold.labels.values():
            said = label.trace_id == place.trace_id and label.answers.get(name)
            if said is not None and name in dimensions and dimensions[name].accepts(said):
                score = _score(dimensions[name], place, other, annotator, label)
                scores.put(connection, [score])
                return


def outcome(value: str, *, swapped: bool) -> str:
    """A preference as the first run sees it: win, loss, tie or neither."""
    return _FOR_FIRST.get((value, swapped), value)


def _places(connection: Connection, queue: QueueRecord, change: Change) -> Iterator[_Place]:
    """The traces an entry's scores stand on; a preference stands on both of the pair."""
    trace_id = change.after.trace_id or change.before.trace_id
    if not queue.is_pair:
        if trace_id is not None:
            yield _Place(trace_id)
        return
    known = [experiments.by_id(connection, i) for i in queue.experiment_ids]
    names = [record.label if record else "" for record in known]
    for number, experiment_id in enumerate(queue.experiment_ids):
        own = _trace(connection, experiment_id, change.key)
        if own is not None:
            yield _Place(own, f" against {names[1 - number]}", is_first=number == 0)


def _trace(connection: Connection, experiment_id: str, key: EntryKey) -> str | None:
    wanted = (key.item_id, key.repetition)
    found = experiments.item_runs_by_key(connection, experiment_id, [wanted])
    return found[wanted].trace_id if wanted in found else None


def _score(
    dimension: Dimension, place: _Place, queue: QueueRecord, annotator: str, label: Label
) -> ScoreRecord:
    value = label.answers[dimension.name]
    known: dict[str, Any] = {
        "number": dimension.number(value) if isinstance(value, str) else None,
        "direction": dimension.direction,
        "config": label.configs.get(dimension.name),
        "queue": queue.id,
        "carried_from": label.carried_from,
        "correction": label.correction,
        "adjudicated": True if queue.kind == "adjudication" else None,
    }
    if place.ending:
        value = outcome(str(value), swapped=bool(label.swapped))
        value = value if place.is_first else _TURNED.get(value, value)
    return new_score(
        ScoreTarget(trace_id=place.trace_id),
        place.name(dimension.name),
        value,
        data_type=dimension.data_type,
        comment=label.comment or None,
        source=ScoreSource.HUMAN,
        author=annotator,
        metadata={name: part for name, part in known.items() if part is not None},
    )
