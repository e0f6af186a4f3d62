"""Make the keys that open a store's server, and take them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.errors import NotFound
from xeroml_nb.records import clock
from xeroml_nb.records.access import ApiKey, hash_secret, new_pair
from xeroml_nb.store import api_keys

if TYPE_CHECKING:
    from xeroml_nb.records.access import Role, Secret
    from xeroml_nb.store.store import Store


def add_key(store: Store, role: Role, label: str) -> tuple[str, Secret]:
    """Make a pair of keys that opens a store's server; of the secret only the hash is kept."""
    public, secret = new_pair()
    key = ApiKey(public, hash_secret(secret.reveal()), role, label, clock.now())
    store.write(lambda connection: api_keys.put(connection, key))
    return public, secret


def revoke_key(store: Store, public_key: str) -> None:
    """Let a pair in no more; a server that runs hears of it within 5 seconds.

    Raises:
        NotFound: If there is no such pair.
    """
    with store.reading() as connection:
        known = [key.public_key for key in api_keys.listing(connection)]
    if public_key not in known:
        raise NotFound("key", public_key, known, "Make one with: xeroml-nb keys add")
    store.write(lambda connection: api_keys.revoke(connection, public_key, clock.now()))
