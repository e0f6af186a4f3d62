"""What people answered on one dimension, checked: rater -> unit -> value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.records.json_text import preview

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Value = float | str | bool
Ratings = Mapping[str, Mapping[str, Value]]
LEVELS = ("nominal", "ordinal", "interval")


def checked_value(value: Any, where: str) -> Value:
    """One answer as a plain number, truth value or text.

    Args:
        value: The answer.
        where: Who gave it to what, to begin the message with.

    Raises:
        BadInput: If it is anything else, or a number that is not finite.
    """
    if getattr(value, "ndim", None) == 0:  # a number from a data frame is of numpy's own type
        value = value.item()
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and _is_finite(value):
        return value
    raise BadInput(
        f"{where}: {preview(value, 60)} is neither text nor a finite number.",
        "Leave a unit out where nobody answered.",
    )


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number too large for a float
        return False


def checked_ratings(ratings: Ratings) -> dict[str, dict[str, Value]]:
    """A copy of some ratings, without the people who rated nothing.

    Args:
        ratings: rater -> unit -> value.

    Raises:
        BadInput: If a value is no text and no finite number; it names the rater and the unit.
    """
    return {
        rater: {unit: checked_value(value, _where(rater, unit)) for unit, value in rated.items()}
        for rater, rated in ratings.items()
        if rated
    }


def _where(rater: str, unit: str) -> str:
    return f"Rater {rater!r}, unit {unit!r}"


def scale(
    ratings: Ratings, level: str, order: Sequence[Value] | None
) -> tuple[list[Value], dict[str, dict[str, Value]]]:
    """The values from lowest to highest, and the ratings in terms of them.

    Args:
        ratings: Checked ratings.
        level: nominal, ordinal or interval.
        order: The values of an ordinal scale from lowest to highest.

    Raises:
        BadInput: If a value has no place on the scale; it names the rater and the unit.
    """
    placed = {rater: dict(rated) for rater, rated in ratings.items()}
    if level == "ordinal" and order is not None:
        return _ordered(placed, order), placed
    if level != "nominal":
        _refuse_text(placed, level)
    if level == "interval":  # whole numbers that are one float have no distance
        placed = {r: {u: float(v) for u, v in rated.items()} for r, rated in placed.items()}
    # Text after numbers, so that both can be sorted.
    known = {value for _, _, value in _each(placed)}
    texts = sorted(v for v in known if isinstance(v, str))
    return [*sorted(v for v in known if not isinstance(v, str)), *texts], placed


def _ordered(ratings: Ratings, order: Sequence[Value]) -> list[Value]:
    values = [checked_value(value, f"Place {i} of order") for i, value in enumerate(order, 1)]
    if isinstance(order, str) or len(set(values)) < len(values):
        raise BadInput(
            f"order={order!r} is no list of different values.",
            "Name each value once, from lowest to highest.",
        )
    for rater, unit, value in _each(ratings):
        if value not in values:
            raise BadInput(
                f"{_where(rater, unit)}: {preview(value, 60)!r} is not in order={values!r}.",
                "Name every value in order, from lowest to highest.",
            )
    return values


def _refuse_text(ratings: Ratings, level: str) -> None:
    for rater, unit, value in _each(ratings):
        if isinstance(value, str):
            raise BadInput(
                f"{_where(rater, unit)}: {preview(value, 60)!r} is text, "
                f"which has no place among numbers at level {level!r}.",
                "Use level='ordinal' with order=[lowest, ..., highest], or level='nominal'.",
            )


def _each(ratings: Ratings) -> Iterator[tuple[str, str, Value]]:
    for rater, rated in ratings.items():
        for unit, value in rated.items():
            yield rater, unit, value


def by_unit(ratings: Ratings) -> dict[str, list[Value]]:
    """The answers each unit got, units in order of first appearance.

    Args:
        ratings: Checked ratings.
    """
    answers: dict[str, list[Value]] = {}
    for _, unit, value in _each(ratings):
        answers.setdefault(unit, []).append(value)
    return answers
