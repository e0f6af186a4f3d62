"""A client's experiments: run, found, listed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xeroml_nb.client.datasets import DatasetMethods
from xeroml_nb.client.signatures import like
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.experiments import environment, runner
from xeroml_nb.experiments.claims import present_status
from xeroml_nb.experiments.evaluation import of_experiment
from xeroml_nb.experiments.experiment import Experiment
from xeroml_nb.experiments.live_run import DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT, Options, Recipe
from xeroml_nb.experiments.surfaces import Follower, surface_for
from xeroml_nb.experiments.task import Task
from xeroml_nb.records import clock
from xeroml_nb.records.experiment import ExperimentRecord, ExperimentStatus
from xeroml_nb.records.ids import checked_name, random_id
from xeroml_nb.scoring.evaluator import resolve
from xeroml_nb.scoring.rescoring import Rescoring
from xeroml_nb.store import evaluations
from xeroml_nb.store import experiments as stored_experiments

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from sqlalchemy.engine import Connection

    from xeroml_nb.experiments.dataset import Dataset
    from xeroml_nb.experiments.evaluation import ItemEvaluator
    from xeroml_nb.experiments.rate_limit import RateLimit
    from xeroml_nb.experiments.retries import Retries

    TaskLike = Task | Callable[..., Any]
    Evaluators = Sequence[str | Callable[..., Any] | ItemEvaluator]


class ExperimentMethods(DatasetMethods):
    """Run and find experiments."""

    def create_experiment(
        self,
        *,
        name: str,
        dataset_name: str | None = None,
        evaluators: Evaluators = (),
        metadata: dict[str, Any] | None = None,
    ) -> Experiment:
        """Make an experiment that a loop of yours carries out.

        Args:
            name: It gets the next number of that name.
            dataset_name: What it runs over; None for local inputs.
            evaluators: Score every item run when its block ends: names, functions or judges; those
                of the whole experiment are asked by `score_experiment`.
            metadata: Anything to keep with it.

        Raises:
            NotFound: If there is no such dataset or evaluator.
        """
        scorers = resolve(evaluators, self._store)
        dataset = None if dataset_name is None else self.get_dataset(dataset_name)
        record = ExperimentRecord(
            id=random_id(),
            name=checked_name("experiment", name),
            number=0,
            status=ExperimentStatus.OPEN,
            created_at=clock.now(),
            dataset_id=None if dataset is None else dataset.id,
            dataset_version=None if dataset is None else dataset.version,
            content_hash=None if dataset is None else dataset.content_hash,
            planned=0 if dataset is None else len(dataset),
            evaluators=tuple(e.name for e in scorers),
            environment=environment.snapshot(),
            metadata=dict(metadata or {}),
        )
        whole = [e.name for e in of_experiment(scorers)]

        def create(connection: Connection) -> ExperimentRecord:
            evaluations.expect(connection, record.id, whole)
            return stored_experiments.create(connection, record)

        numbered = self._store.write(create)
        return Experiment(self._store, self._recorder, numbered, evaluators=scorers)

    def get_experiment(self, name: str, number: int | None = None) -> Experiment:
        """An experiment by name.

        Args:
            name: Its name, its name and number as in "triage_v2 #3", or its id.
            number: Its number; the newest by default.

        Raises:
            NotFound: If there is none.
        """
        with self._store.reading() as connection:
            record = _found(connection, name, number)
        live = self._live.get(record.id)
        return live or Experiment(self._store, self._recorder, record)

    def experiments(self) -> list[ExperimentRecord]:
        """All experiments, newest first."""
        with self._store.reading() as connection:
            return [
                replace(record, status=present_status(record))
                for record in stored_experiments.listing(connection)
            ]

    def start(  # noqa: PLR0913 - the words of the front door
        self,
        task: TaskLike,
        dataset: str | Dataset,
        *,
        name: str | None = None,
        evaluators: Evaluators = (),
        concurrency: int = DEFAULT_CONCURRENCY,
        repetitions: int = 1,
        timeout: float = DEFAULT_TIMEOUT,
        retries: int | Retries = 0,
        executor: Executor | None = None,
        rate_limit: RateLimit | None = None,
        max_cost: float | None = None,
        max_time: float | None = None,
        resume: bool = True,
        metadata: dict[str, Any] | None = None,
    ) -> Experiment:
        """Run a task over every item of a dataset; returns at once with a live handle.

        Args:
            task: Sync or async; called with `item.input`, or with those of `input`, `item`,
                `expected_output`, `metadata` that it names.
            dataset: Its name, or a dataset (also a selection of one).
            name: The experiment's name; the task's by default.
            evaluators: Names, functions or judges that score every output, or in the end the
                whole experiment; see `xn.evaluator`.
            concurrency: Tasks at the same time.
            repetitions: How often each item is run.
            timeout: Seconds one attempt may take; after them the item ends as a time-out.
            retries: Further attempts after errors that often pass, or `Retries` for others.
            executor: Calls tasks elsewhere: in processes, or on a cluster of Dask by
                `distributed.Client(...).get_executor()`. The task is sent there as it is now.
            rate_limit: What the provider that the task calls allows; see `xn.RateLimit`.
            max_cost: Stop the run when what is spent and what is under way come to so much, in the
                currency that calls of models record or `xn.prices` uses; what is under way is
                finished. It counts anew when the run is taken up again.
            max_time: Stop the run after so many seconds; likewise, but what is under way is left.
            resume: Take up the newest run of that name if it is unfinished and had the same
                task, items and repetitions.
            metadata: Anything to keep with the experiment.

        Raises:
            NotFound: If there is no such dataset or evaluator.
            BadInput: If an option is out of range or the task cannot be called.
        """
        wanted = self._wanted(
            task,
            dataset,
            name=name,
            evaluators=evaluators,
            resume=resume,
            metadata=metadata,
            concurrency=concurrency,
            timeout=timeout,
            retries=retries,
            repetitions=repetitions,
            executor=executor,
            rate_limit=rate_limit,
            max_cost=max_cost,
            max_time=max_time,
        )
        return runner.launch(self._store, self._recorder, wanted, self._live)

    def _wanted(  # noqa: PLR0913 - the words of the front door
        self,
        task: TaskLike,
        dataset: str | Dataset,
        *,
        name: str | None = None,
        evaluators: Evaluators = (),
        resume: bool = True,
        metadata: dict[str, Any] | None = None,
        **how: Any,
    ) -> runner.Wanted:
        """What is to be run, checked; `how` are the fields of `Options`."""
        made = task if isinstance(task, Task) else Task.of(task)
        chosen = self.get_dataset(dataset) if isinstance(dataset, str) else dataset
        if not len(chosen):
            raise BadInput(f"Dataset {chosen.name!r} has no items.", "Add some before running.")
        recipe = Recipe(made, chosen, resolve(evaluators, self._store), Options(**how))
        called = checked_name("experiment", name or made.name)
        return runner.Wanted(called, recipe, resume=resume, metadata=dict(metadata or {}))

    @like(start)
    def run(self, task: TaskLike, dataset: str | Dataset, **options: Any) -> Experiment:
        """Run a task over every item and wait for the end, with live progress.

        Interrupting it stops the run and keeps what is finished. The options are `start`'s.
        """
        return followed(self.start(task, dataset, **options))

    @like(start)
    async def arun(self, task: TaskLike, dataset: str | Dataset, **options: Any) -> Experiment:
        """As `run`, for `await` in a notebook: buttons and other coroutines stay alive."""
        experiment = self.start(task, dataset, **options)
        follower = Follower(experiment, surface_for(experiment))
        try:
            return await experiment.wait_async()
        finally:
            follower.join()

    def score_experiment(
        self,
        experiment: Experiment | str,
        evaluators: Evaluators,
        *,
        concurrency: int = DEFAULT_CONCURRENCY,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> Experiment:
        """Score an experiment again without running its task, and wait for the end.

        Evaluators are asked only about item runs that they have not scored, did not manage to
        score, or scored in another state of their text; composites also where a score that they
        see has changed. They get outputs as they are stored. A score that an evaluator does not
        give any more is taken back; its past is kept. Interrupting it keeps what is done.

        Args:
            experiment: One that is not running; its name or label.
            evaluators: Names, functions or judges.
            concurrency: Item runs at the same time.
            timeout: Seconds one evaluator may take for one of them.

        Raises:
            NotFound: If there is no such experiment or evaluator.
            BadInput: If it is running, or lives in another store.
            NoModel: If a judge has no model to ask.
        """
        (record,) = self._records([experiment])
        chosen = self.get_experiment(record.id)
        if present_status(record) is ExperimentStatus.RUNNING:
            raise BadInput(f"{chosen.label} is still running.", "Wait for it, or stop it first.")
        scorers = resolve(evaluators, self._store)
        rescoring = Rescoring(chosen, self._recorder, scorers, Options(concurrency, timeout))
        rescoring.launch()
        handle = Experiment(self._store, self._recorder, record, live=rescoring)
        try:
            # What only concerns the whole experiment has no progress to be shown.
            followed(handle) if rescoring.tally.planned else handle.wait()
        finally:
            returned = experiment if isinstance(experiment, Experiment) else chosen
            for one in {returned, chosen}:
                one.reread()
        return returned

    def _records(self, experiments: Sequence[Experiment | str]) -> list[ExperimentRecord]:
        """What the store knows at this moment of some experiments.

        Raises:
            NotFound: If there is no such experiment.
            BadInput: If one lives in another store.
        """
        for one in experiments:
            if isinstance(one, Experiment) and one.store.place != self._store.place:
                raise BadInput(
                    f"{one.label} lives in another store.", "Use the client of that store."
                )
        with self._store.reading() as connection:
            return [
                _found(connection, one)
                if isinstance(one, str)
                else stored_experiments.by_id(connection, one.id) or one.record
                for one in experiments
            ]


def followed(experiment: Experiment) -> Experiment:
    """Show a run's progress until it has ended; interrupting that stops it."""
    try:
        follower = Follower(experiment, surface_for(experiment))
    except KeyboardInterrupt:  # before the wait, which hears of it otherwise
        return experiment.stop()
    try:
        return experiment.wait()
    finally:
        follower.join()


def _found(connection: Connection, name: str, number: int | None = None) -> ExperimentRecord:
    record = (
        stored_experiments.by_name(connection, name, number)
        or stored_experiments.by_id(connection, name)
        or stored_experiments.by_label(connection, name)
    )
    if record is None:
        known = [r.name for r in stored_experiments.listing(connection)]
        asked = name if number is None else f"{name} #{number}"
        raise NotFound("experiment", asked, set(known))
    return record
