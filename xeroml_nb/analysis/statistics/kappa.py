"""How far two rows of verdicts agree beyond chance, with an interval.

Cohen (1960), "A Coefficient of Agreement for Nominal Scales", Educational and Psychological
Measurement 20(1), 37-46, for categories. For numbers, Cohen (1968), "Weighted Kappa", Psychological
Bulletin 70(4), 213-220, with squared distances as weights: it needs no steps, counts a near miss
as one, and is the concordance of Lin (1989), "A Concordance Correlation Coefficient to Evaluate
Reproducibility", Biometrics 45(1), 255-268. For zeros and ones both are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xeroml_nb.analysis.statistics.samples import Options, check_paired, checked_values

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from xeroml_nb.analysis.statistics.samples import Floats

# How many drawn counts are held at once.
_AT_ONCE = 2_000_000
# Fewer undefined resamples than this share hardly move the interval.
_WORTH_SAYING = 0.1


@dataclass(frozen=True, slots=True)
class Kappa:
    """Agreement beyond chance: 1 is full agreement, 0 what chance alone would give.

    Args:
        value: None where both gave one and the same value throughout.
        low: The lower end of its bootstrap interval, or None.
        high: The upper end.
        note: Why something is undefined; empty where nothing is to be said.
    """

    value: float | None
    low: float | None
    high: float | None
    note: str = ""


def kappa_interval(  # noqa: PLR0913 - the first two say what to compare, the others how
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    nominal: bool,
    resamples: int = 1_000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Kappa:
    """Cohen's kappa of the values of the same items, and its percentile bootstrap over items.

    Args:
        first: A finite number for each item; of a category, its code.
        second: The same of the other, items in the same order.
        nominal: Values are names; else numbers, whose squared distances count.
        resamples: How many to draw.
        seed: Where the draws start.
        confidence: How much the interval covers.

    Raises:
        BadInput: If values are not finite, lengths differ or an option is out of range.

    >>> found = kappa_interval([1, 1, 1, 0, 0, 0], [1, 1, 0, 0, 0, 0], nominal=True)
    >>> round(found.value, 3)
    0.667
    """
    one, two = checked_values(first, "first"), checked_values(second, "second")
    check_paired(one.size, two.size, "values of the other")
    options = Options(confidence, resamples, seed)
    pairs, counts = np.unique(np.stack([one, two]), axis=1, return_counts=True)
    of = (_nominal if nominal else _squared)(*pairs)
    [value] = of(counts[None, :].astype(np.float64))
    if np.isnan(value):
        return Kappa(None, None, None, "all values are the same: kappa is undefined")
    if value == 1:
        return Kappa(1.0, None, None, "no value differs: kappa has no interval")
    return _with_interval(float(value), counts, of, options)


def _with_interval(
    value: float, counts: npt.NDArray[np.int64], of: Callable[[Floats], Floats], options: Options
) -> Kappa:
    rng = np.random.default_rng(options.seed)
    step = max(1, _AT_ONCE // counts.size)
    drawn = np.concatenate(
        [
            of(_draw(rng, counts, min(step, options.bootstrap - done)))
            for done in range(0, options.bootstrap, step)
        ]
    )
    undefined = int(np.isnan(drawn).sum())
    outside = (1 - options.confidence) / 2
    low, high = np.nanquantile(drawn, [outside, 1 - outside])
    many = undefined > _WORTH_SAYING * options.bootstrap
    left_out = f"the interval leaves out {undefined} of {options.bootstrap} resamples"
    return Kappa(value, float(low), float(high), left_out if many else "")


def _draw(rng: np.random.Generator, counts: npt.NDArray[np.int64], times: int) -> Floats:
    total = int(counts.sum())
    return rng.multinomial(total, counts / total, size=times).astype(np.float64)


def _nominal(first: Floats, second: Floats) -> Callable[[Floats], Floats]:
    """Kappa from how often each pair of categories occurs, a row of counts for each resample."""
    codes = np.unique([first, second])
    is_first = (first[:, None] == codes).astype(np.float64)
    is_second = (second[:, None] == codes).astype(np.float64)
    differs = (first != second).astype(np.float64)

    def of(counts: Floats) -> Floats:
        shares = counts / counts.sum(axis=1, keepdims=True)
        chance = 1 - ((shares @ is_first) * (shares @ is_second)).sum(axis=1)
        return _kappa(shares @ differs, chance)

    return of


def _squared(first: Floats, second: Floats) -> Callable[[Floats], Floats]:
    """Kappa from how often each pair of numbers occurs; distances from the middle, to stay exact.

    By chance the squared distance is on average both variances and the square of the difference
    of the means.
    """
    middle = first.mean()
    one, two = first - middle, second - middle

    def of(counts: Floats) -> Floats:
        shares = counts / counts.sum(axis=1, keepdims=True)
        means = shares @ one, shares @ two
        spread = shares @ one**2 + shares @ two**2
        return _kappa(shares @ (one - two) ** 2, spread - 2 * means[0] * means[1])

    return of


def _kappa(observed: Floats, chance: Floats) -> Floats:
    """1 - observed / chance, NaN where nothing could have differed."""
    found = np.full(observed.shape, np.nan)
    np.divide(observed, chance, out=found, where=chance > np.finfo(np.float64).eps)
    # Where both agree as by chance, rounding errors would be shown for the 0 that it is.
    return np.round(1 - found, 12)
