"""All that people said in one queue: as a table, and how far they agree."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from xeroml_nb.annotation.dimension import Kind
from xeroml_nb.annotation.fold import Fold
from xeroml_nb.annotation.plan import Plan
from xeroml_nb.annotation.queue import rubric_of
from xeroml_nb.annotation.statistics.agreement import Agreement, agreement, disagreements
from xeroml_nb.annotation.statistics.rates import Consistency, WinRates, self_consistency, win_rates
from xeroml_nb.annotation.writing import outcome
from xeroml_nb.errors import BadInput
from xeroml_nb.store import experiments, labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from xeroml_nb.annotation.dimension import Dimension
    from xeroml_nb.annotation.rubric import Rubric
    from xeroml_nb.records.label import EntryKey, Label, QueueRecord
    from xeroml_nb.store.store import Store

COLUMNS = (
    "item_id",
    "repetition",
    "repeat",
    "annotator",
    "dimension",
    "value",
    "number",
    "comment",
    "correction",
    "skipped",
    "flagged",
    "carried",
    "drawn",
    "swapped",
    "active_s",
    "decided_at",
    "trace_id",
)


class Labels:
    """What people said in a queue, as it is at the moment of asking.

    Args:
        store: Where it lives.
        queue: The queue.
        rubric: What is asked.
    """

    def __init__(self, store: Store, queue: QueueRecord, rubric: Rubric | None = None) -> None:
        self._store = store
        self._queue = queue
        self._rubric = rubric or rubric_of(queue)

    @property
    def store(self) -> Store:
        """Where they live."""
        return self._store

    @property
    def queue_id(self) -> str:
        """The queue's id."""
        return self._queue.id

    @property
    def rubric(self) -> Rubric:
        """What is asked."""
        return self._rubric

    @property
    def annotators(self) -> list[str]:
        """Who labelled, by name."""
        with self._store.reading() as connection:
            return labels.annotators(connection, self._queue.id)

    def to_frame(self) -> pd.DataFrame:
        """One row an item run, dimension and annotator.

        Columns: `item_id, repetition, repeat` (a hidden second showing), `annotator, dimension,
        value, number` (what the value counts as), `comment, correction, skipped, flagged,
        carried` (from an earlier experiment with the same output), `drawn` (why it was shown at
        its place: rates estimated from the "random" ones of a ranked order are unbiased),
        `swapped` (of a pair, the second run was on the left), `active_s, decided_at, trace_id`.
        A preference's value is win, loss, tie or neither as the first run sees it. What was only
        skipped, flagged or commented has one row without a dimension.
        """
        import pandas as pd

        rows = [
            row for annotator, fold in self._folds().items() for row in self._rows(annotator, fold)
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS)).astype(
            {"repetition": "int64", "number": "float64", "active_s": "float64"}
        )

    def agreement(self) -> pd.DataFrame:
        """How far people agree, one row a dimension.

        Columns: `level, raters, units` (labelled by two or more), `percent, alpha`
        (Krippendorff's) with its 95 % bootstrap interval `low, high`, `kappa` (Cohen's; for two
        people who both labelled everything), `note`.
        """
        import pandas as pd

        names = [field.name for field in fields(Agreement)]
        found = [asdict(a) for a in self.agreements()]
        return pd.DataFrame(found, columns=names).set_index("dimension")

    def agreements(self) -> list[Agreement]:
        """As `agreement`, as values."""
        folds = self._folds()
        return [
            agreement(
                dimension.name,
                _ratings(folds, dimension),
                level=dimension.level,
                order=dimension.order,
            )
            for dimension in self._rubric.dimensions
            if dimension.kind is not Kind.TEXT
        ]

    def consistency(self, annotator: str) -> Consistency:
        """How often a person gave a hidden repeat the same value again."""
        fold = self._fold(annotator)
        shown = [
            (fold.label(key._replace(repeat=False)), label)
            for key, label in fold.labels.items()
            if key.repeat
        ]
        pairs = [
            (_rated(dimension, first), _rated(dimension, again))
            for first, again in shown
            for dimension in self._rubric.dimensions
            if dimension.kind is not Kind.TEXT
            and all(dimension.accepts(one.answers.get(dimension.name)) for one in (first, again))
        ]
        return self_consistency(pairs)

    def win_rates(self, annotator: str | None = None) -> WinRates:
        """How often each run of a pair was preferred, and each side.

        Args:
            annotator: Whose choices; everybody's by default.

        Raises:
            BadInput: If no preference is asked for.
        """
        dimension = self._preference()
        folds = self._folds()
        chosen = [
            (str(label.answers[dimension.name]), bool(label.swapped))
            for name, fold in folds.items()
            if annotator in (None, name)
            for key, label in fold.labels.items()
            if not key.repeat and dimension.accepts(label.answers.get(dimension.name))
        ]
        return win_rates(chosen)

    def disagreements(self) -> list[EntryKey]:
        """The entries on which people do not agree, in the order they were labelled."""
        folds = self._folds()
        found: dict[str, None] = {}
        for dimension in self._rubric.dimensions:
            if dimension.kind is not Kind.TEXT:
                found |= dict.fromkeys(disagreements(_ratings(folds, dimension)))
        by_unit = {
            _unit(key): key for fold in folds.values() for key in fold.labels if not key.repeat
        }
        return [by_unit[unit] for unit in found]

    def said_of(self, key: EntryKey, besides: str | None = None) -> list[tuple[str, Label]]:
        """What each person said of one entry, without one person."""
        folds = self._folds()
        return [
            (name, fold.label(key))
            for name, fold in folds.items()
            if name != besides and fold.label(key).answers
        ]

    def _folds(self) -> dict[str, Fold]:
        with self._store.reading() as connection:
            folds: dict[str, Fold] = {}
            for event in labels.of_queue(connection, self._queue.id):
                folds.setdefault(event.annotator, Fold()).apply(event)
        return folds

    def _fold(self, annotator: str) -> Fold:
        with self._store.reading() as connection:
            return Fold.of(labels.of_queue(connection, self._queue.id, annotator))

    def _preference(self) -> Dimension:
        for dimension in self._rubric.dimensions:
            if dimension.kind is Kind.PREFERENCE:
                return dimension
        raise BadInput(
            f"Queue {self._queue.name!r} asks for no preference.",
            "Win rates come from annotate(exp_a, exp_b).",
        )

    def _rows(self, annotator: str, fold: Fold) -> Iterator[tuple[Any, ...]]:
        plan = Plan(self._store, self._queue.id, annotator)
        plan.read_all()
        known = {d.name: d for d in self._rubric.dimensions}
        last = len(plan.entries)
        for key in sorted(fold.labels, key=lambda k: plan.positions.get(k, last)):
            label = fold.labels[key]
            place = plan.positions.get(key)
            drawn = None if place is None else plan.entries[place].drawn
            for name in label.answers or ([None] if _says_something(label) else []):
                yield (
                    *key,
                    annotator,
                    *_answer(label, name, known.get(name or "")),
                    *_rest(label, drawn),
                )


def experiment_labels(experiment_ids: tuple[str, ...], store: Store) -> tuple[str, ...]:
    """What people call some experiments, in order."""
    with store.reading() as connection:
        found = [experiments.by_id(connection, i) for i in experiment_ids]
    return tuple(
        record.label if record else i for record, i in zip(found, experiment_ids, strict=True)
    )


def _answer(label: Label, name: str | None, dimension: Dimension | None) -> tuple[Any, ...]:
    """Dimension, value and number."""
    value = None if name is None else label.answers[name]
    if dimension is None or value is None:
        return name, value, None
    return name, _rated(dimension, label), dimension.number(value)


def _rest(label: Label, drawn: str | None) -> tuple[Any, ...]:
    """What is said of an entry whatever the dimension."""
    return (
        label.comment or None,
        label.correction,
        label.skipped,
        label.flagged,
        label.carried_from is not None,
        drawn,
        label.swapped,
        label.active_seconds,
        label.decided_at,
        label.trace_id,
    )


def _says_something(label: Label) -> bool:
    return label.skipped or label.flagged or bool(label.comment) or label.correction is not None


def _ratings(folds: dict[str, Fold], dimension: Dimension) -> dict[str, dict[str, Any]]:
    """What each person said on one dimension, by entry; answers of an older rubric are left out."""
    return {
        annotator: {
            _unit(key): _rated(dimension, label)
            for key, label in fold.labels.items()
            if not key.repeat and dimension.accepts(label.answers.get(dimension.name))
        }
        for annotator, fold in folds.items()
    }


def _rated(dimension: Dimension, label: Label) -> Any:
    value = label.answers[dimension.name]
    if dimension.kind is Kind.PREFERENCE:
        return outcome(str(value), swapped=bool(label.swapped))
    return value


def _unit(key: EntryKey) -> str:
    return f"{key.item_id}\x1f{key.repetition}"
