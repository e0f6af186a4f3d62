"""The scores of an experiment as a whole, as a gate may name them: also those of score cards."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from xeroml_nb.analysis.gate.measured import Measured
from xeroml_nb.errors import BadInput
from xeroml_nb.provided import provided
from xeroml_nb.scoring.reports.making import reports_on

if TYPE_CHECKING:
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.experiments.results import OwnScore


class WholeScores:
    """The scores on an experiment, brought up to its item runs of this moment.

    Args:
        experiment: The experiment.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._label = experiment.label
        provided("score cards up to date")(experiment.store, [experiment.id])
        self._broken = _broken_cards(experiment)
        self._given: dict[str, list[OwnScore]] = defaultdict(list)
        for one in experiment.own_values():
            self._given[one.name].append(one)

    @property
    def names(self) -> set[str]:
        """What they are called."""
        return {*self._given, *self._broken}

    def measured(self, name: str) -> Measured:
        """A score on the experiment, or why there is none now.

        Raises:
            BadInput: If several have the name, or it is a category.
        """
        if name in self._broken:
            # The score that the card gave before is not that of the present item runs.
            return Measured.none(f"its score card fails: {self._broken[name]}")
        given = self._given[name]
        if len(given) > 1:
            raise BadInput(
                f"{self._label} has {len(given)} scores {name!r} on the whole run.",
                "Let one report, evaluator or person give it.",
            )
        [one] = given
        if one.error is not None or one.value is None:
            return Measured.none(f"evaluator {one.author!r} failed: {one.error}")
        if isinstance(one.value, str):
            raise BadInput(
                f"Score {name!r} of {self._label} is {one.value!r}, which is no number.",
                "Give a number or a truth value.",
            )
        return Measured(float(one.value), what="of the whole run", n=1)


def _broken_cards(experiment: Experiment) -> dict[str, str]:
    """The score cards that fail now, and why."""
    found = {}
    for report in reports_on(experiment):
        card = report.card
        error = None if card is None else report.error
        if card is not None and error is not None:
            found[card.name] = str(error)
    return found
