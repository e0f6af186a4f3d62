"""Sums over item runs that are still to come, from those that were seen.

The interval is that of a mean of further values of the same normal distribution: Hahn and Meeker
(1991), "Statistical Intervals", section 4.8. With few or very uneven values it is a rough one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.special import stdtrit

from xeroml_nb.analysis.statistics.samples import checked_values

if TYPE_CHECKING:
    import numpy.typing as npt

_UPPER = 0.975


@dataclass(frozen=True, slots=True)
class Forecast:
    """A figure that is still to come, in the unit of the values; None where it cannot be told.

    Args:
        n: How many values it rests on.
        expected: What is expected.
        low: In 19 of 20 cases it is at least this.
        high: And at most this.
    """

    n: int
    expected: float | None = None
    low: float | None = None
    high: float | None = None

    def over(self, divisor: float) -> Forecast:
        """The same figure shared out among some.

        Args:
            divisor: How many share it; above 0.
        """
        given = (self.expected, self.low, self.high)
        return Forecast(self.n, *(None if g is None else g / divisor for g in given))

    def at_least(self, low: float, expected: float, high: float) -> Forecast:
        """The same figure, where it cannot be smaller than something.

        Args:
            low: The smallest lower end.
            expected: The smallest that can be expected.
            high: The smallest upper end.
        """
        given = ((self.expected, expected), (self.low, low), (self.high, high))
        return Forecast(self.n, *(None if g is None else max(g, least) for g, least in given))


def sum_of_further(values: npt.ArrayLike, count: int) -> Forecast:
    """The sum of further values, none of which can be below 0.

    Args:
        values: Those that were seen.
        count: How many are to come.

    Raises:
        BadInput: If the values are not finite numbers.

    Example:
        >>> found = sum_of_further([1.0, 2.0, 3.0, 2.0], 100)
        >>> f"{found.expected:.0f}, {found.low:.0f} to {found.high:.0f}"
        '200, 68 to 332'
    """
    seen = checked_values(values)
    n = seen.size
    if not n or not count:
        return Forecast(n, 0.0, 0.0, 0.0) if not count else Forecast(0)
    expected = count * float(seen.mean())
    if n == 1:
        return Forecast(1, expected)
    error = float(seen.std(ddof=1)) * math.sqrt(1 / n + 1 / count)
    half = count * float(stdtrit(n - 1, _UPPER)) * error
    return Forecast(n, expected, max(0.0, expected - half), expected + half)


def time_for(seconds: npt.ArrayLike, count: int, lanes: int) -> Forecast:
    """How long further item runs take, so many at a time.

    Args:
        seconds: What item runs took that were seen.
        count: How many are to come.
        lanes: How many are worked on at a time.

    Raises:
        BadInput: If the seconds are not finite numbers.

    Example:
        >>> time_for([2.0, 2.0, 2.0], 100, 10).expected
        20.0
        >>> time_for([2.0, 2.0, 2.0], 3, 10).expected
        2.0
    """
    seen = checked_values(seconds)
    shared = sum_of_further(seen, count).over(max(1, lanes))
    if not seen.size or not count:
        return shared
    # However many work at a time, the longest item run takes as long as it takes.
    return shared.at_least(0.0, float(seen.mean()), float(seen.max()))
