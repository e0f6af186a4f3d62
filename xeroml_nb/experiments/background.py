"""One event loop in a thread of its own, for the coroutines of tasks and evaluators.

It outlives a run, so that a client that keeps connections open can be used by the next run too.
The user's own loop is never touched.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from xeroml_nb.experiments.retries import OutOfTime

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from concurrent.futures import Future

_PATIENCE = 0.25
_lock = threading.Lock()
_present: BackgroundLoop | None = None


class BackgroundLoop:
    """A running event loop that any thread can hand coroutines to."""

    def __init__(self) -> None:
        self.process = os.getpid()  # a forked process has the object, but not its thread
        self.loop = asyncio.new_event_loop()
        # Without a context of its own, some kernels cannot place what the thread prints.
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run, args=(self._run,), name="xeroml-loop", daemon=True
        ).start()

    def submit(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Start a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def answers(self, seconds: float) -> bool:
        """Tell whether the loop is free to run something within a time."""
        alive = threading.Event()
        self.loop.call_soon_threadsafe(alive.set)
        return alive.wait(seconds)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        while True:
            # A coroutine that exits ends the loop: its task has kept that, the others go on.
            with suppress(SystemExit, KeyboardInterrupt):
                self.loop.run_forever()


def background_loop() -> BackgroundLoop:
    """The loop of this process, started at its first use."""
    global _present  # noqa: PLW0603 - one loop a process is the point
    with _lock:
        if _present is None or _present.process != os.getpid():
            _present = BackgroundLoop()
        return _present


def leave_behind(blocked: BackgroundLoop) -> None:
    """Give up a loop that some coroutine blocks; the next one asked for is new."""
    global _present  # noqa: PLW0603
    with _lock:
        if _present is blocked:
            _present = None


def leave_behind_if_blocked() -> None:
    """Give up the present loop if what an earlier run left there blocks it."""
    loop = _present
    if loop is not None and not loop.answers(_PATIENCE):
        leave_behind(loop)


def wait_for(result: Any, seconds: float | None = None) -> Any:
    """The result of an awaitable, run on the background loop; anything else as it is.

    Args:
        result: What a function returned.
        seconds: How long to wait; then the coroutine is cancelled.

    Raises:
        OutOfTime: If it took longer.
    """
    if not inspect.isawaitable(result):
        return result
    loop = background_loop()
    future = loop.submit(_outcome(result))
    try:
        value, error = future.result(seconds)
    except TimeoutError:
        future.cancel()
        if not loop.answers(_PATIENCE):
            leave_behind(loop)
        raise OutOfTime from None
    if error is not None:
        raise error
    return value


async def _outcome(awaitable: Any) -> tuple[Any, BaseException | None]:
    """A result or an error; raised inside, an exit would end the loop and not the caller."""
    try:
        return await awaitable, None
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001 - raised again where the caller waits
        return None, error
