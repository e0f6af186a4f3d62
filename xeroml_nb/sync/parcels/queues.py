"""Send queues of traces; what is in them goes by itself.

A queue over an experiment is a way to label in a notebook: of it the server gets the labels and
what was asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.annotation.dimension import Dimension
from xeroml_nb.errors import Refused
from xeroml_nb.store import queues, sendable
from xeroml_nb.store.deliveries import DeliveryState
from xeroml_nb.sync.parcels.batches import cannot_remove, each, impossible, sent
from xeroml_nb.sync.parcels.listing import rows_of
from xeroml_nb.sync.parcels.making import body_of, made
from xeroml_nb.sync.wire import langfuse
from xeroml_nb.sync.wire.queues import to_wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from xeroml_nb.records.label import QueueRecord
    from xeroml_nb.store.deliveries import Delivery
    from xeroml_nb.sync.parcels.base import Link, Parcel, Scope
    from xeroml_nb.sync.transport.connection import Outcome


class Queues:
    """Queues of traces; where names are unique, one that is there under the name is used."""

    name = "queue"
    undoable = False

    def keys(self, connection: sa.Connection, scope: Scope) -> list[str]:
        """The queues of traces that are meant, oldest first."""
        return sendable.queue_ids(connection, scope)

    def gone(self, connection: sa.Connection, remote_id: str, scope: Scope) -> list[str]:  # noqa: ARG002
        """None: a queue is never taken back."""
        return []

    def load(self, connection: sa.Connection, keys: Sequence[str]) -> list[Parcel]:
        """Name, description and questions of each."""
        found = (queues.by_id(connection, key) for key in keys)
        return [
            made(self.name, one.id, f"queue {one.name}", to_wire(one, _config_ids(one)))
            for one in found
            if one is not None
        ]

    def send(self, link: Link, parcels: Sequence[Parcel]) -> list[Outcome]:
        """Make each, or change what it asks."""
        is_langfuse = link.connection.api.name == langfuse.NAME
        rows = _by_name(link) if is_langfuse else {}

        def one(parcel: Parcel) -> Outcome:
            body = _linked(link, body_of(parcel))
            if not body["scoreConfigIds"]:
                step = "See why its score configs were refused, then push again."
                return impossible(parcel.key, "The server has nothing that it asks.", step)
            if body["name"] in rows:
                return sent(parcel.key, rows[body["name"]].get("id"))
            made_there = langfuse.queue(body) if is_langfuse else body
            answer = link.connection.post("queues", made_there) or {}
            return sent(parcel.key, answer.get("id"))

        return each(parcels, one, threads=1)

    def remove(self, link: Link, known: Sequence[Delivery]) -> list[Outcome]:  # noqa: ARG002
        """No API removes a queue."""
        return cannot_remove(known, "queues")

    def read_back(self, link: Link, parcels: Sequence[Parcel]) -> set[str]:
        """Those that are there under their names."""
        return {parcel.key for parcel in parcels if _is_there(link, parcel)}


def queues_there(link: Link, keys: Sequence[str]) -> dict[str, str]:
    """By queue, its id on the server; those that the server does not have are left out."""
    return {
        key: known.remote_key or key
        for key, known in link.delivered(Queues.name, keys).items()
        if known.state is DeliveryState.SENT
    }


def _config_ids(record: QueueRecord) -> list[str]:
    return [Dimension(**definition).config_id for definition in record.definitions]


def _linked(link: Link, body: dict[str, Any]) -> dict[str, Any]:
    """A queue with the ids that its questions have on the server."""
    known = link.delivered("score config", body["scoreConfigIds"])
    there = [
        known[one].remote_key or one
        for one in body["scoreConfigIds"]
        if one in known and known[one].state is DeliveryState.SENT
    ]
    return body | {"scoreConfigIds": there}


def _by_name(link: Link) -> dict[str, dict[str, Any]]:
    return {str(row.get("name")): row for row in rows_of(link.connection, "queues")}


def _is_there(link: Link, parcel: Parcel) -> bool:
    its_id = queues_there(link, [parcel.key]).get(parcel.key, parcel.key)
    try:
        row = link.connection.get("queue", queue_id=its_id)
    except Refused:
        return False
    return isinstance(row, dict) and row.get("name") == body_of(parcel)["name"]
