"""Which versions of a server's datasets are kept here, and under which moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xeroml_nb.records import clock
from xeroml_nb.records.json_text import canonical_json, from_json
from xeroml_nb.store import deliveries
from xeroml_nb.store.deliveries import Delivery, DeliveryState
from xeroml_nb.sync.parcels.making import in_two, joined
from xeroml_nb.sync.wire.reading import moment_of, moment_text

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

_KIND = "dataset version"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a dataset on a server.

    Args:
        there: Its moment on the server.
        here: Its moment in this store; None where only its content hash is kept.
        content_hash: Of its items, as `Dataset.content_hash` gives it.
    """

    there: datetime
    here: datetime | None
    content_hash: str


def known(connection: sa.Connection, remote_id: str, dataset_id: str) -> dict[datetime, Version]:
    """The versions of a dataset that were seen on a server, by their moments there."""
    keys = deliveries.keys_under(connection, remote_id, _KIND, dataset_id)
    found = deliveries.by_key(connection, remote_id, _KIND, keys)
    return {version.there: version for version in map(_version, found.values())}


def note(connection: sa.Connection, remote_id: str, dataset_id: str, version: Version) -> None:
    """Keep that a version was seen on a server, and under which moment it is here."""
    here = None if version.here is None else moment_text(version.here)
    made = Delivery(
        kind=_KIND,
        key=joined(dataset_id, moment_text(version.there)),
        state=DeliveryState.SENT,
        content_hash=version.content_hash,
        payload=canonical_json({"here": here}),
        remote_key=None,
        url=None,
        status_code=None,
        said=None,
        next_step=None,
        at=clock.now(),
    )
    deliveries.put(connection, remote_id, [made])


def _version(kept: Delivery) -> Version:
    there = moment_of({"there": in_two(kept.key)[1]}, "there")
    assert there is not None  # noqa: S101 - written by `note`
    return Version(there, moment_of(from_json(kept.payload), "here"), kept.content_hash)
