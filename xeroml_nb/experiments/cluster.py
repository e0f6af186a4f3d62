"""A cluster of Dask as an executor: calls go there, and answers come back, by the batch.

A cluster asks a fixed price for every message, which is many times that of the call itself. What
lanes hand over while one message is on its way leaves with the next one.
"""

from __future__ import annotations

import functools
import queue
import threading
from concurrent.futures import BrokenExecutor, Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from xeroml_nb.experiments.elsewhere import work
from xeroml_nb.records.json_text import said

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

T = TypeVar("T")
Pair = tuple[Any, Future[bytes]]  # a call as the cluster knows it, and as the lane does
_SHORT, _LONG = 0.01, 0.02  # seconds between two looks
_COLLECTORS = 2  # the second goes on where the first waits for what a dead worker took along


def is_cluster(executor: Executor) -> bool:
    """Tell whether an executor is that of a Dask cluster, without importing Dask."""
    return type(executor).__module__.partition(".")[0] == "distributed"


class Batches:
    """Hands calls to a cluster, and looks for what has ended, a few hundred times a second.

    To be told of the end of each call would cost more than most calls do.

    Args:
        executor: From `distributed.Client(...).get_executor()`; its options hold here too.
    """

    def __init__(self, executor: Any) -> None:
        # It offers neither of them; its own `submit` would send every call by itself.
        self._client = executor._client  # noqa: SLF001
        self._options = {**executor._kwargs, "pure": False}  # noqa: SLF001 - equal items too
        self._calls: queue.SimpleQueue[tuple[bytes, Future[bytes]] | None] = queue.SimpleQueue()
        self._out: list[Pair] = []
        self._ended: queue.SimpleQueue[Pair | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._start("xeroml-cluster-send", self._pump)
        for _ in range(_COLLECTORS):
            self._start("xeroml-cluster-collect", self._collect)

    def submit(self, parcel: bytes) -> Future[bytes]:
        """Let some worker work on a parcel."""
        future: Future[bytes] = Future()
        self._calls.put((parcel, future))
        return future

    def close(self) -> None:
        """Let the threads end; the cluster stays."""
        self._closed.set()
        self._ended.put(None)

    @staticmethod
    def _start(name: str, loop: Callable[[], None]) -> None:
        threading.Thread(target=loop, name=name, daemon=True).start()

    def _pump(self) -> None:
        pause = _SHORT
        while not self._closed.wait(pause):
            batch = _drained(self._calls)
            try:
                self._send(batch)
            except BaseException as error:  # noqa: BLE001 - a cluster that has gone raises many
                for _, future in batch:
                    _break(future, error)
            pause = _SHORT if self._look() or batch else min(2 * pause, _LONG)

    def _send(self, batch: list[tuple[bytes, Future[bytes]]]) -> None:
        wanted = [call for call in batch if not call[1].cancelled()]
        if not wanted:
            return
        remote = self._client.map(work, [parcel for parcel, _ in wanted], **self._options)
        for there, (_, here) in zip(remote, wanted, strict=True):
            here.add_done_callback(functools.partial(_take_back, there))
            self._out.append((there, here))

    def _look(self) -> bool:
        """Hand on what has ended; tells whether anything has."""
        ended: list[Pair] = []
        waiting: list[Pair] = []
        for pair in self._out:
            (waiting if pair[0].status == "pending" else ended).append(pair)
        self._out = waiting
        for pair in ended:
            self._ended.put(pair)
        return bool(ended)

    def _collect(self) -> None:
        while (first := self._ended.get()) is not None:
            done: list[Pair] = []
            rest: list[Pair] = []
            batch = [first, *_drained(self._ended)]
            for pair in batch:
                (done if pair[0].status == "finished" else rest).append(pair)
            try:
                answers = self._client.gather([there for there, _ in done])
            except BaseException:  # noqa: BLE001 - each by itself tells which one it was
                rest = batch
            else:
                for (there, here), answer in zip(done, answers, strict=True):
                    there.release()  # or the cluster would do it again if it lost the answer
                    _set(here, answer)
            self._settle(rest)
        self._ended.put(None)  # for the other collector

    @staticmethod
    def _settle(pairs: list[Pair]) -> None:
        """Take over the ends one by one; what the cluster forgot is no fault of an item."""
        for there, here in pairs:
            if there.status in ("cancelled", "lost"):
                _break(here, BrokenExecutor("the cluster has gone, or forgot the call"))
                continue
            try:
                _set(here, there.result())
            except BaseException as error:  # noqa: BLE001 - such as `KilledWorker`
                _fail(here, error)


def _take_back(there: Any, here: Future[bytes]) -> None:
    if here.cancelled() and there.status == "pending":
        there.cancel()


def _drained(source: queue.SimpleQueue[T | None]) -> list[T]:
    """What is there now, up to the mark of the end, which stays."""
    found: list[T] = []
    with suppress(queue.Empty):
        while (one := source.get_nowait()) is not None:
            found.append(one)
        source.put(None)
    return found


def _set(future: Future[bytes], answer: bytes) -> None:
    if future.set_running_or_notify_cancel():
        future.set_result(answer)


def _fail(future: Future[bytes], error: BaseException) -> None:
    if future.set_running_or_notify_cancel():
        future.set_exception(error)


def _break(future: Future[bytes], error: BaseException) -> None:
    _fail(future, error if isinstance(error, BrokenExecutor) else BrokenExecutor(said(error)))
