"""That an evaluator was at work: on one item run, or on an experiment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xeroml_nb.records.experiment import ItemRun

# Stand for a repetition where no single item run is meant.
EVERY_ITEM, WHOLE_EXPERIMENT = -1, -2


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Which state of an evaluator something was scored with.

    Args:
        experiment_id: The experiment.
        evaluator: The evaluator's name.
        fingerprint: Of its text and of what it uses; empty where it is still to be asked.
        item_id: One item; empty for more than one.
        repetition: Of that item, `EVERY_ITEM` or `WHOLE_EXPERIMENT`.
        error: Why it gave no score to the whole experiment; item runs keep theirs themselves.
    """

    experiment_id: str
    evaluator: str
    fingerprint: str
    item_id: str = ""
    repetition: int = EVERY_ITEM
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Rescored:
    """An item run that was scored again.

    Args:
        run: As it was stored.
        fingerprints: The evaluators that were asked and answered, with their state.
        errors: Those that were asked and failed, with what went wrong.
        retracted: Ids of scores that the evaluators gave before, and do not give any more.
    """

    run: ItemRun
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    retracted: tuple[str, ...] = ()

    @property
    def run_after(self) -> ItemRun:
        """The item run as it is now."""
        return replace(self.run, evaluator_errors=self.errors_of(self.run.evaluator_errors))

    def errors_of(self, before: Mapping[str, str]) -> dict[str, str]:
        """What went wrong in evaluators by now; who was not asked keeps what was there before."""
        kept = {name: said for name, said in before.items() if name not in self.fingerprints}
        return kept | dict(self.errors)
