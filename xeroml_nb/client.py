"""The front door: one client for datasets, experiments, traces and scores."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from xeroml_nb.analysis.moments import Moment, moment
from xeroml_nb.analysis.score_filter import parse_conditions
from xeroml_nb.analysis.traces import Trace, read_trace
from xeroml_nb.annotation import queue as queues
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.experiments import dataset as datasets
from xeroml_nb.experiments import environment, runner
from xeroml_nb.experiments.claims import present_status
from xeroml_nb.experiments.experiment import Experiment
from xeroml_nb.experiments.live_run import DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT, Options, Recipe
from xeroml_nb.experiments.sources import ColumnMap
from xeroml_nb.experiments.surfaces import Follower, surface_for
from xeroml_nb.experiments.task import Task
from xeroml_nb.records import clock
from xeroml_nb.records.experiment import ExperimentRecord, ExperimentStatus
from xeroml_nb.records.ids import checked_name, random_id
from xeroml_nb.records.score import Score, ScoreTarget, new_score
from xeroml_nb.scoring.evaluator import resolve
from xeroml_nb.settings import Settings
from xeroml_nb.store import datasets as stored_datasets
from xeroml_nb.store import experiments as stored_experiments
from xeroml_nb.store import queues as stored_queues
from xeroml_nb.store.rows import Rows
from xeroml_nb.store.store import Store
from xeroml_nb.tracing import pipeline
from xeroml_nb.tracing.observation import observation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager
    from datetime import timedelta
    from pathlib import Path

    import pandas as pd

    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.analysis.groups import Grouping
    from xeroml_nb.annotation.queue import AnnotationQueue
    from xeroml_nb.annotation.rubric import Rubric
    from xeroml_nb.experiments.dataset import Dataset
    from xeroml_nb.experiments.retries import Retries
    from xeroml_nb.experiments.sources import Columns
    from xeroml_nb.records.dataset import DatasetRecord
    from xeroml_nb.records.observation import Observation
    from xeroml_nb.tracing.observation import LiveObservation

    ExperimentLike = Experiment | ExperimentRecord | str
    TaskLike = Task | Callable[..., Any]
    Evaluators = Sequence[str | Callable[..., Any]]

_clients: dict[str, Client]
_lock = threading.Lock()


class Client:
    """Everything of one store; `get_client()` gives the usual one.

    Args:
        settings: Where the store is and how traces are labelled.

    Raises:
        StoreError: If the store cannot be opened.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._store = Store(settings.store)
        self._recorder = pipeline.connect(settings, self._keep)
        self._live: dict[str, Experiment] = {}

    def __repr__(self) -> str:
        return f"Client({self._store.place})"

    # Datasets.

    def create_dataset(  # noqa: PLR0913 - the words of the front door
        self,
        *,
        name: str,
        items: Any = None,
        input: Columns = "input",  # noqa: A002 - the word of the field
        expected_output: Columns | None = None,
        metadata: Columns | None = None,
        id: str | None = None,  # noqa: A002
        description: str | None = None,
        input_schema: dict[str, Any] | None = None,
        expected_output_schema: dict[str, Any] | None = None,
    ) -> Dataset:
        """Make a dataset, or bring the one of that name to these items as a new version.

        Running the same call again changes nothing. Earlier versions stay readable.

        Args:
            name: Unique; `/` makes folders.
            items: A list of dicts, a DataFrame, or a path to CSV, JSONL or Parquet.
            input: The column that is the input; several become a dict.
            expected_output: As `input`.
            metadata: Columns that become a dict; by default all that make nothing else.
            id: The column with the id; by default `id`, else derived from the input.
            description: For people.
            input_schema: JSON Schema that every input has to meet.
            expected_output_schema: JSON Schema that every expected output has to meet.

        Raises:
            BadRow: If a row cannot be an item; nothing of the call is stored then.
            BadInput: If anything else cannot be accepted.

        Example:
            `create_dataset(name="support/triage", items="messages.csv", input="message")`
        """
        columns = ColumnMap(input, expected_output, metadata, id)
        return datasets.create(
            self._store,
            name=name,
            items=items,
            columns=columns,
            description=description,
            input_schema=input_schema,
            expected_output_schema=expected_output_schema,
        )

    def get_dataset(self, name: str, *, version: datetime | str | None = None) -> Dataset:
        """The dataset of a name.

        Args:
            name: Its whole name, folders included.
            version: A moment with a time zone, or its ISO text: the dataset as it was then.

        Raises:
            NotFound: If there is none; names those that come near.
        """
        return datasets.get(self._store, name, _moment(version))

    def datasets(self) -> list[DatasetRecord]:
        """All datasets by name."""
        with self._store.reading() as connection:
            return stored_datasets.listing(connection)

    # Experiments.

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
            evaluators: Score every item run when its block ends: names or functions.
            metadata: Anything to keep with it.

        Raises:
            NotFound: If there is no such dataset or evaluator.
        """
        scorers = resolve(evaluators)
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
        numbered = self._store.write(lambda c: stored_experiments.create(c, record))
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
            record = (
                stored_experiments.by_name(connection, name, number)
                or stored_experiments.by_id(connection, name)
                or stored_experiments.by_label(connection, name)
            )
            if record is None:
                known = [r.name for r in stored_experiments.listing(connection)]
                asked = name if number is None else f"{name} #{number}"
                raise NotFound("experiment", asked, set(known))
        live = self._live.get(record.id)
        return live or Experiment(self._store, self._recorder, record)

    def experiments(self) -> list[ExperimentRecord]:
        """All experiments, newest first."""
        with self._store.reading() as connection:
            return [
                replace(record, status=present_status(record))
                for record in stored_experiments.listing(connection)
            ]

    def compare(  # noqa: PLR0913 - the words of the front door
        self,
        *experiments: Experiment | str,
        baseline: Experiment | str | None = None,
        by: Grouping | None = None,
        cluster: Grouping | None = None,
        scores: Sequence[str] | None = None,
        directions: Mapping[str, str] | None = None,
        bootstrap: int = 0,
        seed: int = 0,
    ) -> Comparison:
        """Put experiments side by side: is one better, by how much, how sure is that, and where.

        Items are paired by id where their content is the same; repetitions are averaged first.

        Args:
            experiments: Experiments, or their names; "triage_v2 #3" names the third.
            baseline: What the others are compared with; the first one by default.
            by: A metadata field, or a function of an item: differences are told for each value too.
            cluster: Likewise: items of one value, such as questions on one document, are no
                independent evidence.
            scores: Only these; all by default.
            directions: "higher", "lower" or "none" by score, where no rubric says it.
            bootstrap: Resamples for bootstrap intervals; 0 for those of a formula.
            seed: Of the resamples.

        Raises:
            NotFound: If there is no such experiment or score.
            BadInput: If there is nothing to compare: no shared item, no score, one run twice.

        Example:
            `compare("triage_v1 #1", "triage_v2 #1", cluster="conversation")`
        """
        from xeroml_nb.analysis.comparison import Comparison

        records = self._compared(experiments, baseline)
        return Comparison(
            self._store,
            records,
            by=by,
            cluster=cluster,
            scores=scores,
            directions=directions,
            bootstrap=bootstrap,
            seed=seed,
        )

    def to_frame(self, *experiments: Experiment | str) -> pd.DataFrame:
        """The item runs of several experiments as one table.

        Columns: `experiment` (its label), then those of `Experiment.to_frame`.

        Args:
            experiments: Experiments, or their names.

        Raises:
            NotFound: If there is no such experiment.
        """
        from xeroml_nb.experiments.frames import joined_frame

        records = [self._experiment(one).record for one in experiments]
        with self._store.reading() as connection:
            return joined_frame(connection, records)

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
        resume: bool = True,
        metadata: dict[str, Any] | None = None,
    ) -> Experiment:
        """Run a task over every item of a dataset; returns at once with a live handle.

        Args:
            task: Sync or async; called with `item.input`, or with those of `input`, `item`,
                `expected_output`, `metadata` that it names.
            dataset: Its name, or a dataset (also a selection of one).
            name: The experiment's name; the task's by default.
            evaluators: Names or functions that score every output.
            concurrency: Tasks at the same time.
            repetitions: How often each item is run.
            timeout: Seconds one attempt may take; after them the item ends as a time-out.
            retries: Further attempts after errors that often pass, or `Retries` for others.
            executor: Calls plain tasks elsewhere, such as in processes.
            resume: Take up the newest run of that name if it is unfinished and had the same
                task, items and repetitions.
            metadata: Anything to keep with the experiment.

        Raises:
            NotFound: If there is no such dataset or evaluator.
            BadInput: If an option is out of range or the task cannot be called.
        """
        made = task if isinstance(task, Task) else Task.of(task)
        chosen = self.get_dataset(dataset) if isinstance(dataset, str) else dataset
        if not len(chosen):
            raise BadInput(f"Dataset {chosen.name!r} has no items.", "Add some before running.")
        options = Options(concurrency, timeout, retries, repetitions, executor)
        recipe = Recipe(made, chosen, resolve(evaluators), options)
        called = checked_name("experiment", name or made.name)
        wanted = runner.Wanted(called, recipe, resume=resume, metadata=dict(metadata or {}))
        return runner.launch(self._store, self._recorder, wanted, self._live)

    def run(self, task: TaskLike, dataset: str | Dataset, **options: Any) -> Experiment:
        """Run a task over every item and wait for the end, with live progress.

        Interrupting it stops the run and keeps what is finished. The options are `start`'s.
        """
        experiment = self.start(task, dataset, **options)
        follower = Follower(experiment, surface_for(experiment))
        try:
            return experiment.wait()
        finally:
            follower.join()

    async def arun(self, task: TaskLike, dataset: str | Dataset, **options: Any) -> Experiment:
        """As `run`, for `await` in a notebook: buttons and other coroutines stay alive."""
        experiment = self.start(task, dataset, **options)
        follower = Follower(experiment, surface_for(experiment))
        try:
            return await experiment.wait_async()
        finally:
            follower.join()

    # Traces and scores.

    def start_as_current_observation(
        self,
        *,
        name: str,
        type: str = "span",  # noqa: A002 - the word of the spec
        **known: Any,
    ) -> AbstractContextManager[LiveObservation]:
        """Record a block as one span: `with client.start_as_current_observation(name="x") as o:`.

        Args:
            name: What is done.
            type: "span", "generation" or "event".
            known: `input`, `output`, `model`, `usage`, `metadata`, `tags`, as for `o.update`.
        """
        return observation(name, type, **known)

    def get_trace(self, trace_id: str) -> Trace:
        """A trace: its observations, oldest first, and every score; shows itself as a tree.

        Args:
            trace_id: Its id. Of a trace that was recorded elsewhere, the scores alone are here.

        Raises:
            NotFound: If neither an observation nor a score of it is stored.
        """
        self.flush()
        return read_trace(self._store, trace_id)

    def get_traces(  # noqa: PLR0913 - what traces are found by
        self,
        *,
        score: str | Sequence[str] | None = None,
        name: str | None = None,
        tags: str | Sequence[str] = (),
        user_id: str | None = None,
        session_id: str | None = None,
        experiment: ExperimentLike | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
        limit: int | None = 1000,
    ) -> pd.DataFrame:
        """Traces as a table, newest first; traces of which only scores are stored are there too.

        Columns: `trace_id, name, start, latency_s, user_id, session_id, tags, version, release,
        environment, input, output, error, observations, experiment, dataset`, then one a score.
        Name, input, output and error are the root's; `observations` is how many there are.
        `frame.attrs["cut"]` tells whether there are more traces than the limit.

        Args:
            score: A condition such as "accuracy < 0.5" or "`my tone` == warm", or several that
                all hold. A trace without that score never meets it.
            name: As in the column.
            tags: One or several; all are among those of the trace's observations.
            user_id: As in the column.
            session_id: As in the column.
            experiment: Only its item runs: an experiment, or text such as "triage_v2 #3".
            since: They began then or later: an aware datetime, its ISO text, or how long ago.
            until: They began before that moment.
            limit: How many at most; None for all.

        Raises:
            BadInput: If a condition cannot be read, or a moment has no time zone.
            NotFound: If there is no such score or experiment.
        """
        from xeroml_nb.analysis.trace_table import Search, trace_frame

        same = {"name": name, "user_id": user_id, "session_id": session_id}
        search = Search(
            conditions=parse_conditions(score),
            tags=(tags,) if isinstance(tags, str) else tuple(tags),
            same={column: value for column, value in same.items() if value is not None},
            experiment_id=self._experiment_id(experiment),
            since=moment("since", since),
            until=moment("until", until),
            limit=limit,
        )
        self.flush()
        return trace_frame(self._store, search)

    def trend(  # noqa: PLR0913 - what a trend is made of
        self,
        score: str,
        *,
        over: str = "time",
        by: str | None = None,
        dataset: str | None = None,
        tags: str | Sequence[str] = (),
        since: Moment | None = None,
        until: Moment | None = None,
        every: str | timedelta | None = None,
    ) -> pd.DataFrame:
        """How a score develops: the mean, or each category's share, with 95 % intervals.

        Columns: `group, x, label, category, n, mean, low, high, method`. `x` is the moment a bin
        of time begins, or an experiment was made; `method` is how the interval was found.

        Args:
            score: Its name; people's where code scores under the same name: "NAME (human)".
            over: "time", or "experiments" for one point each.
            by: What makes the groups: "dataset", "experiment", "version", "release",
                "environment", "name", "user_id", "session_id", "tag", or a key of the metadata.
            dataset: Only item runs over this dataset.
            tags: Only traces with all of them.
            since: Only traces that began then or later, as for `get_traces`.
            until: Only traces that began before.
            every: How wide a point is: "minute", "hour", "day", "week", "month", "year" or a
                timedelta; by default so that there are at most 60.

        Raises:
            BadInput: If an option cannot be understood.
            NotFound: If there is no such score or dataset.
        """
        from xeroml_nb.analysis.trend import Trend, trend_frame

        asked = Trend(
            over=over,
            by=by,
            dataset=dataset,
            tags=(tags,) if isinstance(tags, str) else tuple(tags),
            since=moment("since", since),
            until=moment("until", until),
            every=every,
        )
        self.flush()
        return trend_frame(self._store, score, asked)

    def score(  # noqa: PLR0913 - the words of the spec
        self,
        *,
        trace_id: str,
        name: str,
        value: Any,
        observation_id: str | None = None,
        data_type: str | None = None,
        comment: str | None = None,
        source: str = "api",
        author: str = "",
        metadata: Any = None,
    ) -> Score:
        """Score a trace, or one observation of it; stored when this returns.

        The same target, name, source and author again updates the score; its past is kept.

        Args:
            trace_id: Any text that names a trace.
            name: At most 200 characters.
            value: A finite number, a bool, or a text.
            observation_id: One observation of the trace.
            data_type: NUMERIC, BOOLEAN or CATEGORICAL; found from the value by default.
            comment: Why.
            source: "api", "human" or "llm".
            author: Who, if several score the same.
            metadata: Anything else.

        Raises:
            BadScore: If name, value or type cannot be accepted.
        """
        return self._put_score(
            ScoreTarget(trace_id=trace_id, observation_id=observation_id),
            name,
            value,
            data_type=data_type,
            comment=comment,
            source=source,
            author=author,
            metadata=metadata,
        )

    def score_session(self, *, session_id: str, name: str, value: Any, **details: Any) -> Score:
        """Score a whole session; the details are those of `score`."""
        return self._put_score(ScoreTarget(session_id=session_id), name, value, **details)

    def get_scores(  # noqa: PLR0913 - what scores are found by
        self,
        *,
        trace_id: str | None = None,
        session_id: str | None = None,
        experiment: ExperimentLike | None = None,
        name: str | None = None,
        source: str | None = None,
        author: str | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> pd.DataFrame:
        """Scores as a table, oldest first; all where nothing is given.

        Columns: `id, trace_id, observation_id, session_id, experiment_id, name, value, data_type,
        comment, source, author, metadata, created_at`. A value is a float, a bool or a text.

        Args:
            trace_id: On this trace and its observations.
            session_id: On this session as a whole.
            experiment: On this experiment and on the traces of its item runs.
            name: Of this name.
            source: "api", "human" or "llm".
            author: By this person or evaluator.
            since: Given then or later: an aware datetime, its ISO text, or how long ago.
            until: Given before that moment.

        Raises:
            BadInput: If a moment has no time zone.
            NotFound: If there is no such experiment.
        """
        from xeroml_nb.analysis.scores import score_frame

        begin, end = moment("since", since), moment("until", until)
        experiment_id = self._experiment_id(experiment)
        self.flush()
        return score_frame(
            self._store,
            experiment_id=experiment_id,
            since=begin,
            until=end,
            trace_id=trace_id,
            session_id=session_id,
            name=name,
            source=source,
            author=author,
        )

    # Labels.

    def create_annotation_queue(
        self, *, name: str, rubric: Rubric, description: str = ""
    ) -> AnnotationQueue:
        """Make a queue of traces that people label: `annotate(queue)`.

        Args:
            name: Unique among the queues of traces.
            rubric: What is asked.
            description: For people.

        Raises:
            BadInput: If there is one of that name already.
        """
        return queues.create_annotation_queue(self._store, name, rubric, description)

    def annotation_queues(self) -> list[AnnotationQueue]:
        """All queues of traces, oldest first."""
        return queues.annotation_queues(self._store)

    def add_to_annotation_queue(self, *, queue_id: str, trace_id: str) -> bool:
        """Put a trace at the end of a queue.

        Args:
            queue_id: The queue's id.
            trace_id: Any text that names a trace.

        Returns:
            False if the trace is in the queue already.

        Raises:
            NotFound: If there is no such queue.
        """
        return queues.add_trace(self._store, queue_id, trace_id)

    def score_configs(self, name: str | None = None) -> pd.DataFrame:
        """Every definition that a question of a rubric ever had.

        Columns: `name, version` (from 1), `definition` (its kind, options and range).

        Args:
            name: Only those of one question.
        """
        import pandas as pd

        with self._store.reading() as connection:
            found = stored_queues.configs(connection, name)
        return pd.DataFrame(found, columns=["name", "version", "definition"])

    # The store.

    @property
    def store(self) -> Store:
        """Where everything lives."""
        return self._store

    def flush(self) -> None:
        """Wait until all that was recorded is stored.

        Raises:
            StoreError: If something could not be stored.
        """
        self._store.flush()

    def close(self) -> None:
        """Store what is waiting and let go of the store."""
        for experiment in self._live.values():
            experiment.stop()
        self._recorder.disconnect(self._keep)
        self._store.close()
        with _lock:
            for url in [u for u, client in _clients.items() if client is self]:
                del _clients[url]

    def _experiment(self, one: Experiment | str) -> Experiment:
        return self.get_experiment(one) if isinstance(one, str) else one

    def _compared(
        self, experiments: Sequence[Experiment | str], baseline: Experiment | str | None
    ) -> list[ExperimentRecord]:
        """What is compared, the baseline first."""
        self.flush()
        first = [] if baseline is None else [self._experiment(baseline)]
        given = [self._experiment(one) for one in experiments]
        found = [*first, *(one for one in given if not first or one.id != first[0].id)]
        if not found:
            raise BadInput("compare() was given no experiment.", "Pass two or more.")
        for one in found:
            if sum(one.id == other.id for other in found) > 1:
                raise BadInput(f"{one.label} was given twice.", "Compare it with another one.")
            if one.store is not self._store:
                raise BadInput(f"{one.label} lives in another store.", "Compare within one store.")
        return [one.record for one in found]

    def _experiment_id(self, experiment: ExperimentLike | None) -> str | None:
        if isinstance(experiment, str):
            experiment = self.get_experiment(experiment)
        return None if experiment is None else experiment.id

    def _keep(self, one: Observation) -> None:
        self._store.submit_quietly(Rows(observations=[one]))

    def _put_score(self, target: ScoreTarget, name: str, value: Any, **details: Any) -> Score:
        score = new_score(target, name, value, **details)
        self._store.write_rows(Rows(scores=[score]))
        return score


_clients = {}


def get_client(store: str | Path | None = None) -> Client:
    """The client of this process.

    Args:
        store: Path of an SQLite file or an SQLAlchemy URL; by default `XEROML_STORE`, else
            `.xeroml/store.db` of the project.

    Raises:
        StoreError: If the store cannot be opened.
        BadInput: If an environment variable cannot be understood.

    Example:
        >>> get_client() is get_client()
        True
    """
    settings = Settings.from_environment(store)
    with _lock:
        if settings.store not in _clients:
            _clients[settings.store] = Client(settings)
        return _clients[settings.store]


def start(task: TaskLike, dataset: str | Dataset, **options: Any) -> Experiment:
    """`Client.start` of the usual client."""
    return get_client().start(task, dataset, **options)


def run(task: TaskLike, dataset: str | Dataset, **options: Any) -> Experiment:
    """`Client.run` of the usual client."""
    return get_client().run(task, dataset, **options)


async def arun(task: TaskLike, dataset: str | Dataset, **options: Any) -> Experiment:
    """`Client.arun` of the usual client."""
    return await get_client().arun(task, dataset, **options)


def compare(*experiments: Experiment | str, **options: Any) -> Comparison:
    """`Client.compare`, of the client whose store the first experiment lives in.

    Example:
        `compare(exp_a, exp_b, cluster="conversation")`
    """
    return _client_of(experiments).compare(*experiments, **options)


def to_frame(*experiments: Experiment | str) -> pd.DataFrame:
    """`Client.to_frame`, of the client whose store the first experiment lives in."""
    return _client_of(experiments).to_frame(*experiments)


def _client_of(experiments: Sequence[Experiment | str]) -> Client:
    stores = [one.store for one in experiments if isinstance(one, Experiment)]
    with _lock:
        known = {client.store: client for client in _clients.values()}
    return known.get(stores[0], get_client()) if stores else get_client()


def _moment(version: datetime | str | None) -> datetime | None:
    if not isinstance(version, str):
        return version
    try:
        return datetime.fromisoformat(version)
    except ValueError:
        raise BadInput(
            f"The version {version!r} is no moment.", "Use one of dataset.versions()."
        ) from None
