"""Which points no other point beats."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIGNS = {"higher": 1, "lower": -1}


def pareto_front(points: Sequence[tuple[float, float]], directions: tuple[str, str]) -> list[bool]:
    """Whether each point is on the Pareto front.

    It is, unless another point is at least as good in both and better in one. Where either has
    no better direction, no point is.

    Args:
        points: Two values each.
        directions: Of both values: "higher", "lower" or "none" is better.

    Example:
        >>> pareto_front([(1.0, 0.5), (2.0, 0.9), (3.0, 0.8)], ("lower", "higher"))
        [True, True, False]
    """
    if not set(directions) <= _SIGNS.keys():
        return [False] * len(points)
    first, second = (_SIGNS[direction] for direction in directions)
    places = [(first * x, second * y) for x, y in points]
    return [
        not any(other != mine and other[0] >= mine[0] and other[1] >= mine[1] for other in places)
        for mine in places
    ]
