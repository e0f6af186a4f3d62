"""Which evaluators have to look at which item runs of an experiment again."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xeroml_nb.experiments.evaluation import Level, level_of, of_items, sees_failures
from xeroml_nb.experiments.reading import read_results
from xeroml_nb.records.evaluation import EVERY_ITEM, WHOLE_EXPERIMENT
from xeroml_nb.records.experiment import ItemStatus
from xeroml_nb.records.ids import content_hash
from xeroml_nb.store import evaluations as noted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection

    from xeroml_nb.experiments.evaluation import ItemEvaluator
    from xeroml_nb.experiments.results import Result
    from xeroml_nb.records.experiment import ExperimentRecord, ItemRun
    from xeroml_nb.records.score import ScoreRecord, ScoreValue
    from xeroml_nb.store.evaluations import Given
    from xeroml_nb.store.store import Store


@dataclass(frozen=True)
class Turn:
    """One item run that is scored again.

    Args:
        result: As it is stored.
        run: How it went.
        evaluators: Who looks at it, in order.
        given: What evaluators and others gave it before.
    """

    result: Result
    run: ItemRun
    evaluators: Sequence[ItemEvaluator]
    given: Sequence[Given]

    @property
    def others(self) -> dict[str, ScoreValue]:
        """The scores it has from everybody else, by name."""
        asked = {e.name for e in self.evaluators}
        return _values(s for s in self.result.scores.items() if s[1].author not in asked)


def plan(
    store: Store, record: ExperimentRecord, evaluators: Sequence[ItemEvaluator]
) -> dict[tuple[str, int], Turn]:
    """Find the item runs that evaluators have not scored, or not in their present state.

    Args:
        store: Where the experiment lives.
        record: The experiment.
        evaluators: Composites last.

    Returns:
        What is to be done, by item and repetition, in the order of the items.
    """
    results = read_results(store, record)
    with store.reading() as connection:
        states = _States.read(connection, record.id)
        given = noted.given_before(connection, record.id)
    turns = {}
    for result in results:
        run = result.run
        if run is not None:
            mine = given.get(run.trace_id, [])
            if due := _Look(result, run, states, mine).due(evaluators):
                turns[run.key] = Turn(result, run, due, mine)
    return turns


def state_of(evaluator: ItemEvaluator, seen: Mapping[str, ScoreValue]) -> str:
    """An evaluator's state; a composite's includes the scores that it sees."""
    if level_of(evaluator) is Level.COMPOSITE:
        return content_hash(evaluator.fingerprint, dict(seen))
    return evaluator.fingerprint


@dataclass(frozen=True)
class _States:
    """The states in which evaluators scored all item runs, and single ones after that."""

    of_all: dict[str, str] = field(default_factory=dict)
    of_run: dict[tuple[str, int], dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    @classmethod
    def read(cls, connection: Connection, experiment_id: str) -> _States:
        found = cls()
        for one in noted.find(connection, experiment_id):
            if one.repetition == EVERY_ITEM:
                found.of_all[one.evaluator] = one.fingerprint
            elif one.repetition != WHOLE_EXPERIMENT:
                found.of_run[one.item_id, one.repetition][one.evaluator] = one.fingerprint
        return found


@dataclass(frozen=True)
class _Look:
    """A look at one item run: who has to score it?"""

    result: Result
    run: ItemRun
    states: _States
    given: Sequence[Given]

    def due(self, evaluators: Sequence[ItemEvaluator]) -> list[ItemEvaluator]:
        """The evaluators that have not scored it, or see what has changed since."""
        due: list[ItemEvaluator] = []
        wanted = [e for e in of_items(evaluators) if self._concerns(e)]
        for place, evaluator in enumerate(wanted):
            sees_new = bool(due) and level_of(evaluator) is Level.COMPOSITE
            if sees_new or not self._is_done(evaluator, {e.name for e in wanted[place:]}):
                due.append(evaluator)
        return due

    def _concerns(self, evaluator: ItemEvaluator) -> bool:
        status = self.run.status
        return status is ItemStatus.OK or (status.is_failure and sees_failures(evaluator))

    def _is_done(self, evaluator: ItemEvaluator, later: set[str]) -> bool:
        """Tell whether an evaluator scored it in its present state, and in that of all it sees."""
        if evaluator.name in self.run.evaluator_errors:
            return False
        known = self.states.of_run.get(self.run.key, {}).get(evaluator.name)
        if known is not None:
            seen = _values(s for s in self.result.scores.items() if s[1].author not in later)
            return known == state_of(evaluator, seen)
        if self.states.of_all.get(evaluator.name) != evaluator.fingerprint:
            return False
        return level_of(evaluator) is not Level.COMPOSITE or self._is_latest(evaluator.name, later)

    def _is_latest(self, composite: str, later: set[str]) -> bool:
        """Tell whether no score changed since a composite of a run looked at them."""
        own = [one.updated_at for one in self.given if one.author == composite]
        seen = [one.updated_at for one in self.given if one.author not in later]
        return bool(own) and max(seen, default=own[0]) <= max(own)


def _values(scores: Iterator[tuple[str, ScoreRecord]]) -> dict[str, ScoreValue]:
    return {name: score.value for name, score in scores}
