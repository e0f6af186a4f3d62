"""A number that a gate holds against a bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xeroml_nb.analysis.gate.words import interval_text, value_text

if TYPE_CHECKING:
    from collections.abc import Callable


def _no_items(_bound: float, *, below: bool) -> tuple[str, ...]:  # noqa: ARG001 - as a run's
    return ()


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured.

    Args:
        value: None where there is none.
        low: The lower end of its 95 % interval, or None.
        high: The upper end.
        what: What it is made of: "64 items".
        n: How many of them.
        unit: Behind the number, such as " s".
        problem: Why there is no value.
        reach: How far floating point alone may move the value.
        beyond: The items whose own values lie below a bound, or above it.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    what: str = ""
    n: int = 0
    unit: str = ""
    problem: str = ""
    reach: float = 0.0
    beyond: Callable[..., tuple[str, ...]] = _no_items

    @classmethod
    def none(cls, problem: str) -> Measured:
        """Nothing to measure, and why."""
        return cls(None, problem=problem)

    def text(self, bound: float) -> str:
        """The value with its interval, and what it is made of."""
        if self.value is None:
            return self.problem
        number = f"{value_text(self.value, bound)}{self.unit}"
        return f"{number}{interval_text(self.low, self.high)} · {self.what}"
