"""An experiment as users handle it: a live run, a finished one, or one they carry out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.experiments import summary
from xeroml_nb.experiments.experiment_results import ResultMethods
from xeroml_nb.experiments.experiment_run import RunMethods
from xeroml_nb.experiments.own_loop import OwnLoop
from xeroml_nb.experiments.surfaces import Follower, surface_for
from xeroml_nb.provided import provided
from xeroml_nb.records.dataset import DatasetItem
from xeroml_nb.records.ids import content_hash
from xeroml_nb.store import deliveries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from xeroml_nb.experiments.evaluation import ItemEvaluator
    from xeroml_nb.experiments.live import Live
    from xeroml_nb.experiments.open_run import OpenRun
    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.scoring.reports.columns import Wanted
    from xeroml_nb.scoring.reports.report import Report
    from xeroml_nb.store.store import Store
    from xeroml_nb.tracing.recorder import Recorder


class Experiment(RunMethods, ResultMethods):
    """One execution of a task over a dataset, or over whatever a loop of yours hands in.

    Args:
        store: Where it lives.
        recorder: Holds the traces of item runs until they are stored.
        record: What the store knows of it.
        evaluators: Score every item run of a loop of yours.
        live: The work behind it, if this process does it.
    """

    def __init__(
        self,
        store: Store,
        recorder: Recorder,
        record: ExperimentRecord,
        *,
        evaluators: Sequence[ItemEvaluator] = (),
        live: Live | None = None,
    ) -> None:
        super().__init__(store, record, live)
        self._recorder = recorder
        self._loop = OwnLoop(store, recorder, record, evaluators)

    def __repr__(self) -> str:
        return f"<Experiment {self.summary_line()}>"

    def _ipython_display_(self) -> None:
        if not self.is_running:
            raise NotImplementedError  # IPython then asks for the HTML below
        Follower(self, surface_for(self))

    def _repr_html_(self) -> str:
        return summary.summary_html(self)

    # A loop of the user's own.

    def run_item(self, item: DatasetItem) -> OpenRun:
        """Run one item in a loop of yours: `with experiment.run_item(item) as run:`.

        Args:
            item: Of a dataset; run once more, it is a further repetition.
        """
        if not isinstance(item, DatasetItem):
            raise BadInput(
                f"run_item got a {type(item).__name__}.",
                "Pass an item of a dataset, or use run_item_raw(input=...).",
            )
        return self._own_loop().run_of(item)

    def run_item_raw(
        self,
        *,
        input: Any,  # noqa: A002 - the word of the field
        expected_output: Any = None,
        metadata: Any = None,
    ) -> OpenRun:
        """Run one input that no dataset holds.

        Args:
            input: What the task gets; the same input is the same item in every experiment.
            expected_output: What a good output would be.
            metadata: Anything else.
        """
        item = DatasetItem(content_hash(input)[:12], input, expected_output, metadata)
        return self._own_loop().run_of(item)

    # Beyond tables.

    def report(self, columns: Wanted | None = None, *, name: str | None = None) -> Report:
        """Its item runs as a table of named columns, which a score card turns into one score.

        The same name again is the same report, whose columns are changed if some are given.

        Args:
            columns: A list, of what is to be shown: a field (`item_id, repetition, input,
                expected_output, metadata, output, status, error, attempts, latency_s, trace_id`),
                a score, a part of a field such as "input.question", `"*"` for `item_id, input,
                expected_output, output` and every score, or a pair of a column's name and one of
                these or a function of the row (a dict). A dict of such pairs does as well. By
                default what the report showed before, or `"*"`.
            name: The experiment's by default.

        Raises:
            BadInput: If a source is unknown, a name is there twice, or a function fails.
        """
        found: Report = provided("report")(self, columns, name)
        return found

    def reports(self) -> list[Report]:
        """Its reports, oldest first; also those that a blueprint of its task gave it."""
        found: list[Report] = provided("reports")(self)
        return found

    @property
    def url(self) -> str:
        """The address of a page with the results of this moment.

        On the server it was sent to last, where that one has pages; else a file.
        """
        with self._store.reading() as connection:
            there = deliveries.url_of(connection, "experiment", self.id)
        if there is not None:
            return there
        written: Path = provided("experiment page")(self, self._store.place)
        return written.as_uri()

    def to_notebook(self, path: str | Path) -> Path:
        """Write a report that reads without a kernel, and whose cells rebuild it from the store.

        Args:
            path: Where to; `report.ipynb`. An earlier report there is replaced.

        Raises:
            BadInput: If it is still running, or another notebook stands there.
        """
        if self.is_running:
            raise BadInput(f"{self.label} is still running.", "Wait for it, or stop it first.")
        # As the store has it, which is how the report's cells find it when they run again.
        as_stored = Experiment(self._store, self._recorder, self.record)
        written: Path = provided("experiment report")(as_stored, path)
        return written

    def _own_loop(self) -> OwnLoop:
        if self._live is not None:
            raise BadInput(
                f"{self.label} is carried out by the runner.",
                "Make one for your own loop with create_experiment(name=...).",
            )
        return self._loop
