"""Send experiments; their item runs go by themselves."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from xeroml_nb.errors import Refused
from xeroml_nb.store import deliveries, experiments, sendable
from xeroml_nb.sync.parcels.batches import each, removed, sent
from xeroml_nb.sync.parcels.listing import shows
from xeroml_nb.sync.parcels.making import body_of, joined, made
from xeroml_nb.sync.wire import langfuse
from xeroml_nb.sync.wire.experiments import to_wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from xeroml_nb.store.deliveries import Delivery
    from xeroml_nb.sync.parcels.base import Link, Parcel, Scope
    from xeroml_nb.sync.transport.connection import Outcome

# The server gives the number that is free there, and has its own versions of the dataset.
_ITS_OWN = ("number", "datasetVersion")


class Experiments:
    """Experiments; where the API makes them of their item runs, there is nothing to send."""

    name = "experiment"
    undoable = True

    def keys(self, connection: sa.Connection, scope: Scope) -> list[str]:
        """The experiments meant, oldest first."""
        return sendable.experiment_ids(connection, scope)

    def gone(self, connection: sa.Connection, remote_id: str, scope: Scope) -> list[str]:  # noqa: ARG002
        """None: an experiment is never taken back."""
        return []

    def load(self, connection: sa.Connection, keys: Sequence[str]) -> list[Parcel]:
        """All that is known of each, without its item runs."""
        found = (experiments.by_id(connection, key) for key in keys)
        return [
            made(self.name, one.id, f"experiment {one.label}", to_wire(one))
            for one in found
            if one is not None
        ]

    def send(self, link: Link, parcels: Sequence[Parcel]) -> list[Outcome]:
        """Make each, or change what the server says of it."""
        if not link.connection.offers("experiments"):
            return [sent(parcel.key) for parcel in parcels]

        def one(parcel: Parcel) -> Outcome:
            answer = link.connection.post("experiments", body_of(parcel)) or {}
            return sent(parcel.key, answer.get("id"), answer.get("url"))

        # One after another, so that those of one name keep the order of their numbers.
        return each(parcels, one, threads=1)

    def remove(self, link: Link, known: Sequence[Delivery]) -> list[Outcome]:
        """Remove each with its item runs; traces and the scores on them stay."""

        def one(delivery: Delivery) -> Outcome:
            outcome = removed(delivery.key, partial(_delete, link, delivery))
            link.store.write(partial(_forget_runs, link.remote_id, delivery.key))
            return outcome

        return each(known, one)

    def read_back(self, link: Link, parcels: Sequence[Parcel]) -> set[str]:
        """Those that are there as they were sent."""
        if not link.connection.offers("experiment"):
            return {parcel.key for parcel in parcels}
        return {parcel.key for parcel in parcels if _is_there(link, parcel)}


def id_there(link: Link, experiment_id: str) -> str:
    """The id that an experiment has on the server."""
    known = link.delivered(Experiments.name, [experiment_id]).get(experiment_id)
    return (known.remote_key if known else None) or experiment_id


def _delete(link: Link, delivery: Delivery) -> None:
    body = body_of(delivery)
    if link.connection.offers("experiment"):
        link.connection.delete("experiment", experiment_id=delivery.remote_key or delivery.key)
    elif link.connection.offers("dataset run") and body.get("datasetName"):
        named = {"dataset": body["datasetName"], "run": langfuse.run_name(body)}
        link.connection.delete("dataset run", **named)


def _forget_runs(remote_id: str, experiment_id: str, connection: sa.Connection) -> None:
    """Item runs are gone with their experiment: they would have to be sent again."""
    keys = [joined(*key) for key in sendable.run_keys_of(connection, experiment_id)]
    deliveries.forget(connection, remote_id, "item run", keys)


def _is_there(link: Link, parcel: Parcel) -> bool:
    body = {name: part for name, part in body_of(parcel).items() if name not in _ITS_OWN}
    try:
        row = link.connection.get("experiment", experiment_id=id_there(link, parcel.key))
    except Refused:
        return False
    return isinstance(row, dict) and shows(row, body | {"id": row.get("id")})
