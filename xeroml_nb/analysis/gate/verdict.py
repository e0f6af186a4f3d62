"""Whether an experiment passes a gate, rule by rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.analysis.gate.words import printable
from xeroml_nb.errors import GateFailed

if TYPE_CHECKING:
    from datetime import datetime

    from xeroml_nb.analysis.gate.rule import Rule


@dataclass(frozen=True, slots=True)
class Counts:
    """How an experiment's item runs ended.

    Args:
        planned: Meant to be.
        attempted: Ended with an output, an error or a time-out.
        succeeded: Ended with an output.
        failed: Ended in an error or a time-out.
    """

    planned: int
    attempted: int
    succeeded: int
    failed: int


@dataclass(frozen=True, slots=True, repr=False)
class Verdict:
    """What a gate says of an experiment; true where it passes.

    Args:
        experiment: The experiment's label.
        experiment_id: Its id.
        baseline: The label of what it was held against, or None.
        rules: All rules with what was found.
        notes: What else the reader must know, as sentences.
        counts: How its item runs ended.
        decided_at: When.
    """

    experiment: str
    experiment_id: str
    baseline: str | None
    rules: tuple[Rule, ...]
    notes: tuple[str, ...]
    counts: Counts
    decided_at: datetime

    @property
    def passed(self) -> bool:
        """Every rule is kept."""
        return not self.broken

    @property
    def broken(self) -> tuple[Rule, ...]:
        """The rules that are not kept."""
        return tuple(rule for rule in self.rules if not rule.passed)

    def __bool__(self) -> bool:
        # Else `if client.gate(...)` would let everything pass.
        return self.passed

    @property
    def title(self) -> str:
        """The verdict in one line: "✗ triage_v2 #3 fails 2 of 5 rules"."""
        if self.passed:
            return f"✓ {self.experiment} passes all {len(self.rules)} rules"
        return f"✗ {self.experiment} fails {len(self.broken)} of {len(self.rules)} rules"

    def __repr__(self) -> str:
        lines = [f"  {_mark(rule)} {rule.name}: {rule.details}" for rule in self.rules]
        every = [self.title, *lines, *(f"  {note}" for note in self.notes)]
        return "\n".join(map(printable, every))

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - IPython's words
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        from xeroml_nb.analysis.gate.page import verdict_html

        return verdict_html(self)

    def raise_if_failed(self) -> None:
        """Do nothing where it passes.

        Raises:
            GateFailed: If it does not; says what was found.
        """
        __tracebackhide__ = True  # a test shows the line that asked
        if not self.passed:
            raise GateFailed(repr(self))

    def to_markdown(self) -> str:
        """A summary for a pull request."""
        from xeroml_nb.analysis.gate.writing import verdict_markdown

        return verdict_markdown(self)

    def to_junit(self) -> str:
        """JUnit's XML, one test case a rule, as build servers read it."""
        from xeroml_nb.analysis.gate.writing import verdict_junit

        return verdict_junit(self)

    def to_json(self) -> str:
        """All of it as JSON text."""
        from xeroml_nb.analysis.gate.writing import verdict_json

        return verdict_json(self)


def _mark(rule: Rule) -> str:
    return "✓" if rule.passed else "✗"
