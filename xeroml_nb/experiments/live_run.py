"""A run that this process carries out, and can stop and take up again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.experiments import claims, environment
from xeroml_nb.experiments.board import Board, Job, pending
from xeroml_nb.experiments.budget import Budget, checked_limit
from xeroml_nb.experiments.engine import Engine
from xeroml_nb.experiments.evaluation import of_experiment, of_items
from xeroml_nb.experiments.packing import Packed, pack
from xeroml_nb.experiments.rate_limit import checked_rate_limit
from xeroml_nb.experiments.remote import call_of
from xeroml_nb.experiments.retries import Retries
from xeroml_nb.experiments.route import Route
from xeroml_nb.experiments.tally import Tally
from xeroml_nb.experiments.whole import WholeScoring
from xeroml_nb.records import clock
from xeroml_nb.records.experiment import ExperimentStatus, ItemStatus
from xeroml_nb.store import evaluations as noted
from xeroml_nb.store import experiments as stored

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from concurrent.futures import Executor

    from sqlalchemy.engine import Connection

    from xeroml_nb.experiments.dataset import Dataset
    from xeroml_nb.experiments.evaluation import ItemEvaluator
    from xeroml_nb.experiments.pilot import Pilot
    from xeroml_nb.experiments.rate_limit import RateLimit
    from xeroml_nb.experiments.task import Task
    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.store.store import Store
    from xeroml_nb.tracing.recorder import Recorder

DEFAULT_CONCURRENCY = 25
DEFAULT_TIMEOUT = 300.0


@dataclass(frozen=True)
class Options:
    """How a run is carried out.

    Args:
        concurrency: Tasks at the same time.
        timeout: Seconds one attempt may take.
        retries: Attempts after the first, for errors that often pass; or `Retries`.
        repetitions: How often each item is run.
        executor: Where plain tasks are called; in threads of the runner by default.
        rate_limit: How fast calls may begin; as fast as lanes are free by default.
        max_cost: What may be spent, in the currency that costs are recorded in.
        max_time: Seconds the run may take.

    Raises:
        BadInput: If a number is out of range.
    """

    concurrency: int = DEFAULT_CONCURRENCY
    timeout: float = DEFAULT_TIMEOUT
    retries: Any = 0
    repetitions: int = 1
    executor: Executor | None = None
    rate_limit: RateLimit | None = None
    max_cost: float | None = None
    max_time: float | None = None

    def __post_init__(self) -> None:
        for name in ("concurrency", "repetitions"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise BadInput(f"{name} is {value!r}.", "Use a whole number of 1 or more.")
        if not self.timeout > 0:
            raise BadInput(f"timeout is {self.timeout!r}.", "Use seconds above 0.")
        checked_rate_limit(self.rate_limit)
        checked_limit("max_cost", self.max_cost)
        checked_limit("max_time", self.max_time)
        if not isinstance(self.retries, Retries):
            object.__setattr__(self, "retries", Retries(self.retries))


@dataclass(frozen=True)
class Recipe:
    """What is run over what, and how; the task is packed at once if it is called elsewhere.

    Raises:
        BadInput: If it cannot be packed.
    """

    task: Task
    dataset: Dataset
    evaluators: Sequence[ItemEvaluator]
    options: Options
    luggage: Packed | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        executor = self.options.executor
        if executor is not None and not isinstance(executor, ThreadPoolExecutor):
            packed = pack(self.task.bound, self.options.timeout, self.task.name)
            object.__setattr__(self, "luggage", packed)

    @property
    def states(self) -> dict[str, str]:
        """The evaluators that score every item run, with their fingerprints."""
        return {e.name: e.fingerprint for e in of_items(self.evaluators)}


class LiveRun:
    """The engine behind an experiment, now or again.

    Args:
        store: Where everything goes.
        recorder: Holds the traces of item runs.
        recipe: What is run.
        record: The experiment.
        fresh: Nothing of it is stored yet.
    """

    def __init__(
        self,
        store: Store,
        recorder: Recorder,
        recipe: Recipe,
        record: ExperimentRecord,
        *,
        fresh: bool,
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._recipe = recipe
        self._record = record
        self._lock = threading.Lock()
        self.status = ExperimentStatus.RUNNING
        self.tally = Tally(record.planned)
        self.engine: Engine | None = None
        if not fresh:
            self._restore()

    @property
    def is_running(self) -> bool:
        """Item runs are being worked on, or a pause holds them."""
        return self.engine is not None and not self.engine.ended.is_set()

    def launch(self, *, again: frozenset[ItemStatus] = frozenset()) -> None:
        """Run what is missing.

        Args:
            again: Statuses of stored item runs that are run again, besides stopped ones.
        """
        with self._lock:
            if not self.is_running:
                self.prepare(again=again)
                self.begin()

    def prepare(
        self, *, again: frozenset[ItemStatus] = frozenset(), pilot: Pilot | None = None
    ) -> None:
        """Get ready to run what is missing: from here on it can be waited for and stopped.

        Args:
            again: As for `launch`.
            pilot: Only its items.
        """
        with self._store.reading() as connection:
            statuses = stored.statuses(connection, self._record.id)
        done = {k for k, status in statuses.items() if status not in again | {ItemStatus.STOPPED}}
        replaced = statuses.keys() - done
        self._forget(replaced)
        jobs = pending(self._recipe.dataset.items, self._record.repetitions, done.__contains__)
        self._claim(replaced, has_runs=bool(done))
        self.status = ExperimentStatus.RUNNING
        self.tally.begin()
        self.engine = self._make_engine(jobs, pilot)

    def begin(self) -> None:
        """Run what was prepared."""
        assert self.engine is not None  # noqa: S101 - prepared before
        self.engine.start()

    def _restore(self) -> None:
        """Count what an earlier part of the run stored."""
        from xeroml_nb.experiments.frames import read_table

        with self._store.reading() as connection:
            table = read_table(connection, self._record)
            troubled = stored.troubled(connection, self._record.id)
        self.tally.restore(table, troubled)

    def _forget(self, replaced: Collection[tuple[str, int]]) -> None:
        """Take item runs that are going to be replaced out of the count."""
        if replaced:
            with self._store.reading() as connection:
                found = stored.item_runs_by_key(connection, self._record.id, replaced)
            for run in found.values():
                self.tally.forget(run)

    def _make_engine(self, jobs: list[Job], pilot: Pilot | None) -> Engine:
        options, bound = self._recipe.options, self._recipe.task.bound
        stopping = threading.Event()
        luggage = self._recipe.luggage
        call = call_of(
            bound,
            luggage,
            options.executor,
            timeout=options.timeout,
            recorder=self._recorder,
            stopping=stopping,
        )
        route = Route(
            experiment_id=self._record.id,
            label=self._record.label,
            call=call,
            evaluators=of_items(self._recipe.evaluators),
            recorder=self._recorder,
            retries=options.retries,
            timeout=options.timeout,
            is_stopping=stopping.is_set,
            limit=options.rate_limit,
        )
        jobs = jobs if pilot is None else pilot.chosen(jobs)
        board = Board(
            self._store,
            route,
            jobs,
            self.tally,
            stopping,
            budget=Budget(options.max_cost, options.max_time),
            landed=None if pilot is None else pilot.landed,
        )
        return Engine(
            board=board,
            route=route,
            call=call,
            coroutine_task=bound if bound.is_async and options.executor is None else None,
            concurrency=max(1, min(options.concurrency, len(jobs))),
            stopping=stopping,
            begun=self._note_environment,
            beat=self._renew_claim,
            finish=self._finish,
        )

    def _renew_claim(self) -> None:
        self._store.write(lambda c: claims.take(c, self._record.id))

    def _claim(self, replaced: Collection[tuple[str, int]], *, has_runs: bool) -> None:
        """Say who carries it out, and with which evaluators."""
        mine, states = self._record.id, self._recipe.states
        whole = [e.name for e in of_experiment(self._recipe.evaluators)]

        def write(connection: Connection) -> None:
            claims.take(connection, mine)
            stored.set_status(connection, mine, ExperimentStatus.RUNNING, None)
            noted.begin(connection, mine, states, has_runs=has_runs)
            noted.forget(connection, mine, replaced)
            noted.expect(connection, mine, whole)

        self._store.write(write)

    def _note_environment(self) -> None:
        """Keep what surrounds the run; the engine calls it once its lanes are busy."""
        mine, surroundings = self._record.id, environment.snapshot()
        self._store.write(lambda c: stored.set_environment(c, mine, surroundings))

    def _finish(self) -> None:
        """Note how the run ended; called by the engine at its end."""
        self.tally.end()
        self._recipe.dataset.let_go()  # the client keeps the handle of every run
        done = self.tally.progress(0).done
        complete = done >= self._record.planned
        status = ExperimentStatus.FINISHED if complete else ExperimentStatus.STOPPED
        self.status = status
        assert self.engine is not None  # noqa: S101 - it is what ends
        reason = None if complete else self.engine.reason
        mine, moment = self._record.id, clock.now()
        claims.let_go(mine)

        def write(connection: Connection) -> None:
            stored.set_status(connection, mine, status, moment if complete else None, reason)
            stored.claim(connection, mine, None, moment)

        self._store.write(write)
        if complete:
            self._score_whole()

    def _score_whole(self) -> None:
        from xeroml_nb.experiments.experiment import Experiment  # which imports this module

        assert self.engine is not None  # noqa: S101 - it is what ends
        engine, options = self.engine, self._recipe.options
        WholeScoring(
            Experiment(self._store, self._recorder, self._record),
            of_experiment(self._recipe.evaluators),
            options.timeout,
            lambda: engine.is_called_off,
        ).run()
