"""Score an experiment again, without running its task."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from xeroml_nb.experiments.binding import Bound
from xeroml_nb.experiments.board import Board
from xeroml_nb.experiments.calls import DirectCall
from xeroml_nb.experiments.engine import Engine
from xeroml_nb.experiments.evaluation import of_experiment, of_items
from xeroml_nb.experiments.experiment import Experiment
from xeroml_nb.experiments.route import Route
from xeroml_nb.experiments.tally import Tally
from xeroml_nb.experiments.whole import WholeScoring
from xeroml_nb.records.experiment import ExperimentStatus
from xeroml_nb.scoring.rescoring_flight import RescoringFlight
from xeroml_nb.scoring.rescoring_plan import plan
from xeroml_nb.store import evaluations as noted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from xeroml_nb.experiments.evaluation import ItemEvaluator
    from xeroml_nb.experiments.live_run import Options
    from xeroml_nb.records.experiment import ItemStatus
    from xeroml_nb.scoring.rescoring_plan import Turn
    from xeroml_nb.tracing.recorder import Recorder

    Turns = dict[tuple[str, int], Turn]


class Rescoring:
    """Lets evaluators look at the item runs that they have not scored in their present state.

    Args:
        experiment: What is scored.
        recorder: Of the client; no item run is traced again.
        evaluators: Composites after the others.
        options: How many at once, and how long each may take.
    """

    def __init__(
        self,
        experiment: Experiment,
        recorder: Recorder,
        evaluators: Sequence[ItemEvaluator],
        options: Options,
    ) -> None:
        self._store = experiment.store
        self._recorder = recorder
        self._record = experiment.record
        self._evaluators = evaluators
        self._options = options
        self.status = ExperimentStatus.RUNNING
        self.tally = Tally(0)
        self.engine: Engine | None = None

    @property
    def is_running(self) -> bool:
        """Item runs are being scored, or a pause holds them."""
        return self.engine is not None and not self.engine.ended.is_set()

    def launch(self, *, again: frozenset[ItemStatus] = frozenset()) -> None:  # noqa: ARG002 - failed item runs stay failed, scored or not
        """Score what is missing or was scored in another state."""
        if not self.is_running:
            self._announce()
            turns = plan(self._store, self._record, self._evaluators)
            self.status = ExperimentStatus.RUNNING
            self.tally = Tally(len(turns))
            self.engine = self._make_engine(turns)
            self.engine.start()

    def _announce(self) -> None:
        """Note who scores it before anything is asked."""
        mine, every = self._record.id, [e.name for e in self._evaluators]
        whole = [e.name for e in of_experiment(self._evaluators)]

        def write(connection: Connection) -> None:
            noted.add_evaluators(connection, mine, every)
            noted.expect(connection, mine, whole)

        self._store.write(write)

    def _make_engine(self, turns: Turns) -> Engine:
        stopping = threading.Event()
        route = self._route(stopping)

        def flight_of(route: Route, *job: Any, **own: Any) -> RescoringFlight:
            item, repetition = job
            return RescoringFlight(route, *job, turn=turns[item.id, repetition], **own)

        jobs = [(turn.result.item, turn.result.repetition) for turn in turns.values()]
        return Engine(
            board=Board(self._store, route, jobs, self.tally, stopping, flight_of=flight_of),
            route=route,
            call=DirectCall(Bound(_no_task, (), is_async=False), self._options.timeout),
            coroutine_task=None,
            concurrency=max(1, min(self._options.concurrency, len(jobs))),
            stopping=stopping,
            begun=_no_task,
            beat=_no_task,
            finish=self._finish,
        )

    def _route(self, stopping: threading.Event) -> Route:
        return Route(
            experiment_id=self._record.id,
            label=self._record.label,
            evaluators=of_items(self._evaluators),
            recorder=self._recorder,
            timeout=self._options.timeout,
            is_stopping=stopping.is_set,
        )

    def _finish(self) -> None:
        assert self.engine is not None  # noqa: S101 - it is what ends
        engine = self.engine
        self.tally.end()
        complete = self.tally.progress(0).done >= self.tally.planned
        self.status = ExperimentStatus.FINISHED if complete else ExperimentStatus.STOPPED
        if complete:
            WholeScoring(
                Experiment(self._store, self._recorder, self._record),
                of_experiment(self._evaluators),
                self._options.timeout,
                lambda: engine.is_called_off,
            ).run()


def _no_task() -> None:
    """Nothing is run."""
