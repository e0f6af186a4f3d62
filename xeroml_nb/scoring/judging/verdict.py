"""What a judge comes to about one item."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xeroml_nb.records.score import ScoreSource, new_score

if TYPE_CHECKING:
    from xeroml_nb.records.score import ScoreRecord, ScoreTarget, ScoreValue


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judge's verdict on one item.

    Args:
        judge: The judge's name.
        value: True or false, one of its choices, or a number in its range.
        explanation: Why; with several votes, how they stood comes first.
        metadata: Model, temperature, seed, prompt version, tokens, votes, and whether the answer
            was known.
    """

    judge: str
    value: ScoreValue
    explanation: str | None
    metadata: dict[str, Any] = field(default_factory=dict)

    def score(self, target: ScoreTarget) -> ScoreRecord:
        """The verdict as a score."""
        return new_score(
            target,
            self.judge,
            self.value,
            comment=self.explanation,
            source=ScoreSource.LLM,
            author=self.judge,
            metadata=self.metadata,
        )
