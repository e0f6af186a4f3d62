"""The runner: keeps lanes busy, and ends on time whatever a task does.

A supervisor thread watches deadlines. What hangs is left behind, its lane is replaced, and what
was stored stays.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from xeroml_nb.experiments.background import leave_behind_if_blocked
from xeroml_nb.experiments.flight import Phase
from xeroml_nb.experiments.lanes import Lanes

if TYPE_CHECKING:
    from collections.abc import Callable

    from xeroml_nb.experiments.binding import Bound
    from xeroml_nb.experiments.board import Board
    from xeroml_nb.experiments.calls import Call
    from xeroml_nb.experiments.flight import Flight
    from xeroml_nb.experiments.route import Route

_TICK = 0.05
_STOP_GRACE = 0.5
_BLOCKED_GRACE = 1.0
_HEARTBEAT = 5.0


class Engine:
    """Runs what is on a board until all is done or it is stopped.

    Args:
        board: Hands out items and takes results.
        route: What all flights have in common.
        call: How a plain task is called.
        coroutine_task: The task itself, if it returns coroutines.
        concurrency: Tasks at the same time.
        stopping: Set when no further item may start.
        begun: Called on the supervisor's thread once the lanes are busy.
        beat: Called there every few seconds.
        finish: Called there once at the end.
    """

    def __init__(  # noqa: PLR0913 - the parts of a run
        self,
        *,
        board: Board,
        route: Route,
        call: Call,
        coroutine_task: Bound | None,
        concurrency: int,
        stopping: threading.Event,
        begun: Callable[[], None],
        beat: Callable[[], None],
        finish: Callable[[], None],
    ) -> None:
        self._board = board
        self._call = call
        self._stopping = stopping
        self._begun = begun
        self._beat = beat
        self._finish = finish
        self._gate = threading.Event()
        self._gate.set()
        self._lanes = Lanes(
            board=board,
            coroutine_task=coroutine_task,
            evaluators=route.evaluators,
            count=concurrency,
            gate=self._gate,
            stopping=stopping,
        )
        self._first = threading.Lock()
        self._stopped_at: float | None = None
        self._error: BaseException | None = None
        self.is_called_off = False  # by `stop`; an end that comes by itself sets `stopping` too
        self.ended = threading.Event()

    # What a handle does with it.

    def start(self) -> None:
        """Begin, and return at once; an interrupt meanwhile is a stop."""
        try:
            self._lanes.thread("xeroml-run", self._supervise)
        except KeyboardInterrupt:
            self.stop()
            # The thread may have begun or not; without any the run would never end.
            self._lanes.thread("xeroml-run", self._supervise)

    def pause(self) -> None:
        """Start no further item until `unpause`."""
        self._gate.clear()

    def unpause(self) -> None:
        """Go on."""
        self._gate.set()

    def stop(self) -> None:
        """Start nothing further; only sets flags, so it may be called on any thread."""
        self.is_called_off = True
        self._stopping.set()
        self._gate.set()
        self._board.changed.set()

    @property
    def paused(self) -> bool:
        """No further item is started for now."""
        return not self._gate.is_set()

    @property
    def running(self) -> int:
        """Item runs being worked on."""
        return self._board.running

    @property
    def reason(self) -> str | None:
        """Which limit of its budget ended the run early; None if none did."""
        return self._board.budget.reason

    @property
    def error(self) -> BaseException | None:
        """Why the run ended early, such as a full disk; None if it did not."""
        return self._error or self._board.error or self._call.error

    # The supervisor.

    def _supervise(self) -> None:
        if not self._first.acquire(blocking=False):
            return
        try:
            leave_behind_if_blocked()
            self._lanes.launch()
            self._begun()
            self._watch()
        except BaseException as error:  # noqa: BLE001 - the handle's wait() raises it
            self._error = error
            self._end_early()
        self._stopping.set()
        self._lanes.close()
        self._call.close()
        try:
            self._finish()
        except Exception as error:  # noqa: BLE001 - the handle's wait() raises it
            self._error = self.error or error
        self.ended.set()

    def _watch(self) -> None:
        beat_at = time.monotonic() + _HEARTBEAT
        while not self._board.is_clear():
            self._board.changed.wait(_TICK)
            self._board.changed.clear()
            self._expire_overdue()
            if self._board.budget.is_out_of_time:
                self._stopping.set()
            if self._stopping.is_set():
                self._wind_down()
            if time.monotonic() >= beat_at:
                beat_at = time.monotonic() + _HEARTBEAT
                self._beat()

    def _expire_overdue(self) -> None:
        now = time.monotonic()
        for flight in self._board.flying:
            # A coroutine is first given the chance to be cancelled in its own loop.
            on_loop = self._lanes.is_on_loop(flight)
            if now <= flight.deadline + (_BLOCKED_GRACE if on_loop else 0.0):
                continue
            if on_loop and not self._lanes.loop_answers(_BLOCKED_GRACE):
                self._leave_blocked_loop(flight)
                return
            if self._end_overdue(flight):
                self._lanes.replace(flight)

    def _end_overdue(self, flight: Flight) -> bool:
        """End what hangs; evaluators after the one that hangs still have their turn."""
        ended = flight.expired()
        if not ended.is_scored:
            return self._lanes.score_rest(flight, ended)
        return self._board.land(flight, ended)

    def _leave_blocked_loop(self, overdue: Flight) -> None:
        """Who blocks the loop is out of time; the others on it begin again on a new one."""
        here = [f for f in self._board.flying if self._lanes.is_on_loop(f)]
        blocking = self._lanes.leave_loop()
        guilty = next((f for f in here if f.coroutine is blocking), overdue)
        self._end_overdue(guilty)
        for flight in here:
            if flight is guilty:
                continue
            if flight.phase is Phase.SCORING:
                self._lanes.score_rest(flight, flight.twin())
            else:
                self._board.put_back(flight)
        self._lanes.enter_loop()

    def _end_early(self) -> None:
        """After a failure of the run itself: what is in flight must not land once it has ended."""
        self._stopping.set()
        while self._board.running:
            self._wind_down()
            self._board.changed.wait(_TICK)
            self._board.changed.clear()

    def _wind_down(self) -> None:
        """After a stop: give what runs a moment to end, then leave it behind."""
        if self._stopped_at is None:
            self._stopped_at = time.monotonic()
            self._call.cancel()
        if time.monotonic() < self._stopped_at + _STOP_GRACE:
            return
        self._lanes.cancel()
        for flight in self._board.flying:
            waiting = flight.phase is Phase.WAITING
            self._board.land(flight, None if waiting else flight.stopped())
