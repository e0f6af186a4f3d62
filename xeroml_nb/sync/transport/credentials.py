"""The keys on their way to the server: the one place where the secret is read."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xeroml_nb.settings import ServerAddress

_HIDDEN = "[hidden]"
_SHOWN = 10  # characters of a public key: enough to tell two apart


class Credentials:
    """The pair of keys of a server.

    Args:
        server: Whose keys.
    """

    __slots__ = ("_server",)

    def __init__(self, server: ServerAddress) -> None:
        self._server = server

    def __repr__(self) -> str:
        return f"Credentials({self.shown})"

    @property
    def shown(self) -> str:
        """The public key as people may see it."""
        key = self._server.public_key
        return key if len(key) <= _SHOWN else f"{key[:_SHOWN]}…"

    def header(self) -> str:
        """The Authorization header of Basic authentication."""
        return f"Basic {self._token(self._server.secret_key.reveal())}"

    def hide(self, text: str) -> str:
        """A text without the secret, should a server have repeated it."""
        secret = self._server.secret_key.reveal()
        for told in filter(None, (self._token(secret), secret)):
            text = text.replace(told, _HIDDEN)
        return text

    def _token(self, secret: str) -> str:
        return base64.b64encode(f"{self._server.public_key}:{secret}".encode()).decode()
