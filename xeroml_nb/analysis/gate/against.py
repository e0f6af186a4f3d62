"""Whether an experiment is worse than a baseline, item by item."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xeroml_nb.analysis.comparison import Comparison
from xeroml_nb.analysis.gate.rule import Rule, RuleKind
from xeroml_nb.analysis.gate.words import bound_text, difference_text
from xeroml_nb.analysis.statistics.samples import rounding_of
from xeroml_nb.analysis.verdicts import counted, shown
from xeroml_nb.errors import BadInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from xeroml_nb.analysis.gate.demands import Demands
    from xeroml_nb.analysis.gate.run import GatedRun
    from xeroml_nb.analysis.verdicts import ScoreDifference
    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.store.store import Store

# A baseline that shares fewer of the items than this says little about the others.
_ENOUGH = 0.5
_SHOWN = 5


class Against:
    """An experiment held against a baseline, over the items that they share.

    Args:
        store: Where they live.
        run: The experiment's item runs.
        baseline: The baseline.
        demands: Which scores, and by how much they may be worse.

    Raises:
        BadInput: If the two share fewer than half of the experiment's items, or no score.
        NotFound: If a demanded score, or one that a direction is given for, is unknown.
    """

    def __init__(
        self, store: Store, run: GatedRun, baseline: ExperimentRecord, demands: Demands
    ) -> None:
        self._compared = Comparison(
            store, [baseline, run.record], scores=demands.scores, directions=demands.directions
        )
        self._baseline = baseline
        self._run = run
        self._label = run.record.label
        self._margin = demands.margin
        self._asked = demands.scores
        self._check_shared()
        self._check_named(demands.directions)
        self.scores = tuple(self._asked_scores() if self._asked else self._usual_scores())

    @property
    def notes(self) -> list[str]:
        """What the reader must know of the comparison."""
        left_out = [score for score in self._run.by_code if score not in self.scores]
        new = [s for s in left_out if s in self._compared.numeric and not self._in_baseline(s)]
        said = [f"{self._baseline.label} has no score {score!r}: not compared." for score in new]
        return [*self._compared.notes, *said]

    def rules(self) -> list[Rule]:
        """One a score."""
        found = {d.score: d for d in self._compared.differences}
        return [self._rule(found[score]) for score in self.scores]

    # Which scores.

    def _asked_scores(self) -> Sequence[str]:
        """Those that were asked for.

        Raises:
            BadInput: If one of them has no better and worse.
        """
        for score in self._asked or ():
            is_category = score in self._compared.categorical
            if is_category or self._compared.direction(score) == "none":
                kind = "holds categories" if is_category else "has no direction that is better"
                raise BadInput(
                    f"Score {score!r} {kind}, so that no value of it is worse.",
                    "Name scores that are numbers or truth values.",
                )
        return self._asked or ()

    def _check_named(self, directions: Iterable[str]) -> None:
        """Refuse a direction for a score that there is not: the misspelt one would pass.

        Raises:
            NotFound: If neither run has it, nor was to get it.
        """
        meant = {*self._run.record.evaluators, *self._baseline.evaluators}
        known = {*self._run.scores, *self._compared.scores, *meant}
        for score in directions:
            if score not in known:
                raise NotFound("score", score, known)

    def _usual_scores(self) -> Sequence[str]:
        """What code gave the experiment, and what the baseline's evaluators gave that one.

        People may have labelled none of a fresh run, or a sample.
        """
        usual = {*self._run.by_code, *self._baseline.evaluators}
        chosen = [
            score
            for score in self._compared.numeric
            if score in usual
            and self._compared.direction(score) != "none"
            and self._in_baseline(score)
        ]
        if not chosen:
            raise BadInput(
                f"{self._label} and {self._baseline.label} share no score that can be worse.",
                "Score both with the same evaluators.",
            )
        return chosen

    def _in_baseline(self, score: str) -> int:
        """How many shared items of the baseline have a score."""
        label = self._baseline.label
        found = (e.n for e in self._compared.estimates if (e.score, e.run) == (score, label))
        return next(found)

    def _check_shared(self) -> None:
        shared = self._compared.shared
        every = shared + self._compared.unshared[self._label]
        if shared < _ENOUGH * every:
            raise BadInput(
                f"{self._baseline.label} shares {shared:,} of the {counted(every, 'item')} of "
                f"{self._label}: it ran over another dataset, or another version of it.",
                "Run the baseline over the same items first.",
            )

    # What is found.

    def _rule(self, found: ScoreDifference) -> Rule:
        passed, why = self._judged(found)
        return Rule(
            RuleKind.NO_WORSE,
            found.score,
            self._demand,
            passed,
            _found(found),
            why,
            value=found.difference,
            low=found.low,
            high=found.high,
            bound=self._margin,
            n=found.n,
            items=() if passed else self._regressed(found),
        )

    @property
    def _demand(self) -> str:
        by = f" by more than {bound_text(self._margin)}" if self._margin else ""
        return f"not worse than {self._baseline.label}{by}"

    def _judged(self, found: ScoreDifference) -> tuple[bool, str]:
        """Whether a score is good enough, and why.

        Without a margin a difference has to be shown; with one it has to be ruled out, as in a
        test of non-inferiority at 2.5 %.
        """
        if found.low is None or found.high is None:
            return False, "cannot tell"
        is_lower_better = found.direction == "lower"
        worst, best = (-found.high, -found.low) if is_lower_better else (found.low, found.high)
        reach = rounding_of(np.array([worst, best, self._margin or 0.0]))
        side, beyond = ("above", "+") if is_lower_better else ("below", "−")
        if self._margin is None:
            if best < -reach:
                return False, f"worse: all of the interval lies {side} 0"
            seen = found.detectable
            return True, "" if seen is None else f"could have seen ±{shown(seen)}"
        end = f"{beyond if self._margin else ''}{bound_text(self._margin)}"
        if worst < -self._margin - reach:
            return False, f"the interval reaches {side} {end}"
        return True, f"no part of the interval lies {side} {end}"

    def _regressed(self, found: ScoreDifference) -> tuple[str, ...]:
        """The items that are worse than in the baseline, the worst first."""
        values = self._compared.values(found.score)
        change = values[self._label] - values[self._baseline.label]
        loss = change if found.direction == "lower" else -change
        worse = loss[loss > 0].sort_values(ascending=False, kind="stable")
        return tuple(map(str, worse.index[:_SHOWN]))


def _found(found: ScoreDifference) -> str:
    """The difference with its interval, or why there is none."""
    if found.difference is None:
        return found.method
    told = difference_text(found.difference, found.low, found.high)
    return f"{told} · {counted(found.n, 'shared item')}"
