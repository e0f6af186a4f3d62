"""Put parcels together, and take their keys and payloads apart."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from xeroml_nb.records.json_text import canonical_json
from xeroml_nb.sync.parcels.base import Parcel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xeroml_nb.store.deliveries import Delivery

_SHOWN = 8


def made(kind: str, key: str, title: str, body: dict[str, Any]) -> Parcel:
    """A parcel of what is sent."""
    payload = canonical_json(body)
    return Parcel(kind, key, title, payload, hash_of([payload]))


def in_order(parcels: Iterable[Parcel], keys: Iterable[str]) -> list[Parcel]:
    """Parcels in the order of their keys, in which they are to be sent."""
    by_key = {parcel.key: parcel for parcel in parcels}
    return [by_key[key] for key in keys if key in by_key]


def hash_of(parts: Iterable[str]) -> str:
    """Hash texts, each of which ends where it ends."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode("utf-8", "surrogatepass"))
        digest.update(b"\x1f")
    return digest.hexdigest()[:32]


def body_of(parcel: Parcel | Delivery) -> dict[str, Any]:
    """What is sent, or what the server has."""
    body: dict[str, Any] = json.loads(parcel.payload or "{}")
    return body


def short(long_id: str) -> str:
    """An id as titles show it."""
    return long_id if len(long_id) <= _SHOWN else f"{long_id[:_SHOWN]}…"


def joined(*parts: str | int) -> str:
    """The key of a part of something."""
    return "/".join(map(str, parts))


def in_two(key: str) -> tuple[str, str]:
    """The parts of a key: of what it is part, and its own id, which may hold any sign."""
    owner, _, own = key.partition("/")
    return owner, own


def in_three(key: str) -> tuple[str, str, int]:
    """The parts of an item run's key: experiment, item and repetition."""
    owner, rest = in_two(key)
    item_id, _, repetition = rest.rpartition("/")
    return owner, item_id, int(repetition)
