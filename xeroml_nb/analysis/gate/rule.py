"""One rule of a gate, and how an experiment stands to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class RuleKind(StrEnum):
    """What a rule asks for."""

    FINISHED = "finished"
    FAILED = "failed"
    UNSCORED = "unscored"
    MIN = "min"
    MAX = "max"
    NO_WORSE = "no_worse_than"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with what was found.

    Args:
        kind: What it asks for.
        subject: What is measured, such as "accuracy".
        demand: What is demanded of it: "at least 0.85".
        passed: Whether it is kept.
        found: What was found: "0.81 [0.70, 0.89] · 64 items".
        why: What else the reader must know; may be empty.
        value: The number that decided, or None.
        low: The lower end of its 95 % interval, or None.
        high: The upper end.
        bound: What the number is held against, or None.
        n: How many items or item runs the number is made of.
        items: Ids of items that speak against it, the worst first; a few at most.
    """

    kind: RuleKind
    subject: str
    demand: str
    passed: bool
    found: str
    why: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    bound: float | None = None
    n: int = 0
    items: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The rule itself: "accuracy at least 0.85"."""
        return f"{self.subject} {self.demand}"

    @property
    def details(self) -> str:
        """What was found, with the reason and the items that speak against it."""
        shown = f"see {', '.join(self.items)}" if self.items else ""
        return "; ".join(part for part in (self.found, self.why, shown) if part)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        numbers = {name: getattr(self, name) for name in ("value", "low", "high", "bound", "n")}
        texts = {"kind": self.kind.value, "subject": self.subject, "demand": self.demand}
        found = {"passed": self.passed, "found": self.found, "why": self.why}
        return {**texts, **found, **numbers, "items": list(self.items)}
