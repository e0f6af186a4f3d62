"""The workbench's Label tab: a run is labelled there, or some items of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from xeroml_nb.annotation.queue import open_for_experiments, rubric_of
from xeroml_nb.annotation.rubric import Rubric
from xeroml_nb.experiments.markup import tag
from xeroml_nb.store import queues
from xeroml_nb.widgets.host import shown
from xeroml_nb.widgets.labeller import check_material, labeller_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.widgets.labeller import Labeller

_NOTHING = "Nothing to label yet: run a task over a dataset in the tab before this one."


class LabelTab(widgets.VBox):
    """Labels the run that the workbench is about.

    Args:
        rubric: What is asked; by default what was asked of the run before, else pass or fail.
        changed: Called when labels were added, at most once a second, on any thread.
    """

    def __init__(self, rubric: Rubric | None, changed: Callable[[], None]) -> None:
        self._rubric = rubric
        self._changed = changed
        self._experiment: Experiment | None = None
        self.labeller: Labeller | None = None
        self._words = widgets.HTML()
        self._all = widgets.Button()
        self._all.layout.width = "max-content"
        self._place = widgets.VBox()
        super().__init__([self._words, self._all, self._place])
        self._all.on_click(self._label_all)
        self._say(_NOTHING)

    def show_trouble(self, text: str) -> None:
        """Show an error above what is labelled; an empty text clears it."""
        self._words.value = tag("div", text, class_="xn-trouble") if text else ""

    def holds(self, experiment: Experiment | None) -> bool:
        """Tell whether a run, or some of its items, is what is labelled here."""
        shown_run = self._experiment
        return shown_run is not None and experiment is not None and shown_run.id == experiment.id

    def show(self, experiment: Experiment | None) -> None:
        """Label a run; what is labelled of it already stays as it is.

        Raises:
            BadInput: If it has nothing to label, or the rubric does not fit.
        """
        if self.holds(experiment):
            return
        self._take(None, None)
        if experiment is None:
            self._say(_NOTHING)
            return
        check_material([experiment])
        rubric = self._rubric or _asked_before(experiment) or Rubric.pass_fail()
        opened = open_for_experiments(experiment.store, [experiment], rubric, None)
        self._take(labeller_of(experiment.store, opened), experiment)

    def show_items(self, labeller: Labeller, experiment: Experiment | None) -> None:
        """Label some items of a comparison, with the way back to the whole run."""
        self._take(labeller, experiment)
        self._all.description = f"Label all of {experiment.label}" if experiment else ""
        self._all.layout.display = None if experiment else "none"

    def _take(self, labeller: Labeller | None, experiment: Experiment | None) -> None:
        self.labeller, self._experiment = labeller, experiment
        self.show_trouble("")
        self._all.layout.display = "none"
        self._place.children = () if labeller is None else (labeller.surface(),)
        if labeller is not None:
            labeller.on_progress(self._changed)
        self._changed()

    def _say(self, text: str) -> None:
        self._words.value = tag("p", text, class_="xn-dim")

    @shown
    def _label_all(self, _: Any) -> None:
        experiment, self._experiment = self._experiment, None
        self.show(experiment)


def _asked_before(experiment: Experiment) -> Rubric | None:
    """What was asked of a run the last time; None if it was never labelled."""
    with experiment.store.reading() as connection:
        found = queues.listing(connection, kind="experiment")
    asked = [queue for queue in found if queue.experiment_ids == (experiment.id,)]
    return rubric_of(asked[-1]) if asked else None
