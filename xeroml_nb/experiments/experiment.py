"""An experiment as users handle it: a live run, a finished one, or one they carry out."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.experiments import lines, results, summary
from xeroml_nb.experiments.background import wait_for
from xeroml_nb.experiments.claims import present_status
from xeroml_nb.experiments.evaluation import of_items
from xeroml_nb.experiments.flight import Flight, Route
from xeroml_nb.experiments.live_run import DEFAULT_TIMEOUT
from xeroml_nb.experiments.open_run import OpenRun
from xeroml_nb.experiments.reading import planned_items, read_results
from xeroml_nb.experiments.retries import Retries
from xeroml_nb.experiments.surfaces import Follower, surface_for
from xeroml_nb.experiments.tally import Tally
from xeroml_nb.provided import provided
from xeroml_nb.records.dataset import DatasetItem
from xeroml_nb.records.evaluation import Evaluation
from xeroml_nb.records.experiment import ExperimentStatus, ItemStatus
from xeroml_nb.records.ids import content_hash
from xeroml_nb.store import deliveries, evaluations
from xeroml_nb.store import experiments as stored
from xeroml_nb.store.run_columns import score_authors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from sqlalchemy.engine import Connection

    from xeroml_nb.experiments.evaluation import ItemEvaluator
    from xeroml_nb.experiments.frames import RunTable
    from xeroml_nb.experiments.live import Live
    from xeroml_nb.experiments.results import OwnScore, Result, ScoreSummary
    from xeroml_nb.experiments.tally import Progress
    from xeroml_nb.records.experiment import ExperimentRecord, TaskRecord
    from xeroml_nb.scoring.reports.columns import Wanted
    from xeroml_nb.scoring.reports.report import Report
    from xeroml_nb.store.store import Store
    from xeroml_nb.tracing.recorder import Recorder

_TICK = 0.1
_FAILURES = frozenset({ItemStatus.FAILED, ItemStatus.TIMEOUT})


class Experiment:
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
        self._store = store
        self._recorder = recorder
        self._record = record
        self._evaluators = evaluators
        self._live = live
        self._repeats: Counter[str] | None = None
        self._repeats_lock = threading.Lock()

    # What it is.

    @property
    def id(self) -> str:
        """Its id in the store."""
        return self._record.id

    @property
    def name(self) -> str:
        """Its name; with the number it is unique."""
        return self._record.name

    @property
    def number(self) -> int:
        """1 for the first experiment of that name."""
        return self._record.number

    @property
    def label(self) -> str:
        """Name and number: "triage_v2 #3"."""
        return self._record.label

    @property
    def store(self) -> Store:
        """Where it lives."""
        return self._store

    @property
    def record(self) -> ExperimentRecord:
        """All that the store knows of it at this moment."""
        with self._store.reading() as connection:
            return stored.by_id(connection, self.id) or self._record

    @property
    def task(self) -> TaskRecord | None:
        """Name, source and fingerprint of the task that produced it."""
        return self._record.task

    @property
    def status(self) -> ExperimentStatus:
        """Open (a loop of yours), running, stopped or finished."""
        return self._live.status if self._live is not None else present_status(self.record)

    def __repr__(self) -> str:
        return f"<Experiment {self.summary_line()}>"

    def _ipython_display_(self) -> None:
        if not self.is_running:
            raise NotImplementedError  # IPython then asks for the HTML below
        Follower(self, surface_for(self))

    def _repr_html_(self) -> str:
        return summary.summary_html(self)

    # A run of the runner.

    @property
    def is_live(self) -> bool:
        """This process started it, and so knows its task."""
        return self._live is not None

    @property
    def is_running(self) -> bool:
        """This process is working on it."""
        return self._live is not None and self._live.is_running

    @property
    def paused(self) -> bool:
        """It runs, but starts no further item for now."""
        return self.is_running and self._engine.paused

    @property
    def progress(self) -> Progress:
        """Counts, rates and running means of this moment; only what is stored is counted."""
        if self._live is not None:
            return self._live.tally.progress(self._engine.running)
        return self._stored_progress()

    @property
    def failure(self) -> BaseException | None:
        """Why the run itself ended early, such as a full disk; None if it did not."""
        return None if self._live is None else self._engine.error

    @property
    def stop_reason(self) -> str | None:
        """Which limit stopped the run, such as `max_cost`, in words; None if none did."""
        stopped = self._live is not None and self.status is ExperimentStatus.STOPPED
        reason: str | None = self._engine.reason if stopped else None
        return reason

    def progress_line(self) -> str:
        """How far it is, in one line."""
        return lines.progress_line(self.label, self.progress)

    def summary_line(self) -> str:
        """How it stands or ended, in one line."""
        line = lines.summary_line(self.label, self.status, self.progress)
        return line if self.stop_reason is None else f"{line} · {self.stop_reason}"

    def wait(self, timeout: float | None = None) -> Experiment:
        """Wait until the run has ended; interrupting the wait stops the run.

        Args:
            timeout: Seconds to wait at most; the run goes on after them.

        Returns:
            The experiment itself.

        Raises:
            StoreError: If the run ended because its results could not be stored.
        """
        if self._live is None:
            return self
        until = float("inf") if timeout is None else time.monotonic() + timeout
        try:
            while not self.wait_quietly(_TICK) and time.monotonic() < until:
                pass
        except KeyboardInterrupt:
            self.stop()
        self._raise_failure()
        return self

    async def wait_async(self) -> Experiment:
        """As `wait`, leaving the event loop free; cancelling it stops the run."""
        try:
            while self.is_running:
                await asyncio.sleep(_TICK / 2)
        except asyncio.CancelledError:
            self._ask_to_stop()
            raise
        self._raise_failure()
        return self

    def wait_quietly(self, seconds: float) -> bool:
        """Wait a moment; tell whether the run has ended, raising nothing."""
        return self._live is None or self._engine.ended.wait(seconds)

    def stop(self) -> Experiment:
        """Start no further item, keep what is finished, and return within a second."""
        self._ask_to_stop()
        if self._live is not None:
            self._engine.ended.wait(0.95)
        return self

    def pause(self) -> None:
        """Start no further item until `resume`."""
        if self.is_running:
            self._engine.pause()

    def resume(self) -> Experiment:
        """Go on after a pause or a stop: run what is missing."""
        if self.paused:
            self._engine.unpause()
        elif not self.is_running:
            self._needs_live("resume").launch()
        return self

    def retry_failed(self) -> Experiment:
        """Run again what failed or timed out, and what is missing; successes stay as they are."""
        if self.is_running:
            raise BadInput(f"{self.label} is still running.", "Wait for it, or stop it first.")
        self._needs_live("retry_failed").launch(again=_FAILURES)
        return self

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
        return OpenRun(self._flight(item), self._store_flight)

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
        return OpenRun(self._flight(item), self._store_flight)

    # Results.

    def get_results(self) -> list[Result]:
        """The item runs with their scores, pending ones included."""
        return read_results(self._store, self.record)

    def to_frame(self) -> pd.DataFrame:
        """One row an item run, at any moment of the run.

        Columns: `item_id, repetition, input, expected_output, output, status (ok, failed,
        timeout, stopped, pending), error, attempts, latency_s, trace_id`, then those of
        `input_tokens, output_tokens, cost` that any item run recorded, then one a score.
        """
        from xeroml_nb.experiments.frames import frame_with_usage

        record = self.record
        with self._store.reading() as connection:
            return frame_with_usage(connection, record, planned_items(connection, record))

    def summary(self) -> pd.DataFrame:
        """One row a score, with honest denominators.

        Columns: `mean` over the `scored` item runs; `attempted, succeeded, failed, unscored`;
        `worst` and `best`, which the mean could be if every failure had counted 0 or 1 (only for
        scores within 0..1); `categories` with their counts, where there are any.
        """
        return results.summary_frame(self.score_summaries())

    def score_summaries(self) -> list[ScoreSummary]:
        """As `summary`, as values."""
        with self._store.reading() as connection:
            table = self._table(connection)
            whole = {one.evaluator for one in evaluations.of_whole(connection, self.id)}
            silent = set(self._record.evaluators) - whole - table.scores.keys()
            # An evaluator may score under other names than its own.
            silent -= score_authors(connection, self.id) if silent else set()
        return results.summarise(table, silent)

    def own_scores(self) -> pd.DataFrame:
        """The scores on the experiment as a whole, oldest first.

        Columns: `name, value, comment, author, error`; an evaluator that failed has a row without
        a value.
        """
        provided("score cards up to date")(self._store, [self.id])
        return results.own_frame(self.own_values())

    def own_values(self) -> list[OwnScore]:
        """As `own_scores`, as values."""
        with self._store.reading() as connection:
            given = evaluations.own_scores(connection, self.id)
            noted = evaluations.of_whole(connection, self.id)
        return results.own_scores(given, noted)

    def reread(self) -> None:
        """Take in what was changed in the store beside the run, such as by scoring it again."""
        self._record = self.record
        if self._live is not None:
            self._count_stored(self._live.tally)

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

    # Inside.

    @property
    def _engine(self) -> Any:
        assert self._live is not None  # noqa: S101 - the callers checked
        return self._live.engine

    def _needs_live(self, what: str) -> Live:
        if self._live is None:
            raise BadInput(
                f"{self.label} was not started by this process, so {what} does not know its task.",
                f"Run the task again with name={self.name!r}: what is done is not repeated.",
            )
        return self._live

    def _ask_to_stop(self) -> None:
        if self._live is not None:
            self._engine.stop()

    def _raise_failure(self) -> None:
        if not self.is_running and self.failure is not None:
            raise self.failure

    def _stored_progress(self) -> Progress:
        record = self.record
        with self._store.reading() as connection:
            last = record.finished_at or stored.last_start(connection, self.id)
        tally = Tally(record.planned)
        self._count_stored(tally)
        elapsed = ((last or record.created_at) - record.created_at).total_seconds()
        return replace(tally.progress(0), elapsed=elapsed, rate=0.0)

    def _count_stored(self, tally: Tally) -> None:
        with self._store.reading() as connection:
            table = self._table(connection)
            troubled = stored.troubled(connection, self.id)
        tally.restore(table, troubled)

    def _table(self, connection: Connection) -> RunTable:
        from xeroml_nb.experiments.frames import read_table  # pandas is loaded when it is needed

        return read_table(connection, self._record)

    def _flight(self, item: DatasetItem) -> Flight:
        if self._live is not None:
            raise BadInput(
                f"{self.label} is carried out by the runner.",
                "Make one for your own loop with create_experiment(name=...).",
            )
        route = Route(
            experiment_id=self.id,
            label=self.label,
            call=lambda _, __: (None, 0.0),
            wait_for=wait_for,
            evaluators=of_items(self._evaluators),
            recorder=self._recorder,
            retries=Retries(0),
            timeout=DEFAULT_TIMEOUT,
            is_stopping=lambda: False,
            keep_items=True,
        )
        return Flight(route, item, self._next_repetition(item.id), contextvars.copy_context())

    def _next_repetition(self, item_id: str) -> int:
        with self._repeats_lock:
            if self._repeats is None:
                with self._store.reading() as connection:
                    stored_keys = stored.statuses(connection, self.id)
                self._repeats = Counter(i for i, _ in stored_keys)
            self._repeats[item_id] += 1
            return self._repeats[item_id] - 1

    def _store_flight(self, flight: Flight) -> None:
        rows = flight.rows()
        rows.evaluations += [
            Evaluation(self.id, one.name, one.fingerprint, flight.item.id, flight.repetition)
            for one in flight.scorers
            if one.name not in flight.evaluator_errors
        ]
        self._store.write_rows(rows)
