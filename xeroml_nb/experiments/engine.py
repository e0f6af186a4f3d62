"""The runner: takes items, keeps lanes busy, and ends on time whatever a task does.

A supervisor thread watches deadlines. Plain tasks run in lanes of one thread each, coroutines on
the background loop. A lane that hangs is left behind and replaced; what was stored stays.
"""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import queue
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from xeroml_nb.experiments.background import (
    background_loop,
    leave_behind,
    leave_behind_if_blocked,
)
from xeroml_nb.experiments.flight import Flight, Phase
from xeroml_nb.records import clock
from xeroml_nb.records.experiment import ItemStatus
from xeroml_nb.store import experiments as stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from xeroml_nb.experiments.background import BackgroundLoop
    from xeroml_nb.experiments.binding import Bound
    from xeroml_nb.experiments.calls import DirectCall, ExecutorCall
    from xeroml_nb.experiments.flight import Route
    from xeroml_nb.experiments.tally import Tally
    from xeroml_nb.records.dataset import DatasetItem
    from xeroml_nb.store.rows import Rows
    from xeroml_nb.store.store import Store

_TICK = 0.05
_STOP_GRACE = 0.5
_BLOCKED_GRACE = 1.0
_HEARTBEAT = 5.0
_SCORING_LANES = 8


class Engine:
    """Runs jobs until all are done or it is stopped.

    Args:
        store: Where item runs go.
        route: What all flights have in common.
        jobs: Items and repetitions to run.
        count: How many jobs there are.
        bound: The task itself, if it returns coroutines.
        call: How a plain task is called.
        concurrency: Tasks at the same time.
        tally: Hears of every stored item run.
        owner: Who runs it, for the heartbeat.
        begun: Called on the supervisor's thread once the lanes are busy.
        finish: Called there once at the end.
        stopping: Set when no further item may start.
    """

    def __init__(  # noqa: PLR0913 - the parts of a run
        self,
        *,
        store: Store,
        route: Route,
        jobs: Iterable[tuple[DatasetItem, int]],
        count: int,
        bound: Bound | None,
        call: DirectCall | ExecutorCall,
        concurrency: int,
        tally: Tally,
        owner: str,
        begun: Callable[[], None],
        finish: Callable[[], None],
        stopping: threading.Event,
    ) -> None:
        self._store = store
        self._route = route
        self._jobs = iter(jobs)
        self._bound = bound
        self._call = call
        self._lanes = max(1, min(concurrency, count))
        self._tally = tally
        self._owner = owner
        self._begun = begun
        self._finish = finish
        self._stopping = stopping
        self._context = contextvars.copy_context()
        self._lock = threading.Lock()
        self._flights: dict[int, Flight] = {}
        self._numbers = itertools.count()
        self._unsaved = 0
        self._exhausted = False
        self._gate = threading.Event()
        self._gate.set()
        self._wake = threading.Event()
        self._to_score: queue.SimpleQueue[Flight | None] = queue.SimpleQueue()
        self._loop: BackgroundLoop | None = None
        self._coroutines: set[asyncio.Task[None]] = set()
        self._stopped_at = float("inf")
        self.error: BaseException | None = None
        self.ended = threading.Event()

    # What a handle does with it.

    def start(self) -> None:
        """Begin, and return at once."""
        self._thread("xeroml-run", self._supervise)

    def pause(self) -> None:
        """Start no further item until `unpause`."""
        self._gate.clear()

    def unpause(self) -> None:
        """Go on."""
        self._gate.set()

    def stop(self) -> None:
        """Start nothing further; only sets flags, so it may be called on any thread."""
        self._stopping.set()
        self._gate.set()
        self._wake.set()

    @property
    def paused(self) -> bool:
        """No further item is started for now."""
        return not self._gate.is_set()

    @property
    def running(self) -> int:
        """Item runs being worked on."""
        return len(self._flights)

    # The supervisor.

    def _supervise(self) -> None:
        try:
            leave_behind_if_blocked()
            self._launch()
            self._begun()
            beat_at = time.monotonic() + _HEARTBEAT
            while not self._is_done():
                self._wake.wait(_TICK)
                self._wake.clear()
                self._expire_overdue()
                if self._stopping.is_set():
                    self._wind_down()
                if time.monotonic() >= beat_at:
                    beat_at = time.monotonic() + _HEARTBEAT
                    self._beat()
            self._store.flush()
        except BaseException as error:  # noqa: BLE001 - the handle's wait() raises it
            self.error = self.error or error
        self._close()

    def _launch(self) -> None:
        if self._bound is not None:
            self._launch_loop(self._lanes)
            for _ in range(min(self._lanes, _SCORING_LANES) if self._scores_in_threads else 0):
                self._thread("xeroml-score", self._scoring_lane)
        else:
            for _ in range(self._lanes):
                self._thread("xeroml-task", self._task_lane)

    def _is_done(self) -> bool:
        with self._lock:
            over = self._exhausted or self._stopping.is_set()
            if not over or self._flights:
                return False
            unsaved = self._unsaved
        if unsaved:
            self._store.flush()
        return self._unsaved == 0

    def _expire_overdue(self) -> None:
        now = time.monotonic()
        for number, flight in list(self._flights.items()):
            # A coroutine is first given the chance to be cancelled in its own loop.
            on_loop = self._is_on_loop(flight)
            if now <= flight.deadline + (_BLOCKED_GRACE if on_loop else 0.0):
                continue
            if on_loop and self._loop is not None and not self._loop.answers(_BLOCKED_GRACE):
                self._replace_loop(number, flight)
                return
            if self._end_overdue(number, flight):
                self._replace_lane(flight)

    def _is_on_loop(self, flight: Flight) -> bool:
        """The background loop works on it now, or is about to."""
        if self._bound is None or flight.phase is Phase.PARKED:
            return False
        return flight.phase is not Phase.SCORING or not self._scores_in_threads

    def _end_overdue(self, number: int, flight: Flight) -> bool:
        """End what hangs; evaluators after the one that hangs still have their turn."""
        if flight.has_more_to_score:
            return self._score_elsewhere(number, flight, flight.expired())
        return self._land(number, flight, flight.expired())

    def _score_elsewhere(self, number: int, flight: Flight, rest: Flight) -> bool:
        """Let a scoring thread go on with a flight."""
        rest.context = flight.context.copy()
        rest.park()
        with self._lock:
            if self._flights.get(number) is not flight:
                return False
            self._flights[number] = rest
        self._to_score.put(rest)
        self._thread("xeroml-score", self._scoring_lane)
        return True

    def _replace_lane(self, flight: Flight) -> None:
        """Put a new lane in the place of the one that hangs."""
        if self._bound is None:
            self._thread("xeroml-task", self._task_lane)
        elif flight.phase is Phase.SCORING and self._scores_in_threads:
            self._thread("xeroml-score", self._scoring_lane)
        elif self._loop is not None:
            self._loop.submit(self._async_lane(self._loop))

    def _replace_loop(self, number: int, overdue: Flight) -> None:
        """Leave a blocked loop behind: who blocks it is out of time, the others begin again."""
        assert self._loop is not None  # noqa: S101 - only called with one
        blocking = asyncio.current_task(self._loop.loop)
        leave_behind(self._loop)
        here = {n: f for n, f in list(self._flights.items()) if self._is_on_loop(f)}
        guilty = next((n for n, f in here.items() if f.coroutine is blocking), number)
        self._end_overdue(guilty, here.pop(guilty, overdue))
        for n, flight in here.items():
            if flight.phase is Phase.SCORING:
                self._score_elsewhere(n, flight, flight.twin())
            else:
                self._begin_again(n, flight)
        self._launch_loop(self._lanes)

    def _begin_again(self, number: int, flight: Flight) -> None:
        """Put an item back that a lost loop had begun."""
        with self._lock:
            if self._flights.pop(number, None) is None:
                return
            self._jobs = itertools.chain([(flight.item, flight.repetition)], self._jobs)
            self._exhausted = False
        flight.let_go()

    def _wind_down(self) -> None:
        """After a stop: give what runs a moment to end, then leave it behind."""
        if self._stopped_at == float("inf"):
            self._stopped_at = time.monotonic()
            self._call.cancel()
        if time.monotonic() < self._stopped_at + _STOP_GRACE:
            return
        if self._loop is not None:
            for coroutine in list(self._coroutines):
                self._loop.loop.call_soon_threadsafe(coroutine.cancel)
        for number, flight in list(self._flights.items()):
            waiting = flight.phase is Phase.WAITING
            self._land(number, flight, None if waiting else flight.stopped())

    def _beat(self) -> None:
        moment, mine = clock.now(), self._route.experiment_id
        self._store.write(lambda c: stored.claim(c, mine, self._owner, moment))

    def _close(self) -> None:
        self._stopping.set()
        self._to_score.put(None)
        self._tally.end()
        try:
            self._finish()
        except Exception as error:  # noqa: BLE001 - the handle's wait() raises it
            self.error = self.error or error
        self.ended.set()

    # Lanes.

    def _thread(self, name: str, work: Callable[[], None]) -> None:
        context = self._context.copy()
        threading.Thread(target=context.run, args=(work,), name=name, daemon=True).start()

    def _task_lane(self) -> None:
        while self._gate.wait() and (taken := self._take()) is not None:
            number, flight = taken
            with flight.kept_on_error():
                flight.context.run(self._fly, flight)
            if not self._land(number, flight):
                return

    @staticmethod
    def _fly(flight: Flight) -> None:
        flight.begin()
        flight.enter()
        flight.run_task()
        flight.score()

    def _scoring_lane(self) -> None:
        while (flight := self._to_score.get()) is not None:
            with flight.kept_on_error():
                # A copy: the coroutine that handed it over may not have left its context yet.
                flight.context.copy().run(flight.score)
            if not self._land(flight.number, flight):
                return
        self._to_score.put(None)  # for the next lane

    def _launch_loop(self, lanes: int) -> None:
        self._loop = background_loop()
        for _ in range(lanes):
            self._loop.submit(self._async_lane(self._loop))

    async def _async_lane(self, mine: BackgroundLoop) -> None:
        loop = asyncio.get_running_loop()
        while mine is self._loop:
            while not self._gate.is_set():
                await asyncio.sleep(_TICK)
            while self._to_score.qsize() > self._lanes and not self._stopping.is_set():
                await asyncio.sleep(_TICK / 5)
            if (taken := self._take()) is None:
                return
            number, flight = taken
            coroutine = loop.create_task(self._fly_async(number, flight), context=flight.context)
            flight.coroutine = coroutine
            self._coroutines.add(coroutine)
            coroutine.add_done_callback(self._coroutines.discard)
            with suppress(asyncio.CancelledError):
                await coroutine

    async def _fly_async(self, number: int, flight: Flight) -> None:
        assert self._bound is not None  # noqa: S101 - only coroutine tasks come here
        with flight.kept_on_error():
            flight.begin()
            flight.enter()
            await flight.run_task_async(self._bound)
            if self._scores_in_threads and flight.status is ItemStatus.OK:
                flight.park()
                self._to_score.put(flight)
                return
            await flight.score_async()
        self._land(number, flight)

    @property
    def _scores_in_threads(self) -> bool:
        return any(not e.is_async for e in self._route.evaluators)

    # One flight after the other.

    def _take(self) -> tuple[int, Flight] | None:
        """The next item to run, or None if there is none."""
        with self._lock:
            job = None if self._stopping.is_set() else next(self._jobs, None)
            if job is None:
                self._exhausted = self._exhausted or not self._stopping.is_set()
                self._wake.set()
                return None
            flight = Flight(self._route, *job, context=self._context.copy())
            number = flight.number = next(self._numbers)
            self._flights[number] = flight
            return number, flight

    def _land(self, number: int, flight: Flight, ended: Flight | None = None) -> bool:
        """Store a flight, as it ended; False if it was given up before, and its lane with it."""
        with self._lock:
            if self._flights.get(number) is not flight:
                return False
            del self._flights[number]
            begun = flight.phase is not Phase.WAITING
            self._unsaved += begun
        if begun:
            rows = (ended or flight).rows()
            self._store.submit(rows, lambda error: self._saved(rows, error))
        return True

    def _saved(self, rows: Rows, error: BaseException | None) -> None:
        """Hear from the store's writer how a commit went."""
        if error is None:
            for run in rows.item_runs:
                self._tally.add(run, rows.scores)
        else:
            self.error = self.error or error
            self.stop()
        with self._lock:
            self._unsaved -= 1
            if not self._unsaved:
                self._wake.set()


def pending(
    items: Iterable[DatasetItem], repetitions: int, done: Callable[[tuple[str, int]], Any]
) -> list[tuple[DatasetItem, int]]:
    """Items and repetitions that are not done yet, one repetition of all items after the other."""
    every = list(items)
    return [(i, r) for r in range(repetitions) for i in every if not done((i.id, r))]
