"""How far several people agree on one dimension of labels."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xeroml_nb.annotation.statistics.ratings import (
    LEVELS,
    Ratings,
    Value,
    by_unit,
    checked_ratings,
    checked_value,
    scale,
)
from xeroml_nb.errors import BadInput, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Agreement", "Ratings", "agreement", "disagreements", "kappa"]

# Fewer undefined resamples than this share hardly move the interval.
_WORTH_SAYING = 0.1


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far people agree on one dimension.

    Args:
        dimension: What was judged.
        level: nominal, ordinal or interval.
        raters: Who rated at least one unit, in the order given.
        units: How many units have at least two ratings.
        percent: The share, from 0 to 1, of agreeing pairs among all pairs of ratings of one unit.
        alpha: Krippendorff's alpha: 1 is full agreement, 0 what chance alone would give.
        low: The lower end of the bootstrap interval of alpha.
        high: The upper end.
        kappa: Cohen's kappa; only for two people who both rated every unit that either rated.
        note: Why something is undefined, in plain words; empty where nothing is to be said.
    """

    dimension: str
    level: str
    raters: tuple[str, ...]
    units: int
    percent: float | None
    alpha: float | None
    low: float | None
    high: float | None
    kappa: float | None
    note: str


@dataclass(frozen=True, slots=True)
class _Alpha:
    value: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Bootstrap:
    resamples: int
    seed: int
    confidence: float


def agreement(  # noqa: PLR0913 - each has a sensible value of its own
    dimension: str,
    ratings: Ratings,
    level: str = "nominal",
    order: Sequence[Value] | None = None,
    *,
    resamples: int = 1_000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Agreement:
    """How far people agree: percent, Krippendorff's alpha with an interval, Cohen's kappa.

    Alpha follows Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability". Its interval
    is a percentile bootstrap over units. It differs from that of Hayes and Krippendorff (2007),
    "Answering the Call for a Standard Reliability Measure for Coding Data", which draws pairs of
    ratings and keeps the expected disagreement: here whole units are drawn and both disagreements
    are computed anew. Resamples without variation have no alpha and are left out; the note
    counts them where they are more than a tenth.

    Args:
        dimension: What was judged.
        ratings: rater -> unit -> value; a unit that someone did not rate is left out there.
        level: nominal, ordinal or interval. Kappa and percent treat all values as names.
        order: The values of an ordinal scale from lowest to highest; numbers order themselves.
            Other levels do not use it.
        resamples: How many to draw for the interval; 0 for no interval.
        seed: The same seed gives the same interval.
        confidence: How much the interval covers.

    Raises:
        BadInput: If an option or a value cannot be accepted.
        MissingExtra: If the package that computes alpha is not installed.
    """
    _check_options(level, resamples, confidence)
    _check_extra()
    given = checked_ratings(ratings)
    values, placed = scale(given, level, order)
    # Sorted, so that the draws do not depend on who comes first.
    rows = [answers for _, answers in sorted(by_unit(placed).items()) if len(answers) > 1]
    found = _alpha(rows, values, level, _Bootstrap(resamples, seed, confidence))
    cohen, complete = _kappa_of_two(given)
    notes = [_nothing_to_compare(given, rows), found.note]
    if len(given) == 2 and rows and cohen is None:  # noqa: PLR2004 - kappa is for two
        notes.append(
            "kappa is undefined too"
            if complete
            else "kappa is left out: it needs both people to have rated every unit"
        )
    return Agreement(
        dimension=dimension,
        level=level,
        raters=tuple(given),
        units=len(rows),
        percent=_percent(rows),
        alpha=found.value,
        low=found.low,
        high=found.high,
        kappa=cohen,
        note="; ".join(note for note in notes if note),
    )


def _check_options(level: str, resamples: int, confidence: float) -> None:
    if level not in LEVELS:
        raise BadInput(f"There is no level {level!r}.", f"Use one of {', '.join(LEVELS)}.")
    if resamples < 0:
        raise BadInput(f"resamples={resamples} is less than 0.", "Use 0 for no interval.")
    if not 0 < confidence < 1:
        raise BadInput(f"confidence={confidence} is not between 0 and 1.", "Use 0.95, say.")


def _check_extra() -> None:
    try:
        import krippendorff  # noqa: F401 - whether it is there
    except ImportError as error:
        raise MissingExtra("Agreement between people", "lab") from error


def _nothing_to_compare(ratings: Ratings, rows: Sequence[Sequence[Value]]) -> str:
    if rows:
        return ""
    if not ratings:
        return "there are no ratings"
    if len(ratings) == 1:
        return "only one person rated: there is nobody to agree with"
    return "no unit was rated by two people: there is nothing to compare"


def _percent(rows: Sequence[Sequence[Value]]) -> float | None:
    pairs = sum(len(row) * (len(row) - 1) for row in rows)
    same = sum(n * (n - 1) for row in rows for n in Counter(row).values())
    return same / pairs if pairs else None


def _alpha(
    rows: Sequence[Sequence[Value]], values: Sequence[Value], level: str, how: _Bootstrap
) -> _Alpha:
    given = {value for row in rows for value in row}
    used = [value for value in values if value in given]
    if not used:
        return _Alpha()
    if len(used) == 1:
        compared = "" if len(values) == 1 else " of a unit that two people rated"
        return _Alpha(note=f"every rating{compared} is the same: alpha is undefined")
    from xeroml_nb.annotation.statistics.alpha import alpha, interval, table

    numbers = {value: i for i, value in enumerate(used)}
    ratings = table(level, used, [[numbers[value] for value in row] for row in rows])
    value = alpha(ratings)
    if len(rows) == 1:
        return _Alpha(value, note="one unit is too few for an interval")
    low, high, undefined = interval(ratings, how.resamples, how.seed, how.confidence)
    many = undefined > _WORTH_SAYING * how.resamples
    left_out = f"the interval leaves out {undefined} of {how.resamples} resamples without variation"
    return _Alpha(value, low, high, left_out if many else "")


def _kappa_of_two(ratings: Ratings) -> tuple[float | None, bool]:
    """Cohen's kappa where it applies, and whether it applies."""
    if len(ratings) != 2:  # noqa: PLR2004 - kappa is for two
        return None, False
    first, second = ratings.values()
    if first.keys() != second.keys():
        return None, False
    return kappa(list(first.values()), [second[unit] for unit in first]), True


def kappa(first: Sequence[Value], second: Sequence[Value]) -> float | None:
    """Cohen's kappa of two people's values of the same units; None when chance agreement is 1.

    Cohen (1960), "A Coefficient of Agreement for Nominal Scales", Educational and Psychological
    Measurement 20(1), 37-46, equation 1: (p_o - p_c) / (1 - p_c).

    Args:
        first: One person's values.
        second: The other's, in the same order.

    Raises:
        BadInput: If they are not equally many, or a value is no text and no finite number.
    """
    if len(first) != len(second):
        raise BadInput(
            f"There are {len(first)} values and {len(second)} values to compare.",
            "Give one value of each person for every unit.",
        )
    ones = [checked_value(value, f"Value {i} of the first") for i, value in enumerate(first, 1)]
    others = [checked_value(value, f"Value {i} of the second") for i, value in enumerate(second, 1)]
    totals = Counter(others)
    # Whole numbers, so that agreement by chance is exactly 1 where it is.
    chance = sum(count * totals[value] for value, count in Counter(ones).items())
    same = len(ones) * sum(a == b for a, b in zip(ones, others, strict=True))
    most = len(ones) ** 2
    return (same - chance) / (most - chance) if most > chance else None


def disagreements(ratings: Ratings) -> list[str]:
    """The units to which at least two people gave different values, in order of appearance.

    Args:
        ratings: rater -> unit -> value.

    Raises:
        BadInput: If a value is no text and no finite number; it names the rater and the unit.
    """
    answers = by_unit(checked_ratings(ratings))
    return [unit for unit, values in answers.items() if len(set(values)) > 1]
