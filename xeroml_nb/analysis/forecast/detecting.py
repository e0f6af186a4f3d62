"""The smallest difference between two runs that a dataset could show.

Miller (2024), "Adding Error Bars to Evals", arXiv 2411.00640, section 5: the formula for the sample
size, solved for the effect; two-sided at 5 %, found in 4 of 5 tries.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

from scipy.special import stdtrit

from xeroml_nb.analysis.statistics.samples import (
    check_paired,
    checked_values,
    is_binary,
    rounding_of,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from xeroml_nb.analysis.statistics.samples import Floats

_SIGNIFICANT = 0.975
_POWER = 0.8
_FEWEST = 2


def detectable_alone(values: npt.ArrayLike, items: int) -> float | None:
    """What two runs that score like this one would show, were they unrelated item by item.

    Runs over the same items mostly are related, and then show smaller differences too.

    Args:
        values: A finite number for each item that was seen.
        items: How many items both runs will have.

    Returns:
        The difference in the unit of the values, or None where the values do not tell it.

    Raises:
        BadInput: If the values are not finite numbers.

    Example:
        >>> f"{detectable_alone([0, 1] * 5, 1_000):.3f}"
        '0.063'
    """
    seen = checked_values(values)
    if is_binary(seen):
        # With one right and one wrong answer added, a few answers alike tell no certainty.
        share = (float(seen.sum()) + 1) / (seen.size + 2)
        return _by_normal(2 * share * (1 - share), seen.size, items)
    return _by_student(2 * _variance(seen, rounding_of(seen)), seen.size, items)


def detectable_paired(first: npt.ArrayLike, second: npt.ArrayLike, items: int) -> float | None:
    """What two runs would show that are paired item by item.

    Args:
        first: A finite number for each item that was seen in both runs.
        second: The same of the other run, items in the same order.
        items: How many items both runs will have.

    Returns:
        The difference in the unit of the values, or None where the values do not tell it.

    Raises:
        BadInput: If the values are not finite numbers, or not as many.

    Example:
        >>> f"{detectable_paired([0, 1] * 5, [0, 1] * 4 + [1, 1], 1_000):.3f}"
        '0.036'
    """
    one, two = checked_values(first, "first"), checked_values(second, "second")
    check_paired(one.size, two.size, "values of the second run")
    changes = two - one
    if is_binary(one) and is_binary(two):
        # One pair that differs added: runs that never differ do not pass for free of error.
        share = (float(abs(changes).sum()) + 1) / (changes.size + 2)
        return _by_normal(share, changes.size, items)
    return _by_student(_variance(changes, rounding_of(one, two)), changes.size, items)


def _variance(values: Floats, rounding: float) -> float:
    """0 where values differ by no more than rounding."""
    variance = float(values.var(ddof=1)) if values.size >= _FEWEST else 0.0
    return variance if math.sqrt(variance) > rounding else 0.0


def _by_normal(variance: float, seen: int, items: int) -> float | None:
    if seen < _FEWEST or not items:
        return None
    reach = NormalDist().inv_cdf(_SIGNIFICANT) + NormalDist().inv_cdf(_POWER)
    return reach * math.sqrt(variance / items)


def _by_student(variance: float, seen: int, items: int) -> float | None:
    """As with the normal distribution, with the uncertainty of a spread seen in few values."""
    if not variance or not items:
        return None
    reach = float(stdtrit(seen - 1, _SIGNIFICANT) + stdtrit(seen - 1, _POWER))
    return reach * math.sqrt(variance / items)
