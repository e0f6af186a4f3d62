"""What a server is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xeroml_nb.records.access import Secret


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How a server behaves.

    Args:
        own_key: A public key and its secret that may read and write beside those of the store.
        allowed_origins: Web pages of these addresses may talk to the server; "*" is any.
        rate_limit: How many requests a minute each key has; 0 is any number.
    """

    own_key: tuple[str, Secret] | None = None
    allowed_origins: tuple[str, ...] = ()
    rate_limit: int = 6000
