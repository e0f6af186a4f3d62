"""The server of a client: known at once, connected when it is first needed."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING, Any

from xeroml_nb.records import clock
from xeroml_nb.store import outbox
from xeroml_nb.store.outbox import RemoteRecord
from xeroml_nb.sync.transport.apis import api_for

if TYPE_CHECKING:
    from xeroml_nb.settings import ServerAddress
    from xeroml_nb.store.store import Store
    from xeroml_nb.sync.parcels.base import Link
    from xeroml_nb.sync.transport.connection import Connection


class Remote:
    """A server that a store sends to.

    Args:
        server: Its address and the keys.
        store: What sends.

    Raises:
        BadInput: If a path of the user's own cannot be used.
        StoreError: If the store cannot note it.
    """

    def __init__(self, server: ServerAddress, store: Store) -> None:
        api_for(server.api, dict(server.paths))  # told now, not by a thread later
        self._server = server
        self._store = store
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self.record = record_of(server)
        self._attach()

    def __repr__(self) -> str:
        return f"Remote({self.record.host})"

    @property
    def store(self) -> Store:
        """What sends to it."""
        return self._store

    def spelled_out(self) -> dict[str, Any]:
        """Its address and the keys, in clear, for the pipe to a process of this one's own."""
        server = self._server
        keys = {"public_key": server.public_key, "secret_key": server.secret_key.reveal()}
        return {"host": server.host, "api": server.api, "paths": server.paths} | keys

    @property
    def id(self) -> str:
        """What the store calls it."""
        return self.record.id

    @property
    def connection(self) -> Connection:
        """The one connection to it that all of a client shares."""
        from xeroml_nb.sync.transport.connection import Connection  # loads httpx

        with self._lock:
            if self._connection is None:
                self._connection = Connection(self._server, paths=dict(self._server.paths))
            return self._connection

    def link(self, patience: float | None = None) -> Link:
        """The way there.

        Args:
            patience: Seconds to go on trying one request; the connection's own by default.
        """
        from xeroml_nb.sync.parcels.base import Link

        way = self.connection if patience is None else self.connection.with_patience(patience)
        return Link(way, self._store, self.id)

    def close(self) -> None:
        """Let go of the connection, if there is one."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()

    def _attach(self) -> None:
        with self._store.reading() as connection:
            known = outbox.attached(connection, self.id) is not None
        if not known:
            self._store.write(lambda c: outbox.attach(c, self.record, clock.now()))


def record_of(server: ServerAddress) -> RemoteRecord:
    """What a store keeps of a server: no secret; the id is derived from the rest."""
    named = f"{server.api}\x1f{server.host}\x1f{server.public_key}"
    short = hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return RemoteRecord(short, server.api, server.host, server.public_key)
