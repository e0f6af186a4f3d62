"""What a thing to send is, which of them are meant, and what each kind of them can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from xeroml_nb.store import deliveries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import sqlalchemy as sa

    from xeroml_nb.store.deliveries import Delivery
    from xeroml_nb.store.store import Store
    from xeroml_nb.sync.transport.connection import Connection, Outcome


@dataclass(frozen=True, slots=True)
class Parcel:
    """One object as it has to be on the server.

    Args:
        kind: "dataset", "item", "trace", "experiment", "item run", "score config", "score",
            "queue" or "queue item".
        key: Its id here. Of parts of others, the ids joined by "/": dataset and item; experiment,
            item and repetition; queue and trace.
        title: For people, such as "accuracy on trace 09f8a607…".
        payload: Canonical JSON of what is sent; None for traces, which are too large to keep.
        content_hash: What the server has under the same hash needs nothing.
    """

    kind: str
    key: str
    title: str
    payload: str | None
    content_hash: str


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the store is meant.

    Args:
        title: For people, such as "triage_v2 #3", "labels of queue x" or "everything".
        experiment_ids: These experiments: datasets, items, item runs, traces and scores.
        queue_ids: These queues: what is asked, what is in them, and the labels given there.
        everything: All there is, whatever the ids say.
    """

    title: str
    experiment_ids: tuple[str, ...] = ()
    queue_ids: tuple[str, ...] = ()
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """The way from one store to one server.

    Args:
        connection: To the server.
        store: Where the objects are.
        remote_id: What the store calls the server.
    """

    connection: Connection
    store: Store
    remote_id: str

    def delivered(self, kind: str, keys: Iterable[str]) -> dict[str, Delivery]:
        """What is known to have been sent there, or refused, of some objects, by id."""
        with self.store.reading() as connection:
            return deliveries.by_key(connection, self.remote_id, kind, keys)


class Kind(Protocol):
    """One kind of object: how it is found here, and how it is sent, removed and read back.

    Args:
        name: As in `Parcel.kind`.
        undoable: A push of it can be taken back.
    """

    name: str
    undoable: bool

    def keys(self, connection: sa.Connection, scope: Scope) -> list[str]:
        """The ids of what is meant, in the order to send."""

    def gone(self, connection: sa.Connection, remote_id: str, scope: Scope) -> list[str]:
        """The ids of what the server has although it was taken back here."""

    def load(self, connection: sa.Connection, keys: Sequence[str]) -> list[Parcel]:
        """Those that exist, of at most 500 ids."""

    def send(self, link: Link, parcels: Sequence[Parcel]) -> list[Outcome]:
        """Create or update objects; one outcome each.

        Raises:
            ServerError: If the server cannot be used at all.
        """

    def remove(self, link: Link, known: Sequence[Delivery]) -> list[Outcome]:
        """Take objects off the server; one outcome each; what is not there counts as removed.

        Raises:
            ServerError: If the server cannot be used at all.
        """

    def read_back(self, link: Link, parcels: Sequence[Parcel]) -> set[str]:
        """The ids of those that the server shows as they were sent.

        Raises:
            ServerError: If the server cannot be used at all.
        """
