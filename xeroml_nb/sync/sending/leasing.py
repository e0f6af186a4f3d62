"""Who sends to a server: one process at a time, and in it one thread."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from xeroml_nb.errors import NotAllSent, StoreError
from xeroml_nb.experiments.claims import is_gone, me
from xeroml_nb.records import clock
from xeroml_nb.store import outbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

    from xeroml_nb.store.outbox import RemoteRecord
    from xeroml_nb.store.store import Store

_SECONDS = 30.0
_RENEW_AFTER = 10.0
_LOOK_AGAIN = 0.1
# How long to wait for another process, which may be in the middle of a push.
_PATIENCE = 60.0

# Of this process: two stores over one file, or two threads, do not send at once either.
_locks: dict[tuple[str, str], threading.Lock] = {}


class Lease:
    """The right to send to a server, for half a minute at a time.

    A process that is killed keeps nobody waiting longer than that, and on its own host not at all.

    Args:
        store: What sends.
        remote: The server.
    """

    def __init__(self, store: Store, remote: RemoteRecord) -> None:
        self._store = store
        self._remote = remote
        self._lock = _locks.setdefault((store.place, remote.id), threading.Lock())
        self._until = 0.0

    def take(self, patience: float) -> bool:
        """Get the right, waiting for whoever has it; tell whether that was successful.

        Args:
            patience: Seconds to wait.
        """
        until = time.monotonic() + patience
        if not self._lock.acquire(timeout=patience):
            return False
        try:
            taken = self._claim()
            while not taken and time.monotonic() < until:
                time.sleep(_LOOK_AGAIN)
                taken = self._claim()
        except BaseException:
            self._lock.release()
            raise
        if not taken:
            self._lock.release()
        return taken

    def renew(self) -> None:
        """Keep the right; called between two batches.

        Raises:
            NotAllSent: If a batch took so long that another process sends by now.
        """
        if time.monotonic() > self._until - _SECONDS + _RENEW_AFTER and not self._claim():
            raise self.held_elsewhere()

    def give_up(self) -> None:
        """Let others send."""
        # A store that cannot be written now lets the lease run out.
        with suppress(StoreError):
            self._store.write(lambda c: outbox.give_up_lease(c, self._remote.id, me()))
        self._lock.release()

    def held_elsewhere(self) -> NotAllSent:
        """The error that says who has the right."""
        with self._store.reading() as connection:
            row = outbox.attached(connection, self._remote.id)
        owner = me() if row is None or row.owner is None else row.owner
        host, _, pid = owner.rpartition(":")
        return NotAllSent(
            f"Process {pid} on {host} is sending to {self._remote.host} at this moment.",
            "Wait until it is done, or end it, and push again: what is sent already is not "
            "sent twice.",
        )

    def _claim(self) -> bool:
        taken = self._store.write(self._claimed)
        if taken:
            self._until = time.monotonic() + _SECONDS
        return taken

    def _claimed(self, connection: sa.Connection) -> bool:
        row = outbox.attached(connection, self._remote.id)
        if row is not None and row.owner is not None and is_gone(row.owner):
            outbox.give_up_lease(connection, self._remote.id, row.owner)
        now = clock.now()
        until = now + timedelta(seconds=_SECONDS)
        return outbox.take_lease(connection, self._remote.id, me(), now, until)


@contextmanager
def leased(store: Store, remote: RemoteRecord) -> Iterator[Lease]:
    """Be the only one who sends to a server during a block.

    Args:
        store: What sends.
        remote: The server.

    Raises:
        NotAllSent: If another process goes on sending for a minute; names it.
    """
    lease = Lease(store, remote)
    if not lease.take(_PATIENCE):
        raise lease.held_elsewhere()
    try:
        yield lease
    finally:
        lease.give_up()
