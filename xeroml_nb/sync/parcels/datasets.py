"""Send datasets; their items go by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.errors import Refused
from xeroml_nb.store import datasets, sendable
from xeroml_nb.sync.parcels.batches import cannot_remove, each, sent
from xeroml_nb.sync.parcels.making import body_of, made
from xeroml_nb.sync.wire.datasets import to_wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from xeroml_nb.store.deliveries import Delivery
    from xeroml_nb.sync.parcels.base import Link, Parcel, Scope
    from xeroml_nb.sync.transport.connection import Outcome


class Datasets:
    """Datasets: the server has them under the same name."""

    name = "dataset"
    undoable = False

    def keys(self, connection: sa.Connection, scope: Scope) -> list[str]:
        """The datasets of the experiments meant."""
        return sendable.dataset_ids(connection, scope)

    def gone(self, connection: sa.Connection, remote_id: str, scope: Scope) -> list[str]:  # noqa: ARG002
        """None: a dataset is never taken back."""
        return []

    def load(self, connection: sa.Connection, keys: Sequence[str]) -> list[Parcel]:
        """Name, description and schemas of each."""
        found = (datasets.by_id(connection, key) for key in keys)
        return [
            made(self.name, one.id, f"dataset {one.name}", to_wire(one))
            for one in found
            if one is not None
        ]

    def send(self, link: Link, parcels: Sequence[Parcel]) -> list[Outcome]:
        """Make each, or change what the server says of it."""

        def one(parcel: Parcel) -> Outcome:
            answer = link.connection.post("datasets", body_of(parcel)) or {}
            return sent(parcel.key, answer.get("id"), answer.get("url"))

        return each(parcels, one)

    def remove(self, link: Link, known: Sequence[Delivery]) -> list[Outcome]:  # noqa: ARG002
        """No API removes a dataset."""
        return cannot_remove(known, "datasets")

    def read_back(self, link: Link, parcels: Sequence[Parcel]) -> set[str]:
        """Those that are there as they were sent."""
        return {parcel.key for parcel in parcels if _is_there(link, parcel)}


def _is_there(link: Link, parcel: Parcel) -> bool:
    body = body_of(parcel)
    try:
        row = link.connection.get("dataset", dataset=body["name"])
    except Refused:
        return False
    return isinstance(row, dict) and all(row.get(name) == value for name, value in body.items())
