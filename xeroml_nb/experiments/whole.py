"""Evaluators that score an experiment as a whole, once all of it is run."""

from __future__ import annotations

import contextvars
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.experiments.background import wait_for
from xeroml_nb.experiments.reading import read_results
from xeroml_nb.experiments.retries import OutOfTime
from xeroml_nb.records.evaluation import WHOLE_EXPERIMENT, Evaluation
from xeroml_nb.records.ids import content_hash
from xeroml_nb.records.json_text import said
from xeroml_nb.records.score import ScoreSource, ScoreTarget
from xeroml_nb.store import evaluations as noted
from xeroml_nb.store import scores as stored_scores

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.engine import Connection

    from xeroml_nb.experiments.evaluation import ItemEvaluator
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.experiments.results import Result
    from xeroml_nb.records.score import ScoreRecord

_TICK = 0.05


class Stopped(Exception):  # noqa: N818 - no error: nobody waits for the answer any more
    """The work was stopped before an evaluator answered."""


@dataclass(frozen=True)
class WholeScoring:
    """Scores an experiment as a whole with what has not scored its present results yet.

    Args:
        experiment: As the store has it.
        evaluators: Those of an experiment.
        timeout: Seconds one of them may take.
        is_stopping: Tells whether nobody waits for them any more.
    """

    experiment: Experiment
    evaluators: Sequence[ItemEvaluator]
    timeout: float
    is_stopping: Callable[[], bool]

    def run(self) -> None:
        """Ask each; a failing one leaves its error."""
        if not self.evaluators:
            return
        results = read_results(self.experiment.store, self.experiment.record)
        with self.experiment.store.reading() as connection:
            before = {e.evaluator: e for e in noted.of_whole(connection, self.experiment.id)}
        for evaluator in self.evaluators:
            if self.is_stopping():
                return
            state = content_hash(evaluator.fingerprint, [_seen(one) for one in results])
            known = before.get(evaluator.name)
            if known is None or known.fingerprint != state or known.error is not None:
                try:
                    self._ask(evaluator, state, results)
                except Stopped:
                    return

    def _ask(self, evaluator: ItemEvaluator, state: str, results: Sequence[Result]) -> None:
        known = {"results": list(results), "experiment": self.experiment}
        scores: list[ScoreRecord] = []
        error = None
        try:
            result = self._in_time(lambda: evaluator.call(known))
            scores = evaluator.scores(result, ScoreTarget(experiment_id=self.experiment.id))
        except Stopped:
            raise
        except OutOfTime:
            error = f"TimeoutError: no answer in {self.timeout:g} s"
        except BaseException as failure:  # noqa: BLE001 - an evaluator may raise anything
            error = said(failure)
        one = Evaluation(
            self.experiment.id, evaluator.name, state, "", WHOLE_EXPERIMENT, error=error
        )
        self.experiment.store.write(lambda connection: _keep(connection, one, scores))

    def _in_time(self, call: Callable[[], Any]) -> Any:
        """What a call gives; it is left behind where it takes longer than it may."""
        found: list[Any] = []
        errors: list[BaseException] = []

        def work() -> None:
            try:
                found.append(wait_for(call(), self.timeout))
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                errors.append(error)

        context = contextvars.copy_context()
        name = "xeroml-score-whole"
        thread = threading.Thread(target=context.run, args=(work,), name=name, daemon=True)
        thread.start()
        self._wait(thread)
        if errors:
            raise errors[0]
        return found[0]

    def _wait(self, thread: threading.Thread) -> None:
        until = time.monotonic() + self.timeout + _TICK  # a coroutine's own limit comes first
        thread.join(_TICK)
        while thread.is_alive():
            if self.is_stopping():
                raise Stopped
            if time.monotonic() > until:
                raise OutOfTime
            thread.join(_TICK)


def _seen(result: Result) -> list[Any]:
    """What of an item run an evaluator's answer may depend on."""
    values = {name: score.value for name, score in result.scores.items()}
    return [result.item.id, result.repetition, result.status, result.trace_id, values]


def _keep(connection: Connection, one: Evaluation, scores: Sequence[ScoreRecord]) -> None:
    """Store what an evaluator gave; what it gave before and gives no more is taken back."""
    given = {score.id for score in scores}
    before = noted.own_scores(connection, one.experiment_id)
    mine = [s for s in before if s.author == one.evaluator and s.source is not ScoreSource.HUMAN]
    stored_scores.retract(connection, [score.id for score in mine if score.id not in given])
    stored_scores.put(connection, scores)
    noted.put(connection, [one])
