"""A plan: what the rest of a run will take, and what it can show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xeroml_nb.analysis.forecast.prediction import Forecast
    from xeroml_nb.experiments.experiment import Experiment


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest difference in one score that the whole dataset would show in 4 of 5 tries.

    Args:
        score: The score's name.
        difference: In its unit; None where the items that were run do not tell it.
        seen: How many items it rests on.
        items: How many items are expected to have the score in the end.
    """

    score: str
    difference: float | None
    seen: int
    items: int


@dataclass(frozen=True)
class Plan:
    """What `plan` found out; in a notebook it shows itself as a table.

    Args:
        experiment: The pilot: the beginning of the run that is planned.
        dataset: The dataset's name.
        planned: Item runs of the whole run.
        done: Item runs that ended by now, failed ones included.
        failed: Those that failed or timed out.
        lanes: Item runs at a time.
        time: Seconds for what is left.
        cost: Of what is left, in the currency that was recorded.
        input_tokens: Of what is left.
        output_tokens: Of what is left.
        spent: What the pilot cost; None if no cost was recorded.
        detectable: One for each score that is a number or a truth value.
        baseline: Whose items the differences are paired with; None where two runs are taken to be
            unrelated.
        notes: What to know about these figures.
    """

    experiment: Experiment
    dataset: str
    planned: int
    done: int
    failed: int
    lanes: int
    time: Forecast
    cost: Forecast
    input_tokens: Forecast
    output_tokens: Forecast
    spent: float | None
    detectable: tuple[Detectable, ...]
    baseline: str | None
    notes: tuple[str, ...]

    @property
    def left(self) -> int:
        """Item runs that are still to come."""
        return self.planned - self.done

    def __repr__(self) -> str:
        from xeroml_nb.analysis.forecast.words import plan_text

        return plan_text(self)

    def _repr_html_(self) -> str:
        from xeroml_nb.analysis.forecast.words import plan_html

        return plan_html(self)
