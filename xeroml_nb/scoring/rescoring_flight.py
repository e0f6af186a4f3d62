"""An item run that is scored again, on its way through the runner."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel

from xeroml_nb.experiments.evaluation import ItemEvaluator, Level, level_of
from xeroml_nb.experiments.flight import Flight, Phase
from xeroml_nb.records.evaluation import Rescored
from xeroml_nb.records.experiment import ItemStatus
from xeroml_nb.scoring.rescoring_plan import state_of
from xeroml_nb.store.rows import Rows
from xeroml_nb.tracing.propagate import root_context

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextvars import Token

    from xeroml_nb.records.observation import Observation
    from xeroml_nb.records.score import ScoreValue
    from xeroml_nb.scoring.rescoring_plan import Turn


@dataclass
class RescoringFlight(Flight):
    """A flight whose task is over: its stored output is scored.

    Args:
        turn: What is scored, and by whom.
        states: The evaluators that answered, with what is noted of them.
    """

    turn: Turn = field(kw_only=True)
    states: dict[str, str] = field(default_factory=dict)

    def begin(self) -> None:
        """Take up what is stored."""
        run = self.turn.run
        self.trace_id, self.status = run.trace_id, run.status
        self.output, self.error = run.output, run.error
        self.phase = Phase.TASK

    def enter(self) -> Token[otel.Context]:
        """Leave the spans around the call: what evaluators trace are traces of their own."""
        return otel.attach(root_context())

    def run_task(self) -> None:
        """Nothing: it was run before."""

    def end_task(self) -> None:
        """Nothing, likewise."""

    def let_go(self) -> list[Observation]:
        """No spans are held for it."""
        return []

    @property
    def scorers(self) -> Sequence[ItemEvaluator]:
        """The evaluators whose turn it is."""
        return () if self.status is ItemStatus.STOPPED else self.turn.evaluators

    @property
    def values(self) -> dict[str, ScoreValue]:
        """The scores it has from others, and what it was given so far."""
        return self.turn.others | super().values

    def twin(self) -> RescoringFlight:
        """A copy that goes its own way from here."""
        made = super().twin()
        assert isinstance(made, RescoringFlight)  # noqa: S101 - a copy of itself
        made.states = dict(self.states)
        return made

    def rows(self) -> Rows:
        """What is stored of it; nothing where the scoring was stopped before its end."""
        if self.status is ItemStatus.STOPPED:
            return Rows()
        asked, given = {e.name for e in self.scorers}, {score.id for score in self.scores}
        before = [one.score_id for one in self.turn.given if one.author in asked]
        errors = self._unanswered() | self.evaluator_errors
        rescored = Rescored(
            self.turn.run,
            self.states,
            errors,
            tuple(score for score in before if score not in given),
        )
        return Rows(scores=list(self.scores), rescored=[rescored])

    def keep_scores(self, evaluator: ItemEvaluator, result: Any) -> None:
        """Keep what an evaluator returned, and in which state it did."""
        seen = self.values if level_of(evaluator) is Level.COMPOSITE else {}
        super().keep_scores(evaluator, result)
        self.states[evaluator.name] = state_of(evaluator, seen)

    def _unanswered(self) -> dict[str, str]:
        """Evaluators that were not asked because the runner itself failed."""
        return {e.name: self.error or "not asked" for e in self.scorers[self.scored :]}
