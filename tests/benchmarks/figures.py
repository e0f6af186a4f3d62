"""Measured figures beside their targets and floors, and the table of them."""

from __future__ import annotations

import operator
from dataclasses import dataclass

_COMPARISONS = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    ">=": operator.ge,
}
_HEADS = ("benchmark", "what", "figure", "target", "met", "floor", "figure / floor")


@dataclass(frozen=True)
class Target:
    """What a figure has to be: `Target("<", 0.5)`."""

    sign: str
    limit: float

    def is_met_by(self, value: float) -> bool:
        """Tell whether a figure reaches it."""
        return _COMPARISONS[self.sign](value, self.limit)

    def __str__(self) -> str:
        return f"{self.sign} {shown(self.limit)}"


@dataclass(frozen=True)
class Between:
    """The range a figure has to lie in, ends included: `Between(93, 97)`."""

    low: float
    high: float

    def is_met_by(self, value: float) -> bool:
        """Tell whether a figure lies in it."""
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{shown(self.low)} to {shown(self.high)}"


@dataclass(frozen=True)
class Floor:
    """What the plainest code needs for the same work, measured in the same process."""

    name: str
    value: float

    def __str__(self) -> str:
        return f"{shown(self.value)} ({self.name})"


@dataclass(frozen=True)
class Figure:
    """One measured value; where there is no target it is only there to be known."""

    benchmark: str
    what: str
    value: float
    target: Target | Between | None = None
    floor: Floor | None = None

    def cells(self) -> tuple[str, ...]:
        """The figure as a row of the table."""
        floor = self.floor
        return (
            self.benchmark,
            self.what,
            shown(self.value),
            "–" if self.target is None else str(self.target),
            self._verdict(),
            "–" if floor is None else str(floor),
            "–" if floor is None or not floor.value else shown(self.value / floor.value),
        )

    def _verdict(self) -> str:
        if self.target is None:
            return "–"
        return "yes" if self.target.is_met_by(self.value) else "NO"


def shown(value: float) -> str:
    """A number for people: three digits, or all of a whole number."""
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(figures: list[Figure]) -> str:
    """All figures, one a line."""
    rows = [_HEADS, *(figure.cells() for figure in figures)]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
