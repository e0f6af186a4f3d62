"""The ways to call a plain task in this process: in the lane's own thread, or in a pool's."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
import time
from abc import ABC, abstractmethod
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Any

from xeroml_nb.experiments.background import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor

    from xeroml_nb.errors import XeromlError
    from xeroml_nb.experiments.binding import Bound


_POLL = 0.005


class Call(ABC):
    """How a plain task is called; lanes call it at the same time."""

    error: XeromlError | None = None  # why nothing can be called any more

    @abstractmethod
    def __call__(self, known: dict[str, Any], begin: Callable[[], None]) -> tuple[Any, float]:
        """The task's output and the seconds it took; `begin` is called when it begins."""

    def cancel(self) -> None:  # noqa: B027 - most have nothing to take back
        """Take back what has not begun, and begin nothing more."""

    def close(self) -> None:  # noqa: B027
        """Let go of what was made for the run."""


class DirectCall(Call):
    """Calls the task where the worker is.

    Args:
        bound: The task.
        timeout: Seconds to wait for an awaitable that it returns.
    """

    def __init__(self, bound: Bound, timeout: float) -> None:
        self._bound = bound
        self._timeout = timeout

    def __call__(self, known: dict[str, Any], begin: Callable[[], None]) -> tuple[Any, float]:
        """The task's output and the seconds it took; `begin` is called when it begins."""
        begin()
        began = time.perf_counter()
        output = wait_for(self._bound(known), self._timeout)
        return output, time.perf_counter() - began


class ExecutorCall(Call):
    """Calls the task in the threads of a pool.

    Args:
        bound: The task.
        executor: The pool.
    """

    def __init__(self, bound: Bound, executor: ThreadPoolExecutor) -> None:
        self._bound = bound
        self._executor = executor
        self._lock = threading.Lock()
        self._waiting: set[Future[tuple[Any, float]]] = set()
        self._is_cancelled = False

    def __call__(self, known: dict[str, Any], begin: Callable[[], None]) -> tuple[Any, float]:
        """The task's output and the seconds it took; `begin` is called when its turn has come."""
        with self._lock:
            # A worker may have passed its own look at the stop before that came.
            if self._is_cancelled:
                raise CancelledError
            future = self._submit(known)
            self._waiting.add(future)
        try:
            while not (future.running() or future.done()):
                time.sleep(_POLL)
            begin()
            return future.result()
        finally:
            with self._lock:
                self._waiting.discard(future)

    def _submit(self, known: dict[str, Any]) -> Future[tuple[Any, float]]:
        # Context variables and the active span go along.
        run = contextvars.copy_context().run
        return self._executor.submit(run, timed_call, self._bound, known)

    def cancel(self) -> None:
        """Take back what the executor has not begun, and hand it nothing more."""
        with self._lock:
            self._is_cancelled = True
            waiting = list(self._waiting)
        for future in waiting:
            future.cancel()


def timed_call(call: Callable[[dict[str, Any]], Any], known: dict[str, Any]) -> tuple[Any, float]:
    """Call a task in a pool's thread; its output and the seconds it took."""
    began = time.perf_counter()
    output = call(known)
    if inspect.isawaitable(output):
        output = asyncio.run(_result_of(output))
    return output, time.perf_counter() - began


async def _result_of(awaitable: Any) -> Any:
    return await awaitable
