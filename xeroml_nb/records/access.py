"""Keys: what opens a server, and what may be done with it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Role(StrEnum):
    """What a pair of keys may do: read and write, only read, or only give scores.

    A public key of the last kind works without its secret, and so may stand in a web page.
    """

    READ_WRITE = "read-write"
    READ_ONLY = "read-only"
    SCORES_ONLY = "scores-only"


class Secret:
    """A secret that no repr, log or traceback shows.

    Args:
        text: The secret itself.

    Example:
        >>> Secret("sk-xm-1")
        Secret(hidden)
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret, for the one place that needs it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(hidden)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(
            self._text.encode(), other._text.encode()
        )

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("A secret is not pickled: read it from the environment again.")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A pair of keys as a server keeps it.

    Args:
        public_key: The user name of Basic authentication.
        secret_hash: SHA-256 of the secret, which is random and long; the secret is not kept.
        role: What it may do.
        label: What it is for.
        created_at: When it was made.
        revoked_at: When it was taken back, or None.
    """

    public_key: str
    secret_hash: str = field(repr=False)
    role: Role
    label: str
    created_at: datetime
    revoked_at: datetime | None = None

    def is_opened_by(self, secret: str) -> bool:
        """Tell whether a secret belongs to it, in the same time whatever the answer is."""
        return hmac.compare_digest(self.secret_hash, hash_secret(secret))


def hash_secret(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def new_pair() -> tuple[str, Secret]:
    """A public key and its secret: `pk-xm-...` and `sk-xm-...`."""
    return f"pk-xm-{secrets.token_hex(16)}", Secret(f"sk-xm-{secrets.token_hex(24)}")
