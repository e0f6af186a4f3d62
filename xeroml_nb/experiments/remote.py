"""Calls of a task in other processes: those of this machine, or a cluster's."""

from __future__ import annotations

import math
import pickle
import threading
import time
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import XeromlError
from xeroml_nb.experiments.calls import Call, DirectCall, ExecutorCall
from xeroml_nb.experiments.cluster import Bundles, is_cluster
from xeroml_nb.experiments.elsewhere import INTERRUPTED, UNKNOWN, Answer, Parcel, work
from xeroml_nb.experiments.retries import OutOfTime, Stopped
from xeroml_nb.records.json_text import said
from xeroml_nb.tracing.carrying import current_headers

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from xeroml_nb.experiments.binding import Bound
    from xeroml_nb.experiments.packing import Packed
    from xeroml_nb.tracing.recorder import Recorder

_ALWAYS_SENT = 32_768  # bytes of luggage that are not worth a question
_LOOK = 0.5


def call_of(  # noqa: PLR0913 - what a call depends on
    bound: Bound,
    luggage: Packed | None,
    executor: Executor | None,
    *,
    timeout: float,
    recorder: Recorder,
    stopping: threading.Event,
) -> Call:
    """How a task is called that an executor of the user calls, or else the lanes themselves.

    Args:
        bound: The task.
        luggage: The task as it is sent away; None where it is called in this process.
        executor: Of the user.
        timeout: Seconds that one attempt may take.
        recorder: Gets the spans of workers.
        stopping: Set when no further item may start.
    """
    if isinstance(executor, ThreadPoolExecutor):
        return ExecutorCall(bound, executor)
    if executor is None or luggage is None:
        return DirectCall(bound, timeout)
    names = ("input",) if bound.names is None else bound.names
    return RemoteCall(
        luggage, names, executor, timeout=timeout, recorder=recorder, stopping=stopping
    )


class RemoteCall(Call):
    """Calls the task in workers that share no memory with this process.

    A worker keeps the time limit itself, in a thread that it can leave behind; the clock of this
    process only ends what a worker no longer answers for.

    Args:
        luggage: The task, packed.
        names: Which values of an item it asks for.
        executor: Calls functions elsewhere.
        timeout: Seconds that one attempt may take.
        recorder: Gets the spans that come back.
        stopping: Set here where the executor has broken, so that the run ends and can be taken up.
    """

    def __init__(  # noqa: PLR0913 - what a call depends on
        self,
        luggage: Packed,
        names: tuple[str, ...],
        executor: Executor,
        *,
        timeout: float,
        recorder: Recorder,
        stopping: threading.Event,
    ) -> None:
        self._luggage = luggage
        self._names = names
        self._executor = Bundles(executor) if is_cluster(executor) else executor
        self._timeout = timeout
        self._recorder = recorder
        self._stopping = stopping
        self._lock = threading.Lock()
        self._waiting: set[Future[bytes]] = set()
        self._is_large = len(luggage.content) > _ALWAYS_SENT

    def __call__(self, known: dict[str, Any], begin: Callable[[], None]) -> tuple[Any, float]:  # noqa: ARG002
        """The task's output and the seconds it took in the worker."""
        values = {name: known[name] for name in self._names}
        content = None if self._is_large else self._luggage.content
        found = self._sent(values, content)
        if found == UNKNOWN:
            found = self._sent(values, self._luggage.content)
        if found == INTERRUPTED:
            raise Stopped
        return self._opened(found)

    def cancel(self) -> None:
        """Take back what no worker has begun, and send nothing more."""
        with self._lock:
            waiting, self._waiting = self._waiting, set()
            self._stopping.set()
        for future in waiting:
            future.cancel()

    def close(self) -> None:
        """Let go of what was made for this run; the executor itself is its maker's."""
        if isinstance(self._executor, Bundles):
            self._executor.close()

    def _sent(self, values: dict[str, Any], content: bytes | None) -> bytes:
        parcel = Parcel(self._luggage.name, content, values, current_headers())
        try:
            return self._waited(self._submit(pickle.dumps(parcel)))
        except RuntimeError as error:  # what it was shut down for, or `BrokenExecutor`
            self._give_up(error)
            raise Stopped from error

    def _submit(self, parcel: bytes) -> Future[bytes]:
        with self._lock:
            # A lane may have passed its own look at the stop before that came.
            if self._stopping.is_set():
                raise CancelledError
            future = (
                self._executor.submit(parcel)
                if isinstance(self._executor, Bundles)
                else self._executor.submit(work, parcel)
            )
            self._waiting.add(future)
        return future

    def _waited(self, future: Future[bytes]) -> bytes:
        """The answer; a time-out where the worker does not even keep the time any more."""
        last = math.inf
        try:
            while time.monotonic() < last:
                with suppress(TimeoutError):
                    return future.result(_LOOK)
                if last == math.inf and future.running():
                    last = time.monotonic() + 2 * self._timeout  # one other may be before it
        finally:
            with self._lock:
                self._waiting.discard(future)
        raise OutOfTime

    def _opened(self, found: bytes) -> tuple[Any, float]:
        answer: Answer = pickle.loads(found)  # noqa: S301 - from a worker of our own
        self._recorder.add(answer.spans)
        if answer.late:
            raise OutOfTime
        if answer.failure is not None:
            raise answer.failure.error()
        return answer.output, answer.seconds

    def _give_up(self, error: RuntimeError) -> None:
        """The executor will take nothing more: what is missing can be run with another one."""
        if self._stopping.is_set():
            return
        self.error = XeromlError(
            f"The executor of the run has broken: {said(error)}.",
            "Nothing that was stored is lost. Make a new executor and run again: only what is "
            "missing will be run.",
        )
        self._stopping.set()
