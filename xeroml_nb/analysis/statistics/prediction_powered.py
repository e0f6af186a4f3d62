"""The mean of a judge over all items, corrected by the labels of people on some of them.

Prediction-powered inference: Angelopoulos, Bates, Fannjiang, Jordan and Zrnic (2023), Science
382(6671), 669-674, in the form whose weight of the judge is tuned: Angelopoulos, Duchi and Zrnic
(2023), "PPI++: Efficient Prediction-Powered Inference", arXiv 2311.01453, section 6.
Yes or no on both sides has few labels in some corner of its table, where the normal theory of
both is too narrow: there the interval is that of the chain rule of Hofer, Maynez, Dhingra, Fisch,
Globerson and Cohen (2024), "Bayesian Prediction-Powered Inference", arXiv 2405.06034.
`python -m tests.benchmarks coverage` shows how often either holds the truth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from xeroml_nb.analysis.statistics.intervals import Interval, mean_interval
from xeroml_nb.analysis.statistics.samples import (
    check_paired,
    checked_values,
    is_binary,
    rounding_of,
)
from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    import numpy.typing as npt

    from xeroml_nb.analysis.statistics.samples import Floats

# Of the posterior of a share; its ends are then sure to within a hundredth of its width.
_DRAWS = 40_000
_SEED = 0
# Jeffreys' prior; more or less of it covers worse, which the benchmark shows.
_PRIOR = 0.5
# A mean and a slope take two, so that with three labels one is left to tell the error.
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class CorrectedMean:
    """One mean, found in three ways.

    Args:
        judge: The mean of the judge over all items, in the judge's unit; right only if the judge
            errs as often up as down.
        corrected: The mean of what people would say of all items: the judge's, corrected by the
            labels.
        labels: The mean of the labels alone.
        slope: By how much a label rises where the judge's value rises by 1; 0 where the judge
            said the same of every labelled item.
    """

    judge: Interval
    corrected: Interval
    labels: Interval
    slope: float


def corrected_mean(
    judged: npt.ArrayLike,
    verdicts: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    confidence: float = 0.95,
) -> CorrectedMean:
    """What the mean of the labels would be if people had labelled every item.

    With n labels Y, the judge's values f on the same items and on all N, the estimate is that of
    PPI++ with the tuned weight, Y_mean + b (f_mean of all - f_mean of the labelled), where b is
    the slope of Y on f. The labelled items must be a random sample of all.

    Args:
        judged: The judge's value of every item, finite.
        verdicts: The judge's value of each labelled item.
        labels: The label of each labelled item, in the same order; the unit of the result.
        confidence: How much the intervals cover.

    Raises:
        BadInput: If values are not finite, lengths differ, or more items are labelled than judged.

    >>> found = corrected_mean([1] * 70 + [0] * 30, [1, 1, 1, 1, 0, 0], [1, 1, 1, 0, 0, 0])
    >>> found.judge.estimate, found.labels.estimate, round(found.corrected.estimate, 3)
    (0.7, 0.5, 0.525)
    """
    every, seen = checked_values(judged, "judged"), checked_values(verdicts, "verdicts")
    said = checked_values(labels, "labels")
    check_paired(seen.size, said.size, "labels")
    if seen.size > every.size:
        raise BadInput(
            f"{seen.size} items are labelled, but only {every.size} judged.",
            "Leave out the labels of items without a verdict.",
        )
    judge = mean_interval(every, confidence=confidence)
    alone = mean_interval(said, confidence=confidence)
    known = _Known(every, seen, said)
    return CorrectedMean(judge, _corrected(known, alone, confidence), alone, known.slope)


@dataclass(frozen=True)
class _Known:
    """The judge's values of all items and of the labelled ones, and the labels."""

    every: Floats
    seen: Floats
    said: Floats

    @cached_property
    def tells_apart(self) -> bool:
        """Whether the judge said different things of the labelled items."""
        return bool(self.seen.size) and bool(np.ptp(self.seen) > rounding_of(self.seen))

    @cached_property
    def slope(self) -> float:
        """How far labels rise with the judge's values."""
        if not self.tells_apart:
            return 0.0
        apart = self.seen - self.seen.mean()
        return float(apart @ (self.said - self.said.mean()) / (apart @ apart))


def _corrected(known: _Known, alone: Interval, confidence: float) -> Interval:
    every, seen, said = known.every, known.seen, known.said
    if not said.size:
        return alone
    if every.size == said.size:
        return replace(alone, method="every item is labelled")
    if not known.tells_apart:
        return replace(alone, method=f"{alone.method}: the judge told no labelled items apart")
    estimate = float(said.mean() + known.slope * (every.mean() - seen.mean()))
    if said.size < _FEWEST:
        return Interval(said.size, estimate, None, None, f"{said.size} labels have no interval")
    if is_binary(every) and is_binary(said):
        low, high = _chain_rule(known, confidence)
        low, high = min(low, estimate), max(high, estimate)
        return Interval(said.size, estimate, low, high, "Bayesian prediction-powered")
    half = _half(known, confidence)
    low, high = estimate - half, estimate + half
    if is_binary(said):
        low, high = max(low, 0.0), min(high, 1.0)
    return Interval(said.size, estimate, low, high, "prediction-powered t")


def _half(known: _Known, confidence: float) -> float:
    """Half the width of the interval, in the unit of the labels.

    The variance of PPI++ under the tuned weight is s_e^2 / n + b^2 s_f^2 / N, with s_e of the
    labels around the line on the judge's values. For few labels s_e has n - 2 degrees of freedom,
    and the error of the slope adds s_e^2 (f_mean of all - of the labelled)^2 / sum (f - f_mean)^2.
    """
    every, seen, said, n = known.every, known.seen, known.said, known.said.size
    apart = seen - seen.mean()
    left = said - said.mean() - known.slope * apart
    spread = float(left @ left) / (n - 2)
    shift = float(every.mean() - seen.mean()) ** 2 / float(apart @ apart)
    judge = known.slope**2 * float(every.var(ddof=1)) / every.size
    variance = spread * (1 / n + shift) + judge
    return float(stdtrit(n - 2, (1 + confidence) / 2)) * math.sqrt(variance)


def _chain_rule(known: _Known, confidence: float) -> tuple[float, float]:
    """The equal-tailed interval of P(yes) = sum over what the judge says of P(it) P(yes | it)."""
    rng = np.random.default_rng(_SEED)

    def share(values: Floats) -> Floats:
        yes = float(values.sum())
        return rng.beta(yes + _PRIOR, values.size - yes + _PRIOR, size=_DRAWS)

    passed = share(known.every)
    by_verdict = [share(known.said[known.seen == verdict]) for verdict in (1, 0)]
    drawn = passed * by_verdict[0] + (1 - passed) * by_verdict[1]
    outside = (1 - confidence) / 2
    low, high = np.quantile(drawn, [outside, 1 - outside])
    return float(low), float(high)
