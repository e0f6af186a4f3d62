"""What the server is known to have, of objects that are here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.records import clock
from xeroml_nb.store import deliveries
from xeroml_nb.store.deliveries import Delivery, DeliveryState
from xeroml_nb.sync.parcels.kinds import kind_named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import sqlalchemy as sa

    from xeroml_nb.sync.parcels.base import Parcel


def as_sent(connection: sa.Connection, remote_id: str, kind: str, keys: Sequence[str]) -> set[str]:
    """Those of at most 500 objects that are here as the server got or gave them last."""
    known = deliveries.by_key(connection, remote_id, kind, keys)
    return {
        parcel.key
        for parcel in kind_named(kind).load(connection, keys)
        if _is_sent(known.get(parcel.key), parcel.content_hash)
    }


def note_delivered(
    connection: sa.Connection,
    remote_id: str,
    kind: str,
    keys: Sequence[str],
    remote_keys: Mapping[str, str | None] | None = None,
) -> None:
    """Note that the server has at most 500 objects as they are here: none of them is sent back.

    Args:
        connection: Inside a writing transaction.
        remote_id: The server.
        kind: Of all the objects.
        keys: Their ids here.
        remote_keys: Their ids there, where those are others.
    """
    known = deliveries.by_key(connection, remote_id, kind, keys)
    there = remote_keys or {}
    made = []
    for parcel in kind_named(kind).load(connection, keys):
        before = known.get(parcel.key)
        if _is_sent(before, parcel.content_hash):
            continue
        made.append(_delivery(parcel, before, there.get(parcel.key)))
    deliveries.put(connection, remote_id, made)


def _delivery(parcel: Parcel, before: Delivery | None, remote_key: str | None) -> Delivery:
    return Delivery(
        kind=parcel.kind,
        key=parcel.key,
        state=DeliveryState.SENT,
        content_hash=parcel.content_hash,
        payload=parcel.payload,
        remote_key=remote_key or (None if before is None else before.remote_key),
        url=None if before is None else before.url,
        status_code=None,
        said=None,
        next_step=None,
        at=clock.now(),
    )


def _is_sent(known: Delivery | None, content_hash: str) -> bool:
    return (
        known is not None
        and known.state is DeliveryState.SENT
        and known.content_hash == content_hash
    )
