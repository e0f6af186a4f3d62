"""One thread that writes: it owns its connection and commits in groups."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from xeroml_nb.errors import StoreError
from xeroml_nb.store import evaluations, experiments, judge_answers, observations, scores
from xeroml_nb.store.engines import WRITES
from xeroml_nb.store.failures import explaining
from xeroml_nb.store.outbox import FORWARDS
from xeroml_nb.store.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.engine import Connection, Engine

T = TypeVar("T")
_log = logging.getLogger(__name__)

_GROUP_SECONDS = 0.05
_GROUP_SIZE = 500
_CROWDED = 1_000
_CROWDED_PAUSE = 0.03  # short beside the time the writer needs for what is waiting


@dataclass(slots=True)
class _Task:
    """Something to write, and whom to tell: rows, or a function of the connection."""

    work: Rows | Callable[[Connection], Any]
    tell: Callable[[Any, BaseException | None], None]


class Writer:
    """Writes whatever any thread hands in, in the order given, many at a time.

    A group is one transaction. If it fails, each part is tried alone, so that only the part at
    fault fails.

    Args:
        engine: The database.
        place: What to call it in errors.
        forwards: Changes are noted for the servers that the store sends to.
    """

    def __init__(self, engine: Engine, place: str, *, forwards: bool) -> None:
        self._engine = engine
        self._options = {WRITES: True, FORWARDS: forwards}
        self._place = place
        self._queue: deque[_Task] = deque()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._idle = False
        self._hurry = False
        self._closing = False
        self._thread: threading.Thread | None = None
        self._connection: Connection | None = None
        self._parents: Connection | None = None

    @property
    def crowded(self) -> bool:
        """So much is waiting that producers should pause."""
        return len(self._queue) >= _CROWDED

    def submit(self, rows: Rows, tell: Callable[[BaseException | None], None]) -> None:
        """Write rows within 50 ms; returns at once unless very much is waiting.

        Args:
            rows: Stored together or not at all.
            tell: Called on the writing thread after the commit with None, or with the error.
        """
        while self.crowded:
            time.sleep(_CROWDED_PAUSE)
        self._add(_Task(rows, lambda _, error: tell(error)), hurry=False)

    def call(self, work: Callable[[Connection], T]) -> T:
        """Run a function in a writing transaction and wait for the commit.

        Raises:
            StoreError: If the store cannot be written.
        """
        done: Future[T] = Future()

        def tell(result: T, error: BaseException | None) -> None:
            if error is None:
                done.set_result(result)
            else:
                done.set_exception(error)

        self._add(_Task(work, tell), hurry=True)
        return done.result()

    def close(self) -> None:
        """Write what is waiting, then end the thread."""
        with self._lock:
            self._closing = True
        self._wake.set()
        self._wait_for_end()

    def _add(self, task: _Task, *, hurry: bool) -> None:
        if self._closing:
            raise self._closed()
        if not self._is_begun:
            self._begin()
        self._queue.append(task)
        if hurry:
            self._hurry = True
        # Waking the thread for every row would cost more than writing it. The thread looks at the
        # queue after it has said that it is idle, so nothing is overlooked.
        if hurry or self._idle or len(self._queue) == _GROUP_SIZE:
            self._wake.set()
        if self._closing:
            self._refuse_if_left(task)

    def _refuse_if_left(self, task: _Task) -> None:
        """Refuse what came in while the thread was ending, unless it was still written."""
        self._wait_for_end()
        if task in self._queue:
            self._queue.remove(task)
            raise self._closed()

    def _wait_for_end(self) -> None:
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _closed(self) -> StoreError:
        return StoreError(f"The store {self._place} is closed.", "Open it again.")

    @property
    def _is_begun(self) -> bool:
        """The thread runs; a forked process has none."""
        return self._thread is not None and self._thread.is_alive()

    def _begin(self) -> None:
        with self._lock:
            if not self._is_begun:
                if self._thread is not None:
                    self._leave_to_parent()
                self._thread = threading.Thread(target=self._run, name="xeroml-writer", daemon=True)
                self._thread.start()

    def _leave_to_parent(self) -> None:
        """After a fork: what was waiting, and the connection, are those of the other process."""
        self._queue.clear()
        # It is kept, unused: closing it here could disturb the other process's locks.
        self._parents, self._connection = self._connection, None

    def _run(self) -> None:
        while group := self._next_group():
            self._write(group)
        if self._connection is not None:
            self._connection.close()

    def _next_group(self) -> list[_Task]:
        """What is to be written next, once there is enough or time is up; nothing at the end."""
        self._idle = True
        while not self._queue and not self._closing:
            self._wake.wait()
            self._wake.clear()
        self._idle = False
        until = time.monotonic() + _GROUP_SECONDS
        while self._may_wait() and (left := until - time.monotonic()) > 0:
            self._wake.wait(left)
            self._wake.clear()
        self._hurry = False
        return [self._queue.popleft() for _ in range(min(len(self._queue), 2 * _GROUP_SIZE))]

    def _may_wait(self) -> bool:
        return not self._hurry and not self._closing and len(self._queue) < _GROUP_SIZE

    def _write(self, group: Sequence[_Task]) -> None:
        try:
            results = self._commit(group)
        except Exception as error:  # noqa: BLE001 - whatever it is, its owner is told
            if len(group) == 1:
                _tell(group[0], None, error)
            else:
                for task in group:
                    self._write([task])
            return
        for task, result in zip(group, results, strict=True):
            _tell(task, result, None)

    def _commit(self, group: Sequence[_Task]) -> list[Any]:
        with explaining(self._place):
            try:
                connection = self._connected()
                with connection.begin():
                    return _apply(connection, group)
            except BaseException:
                self._drop_connection()
                raise

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(**self._options)
        return self._connection

    def _drop_connection(self) -> None:
        """Leave a connection whose state is unknown behind."""
        broken, self._connection = self._connection, None
        if broken is not None:
            broken.invalidate()
            broken.close()


def _tell(task: _Task, result: Any, error: BaseException | None) -> None:
    """Tell the owner of a task; what it does with the news must not end the writer."""
    try:
        task.tell(result, error)
    except Exception:  # noqa: BLE001 - the owner's own fault, which is logged
        _log.exception("Hearing of a write failed")


def _apply(connection: Connection, group: Sequence[_Task]) -> list[Any]:
    """Do the work of a group in order, rows that follow each other at once."""
    results: list[Any] = []
    rows = Rows()
    for task in group:
        if isinstance(task.work, Rows):
            rows.extend(task.work)
            results.append(None)
        else:
            put_rows(connection, rows)
            rows = Rows()
            results.append(task.work(connection))
    put_rows(connection, rows)
    return results


def put_rows(connection: Connection, rows: Rows) -> None:
    """Write rows inside a transaction."""
    experiments.put_item_runs(connection, rows.item_runs)
    observations.put(connection, rows.observations)
    evaluations.put_rescored(connection, rows.rescored)
    evaluations.put(connection, rows.evaluations)
    scores.put(connection, rows.scores)
    judge_answers.put(connection, rows.judge_answers)
