"""Choose what to run, run it, watch it."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets as widgets
from IPython.core.getipython import get_ipython
from IPython.display import display

from xeroml_nb.client import get_client
from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.live_run import DEFAULT_CONCURRENCY
from xeroml_nb.experiments.surfaces import Follower
from xeroml_nb.records.experiment import ExperimentStatus
from xeroml_nb.scoring.evaluator import users_own
from xeroml_nb.widgets.dataset_picker import DatasetPicker
from xeroml_nb.widgets.host import Remainder, shown, summary_of
from xeroml_nb.widgets.key_guard import KeyGuard
from xeroml_nb.widgets.notebook_tasks import notebook_tasks
from xeroml_nb.widgets.run_view import RunView, failure_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from xeroml_nb.client import Client
    from xeroml_nb.experiments.dataset import Dataset
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.experiments.task import Task
    from xeroml_nb.records.experiment import ExperimentRecord

_PANEL_TIMEOUT = 30.0


class RunPanel(widgets.VBox):
    """Runs a task of the notebook over a dataset, and takes up what was left unfinished.

    Args:
        client: Whose datasets and experiments.
        source: A picker, a dataset, or a dataset's name; None lets the panel choose.
    """

    def __init__(self, client: Client, source: DatasetPicker | Dataset | str | None = None) -> None:
        self._client = client
        self._source = source
        self._tasks: dict[str, Task] = {}
        self.experiment: Experiment | None = None
        self._view = PanelView(self)
        self._remainder = Remainder()
        self._make_form()
        super().__init__(
            [
                widgets.HBox([self._task, self._dataset, self._evaluators]),
                widgets.HBox([self._concurrency, self._repetitions, self._timeout, self._run]),
                self._view,
                KeyGuard(),
            ]
        )
        for row in self.children[:2]:
            row.add_class("xn-form")
        self.add_class("xn-panel")
        self.refresh()
        self._offer_unfinished()
        self._run.on_click(self._run_pressed)
        if isinstance(source, DatasetPicker):
            source.observe(lambda _: self.refresh(), names="value")
        refresh_after_cells(self)

    def __repr__(self) -> str:
        shown_run = "nothing run yet" if self.experiment is None else self.experiment.label
        return f"Run panel ({shown_run}); run the cell again to use it"

    def _ipython_display_(self) -> None:
        display(self._repr_mimebundle_(), raw=True)
        self._remainder.show()

    def refresh(self) -> None:
        """Look again which tasks, datasets and evaluators there are."""
        self._tasks = notebook_tasks()
        _keep_choice(self._task, list(self._tasks))
        names = [r.name for r in self._client.datasets()]
        fixed = self._fixed_dataset()
        _keep_choice(self._dataset, names if fixed is None else [_described(fixed)])
        self._dataset.disabled = self._source is not None
        known, chosen = set(self._evaluators.options), set(self._evaluators.value)
        self._evaluators.options = users_own()
        # A new one is wanted until somebody says otherwise.
        self._evaluators.value = [n for n in users_own() if n in chosen or n not in known]

    def show_trouble(self, text: str) -> None:
        """Show an error in the panel; an empty text clears it."""
        self._view.show_trouble(text)

    def show(self, experiment: Experiment | None) -> None:
        """Show a run in place of the present one: to its end if this process works on it."""
        self.experiment = experiment
        if experiment is not None and experiment.is_running:
            self.watch()
        else:
            self._view.follow(experiment)

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call a function whenever the figures of the run change, at most five times a second.

        It may be called on another thread.
        """
        self._view.observe(lambda _: callback(), names="state")

    def take_up(self, record: ExperimentRecord) -> None:
        """Go on with an unfinished run, or with one whose failures are to be run again."""
        task = self._task_of(record)
        if task is None:
            name = record.task.name if record.task else record.name
            raise BadInput(
                f"{record.label} needs the task {name!r} as it was then.",
                "Run the cell that defines it, then press the button again.",
            )
        dataset = self._client.get_dataset(
            record.dataset_name or "", version=record.dataset_version
        )
        if record.item_ids is not None:
            wanted = set(record.item_ids)
            dataset = dataset.filter(lambda item: item.id in wanted)
        self._start(task, dataset, record.name, list(record.evaluators), record.repetitions)

    def _make_form(self) -> None:
        wide = {"description_width": "initial"}
        self._task = widgets.Dropdown(options=[], description="task", style=wide)
        self._dataset = widgets.Dropdown(options=[], description="on", style=wide)
        self._evaluators = widgets.SelectMultiple(
            options=[], description="evaluators", rows=2, style=wide
        )
        small = {"width": "150px"}
        self._concurrency = widgets.BoundedIntText(
            value=DEFAULT_CONCURRENCY,
            min=1,
            max=10_000,
            description="concurrency",
            style=wide,
            layout=small,
        )
        self._repetitions = widgets.BoundedIntText(
            value=1, min=1, max=1_000, description="repeat", style=wide, layout={"width": "110px"}
        )
        self._timeout = widgets.BoundedFloatText(
            value=_PANEL_TIMEOUT,
            min=0.1,
            max=86_400,
            description="timeout (s)",
            style=wide,
            layout=small,
        )
        self._run = widgets.Button(
            description="Run", icon="play", button_style="primary", tooltip="Run the task"
        )

    @shown
    def _run_pressed(self, _: Any) -> None:
        if self.experiment is not None and self.experiment.is_running:
            raise BadInput(f"{self.experiment.label} is running.", "Stop it first, or wait.")
        if self._task.value is None:
            raise BadInput(
                "The notebook defines no task yet.",
                "Write one with %%xeroml task NAME, or a function of `input`.",
            )
        task, evaluators = self._tasks[self._task.value], list(self._evaluators.value)
        self._start(task, self._chosen_dataset(), None, evaluators, self._repetitions.value)

    def _start(
        self,
        task: Task,
        dataset: Dataset,
        name: str | None,
        evaluators: list[str],
        repetitions: int,
    ) -> None:
        self.experiment = self._client.start(
            task,
            dataset,
            name=name,
            evaluators=evaluators,
            concurrency=self._concurrency.value,
            repetitions=repetitions,
            timeout=self._timeout.value,
        )
        self.watch()

    def watch(self) -> None:
        """Show the present run until its end, then leave its summary for the saved notebook."""
        if self.experiment is not None:
            self._view.follow(self.experiment)
            Follower(self.experiment, _PanelSurface(self._view, self._remainder, self.experiment))

    def _chosen_dataset(self) -> Dataset:
        fixed = self._fixed_dataset()
        if fixed is not None:
            return fixed
        if self._dataset.value is None or isinstance(self._source, DatasetPicker):
            raise BadInput("No dataset is chosen.", "Choose one, or make one: create_dataset(...).")
        return self._client.get_dataset(self._dataset.value)

    def _fixed_dataset(self) -> Dataset | None:
        """The dataset that was handed in or picked elsewhere."""
        if isinstance(self._source, DatasetPicker):
            picked: Dataset | None = self._source.value
            return picked
        if isinstance(self._source, str):
            return self._client.get_dataset(self._source)
        return self._source

    def _offer_unfinished(self) -> None:
        """Show the newest run that is stopped, so that it can be taken up, or is going on here.

        What another process works on is left to its own notebook.
        """
        unfinished = (ExperimentStatus.RUNNING, ExperimentStatus.STOPPED)
        records = (r for r in self._client.experiments() if r.status in unfinished and r.task)
        found = (self._client.get_experiment(r.id) for r in records)
        mine = (e for e in found if e.is_running or e.status is ExperimentStatus.STOPPED)
        self.show(next(mine, None))

    def _task_of(self, record: ExperimentRecord) -> Task | None:
        self._tasks = notebook_tasks()
        wanted = record.task.fingerprint if record.task else None
        return next((t for t in self._tasks.values() if t.record.fingerprint == wanted), None)


class PanelView(RunView):
    """The panel's view: what it cannot do by itself, the panel does.

    Args:
        panel: Knows the notebook's tasks.
    """

    def __init__(self, panel: RunPanel) -> None:
        super().__init__()
        self._panel = panel

    def resume(self) -> None:
        """Go on with what is missing, also where an earlier kernel began it."""
        self._again(lambda experiment: experiment.resume())

    def retry(self) -> None:
        """Run again what failed, also where an earlier kernel ran it."""
        self._again(lambda experiment: experiment.retry_failed())

    def _again(self, act: Any) -> None:
        experiment = self._panel.experiment
        if experiment is None:
            return
        if experiment.is_live:
            was_running = experiment.is_running
            act(experiment)
            if not was_running:
                self._panel.watch()
        else:
            self._panel.take_up(experiment.record)


class _PanelSurface:
    """Shows a run in a panel that stays after its end."""

    def __init__(self, view: RunView, remainder: Remainder, experiment: Experiment) -> None:
        self._view = view
        self._remainder = remainder
        self._experiment = experiment

    def show(self) -> None:
        self._view.refresh()

    def refresh(self) -> None:
        self._view.refresh()

    def close(self) -> None:
        self._view.show_trouble(failure_of(self._experiment))
        self._view.refresh()
        self._remainder.update(summary_of(self._experiment))


def run_panel(
    dataset: DatasetPicker | Dataset | str | None = None, *, client: Client | None = None
) -> RunPanel:
    """A widget to run the notebook's tasks with, and to watch, stop and take up runs.

    Args:
        dataset: A picker to follow, a dataset, or a name; by default the panel offers all.
        client: Whose datasets and experiments; the usual client's by default.

    Raises:
        NotFound: If there is no dataset of that name.
    """
    return RunPanel(client or get_client(), dataset)


def _described(dataset: Dataset) -> str:
    what = f"{len(dataset)} of its items" if dataset.is_selection else f"{len(dataset)} items"
    return f"{dataset.name} · {what}"


def _keep_choice(dropdown: Any, options: list[str]) -> None:
    """Renew a list of options; what was chosen stays chosen, else the newest or only one is."""
    if list(dropdown.options) == options:
        return
    chosen = dropdown.value
    dropdown.options = options
    if options:
        dropdown.value = chosen if chosen in options else options[-1]


class Refreshed(Protocol):
    """Something that shows what may have become another by running a cell."""

    def refresh(self) -> None:
        """Look again."""


def refresh_after_cells(widget: Refreshed) -> None:
    """Let a widget look again after each cell, as long as it is used."""
    shell = get_ipython()
    if shell is None:
        return
    alive = weakref.ref(widget)

    def refresh(_result: Any) -> None:
        found = alive()
        if found is None:
            shell.events.unregister("post_run_cell", refresh)
        else:
            found.refresh()

    shell.events.register("post_run_cell", refresh)
