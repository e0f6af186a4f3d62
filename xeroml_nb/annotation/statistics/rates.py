"""Shares of labels with their intervals: hidden repeats, and choices between two runs."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from xeroml_nb.annotation.statistics.ratings import checked_value
from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.annotation.statistics.ratings import Value

CHOICES = ("left", "right", "tie", "neither")


@dataclass(frozen=True, slots=True)
class Share:
    """A share with Wilson's interval; all None where there is nothing to count.

    Args:
        rate: From 0 to 1.
        low: The lower end.
        high: The upper end.
    """

    rate: float | None = None
    low: float | None = None
    high: float | None = None


def wilson(count: int, total: int, confidence: float = 0.95) -> Share:
    """A share and its score interval.

    Wilson (1927), "Probable Inference, the Law of Succession, and Statistical Inference", Journal
    of the American Statistical Association 22(158), 209-212:
    (p + z^2/2n -+ z sqrt(p (1 - p) / n + z^2/4n^2)) / (1 + z^2/n).

    Args:
        count: How many are counted.
        total: Out of how many.
        confidence: How much the interval covers.

    Raises:
        BadInput: If more are counted than there are, or confidence is not between 0 and 1.
    """
    if not 0 <= count <= total:
        raise BadInput(f"{count} of {total} is no share.", "Count from 0 up to the total.")
    if not 0 < confidence < 1:
        raise BadInput(f"confidence={confidence} is not between 0 and 1.", "Use 0.95, say.")
    if not total:
        return Share()
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    rate = count / total
    middle = rate + z2 / (2 * total)
    half = math.sqrt(z2 * (rate * (1 - rate) / total + z2 / (4 * total**2)))
    scaled = 1 + z2 / total
    # At the two ends the formula gives exactly 0 and 1, but for rounding.
    low = (middle - half) / scaled if count else 0.0
    high = (middle + half) / scaled if count < total else 1.0
    return Share(rate, low, high)


@dataclass(frozen=True, slots=True)
class Consistency:
    """How often a person gave a hidden repeat the same value again.

    Args:
        repeats: How many units were shown again.
        same: How many of them got the same value.
        share: The share of the same, from 0 to 1.
        low: The lower end of its 95 % interval.
        high: The upper end.
    """

    repeats: int
    same: int
    share: float | None
    low: float | None
    high: float | None


def self_consistency(pairs: Sequence[tuple[Value, Value]]) -> Consistency:
    """How often a person agrees with themselves, with Wilson's (1927) 95 % interval.

    Args:
        pairs: For each hidden repeat the first value and the one given later.

    Raises:
        BadInput: If a value is no text and no finite number.
    """
    checked = [
        [checked_value(value, f"Repeat {i}") for value in pair] for i, pair in enumerate(pairs, 1)
    ]
    same = sum(first == again for first, again in checked)
    share = wilson(same, len(checked))
    return Consistency(len(checked), same, share.rate, share.low, share.high)


@dataclass(frozen=True, slots=True)
class WinRates:
    """Which of two runs people preferred, and whether the side mattered.

    Rates are shares of the decided choices: ties and "neither" are left out. Intervals are
    Wilson's (1927) at 95 %.

    Args:
        first_wins: Choices of the first run.
        second_wins: Choices of the second run.
        ties: Choices of both.
        neither: Choices of none.
        left_wins: Choices of the run shown left.
        right_wins: Choices of the run shown right.
        first_rate: First wins among the decided.
        first_low: The lower end of its interval.
        first_high: The upper end.
        left_rate: Left wins among the decided; far from 0.5 the side mattered.
        left_low: The lower end of its interval.
        left_high: The upper end.
    """

    first_wins: int
    second_wins: int
    ties: int
    neither: int
    left_wins: int
    right_wins: int
    first_rate: float | None
    first_low: float | None
    first_high: float | None
    left_rate: float | None
    left_low: float | None
    left_high: float | None


def win_rates(choices: Sequence[tuple[str, bool]]) -> WinRates:
    """Count choices between two runs shown side by side.

    Args:
        choices: left, right, tie or neither, and whether the sides were swapped; where they
            were not, the first run was shown left.

    Raises:
        BadInput: If a choice is none of the four.
    """
    for i, (choice, _) in enumerate(choices, 1):
        if choice not in CHOICES:
            raise BadInput(f"Choice {i}: {choice!r} is none.", f"Use one of {', '.join(CHOICES)}.")
    counts = Counter(choice for choice, _ in choices)
    left, decided = counts["left"], counts["left"] + counts["right"]
    # The first run won where it was chosen on the side it was shown on.
    firsts = sum(choice == ("right" if swapped else "left") for choice, swapped in choices)
    first, side = wilson(firsts, decided), wilson(left, decided)
    return WinRates(
        first_wins=firsts,
        second_wins=decided - firsts,
        ties=counts["tie"],
        neither=counts["neither"],
        left_wins=left,
        right_wins=counts["right"],
        first_rate=first.rate,
        first_low=first.low,
        first_high=first.high,
        left_rate=side.rate,
        left_low=side.low,
        left_high=side.high,
    )
