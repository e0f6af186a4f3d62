"""The figures of one score: in one run, and between a run and the baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from xeroml_nb.analysis.statistics.categories import compare_shares
from xeroml_nb.analysis.statistics.intervals import mean_interval
from xeroml_nb.analysis.statistics.paired import paired_difference
from xeroml_nb.analysis.verdicts import Distribution, Estimate, ScoreDifference

if TYPE_CHECKING:
    import numpy.typing as npt

    from xeroml_nb.analysis.alignment import AlignedRun, Alignment
    from xeroml_nb.analysis.kinds import ScoreKinds

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]
    Places = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Measuring:
    """How the scores of aligned runs are measured.

    Args:
        aligned: The runs.
        kinds: What their scores are.
        clusters: The cluster of each item, or None.
        bootstrap: Resamples; 0 for none.
        seed: Of the resamples.
    """

    aligned: Alignment
    kinds: ScoreKinds
    clusters: Places | None
    bootstrap: int
    seed: int

    def estimate(self, score: str, run: AlignedRun) -> Estimate:
        """The mean of a score in a run, over the shared items."""
        shared = self.aligned.shared
        values = run.numbers(score)
        there = shared & ~np.isnan(values)
        found = mean_interval(
            values[there], self._clusters(there), bootstrap=self.bootstrap, seed=self.seed
        )
        attempted, succeeded = run.attempted[shared].sum(), run.succeeded[shared].sum()
        return Estimate(
            score=score,
            run=run.record.label,
            n=found.n,
            mean=found.estimate,
            low=found.low,
            high=found.high,
            method=found.method,
            attempted=int(attempted),
            succeeded=int(succeeded),
            failed=int(attempted - succeeded),
            unscored=max(0, int(succeeded - run.scored(score)[shared].sum())),
        )

    def difference(
        self, score: str, run: AlignedRun, within: Flags | None = None
    ) -> ScoreDifference:
        """How a score differs between a run and the baseline.

        Args:
            score: A numeric one.
            run: The run.
            within: Only these items.
        """
        baseline = self.aligned.runs[0]
        first, second = baseline.numbers(score), run.numbers(score)
        chosen = self.aligned.shared if within is None else self.aligned.shared & within
        both = chosen & ~np.isnan(first) & ~np.isnan(second)
        found = paired_difference(
            first[both],
            second[both],
            self._clusters(both),
            bootstrap=self.bootstrap,
            seed=self.seed,
        )
        direction = self.kinds.direction(score)
        wins, losses = found.wins, found.losses
        if direction == "lower":
            wins, losses = losses, wins
        return ScoreDifference(
            score=score,
            run=run.record.label,
            baseline=baseline.record.label,
            n=found.n,
            difference=found.estimate,
            low=found.low,
            high=found.high,
            p_value=found.p_value,
            p_exact=found.p_exact,
            p_adjusted=None,
            wins=wins,
            losses=losses,
            ties=found.ties,
            detectable=found.detectable,
            if_failed=self._if_failed(score, run, chosen),
            method=found.method if found.n else self._why_none(score, run),
            test=found.test,
            direction=direction,
        )

    def distribution(self, score: str, run: AlignedRun) -> Distribution:
        """How a run and the baseline spread a categorical score."""
        baseline = self.aligned.runs[0]
        pairs = pd.DataFrame({"first": baseline.labels(score), "second": run.labels(score)})
        pairs = pairs[self.aligned.shared].dropna()
        counts = pd.concat([pairs["first"], pairs["second"]]).value_counts()
        categories = self.kinds.categories(score, {str(c): int(n) for c, n in counts.items()})
        code = {category: place for place, category in enumerate(categories)}
        found = compare_shares(
            pairs["first"].map(code).to_numpy(np.int64),
            pairs["second"].map(code).to_numpy(np.int64),
            categories=len(categories),
        )
        return Distribution(
            score=score,
            run=run.record.label,
            baseline=baseline.record.label,
            n=found.n,
            categories=tuple(categories),
            baseline_shares=found.first,
            run_shares=found.second,
            changed=found.changed,
            distance=found.distance,
            p_value=found.p_value,
            p_adjusted=None,
        )

    def _clusters(self, chosen: Flags) -> Places | None:
        return None if self.clusters is None else self.clusters[chosen]

    def _if_failed(self, score: str, run: AlignedRun, chosen: Flags) -> float | None:
        """The difference if each failed item run had counted as the worst value, 0 or 1."""
        baseline = self.aligned.runs[0]
        pairs = [self._with_failures(score, one, chosen) for one in (baseline, run)]
        every = np.concatenate([values for values, _ in pairs])
        if not any(failed for _, failed in pairs) or not _within_unit(every):
            return None
        worst = 1.0 if self.kinds.direction(score) == "lower" else 0.0
        means = []
        for values, failed in pairs:
            total = np.nansum(values) + worst * failed
            count = np.count_nonzero(~np.isnan(values)) + failed
            means.append(total / count if count else np.nan)
        difference = float(means[1] - means[0])
        return None if np.isnan(difference) else difference

    def _with_failures(self, score: str, run: AlignedRun, chosen: Flags) -> tuple[Floats, int]:
        """The values of the items that succeeded, and how many items did not."""
        values = run.numbers(score)[chosen]
        return values, int(np.count_nonzero(run.succeeded[chosen] == 0))

    def _why_none(self, score: str, run: AlignedRun) -> str:
        """Why no shared item has a score in both runs."""
        for one in (self.aligned.runs[0], run):
            shared = self.aligned.shared
            if not one.succeeded[shared].any():
                return f"every shared item of {one.record.label} failed"
            if np.isnan(one.numbers(score)[shared]).all():
                return f"{one.record.label} has no score {score!r} on a shared item"
        return f"no shared item has a score {score!r} in both runs"


def _within_unit(values: Floats) -> bool:
    known = values[~np.isnan(values)]
    return bool(known.size) and bool(np.all((known >= 0) & (known <= 1)))
