"""One item on its way through the runner: its trace, its attempts, its scores."""

from __future__ import annotations

import asyncio
import copy
import time
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.trace import Status, StatusCode

from xeroml_nb.experiments.attempting import attempt, attempt_async
from xeroml_nb.experiments.retries import OutOfTime, Stopped
from xeroml_nb.experiments.task import known_of
from xeroml_nb.experiments.tracebacks import users_traceback
from xeroml_nb.records import clock
from xeroml_nb.records.experiment import ItemRun, ItemStatus
from xeroml_nb.records.ids import create_trace_id
from xeroml_nb.records.json_text import said, to_json
from xeroml_nb.records.score import ScoreTarget
from xeroml_nb.store.rows import Rows
from xeroml_nb.tracing import attributes as names
from xeroml_nb.tracing.observation import LiveObservation
from xeroml_nb.tracing.pipeline import tracer
from xeroml_nb.tracing.propagate import root_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextvars import Context, Token

    from xeroml_nb.experiments.evaluation import ItemEvaluator
    from xeroml_nb.experiments.route import Route
    from xeroml_nb.records.dataset import DatasetItem
    from xeroml_nb.records.observation import Observation
    from xeroml_nb.records.score import ScoreRecord, ScoreValue

_NEVER = float("inf")
_LAST_GRACE = 0.1


class Phase(StrEnum):
    """What an item is in the middle of."""

    WAITING = "waiting"
    TASK = "task"
    PARKED = "parked"
    SCORING = "scoring"


@dataclass
class Flight:
    """One item run from its start to the rows that are stored.

    Args:
        route: What it has in common with the others.
        item: What is run.
        repetition: 0 for the first.
        context: A context of its own, so that its spans and variables meet no other's.
        number: Its place among the flights of the engine.
        coroutine: What runs it, if its task is a coroutine.
    """

    route: Route
    item: DatasetItem
    repetition: int
    context: Context
    number: int = -1
    coroutine: asyncio.Task[None] | None = None
    phase: Phase = Phase.WAITING
    deadline: float = _NEVER
    status: ItemStatus = ItemStatus.STOPPED
    attempts: int = 0
    latency: float | None = None
    output: Any = None
    output_json: str | None = None
    error: str | None = None
    traceback: str | None = None
    trace_id: str = ""
    scores: list[ScoreRecord] = field(default_factory=list)
    evaluator_errors: dict[str, str] = field(default_factory=dict)
    scored: int = 0

    def begin(self) -> None:
        """Start the trace."""
        self.started_at = clock.now()
        self.known = known_of(self.item)
        span = tracer().start_span(self.route.label, context=root_context())
        found = span.get_span_context()
        self.trace_id = f"{found.trace_id:032x}" if found.is_valid else create_trace_id()
        self.route.recorder.hold(found.trace_id)
        self.live = LiveObservation(span).update(input=self.item.input)
        self.phase = Phase.TASK

    def enter(self) -> Token[otel.Context]:
        """Make the trace's root the current span of this context."""
        return otel.attach(trace.set_span_in_context(self.live.span))

    @contextmanager
    def kept_on_error(self) -> Iterator[None]:
        """Keep an error of the runner itself on the row: no item may get lost by one."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, the row tells
            self.phase = Phase.TASK
            self._fail(error)

    def run_task(self) -> None:
        """Attempt the task until it succeeds or its errors are not worth another attempt."""
        try:
            attempt(self)
        except BaseException as error:  # noqa: BLE001 - a task may raise anything, even SystemExit
            self._fail(error)
        self.end_task()

    async def run_task_async(self, call: Callable[[dict[str, Any]], Any]) -> None:
        """As `run_task`, for a coroutine function."""
        try:
            await attempt_async(self, call)
        except asyncio.CancelledError as error:
            if self.route.is_stopping():
                raise
            self._fail(error)
        except BaseException as error:  # noqa: BLE001 - a task may raise anything, even SystemExit
            self._fail(error)
        self.end_task()

    def start_clock(self) -> None:
        """From here on an attempt may take so long."""
        self.deadline = time.monotonic() + self.route.timeout

    def stop_clock(self) -> None:
        """Nothing is under way that has a limit."""
        self.deadline = _NEVER

    @contextmanager
    def paused_clock(self) -> Iterator[None]:
        """Let the block be part of no limit."""
        left = self.deadline - time.monotonic()
        self.stop_clock()
        try:
            yield
        finally:
            self.deadline = time.monotonic() + left

    def succeed(self, output: Any, seconds: float) -> None:
        """Keep what an attempt returned, and how long it took."""
        self.latency = seconds
        self.output = output
        self.output_json = to_json(output)
        self.status = ItemStatus.OK

    def end_task(self) -> None:
        """End the trace's root span with what came out, unless it was ended already."""
        span = self.live.span
        if span.is_recording():
            if self.output_json is not None:
                span.set_attribute(names.OUTPUT, self.output_json)
            if self.error is not None:
                span.set_status(Status(StatusCode.ERROR, self.error))
            span.end()

    def park(self) -> None:
        """Wait for a lane that scores; no time limit runs meanwhile."""
        self.phase = Phase.PARKED

    def begin_asking(self) -> None:
        """The next evaluator is asked: its own limit comes first, this is for what hangs."""
        self.deadline = time.monotonic() + self.route.timeout + _LAST_GRACE
        self.phase = Phase.SCORING

    def end_asking(self) -> None:
        """It has answered, or failed."""
        self.deadline = _NEVER
        self.scored += 1

    def keep_scores(self, evaluator: ItemEvaluator, result: Any) -> None:
        """Keep what an evaluator returned."""
        self.scores += evaluator.scores(result, ScoreTarget(trace_id=self.trace_id))

    def keep_evaluator_error(self, evaluator: ItemEvaluator, error: BaseException) -> None:
        """Keep why an evaluator gave no score."""
        late = isinstance(error, OutOfTime)
        self.evaluator_errors[evaluator.name] = self._overdue if late else said(error)

    @property
    def scorers(self) -> Sequence[ItemEvaluator]:
        """What scores it, as it ended: some evaluators are asked about failures too."""
        if self.status is ItemStatus.OK:
            return self.route.evaluators
        return self.route.evaluators_of_failures if self.status.is_failure else ()

    @property
    def is_scored(self) -> bool:
        """No evaluator is left that could score it."""
        return self.scored >= len(self.scorers)

    @property
    def values(self) -> dict[str, ScoreValue]:
        """What it was given so far, by the scores' names."""
        return {score.name: score.value for score in self.scores}

    def twin(self) -> Flight:
        """A copy that goes its own way from here."""
        made = copy.copy(self)
        made.scores, made.evaluator_errors = list(self.scores), dict(self.evaluator_errors)
        return made

    def expired(self) -> Flight:
        """The flight as it is when time has run out in its present phase.

        A copy: the thread that hangs in it may still wake up and change the original.
        """
        ended = self.twin()
        if self.phase is Phase.SCORING:
            # The last evaluator may have ended at this very moment.
            for late in ended.scorers[ended.scored : ended.scored + 1]:
                ended.evaluator_errors[late.name] = self._overdue
            ended.scored += 1
        else:
            ended._time_out()  # noqa: SLF001 - a copy of itself
            ended.end_task()
        return ended

    def stopped(self) -> Flight:
        """The flight as it ends when the run is stopped before it: to be run again."""
        ended = self.twin()
        ended.call_off()
        ended.end_task()
        return ended

    def call_off(self) -> None:
        """Forget what came of it so far: it is to be run again."""
        self.status, self.output, self.output_json, self.scores = ItemStatus.STOPPED, None, None, []

    def rows(self) -> Rows:
        """What is stored of it."""
        run = ItemRun(
            experiment_id=self.route.experiment_id,
            item_id=self.item.id,
            repetition=self.repetition,
            status=self.status,
            trace_id=self.trace_id,
            started_at=self.started_at,
            latency=self.latency,
            attempts=self.attempts,
            local_item=self.item if self.route.keep_items else None,
            output_json=self.output_json,
            error=self.error,
            traceback=self.traceback,
            evaluator_errors=dict(self.evaluator_errors),
        )
        return Rows([run], self.let_go(), list(self.scores))

    def let_go(self) -> list[Observation]:
        """Take the spans that its trace gathered; later ones are stored by themselves."""
        return self.route.recorder.take(int(self.trace_id or "0", 16))

    def recorded(self) -> list[Observation]:
        """The spans that its trace has gathered so far."""
        return self.route.recorder.held(int(self.trace_id, 16))

    @property
    def _overdue(self) -> str:
        return f"TimeoutError: no answer in {self.route.timeout:g} s"

    def _time_out(self) -> None:
        self.status = ItemStatus.TIMEOUT
        self.error = self._overdue
        self.output = self.output_json = None
        self.latency = self.route.timeout

    def _fail(self, error: BaseException) -> None:
        called_off = isinstance(error, CancelledError) and self.route.is_stopping()
        if called_off or isinstance(error, Stopped):
            return
        if isinstance(error, OutOfTime):
            self._time_out()
            return
        self.status = ItemStatus.FAILED
        self.error = said(error)
        self.traceback = users_traceback(error)
