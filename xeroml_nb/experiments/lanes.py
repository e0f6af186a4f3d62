"""Where flights are worked on: threads for plain tasks and for scoring, a loop for coroutines."""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from xeroml_nb.experiments.asking import ask, ask_async
from xeroml_nb.experiments.background import background_loop, leave_behind
from xeroml_nb.experiments.evaluation import waits
from xeroml_nb.experiments.flight import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xeroml_nb.experiments.background import BackgroundLoop
    from xeroml_nb.experiments.binding import Bound
    from xeroml_nb.experiments.board import Board
    from xeroml_nb.experiments.evaluation import ItemEvaluator
    from xeroml_nb.experiments.flight import Flight

_PAUSE_POLL = 0.05
_ROOM_POLL = 0.01
_SCORING_LANES = 8


class Lanes:
    """Keeps a number of tasks going.

    Args:
        board: Hands out items and takes results.
        coroutine_task: The task, if it returns coroutines; else flights call it themselves.
        evaluators: What scores each output.
        count: Tasks at the same time.
        gate: Cleared while the run is paused.
        stopping: Set when no further item may start.
    """

    def __init__(  # noqa: PLR0913 - what lanes depend on
        self,
        *,
        board: Board,
        coroutine_task: Bound | None,
        evaluators: Sequence[ItemEvaluator],
        count: int,
        gate: threading.Event,
        stopping: threading.Event,
    ) -> None:
        self._board = board
        self._task = coroutine_task
        self._count = count
        self._gate = gate
        self._stopping = stopping
        self._context = contextvars.copy_context()
        self._to_score: queue.SimpleQueue[Flight | None] = queue.SimpleQueue()
        in_threads = [e for e in evaluators if not e.is_async]
        self._scores_in_threads = bool(in_threads)
        self._most_scoring = count if any(map(waits, in_threads)) else min(count, _SCORING_LANES)
        self._coroutines: set[asyncio.Task[None]] = set()
        self._loop: BackgroundLoop | None = None

    def launch(self) -> None:
        """Begin to work."""
        if self._task is None:
            self._launch_threads()
            return
        self.enter_loop()
        for _ in range(self._most_scoring if self._scores_in_threads else 0):
            self.thread("xeroml-score", self._scoring_lane)

    def _launch_threads(self) -> None:
        """As many as there may be, or fewer where quick tasks leave nothing for the others."""
        for _ in range(self._count):
            if self._board.is_exhausted:
                return
            self.thread("xeroml-task", self._task_lane)

    def thread(self, name: str, work: Callable[[], None]) -> None:
        """Work in a thread of its own, with the context the run was started in."""
        context = self._context.copy()
        threading.Thread(target=context.run, args=(work,), name=name, daemon=True).start()

    def close(self) -> None:
        """Let lanes end that wait for something to score."""
        self._to_score.put(None)

    # What hangs.

    def is_on_loop(self, flight: Flight) -> bool:
        """The background loop works on it now, or is about to."""
        if self._task is None or flight.phase is Phase.PARKED:
            return False
        return flight.phase is not Phase.SCORING or not self._scores_in_threads

    def loop_answers(self, seconds: float) -> bool:
        """Tell whether the loop is free to run something within a time."""
        return self._loop is None or self._loop.answers(seconds)

    def replace(self, flight: Flight) -> None:
        """Put a new lane in the place of the one that a flight holds for good."""
        if self._task is None:
            self.thread("xeroml-task", self._task_lane)
        elif flight.phase is Phase.SCORING and self._scores_in_threads:
            self.thread("xeroml-score", self._scoring_lane)
        elif self._loop is not None:
            self._loop.submit(self._async_lane(self._loop))

    def leave_loop(self) -> asyncio.Task[None] | None:
        """Give the loop up; tells what blocks it."""
        if self._loop is None:
            return None
        blocking = asyncio.current_task(self._loop.loop)
        leave_behind(self._loop)
        return blocking

    def enter_loop(self) -> None:
        """Work on the background loop of this moment."""
        self._loop = background_loop()
        for _ in range(self._count):
            self._loop.submit(self._async_lane(self._loop))

    def score_rest(self, flight: Flight, rest: Flight) -> bool:
        """Score what is left of a flight in a thread; False if the flight has landed."""
        rest.context = flight.context.copy()
        rest.park()
        if not self._board.swap(flight, rest):
            return False
        self._to_score.put(rest)
        self.thread("xeroml-score", self._scoring_lane)
        return True

    def cancel(self) -> None:
        """Cancel the coroutines that still run."""
        for coroutine in list(self._coroutines):
            coroutine.get_loop().call_soon_threadsafe(coroutine.cancel)

    # The lanes themselves.

    def _task_lane(self) -> None:
        while self._gate.wait() and (flight := self._board.take()) is not None:
            with flight.kept_on_error():
                flight.context.run(_fly, flight)
            if not self._board.land(flight):
                return

    def _scoring_lane(self) -> None:
        while (flight := self._to_score.get()) is not None:
            with flight.kept_on_error():
                # A copy: the coroutine that handed it over may not have left its context yet.
                flight.context.copy().run(ask, flight)
            if not self._board.land(flight):
                return
        self._to_score.put(None)  # for the next lane

    async def _async_lane(self, mine: BackgroundLoop) -> None:
        loop = asyncio.get_running_loop()
        while mine is self._loop:
            await self._may_go_on()
            if (flight := self._board.take()) is None:
                return
            coroutine = loop.create_task(self._fly_async(flight), context=flight.context)
            flight.coroutine = coroutine
            self._coroutines.add(coroutine)
            coroutine.add_done_callback(self._coroutines.discard)
            with suppress(asyncio.CancelledError):
                await coroutine

    async def _may_go_on(self) -> None:
        """Wait out a pause, and evaluators that are slower than the task."""
        while not self._gate.is_set():
            await asyncio.sleep(_PAUSE_POLL)
        while self._to_score.qsize() > self._count and not self._stopping.is_set():
            await asyncio.sleep(_ROOM_POLL)

    async def _fly_async(self, flight: Flight) -> None:
        assert self._task is not None  # noqa: S101 - only coroutine tasks come here
        with flight.kept_on_error():
            flight.begin()
            flight.enter()
            await flight.run_task_async(self._task)
            if self._scores_in_threads and not flight.is_scored:
                flight.park()
                self._to_score.put(flight)
                return
            await ask_async(flight)
        self._board.land(flight)


def _fly(flight: Flight) -> None:
    flight.begin()
    flight.enter()
    flight.run_task()
    ask(flight)
