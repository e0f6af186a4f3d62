"""Krippendorff's alpha and the interval around it.

The source of every formula is Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability",
University of Pennsylvania, departmental paper 43: alpha = 1 - D_o / D_e, from coincidences.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Whole = npt.NDArray[np.int64]

# The package lays out units x values x values numbers, several times over.
_LARGEST = 2_000_000


@dataclass(frozen=True, slots=True)
class Table:
    """The ratings of the units that at least two people rated, by number.

    Args:
        level: nominal, ordinal or interval.
        places: Where each value lies, from lowest to highest.
        units: How many units there are.
        unit: The unit of each rating.
        value: The value of each rating, a number into `places`.
        pair_unit: The unit of each pair of different values that were given to one unit.
        low: The first value of each such pair.
        high: The second value of each such pair.
        weight: What each pair adds to the matrix of coincidences.
    """

    level: str
    places: Floats
    units: int
    unit: Whole
    value: Whole
    pair_unit: Whole
    low: Whole
    high: Whole
    weight: Floats


def table(level: str, values: Sequence[object], rows: Sequence[Sequence[int]]) -> Table:
    """Number the ratings and pair them within units.

    Args:
        level: nominal, ordinal or interval.
        values: At least two values, from lowest to highest, each of them given to some unit.
        rows: For each unit the values it was given, by number; at least two.
    """
    pairs = np.array(list(_pairs(rows)), dtype=np.float64).reshape(-1, 4)
    pair_unit, low, high = pairs[:, :3].astype(np.int64).T
    return Table(
        level=level,
        places=_places(level, values),
        units=len(rows),
        unit=np.repeat(np.arange(len(rows)), [len(row) for row in rows]),
        value=np.array([value for row in rows for value in row], dtype=np.int64),
        pair_unit=pair_unit,
        low=low,
        high=high,
        weight=pairs[:, 3],
    )


def _pairs(rows: Sequence[Sequence[int]]) -> Iterator[tuple[int, int, int, float]]:
    """Pairs of one value add no disagreement and are left out.

    A pair c-k of a unit with m ratings adds 1 / (m - 1) to the coincidences o_ck
    (Krippendorff 2011).
    """
    for unit, row in enumerate(rows):
        for (low, lows), (high, highs) in combinations(sorted(Counter(row).items()), 2):
            yield unit, low, high, lows * highs / (len(row) - 1)


def _places(level: str, values: Sequence[object]) -> Floats:
    """Between 0 and 1 for numbers: alpha stays the same and no square can overflow."""
    if level != "interval":
        return np.arange(len(values), dtype=np.float64)
    numbers = np.array(values, dtype=np.float64)
    numbers /= np.abs(numbers).max()
    numbers -= numbers.min()
    numbers /= numbers.max()
    return numbers


def alpha(ratings: Table) -> float | None:
    """Krippendorff's alpha, from the package `krippendorff` where its tables are not too large.

    Args:
        ratings: The ratings.
    """
    import krippendorff

    shape = (ratings.units, len(ratings.places))
    if shape[0] * shape[1] ** 2 > _LARGEST:
        return resampled(ratings, np.ones(ratings.units, dtype=np.int64))
    counts = np.zeros(shape, dtype=np.int64)
    np.add.at(counts, (ratings.unit, ratings.value), 1)
    found = krippendorff.alpha(
        value_counts=counts,
        value_domain=ratings.places,
        level_of_measurement=ratings.level,  # type: ignore[arg-type]  # one of LEVELS
    )
    return float(found)


def resampled(ratings: Table, times: Whole) -> float | None:
    """Krippendorff's alpha when each unit counts several times; None without variation.

    Args:
        ratings: The ratings.
        times: How often each unit counts.
    """
    size = len(ratings.places)
    totals: Floats = np.bincount(ratings.value, times[ratings.unit], size).astype(np.float64)
    if np.count_nonzero(totals) <= 1:
        return None
    observed, expected = _disagreements(ratings, times[ratings.pair_unit], totals)
    # Distances below 1e-160 of the whole range have squares of 0.
    return 1 - observed / expected if expected > 0 else None


def _disagreements(ratings: Table, times: Whole, totals: Floats) -> tuple[float, float]:
    """Observed and expected disagreement, both times the number n of ratings.

    Krippendorff (2011): the sums of o_ck d_ck and of n_c n_k d_ck / (n - 1) over all c and k,
    where d_ck is the level's squared difference. With d = (x_c - x_k)^2 the latter is
    2 n / (n - 1) times the sum of squares around the mean. The ordinal d_ck is of that form too:
    its x are the mean ranks of the values.
    """
    count = totals.sum()
    if ratings.level == "nominal":
        spread = (count**2 - (totals**2).sum()) / (count - 1)
        return 2 * float(ratings.weight @ times), float(spread)
    ordinal = ratings.level == "ordinal"
    places = totals.cumsum() - totals / 2 if ordinal else ratings.places
    gaps = (places[ratings.low] - places[ratings.high]) ** 2
    centred = places - (totals @ places) / count
    spread = 2 * count / (count - 1) * (totals @ centred**2)
    return 2 * float((ratings.weight * times) @ gaps), float(spread)


def interval(
    ratings: Table, resamples: int, seed: int, confidence: float
) -> tuple[float | None, float | None, int]:
    """A percentile bootstrap interval of alpha, and in how many resamples it is undefined.

    Hayes and Krippendorff (2007), "Answering the Call for a Standard Reliability Measure for
    Coding Data", Communication Methods and Measures 1(1), 77-89, draw pairs of ratings and keep
    the expected disagreement of all data. Here whole units are drawn with replacement and both
    disagreements are computed anew, because the ratings of one unit are not independent.

    Args:
        ratings: The ratings.
        resamples: How many to draw.
        seed: Of the draws.
        confidence: Such as 0.95.
    """
    draw = np.random.default_rng(seed)
    size = ratings.units
    found = [
        resampled(ratings, np.bincount(draw.integers(size, size=size), minlength=size))
        for _ in range(resamples)
    ]
    defined = [value for value in found if value is not None]
    if not defined:
        return None, None, len(found)
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high), len(found) - len(defined)
