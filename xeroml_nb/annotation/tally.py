"""How far a person is, kept up with every change instead of counted again."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from xeroml_nb.annotation.dimension import Kind
from xeroml_nb.records.label import BLANK

if TYPE_CHECKING:
    from xeroml_nb.annotation.fold import Change
    from xeroml_nb.annotation.rubric import Rubric
    from xeroml_nb.records.label import Label


class Tally:
    """Counts over one person's labels.

    Args:
        rubric: What counts as done.
    """

    def __init__(self, rubric: Rubric) -> None:
        self._rubric = rubric
        self.done = 0
        self.skipped = 0
        self.flagged = 0
        self.carried = 0
        self._decided: Counter[str] = Counter()
        self._values: dict[str, Counter[str]] = {d.name: Counter() for d in rubric.dimensions}

    def is_done(self, label: Label) -> bool:
        """Every required dimension has an answer that the rubric accepts."""
        needed = [d for d in self._rubric.dimensions if d.required]
        if not needed:
            return bool(label.answers) or label.skipped
        return all(d.name in label.answers and d.accepts(label.answers[d.name]) for d in needed)

    def is_open(self, label: Label) -> bool:
        """It still waits for a decision."""
        return label is BLANK or not (label.skipped or self.is_done(label))

    def move(self, change: Change) -> None:
        """Take in a change of one entry."""
        self._add(change.before, -1)
        self._add(change.after, 1)

    def text(self) -> str:
        """All counts in one line: "pass 41 · fail 12 · skipped 2"."""
        words = [self._values_text(dimension.name) for dimension in self._rubric.dimensions]
        counts = {"skipped": self.skipped, "flagged": self.flagged, "carried": self.carried}
        words += [f"{name} {count}" for name, count in counts.items() if count]
        return " · ".join(word for word in words if word)

    def _values_text(self, name: str) -> str:
        found = self._values[name].most_common(6)
        each = [f"{v} ×{n}" if v[-1:].isdigit() else f"{v} {n}" for v, n in found]
        if len(self._values) == 1:
            return " · ".join(each)
        return f"{name} {self._decided[name]}" + (f" ({', '.join(each)})" if each else "")

    def _add(self, label: Label, sign: int) -> None:
        if label is BLANK:
            return
        done = self.is_done(label)
        self.done += sign * done
        self.skipped += sign * (label.skipped and not done)
        self.flagged += sign * label.flagged
        self.carried += sign * (label.carried_from is not None)
        for dimension in self._rubric.dimensions:
            if dimension.name not in label.answers:
                continue
            self._decided[dimension.name] += sign
            if dimension.choices:
                counts = self._values[dimension.name]
                counts[_shown(dimension.kind, label.answers[dimension.name])] += sign
                counts += Counter()  # leaves out what is down to 0


def _shown(kind: Kind, value: Any) -> str:
    if kind is Kind.BOOLEAN:
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)
