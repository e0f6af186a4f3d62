"""One item on its way through the runner: its trace, its attempts, its scores."""

from __future__ import annotations

import asyncio
import copy
import time
from concurrent.futures import CancelledError
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.trace import Status, StatusCode

from xeroml_nb.experiments.evaluation import Level, level_of, sees_failures
from xeroml_nb.experiments.retries import OutOfTime, Stopped, once
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
from xeroml_nb.tracing.propagate import root_context, scoring

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from contextvars import Context, Token

    from xeroml_nb.experiments.evaluation import ItemEvaluator
    from xeroml_nb.experiments.rate_limit import RateLimit
    from xeroml_nb.experiments.retries import Retries
    from xeroml_nb.records.dataset import DatasetItem
    from xeroml_nb.records.observation import Observation
    from xeroml_nb.records.score import ScoreRecord, ScoreValue
    from xeroml_nb.tracing.recorder import Recorder


_NEVER = float("inf")
_LAST_GRACE = 0.1


class Phase(StrEnum):
    """What an item is in the middle of."""

    WAITING = "waiting"
    TASK = "task"
    PARKED = "parked"
    SCORING = "scoring"


@dataclass(frozen=True)
class Route:
    """What all items of a run have in common.

    Args:
        experiment_id: Where their item runs belong.
        label: The experiment's name and number, for the traces.
        call: Calls the task, and its second argument when the task begins; returns the output
            and the seconds it took.
        wait_for: Gives the result of an awaitable within some seconds, anything else as it is.
        evaluators: What scores each of them, composites last.
        recorder: Holds their traces until they are stored.
        retries: How failed attempts are repeated.
        timeout: Seconds that one attempt, or all scoring, may take.
        is_stopping: Tells whether no new attempt may start.
        keep_items: Store the item with its run, since no dataset holds it.
        limit: How fast attempts may begin; None for no limit.
    """

    experiment_id: str
    label: str
    call: Callable[[dict[str, Any], Callable[[], None]], tuple[Any, float]]
    wait_for: Callable[[Any, float], Any]
    evaluators: Sequence[ItemEvaluator]
    recorder: Recorder
    retries: Retries
    timeout: float
    is_stopping: Callable[[], bool]
    keep_items: bool = False
    limit: RateLimit | None = None

    @cached_property
    def evaluators_of_failures(self) -> list[ItemEvaluator]:
        """Those that also score what has no output."""
        return [e for e in self.evaluators if sees_failures(e)]


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
            for attempt in self.route.retries.attempts():
                with attempt:
                    for turn in self._turns():
                        with turn:
                            self._attempt()
        except BaseException as error:  # noqa: BLE001 - a task may raise anything, even SystemExit
            self._fail(error)
        self.end_task()

    async def run_task_async(self, call: Callable[[dict[str, Any]], Any]) -> None:
        """As `run_task`, for a coroutine function."""
        try:
            async for attempt in self.route.retries.async_attempts():
                with attempt:
                    async for turn in self._async_turns():
                        with turn:
                            await self._attempt_async(call)
        except asyncio.CancelledError as error:
            if self.route.is_stopping():
                raise
            self._fail(error)
        except BaseException as error:  # noqa: BLE001 - a task may raise anything, even SystemExit
            self._fail(error)
        self.end_task()

    def _attempt(self) -> None:
        self._start_attempt()
        try:
            self._succeed(*self.route.call(self.known, self._start_clock))
        finally:
            self.deadline = _NEVER  # waiting for the next attempt has no limit

    async def _attempt_async(self, call: Callable[[dict[str, Any]], Any]) -> None:
        self._start_attempt()
        began = time.perf_counter()
        self._start_clock()
        try:
            output = await self._in_time(call(self.known))
        finally:
            self.deadline = _NEVER
        self._succeed(output, time.perf_counter() - began)

    async def _in_time(self, awaitable: Awaitable[Any]) -> Any:
        """The result of a coroutine; it is cancelled where it takes longer than it may."""
        try:
            async with asyncio.timeout(self.route.timeout) as limit:
                return await awaitable
        except TimeoutError as error:
            raise OutOfTime if limit.expired() else error from None

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

    def score(self) -> None:
        """Let every evaluator score it; a failing one leaves its error."""
        for evaluator in self._evaluators():
            try:
                with scoring():
                    result = self.route.wait_for(evaluator.call(self.known), self.route.timeout)
                self._keep_scores(evaluator, result)
            except BaseException as error:  # noqa: BLE001 - an evaluator may raise anything
                self._keep_evaluator_error(evaluator, error)

    async def score_async(self) -> None:
        """As `score`, for evaluators that all return coroutines."""
        for evaluator in self._evaluators():
            try:
                with scoring():
                    result = await self._in_time(evaluator.call(self.known))
                self._keep_scores(evaluator, result)
            except asyncio.CancelledError:
                raise
            except BaseException as error:  # noqa: BLE001 - an evaluator may raise anything
                self._keep_evaluator_error(evaluator, error)

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
        ended.status, ended.output, ended.output_json, ended.scores = (
            ItemStatus.STOPPED,
            None,
            None,
            [],
        )
        ended.end_task()
        return ended

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

    # A turn comes when the provider's limits allow it; what the provider turns away has another.

    def _turns(self) -> Iterable[AbstractContextManager[Any]]:
        limit = self.route.limit
        if limit is None:
            return (nullcontext(),)
        return limit.turns(self._recorded, self.route.is_stopping)

    def _async_turns(self) -> AsyncIterator[AbstractContextManager[Any]]:
        limit = self.route.limit
        if limit is None:
            return once()
        return limit.async_turns(self._recorded, self.route.is_stopping)

    def _recorded(self) -> list[Observation]:
        return self.route.recorder.held(int(self.trace_id, 16))

    def _start_attempt(self) -> None:
        if self.route.is_stopping():
            raise Stopped
        self.attempts += 1

    def _start_clock(self) -> None:
        self.deadline = time.monotonic() + self.route.timeout

    def _succeed(self, output: Any, seconds: float) -> None:
        self.latency = seconds
        self.output = output
        self.output_json = to_json(output)
        self.status = ItemStatus.OK

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

    def _evaluators(self) -> Iterator[ItemEvaluator]:
        """The evaluators that are still to score it, each with its own time limit."""
        scorers = self.scorers
        if self.is_scored:
            return
        own = {"output": self.output, "trace_id": self.trace_id, "error": self.error}
        self.known = known_of(self.item) | own
        while self.scored < len(scorers):
            evaluator = scorers[self.scored]
            if level_of(evaluator) is Level.COMPOSITE:
                self.known["scores"] = self.values
            # The evaluator's own limit comes first; this one is for what cannot be interrupted.
            self.deadline = time.monotonic() + self.route.timeout + _LAST_GRACE
            self.phase = Phase.SCORING
            yield evaluator
            self.deadline = _NEVER
            self.scored += 1

    def _keep_evaluator_error(self, evaluator: ItemEvaluator, error: BaseException) -> None:
        late = isinstance(error, OutOfTime)
        self.evaluator_errors[evaluator.name] = self._overdue if late else said(error)

    def _keep_scores(self, evaluator: ItemEvaluator, result: Any) -> None:
        self.scores += evaluator.scores(result, ScoreTarget(trace_id=self.trace_id))
