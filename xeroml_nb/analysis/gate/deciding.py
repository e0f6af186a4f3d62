"""Hold an experiment against what a gate demands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from xeroml_nb.analysis.gate.against import Against
from xeroml_nb.analysis.gate.demands import NONE_ALLOWED
from xeroml_nb.analysis.gate.measures import FAILED, Measures
from xeroml_nb.analysis.gate.rule import Rule, RuleKind
from xeroml_nb.analysis.gate.run import read_run
from xeroml_nb.analysis.gate.verdict import Counts, Verdict
from xeroml_nb.analysis.gate.words import bound_text
from xeroml_nb.analysis.verdicts import counted
from xeroml_nb.records import clock
from xeroml_nb.records.experiment import ExperimentStatus, ItemStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.analysis.gate.demands import Demands
    from xeroml_nb.analysis.gate.measured import Measured
    from xeroml_nb.analysis.gate.run import GatedRun
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.records.experiment import ExperimentRecord

_ERRORS = 3
_FAILURES = [status.value for status in ItemStatus if status.is_failure]
_ENDED = (ExperimentStatus.FINISHED, ExperimentStatus.OPEN)


def decide(
    experiment: Experiment, demands: Demands, baseline: ExperimentRecord | None = None
) -> Verdict:
    """Hold an experiment against demands.

    Args:
        experiment: The experiment.
        demands: What is demanded.
        baseline: What it may not be worse than.

    Raises:
        NotFound: If a score is unknown.
        BadInput: If what is demanded cannot be measured or compared.
    """
    return _Gate(experiment, demands, baseline).verdict()


@dataclass(frozen=True)
class _Gate:
    """An experiment in front of a gate."""

    experiment: Experiment
    demands: Demands
    baseline: ExperimentRecord | None

    def __post_init__(self) -> None:
        self.experiment.store.flush()

    def verdict(self) -> Verdict:
        run = self._run
        rules = tuple(self._rules())
        return Verdict(
            experiment=self.experiment.label,
            experiment_id=self.experiment.id,
            baseline=None if self.baseline is None else self.baseline.label,
            rules=rules,
            notes=tuple(self._notes(rules)),
            counts=Counts(run.planned, run.attempted, run.succeeded, run.failed),
            decided_at=clock.now(),
        )

    @cached_property
    def _run(self) -> GatedRun:
        return read_run(self.experiment.store, self.experiment.record)

    @cached_property
    def _measures(self) -> Measures:
        return Measures(self.experiment, self._run)

    @cached_property
    def _against(self) -> Against | None:
        """The comparison; where nothing ran, there is none."""
        if self.baseline is None or not self._run.attempted:
            return None
        return Against(self.experiment.store, self._run, self.baseline, self.demands)

    def _rules(self) -> Iterator[Rule]:
        yield self._finished()
        if FAILED not in self.demands.highest or self.demands.failed != NONE_ALLOWED:
            yield self._failed()
        yield from (self._unscored(score) for score in self._needed())
        for name, bound in self.demands.lowest.items():
            yield _least(name, bound, self._measures.measured(name))
        for name, bound in self.demands.highest.items():
            yield _most(name, bound, self._measures.measured(name))
        yield from self._no_worse()

    def _finished(self) -> Rule:
        run, status = self._run, self.experiment.status
        left = run.planned - run.attempted
        parts = [f"{run.attempted:,} of {counted(run.planned, 'item run')}"]
        if status not in _ENDED:
            parts.append(f"the run is {status.value}")
        passed = status in _ENDED and not left and run.attempted > 0
        found = ", ".join(parts)
        return Rule(RuleKind.FINISHED, "the run", "finished", passed, found, n=run.attempted)

    def _failed(self) -> Rule:
        run, allowed = self._run, self.demands.failed
        is_failure = np.isin(run.statuses.astype(str), _FAILURES)
        return Rule(
            RuleKind.FAILED,
            "failed item runs",
            f"at most {allowed}",
            allowed.allows(run.failed, run.attempted),
            f"{run.failed:,} of {counted(run.attempted, 'item run')}",
            value=float(run.failed),
            n=run.attempted,
            items=run.items_of(is_failure),
        )

    def _unscored(self, score: str) -> Rule:
        run, allowed = self._run, self.demands.unscored
        lacking = run.lacking(score)
        count = int(np.count_nonzero(lacking))
        return Rule(
            RuleKind.UNSCORED,
            f"item runs without {score}",
            f"at most {allowed}",
            allowed.allows(count, run.succeeded),
            f"{count:,} of {run.succeeded:,} with an output",
            value=float(count),
            n=run.succeeded,
            items=run.items_of(lacking),
        )

    def _needed(self) -> list[str]:
        """The scores of item runs that have to be there: those named, else all but people's."""
        named = [*self.demands.lowest, *self.demands.highest]
        found = [self._measures.score_of_items(name) for name in named]
        found += [] if self._against is None else self._against.scores
        if not named and self.baseline is None:
            found = [*self._run.by_code, *sorted(self._measures.silent)]
        return list(dict.fromkeys(score for score in found if score is not None))

    def _no_worse(self) -> Iterator[Rule]:
        if self._against is not None:
            yield from self._against.rules()
        elif self.baseline is not None:
            demand = f"not worse than {self.baseline.label}"
            yield Rule(RuleKind.NO_WORSE, "the run", demand, passed=False, found="nothing ran")

    def _notes(self, rules: tuple[Rule, ...]) -> Iterator[str]:
        yield from [] if self._against is None else self._against.notes
        if not any(
            rule.kind in (RuleKind.FAILED, RuleKind.UNSCORED) and rule.value for rule in rules
        ):
            return
        for group in self.experiment.progress.errors[:_ERRORS]:
            yield f"{group.count:,} × {group.kind}, first on item {group.item_id}: {group.message}"


def _least(name: str, bound: float, found: Measured) -> Rule:
    value = found.value
    passed = value is not None and value >= bound - found.reach
    why = ""
    if passed and found.low is not None and found.low < bound:
        why = f"the interval reaches below {bound_text(bound)}"
    elif value is not None and not passed and found.high is not None and found.high >= bound:
        why = f"{bound_text(bound)} lies within the interval"
    return _bounded(RuleKind.MIN, name, bound, found, passed=passed, why=why)


def _most(name: str, bound: float, found: Measured) -> Rule:
    value = found.value
    passed = value is not None and value <= bound + found.reach
    why = ""
    if passed and found.high is not None and found.high > bound:
        why = f"the interval reaches above {bound_text(bound)}"
    elif value is not None and not passed and found.low is not None and found.low <= bound:
        why = f"{bound_text(bound)} lies within the interval"
    return _bounded(RuleKind.MAX, name, bound, found, passed=passed, why=why)


def _bounded(  # noqa: PLR0913 - what a rule is made of
    kind: RuleKind, name: str, bound: float, found: Measured, *, passed: bool, why: str
) -> Rule:
    is_least = kind is RuleKind.MIN
    return Rule(
        kind,
        name,
        f"at {'least' if is_least else 'most'} {bound_text(bound)}",
        passed,
        found.text(bound),
        why,
        value=found.value,
        low=found.low,
        high=found.high,
        bound=bound,
        n=found.n,
        items=() if passed else found.beyond(bound, below=is_least),
    )
