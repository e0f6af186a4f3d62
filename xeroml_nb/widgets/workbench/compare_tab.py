"""The workbench's Compare tab: the run it is about, against the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from xeroml_nb.experiments.markup import tag
from xeroml_nb.widgets.comparison.panel import ComparisonPanel
from xeroml_nb.widgets.workbench.runs import one_before

if TYPE_CHECKING:
    from collections.abc import Callable

    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.annotation.rubric import Rubric
    from xeroml_nb.client import Client
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.widgets.comparison.items import ItemList
    from xeroml_nb.widgets.labeller import Labeller

_NOTHING = "Nothing to compare yet: run two versions of a task over one dataset."
_ALONE = "{} is the only run over {} so far. Run a second version, then compare here."


class BenchComparison(ComparisonPanel):
    """A comparison whose items are labelled in another tab.

    Args:
        client: Whose experiments.
        rubric: What is asked then; pass or fail by default.
        label: Opens a labeller there.
    """

    def __init__(
        self, client: Client, rubric: Rubric | None, label: Callable[[Labeller], None]
    ) -> None:
        super().__init__(client, {}, rubric)
        self._open = label

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call a function when something else is shown; on any thread."""
        self._view.observe(lambda _: callback(), names="state")

    @property
    def items(self) -> ItemList | None:
        """The items by the score and run that are looked at."""
        return self._view.items

    def _place(self, labeller: Labeller, name: str) -> str:
        self._open(labeller)
        return f"To be labelled in the tab Label: {name}"


class CompareTab(widgets.VBox):
    """Compares the run that the workbench is about with the one before it.

    Args:
        client: Whose experiments.
        make: Makes what shows a comparison, when there is one for the first time.
    """

    def __init__(self, client: Client, make: Callable[[], BenchComparison]) -> None:
        self._client = client
        self._make = make
        self._panel: BenchComparison | None = None
        self._chosen: tuple[object, ...] = ()
        self._words = widgets.HTML()
        self._place = widgets.VBox()
        super().__init__([self._words, self._place])

    def show_trouble(self, text: str) -> None:
        """Show an error above the comparison; an empty text clears it."""
        self._words.value = tag("div", text, class_="xn-trouble") if text else ""

    def holds(self, experiment: Experiment | None) -> bool:
        """Tell whether a run is what was compared here last, or a choice made since then."""
        return experiment is not None and self._chosen[:1] == (experiment.id,)

    @property
    def comparison(self) -> Comparison | None:
        """What is compared; None before anything is."""
        return None if self._panel is None else self._panel.comparison

    @property
    def items(self) -> ItemList | None:
        """The items by the score and run that are looked at."""
        return None if self._panel is None else self._panel.items

    def show(self, experiment: Experiment | None) -> None:
        """Compare a run with the one before it, unless neither has changed since the last time.

        Raises:
            BadInput: If they cannot be compared.
        """
        before = None if experiment is None else one_before(self._client, experiment)
        if experiment is None or before is None:
            self._chosen = ()
            self._place.children = ()
            self._say(_missing(experiment))
            return
        chosen = (experiment.id, experiment.status, before.id, before.status)
        if chosen == self._chosen and not experiment.is_running:
            self._made().refresh()
            return
        self._chosen = chosen
        self._place.children = ()
        self._say(f"Comparing {experiment.label} with {before.label}…")
        try:
            self._made().choose(before.id, experiment.id)
        except Exception:
            self._chosen = ()
            raise
        self.show_trouble("")
        self._place.children = (self._made(),)

    def _made(self) -> BenchComparison:
        if self._panel is None:
            self._panel = self._make()
        return self._panel

    def _say(self, text: str) -> None:
        self._words.value = tag("p", text, class_="xn-dim")


def _missing(experiment: Experiment | None) -> str:
    """What there has to be before anything can be compared."""
    record = None if experiment is None else experiment.record
    if record is None or record.dataset_name is None:
        return _NOTHING
    return _ALONE.format(record.label, record.dataset_name)
