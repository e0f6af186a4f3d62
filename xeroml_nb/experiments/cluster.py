"""A cluster of Dask as an executor: calls go there, and answers come back, by the bundle.

A cluster asks a fixed price for every task and every message, which is many times that of a quick
call. What lanes hand over while one message is on its way leaves with the next one, and of calls
that are quick several make one task of the cluster.
"""

from __future__ import annotations

import functools
import queue
import threading
from concurrent.futures import BrokenExecutor, Future
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from xeroml_nb.experiments.elsewhere import QUICK, work_on_each
from xeroml_nb.records.json_text import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Executor

T = TypeVar("T")
_SHORT, _LONG = 0.01, 0.02  # seconds between two looks
_COLLECTORS = 2  # the second goes on where the first waits for what a dead worker took along
_MOST = 16  # calls in a bundle
_PROOF = 20  # quick calls in a row that allow one more call in a bundle


def is_cluster(executor: Executor) -> bool:
    """Tell whether an executor is that of a Dask cluster, without importing Dask."""
    return type(executor).__module__.partition(".")[0] == "distributed"


@dataclass(slots=True)
class _Call:
    """A parcel for a worker, and the answer that a lane waits for."""

    parcel: bytes
    answer: Future[bytes]
    alone: bool = False  # it was in a bundle that came to nothing


@dataclass(frozen=True, slots=True)
class _Bundle:
    """Calls that go together, and the task of the cluster that makes them."""

    there: Any
    calls: Sequence[_Call]

    @property
    def is_unwanted(self) -> bool:
        """Nobody waits for any of its answers."""
        return all(call.answer.cancelled() for call in self.calls)


class BundleSize:
    """How many calls make one task of the cluster: one, unless they are quick.

    One that is slow holds up those it shares a bundle with. After it each goes by itself, until
    as many as before were quick in a row.
    """

    def __init__(self) -> None:
        self._in_a_row = 0

    @property
    def present(self) -> int:
        """Calls in the next bundle."""
        return min(1 + self._in_a_row // _PROOF, _MOST)

    def learn(self, done: int, left: int, seconds: float) -> None:
        """Hear of a bundle: calls that were made, those left over, and the time that took."""
        if left or seconds > QUICK:
            self._in_a_row = 0
        elif seconds <= QUICK / 2:
            self._in_a_row += done


class Bundles:
    """Hands calls to a cluster, and looks for what has ended, a few hundred times a second.

    To be told of the end of each call would cost more than most calls do.

    Args:
        executor: From `distributed.Client(...).get_executor()`; its options hold here too.
    """

    def __init__(self, executor: Any) -> None:
        # It offers neither of them; its own `submit` would send every call by itself.
        self._client = executor._client  # noqa: SLF001
        self._options = {**executor._kwargs, "pure": False}  # noqa: SLF001 - equal items too
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._size = BundleSize()
        self._out: list[_Bundle] = []
        self._ended: queue.SimpleQueue[_Bundle | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._start("xeroml-cluster-send", self._pump)
        for _ in range(_COLLECTORS):
            self._start("xeroml-cluster-collect", self._collect)

    def submit(self, parcel: bytes) -> Future[bytes]:
        """Let some worker work on a parcel."""
        call = _Call(parcel, Future())
        self._calls.put(call)
        return call.answer

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
            calls = _drained(self._calls)
            try:
                self._send([call for call in calls if not call.answer.cancelled()])
            except BaseException as error:  # noqa: BLE001 - a cluster that has gone raises many
                for call in calls:
                    _break(call.answer, error)
            pause = _SHORT if self._look() or calls else min(2 * pause, _LONG)

    def _send(self, calls: Sequence[_Call]) -> None:
        if not calls:
            return
        bundles = list(_bundled(calls, self._size.present))
        parcels = [[call.parcel for call in bundle] for bundle in bundles]
        remote = self._client.map(work_on_each, parcels, **self._options)
        for bundle in map(_Bundle, remote, bundles):
            for call in bundle.calls:
                call.answer.add_done_callback(functools.partial(_take_back, bundle))
            self._out.append(bundle)

    def _look(self) -> bool:
        """Hand on what has ended; tells whether anything has."""
        ended: list[_Bundle] = []
        waiting: list[_Bundle] = []
        for bundle in self._out:
            (waiting if bundle.there.status == "pending" else ended).append(bundle)
        self._out = waiting
        for bundle in ended:
            self._ended.put(bundle)
        return bool(ended)

    def _collect(self) -> None:
        while (first := self._ended.get()) is not None:
            done: list[_Bundle] = []
            rest: list[_Bundle] = []
            batch = [first, *_drained(self._ended)]
            for bundle in batch:
                (done if bundle.there.status == "finished" else rest).append(bundle)
            try:
                results = self._client.gather([bundle.there for bundle in done])
            except BaseException:  # noqa: BLE001 - each by itself tells which one it was
                rest = batch
            else:
                for bundle, result in zip(done, results, strict=True):
                    bundle.there.release()  # or the cluster would do it again if it lost the answer
                    self._answer(bundle, *result)
            self._settle(rest)
        self._ended.put(None)  # for the other collector

    def _answer(self, bundle: _Bundle, answers: Sequence[bytes], seconds: float) -> None:
        """Hand answers on; what was not begun is sent anew."""
        left = bundle.calls[len(answers) :]
        self._size.learn(len(answers), len(left), seconds)
        for call, answer in zip(bundle.calls, answers, strict=False):
            _set(call.answer, answer)
        for call in left:
            self._calls.put(call)

    def _settle(self, bundles: Sequence[_Bundle]) -> None:
        """Take over the ends one by one; what the cluster forgot is no fault of an item."""
        for bundle in bundles:
            if bundle.there.status in ("cancelled", "lost"):
                for call in bundle.calls:
                    _break(call.answer, BrokenExecutor("the cluster has gone, or forgot the call"))
                continue
            try:
                self._answer(bundle, *bundle.there.result())
            except BaseException as error:  # noqa: BLE001 - such as `KilledWorker`
                self._fail(bundle.calls, error)

    def _fail(self, calls: Sequence[_Call], error: BaseException) -> None:
        """Of several, the one that did it will show when each goes by itself."""
        if len(calls) == 1:
            _fail(calls[0].answer, error)
            return
        for call in calls:
            call.alone = True
            self._calls.put(call)


def _bundled(calls: Sequence[_Call], size: int) -> Iterator[Sequence[_Call]]:
    together = [call for call in calls if not call.alone]
    yield from ([call] for call in calls if call.alone)
    yield from (together[n : n + size] for n in range(0, len(together), size))


def _take_back(bundle: _Bundle, answer: Future[bytes]) -> None:
    if answer.cancelled() and bundle.is_unwanted and bundle.there.status == "pending":
        bundle.there.cancel()


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
