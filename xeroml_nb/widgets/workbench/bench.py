"""Dataset, run, labels and comparison in one widget: `workbench("support/triage")`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from IPython.display import display

from xeroml_nb.client import get_client
from xeroml_nb.errors import NotFound
from xeroml_nb.widgets.dataset_picker import DatasetPicker
from xeroml_nb.widgets.host import answer_while_busy, shown
from xeroml_nb.widgets.key_guard import KeyGuard
from xeroml_nb.widgets.run_panel import RunPanel, refresh_after_cells
from xeroml_nb.widgets.workbench.compare_tab import BenchComparison, CompareTab
from xeroml_nb.widgets.workbench.label_tab import LabelTab
from xeroml_nb.widgets.workbench.remainder import WorkbenchRemainder
from xeroml_nb.widgets.workbench.runs import newest_over
from xeroml_nb.widgets.workbench.titles import (
    TABS,
    comparison_title,
    dataset_title,
    label_title,
    run_title,
)

if TYPE_CHECKING:
    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.annotation.rubric import Rubric
    from xeroml_nb.client import Client
    from xeroml_nb.experiments.dataset import Dataset
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.widgets.labeller import Labeller

_DATASET, _RUN, _LABEL, _COMPARE = range(len(TABS))


class Workbench(widgets.VBox):
    """Four tabs in the order of the work; what is chosen in one is what the next works on.

    The picked dataset is what Run runs on. The newest run over it, whoever started it, is what
    Run shows, what Label labels, and what Compare holds against the run before it.

    Args:
        client: Whose datasets and experiments.
        dataset: What is picked at first, or its name.
        rubric: What is asked in Label; pass or fail by default.
    """

    def __init__(
        self, client: Client, dataset: Dataset | str | None, rubric: Rubric | None
    ) -> None:
        self._client = client
        self._rubric = rubric
        self._experiment: Experiment | None = None
        self._lock = threading.Lock()
        self._remainder = WorkbenchRemainder()
        self._picker = DatasetPicker(client, dataset)
        self._panel = RunPanel(client, self._picker)
        self._label = LabelTab(rubric, self._labels_changed)
        self._compare = CompareTab(client, self._make_comparison)
        parts = (self._picker, self._panel, self._label, self._compare)
        self._tabs = widgets.Tab(parts, titles=TABS, selected_index=_DATASET)
        super().__init__([self._tabs, KeyGuard()])
        self.add_class("xn-bench")
        self._experiment = self._panel.experiment
        self._entitle(_RUN, run_title(self._experiment))
        self._dataset_picked()
        self._picker.observe(lambda _: self._dataset_picked(), names="value")
        self._panel.on_change(self._run_changed)
        self._tabs.observe(self._opened, names="selected_index")
        refresh_after_cells(self)

    def __repr__(self) -> str:
        held = " · ".join(self._tabs.titles)
        return f"Workbench ({held}); run the cell again to use it"

    def _ipython_display_(self) -> None:
        display(self._repr_mimebundle_(), raw=True)
        self._remainder.show()

    @property
    def dataset(self) -> Dataset | None:
        """The dataset that is picked, or what was filtered and sampled of it."""
        picked: Dataset | None = self._picker.value
        return picked

    @property
    def experiment(self) -> Experiment | None:
        """The run that is shown, labelled and compared; None before there is one."""
        return self._experiment

    @property
    def labels(self) -> Labeller | None:
        """The labels that the Label tab gathers; None before it was opened."""
        return self._label.labeller

    @property
    def comparison(self) -> Comparison | None:
        """What the Compare tab compares; None before it was opened."""
        return self._compare.comparison

    def open_tab(self, tab: str) -> None:
        """Open a tab, as a click on it does.

        Args:
            tab: "Dataset", "Run", "Label" or "Compare".

        Raises:
            NotFound: If there is no such tab.
        """
        if tab not in TABS:
            raise NotFound("tab", tab, TABS)
        if TABS.index(tab) == self._tabs.selected_index:
            self._opened(None)
        self._tabs.selected_index = TABS.index(tab)

    def refresh(self) -> None:
        """Look again which datasets there are, and whether there is a newer run."""
        self._picker.refresh()
        self._take_newest()
        if self._tabs.selected_index == _RUN:
            self._show_run()

    def show_trouble(self, text: str) -> None:
        """Show an error in the tab that is open; an empty text clears it."""
        self._tabs.children[self._tabs.selected_index].show_trouble(text)

    @shown
    def _opened(self, _: Any) -> None:
        """Make of a tab what is chosen before it; that is not done earlier."""
        self._take_newest()
        opened = self._tabs.selected_index
        if opened == _RUN:
            self._show_run()
        elif opened == _LABEL:
            self._label.show(self._experiment)
        elif opened == _COMPARE:
            self._compare.show(self._experiment)

    def _dataset_picked(self) -> None:
        self._entitle(_DATASET, dataset_title(self.dataset))
        if self.dataset is not None:
            self._remainder.put_dataset(self.dataset)
        self._take_newest()

    def _take_newest(self) -> None:
        """Be about the newest run over the dataset, unless one is going on here."""
        panels = self._panel.experiment
        if self.dataset is None or (panels is not None and panels.is_running):
            return
        self._be_about(newest_over(self._client, self.dataset.id))

    def _be_about(self, experiment: Experiment | None) -> None:
        known = self._experiment
        if (known and known.id) != (experiment and experiment.id):
            self._experiment = experiment
            self._entitle_all()

    def _show_run(self) -> None:
        """Show the run in its tab; a large one has to be read from the store."""
        there, wanted = self._panel.experiment, self._experiment
        if (there and there.id) != (wanted and wanted.id):
            self._panel.show(wanted)

    def _run_changed(self) -> None:
        experiment = self._panel.experiment
        if experiment is None:
            return
        self._be_about(experiment)
        self._entitle(_RUN, run_title(experiment))
        if not experiment.is_running:
            self._remainder.put_run(experiment)

    def _labels_changed(self) -> None:
        self._entitle_all()
        if self._label.labeller is not None:
            self._remainder.put_labels(self._label.labeller)

    def _make_comparison(self) -> BenchComparison:
        made = BenchComparison(self._client, self._rubric, self._label_items)
        made.on_change(self._comparison_changed)
        return made

    def _comparison_changed(self) -> None:
        self._entitle_all()
        if self.comparison is not None:
            self._remainder.put_comparison(self.comparison)

    def _label_items(self, labeller: Labeller) -> None:
        """Label items of the comparison in the tab for it."""
        self._label.show_items(labeller, self._experiment)
        self._tabs.selected_index = _LABEL

    def _entitle_all(self) -> None:
        """Say in each title what the tab holds; what it held before counts no more."""
        about = self._experiment
        labeller = self._label.labeller if self._label.holds(about) else None
        items = self._compare.items if self._compare.holds(about) else None
        self._entitle(_RUN, run_title(about))
        self._entitle(_LABEL, label_title(labeller))
        self._entitle(_COMPARE, comparison_title(items))

    def _entitle(self, tab: int, title: str) -> None:
        """Say in a tab's title what it holds; the browser hears only of another text."""
        with self._lock:
            if self._tabs.titles[tab] != title:
                self._tabs.set_title(tab, title)
                answer_while_busy(self._tabs)


def workbench(
    dataset: Dataset | str | None = None,
    *,
    rubric: Rubric | None = None,
    client: Client | None = None,
) -> Workbench:
    """A widget for the whole work: pick a dataset, run, label, compare.

    Args:
        dataset: What is picked at first, or its name.
        rubric: What is asked in Label; by default what was asked of a run before, else pass or
            fail.
        client: Whose datasets and experiments; the usual client's by default.

    Raises:
        NotFound: If there is no dataset of that name.

    Example:
        `bench = workbench("support/triage")`
    """
    return Workbench(client or get_client(), dataset, rubric)
