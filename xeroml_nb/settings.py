"""What the environment decides, read once per client."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from xeroml_nb.errors import BadInput
from xeroml_nb.records.access import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")
APIS = ("xeroml", "langfuse")
_ENVIRONMENT_LABEL = re.compile(r"(?!xeroml)[a-z0-9_-]{1,40}")


@dataclass(frozen=True)
class ServerAddress:
    """A server, and the keys to it.

    Args:
        host: Such as "https://cloud.xeroml.com", without a path.
        public_key: Names the project.
        secret_key: Opens it.
        api: Which API it speaks: "xeroml" or "langfuse".

    Raises:
        BadInput: If the host is no address.
    """

    host: str
    public_key: str
    secret_key: Secret
    api: str = "xeroml"

    def __post_init__(self) -> None:
        parts = urlsplit(self.host)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise BadInput(
                f"The server's address is {shown_host(self.host)!r}.",
                "Set XEROML_HOST to an address such as https://cloud.xeroml.com.",
            )
        if self.api not in APIS:
            raise BadInput(f"XEROML_API is {self.api!r}.", f"Use one of {', '.join(APIS)}.")
        object.__setattr__(self, "host", self.host.rstrip("/"))


@dataclass(frozen=True)
class Settings:
    """Where the store is, how traces are labelled, and which server is used.

    Args:
        store: Path of an SQLite file, or an SQLAlchemy URL; not in the repr, since a URL may hold
            a password.
        environment: Label on every trace and score, such as "production".
        release: Release on every trace of this process.
        server: Where to send to and fetch from; None to stay local.
    """

    store: str = field(repr=False)
    environment: str = "default"
    release: str | None = None
    server: ServerAddress | None = None

    @classmethod
    def from_environment(cls, store: str | Path | None = None, **server: str | None) -> Settings:
        """Read the environment variables; what is given in code wins.

        Args:
            store: Path of an SQLite file, or an SQLAlchemy URL.
            server: `host`, `public_key`, `secret_key` and `api`.

        Raises:
            BadInput: If `XEROML_TRACING_ENVIRONMENT` is no valid label, or a server is set
                without its keys.
        """
        label = os.environ.get("XEROML_TRACING_ENVIRONMENT", "default")
        if not _ENVIRONMENT_LABEL.fullmatch(label):
            raise BadInput(
                f"XEROML_TRACING_ENVIRONMENT is {label!r}.",
                "Use at most 40 of a-z, 0-9, '-' and '_', not starting with 'xeroml'.",
            )
        return cls(
            store=chosen_place(store),
            environment=label,
            release=os.environ.get("XEROML_RELEASE"),
            server=_server(server),
        )


def _server(given: Mapping[str, str | None]) -> ServerAddress | None:
    """The server that is set; without a host there is none, whatever keys are set."""
    found = {
        name: given.get(name) or os.environ.get(f"XEROML_{name.upper()}") or ""
        for name in ("host", "public_key", "secret_key", "api")
    }
    if not found["host"]:
        return None
    if missing := [name for name in ("public_key", "secret_key") if not found[name]]:
        names = " and ".join(f"XEROML_{name.upper()}" for name in missing)
        raise BadInput(
            f"The server {shown_host(found['host'])} is set, but not {names}.",
            f"Set {names} as well, or unset XEROML_HOST to stay local.",
        )
    secret = Secret(found["secret_key"])
    return ServerAddress(found["host"], found["public_key"], secret, found["api"] or "xeroml")


def shown_host(host: str) -> str:
    """A server's address as people may see it: without what could be a password in it."""
    return re.sub(r"//[^/@]*@", "//", host)


def chosen_place(store: str | Path | None = None) -> str:
    """The place of the store: as given, else as `XEROML_STORE` says, else the usual one."""
    return store_place(store or os.environ.get("XEROML_STORE") or default_store_path(Path.cwd()))


def store_place(place: str | Path) -> str:
    """A store's place in its one form: a URL as it is, a path made absolute."""
    text = str(place)
    return text if "://" in text else str(Path(text).expanduser().absolute())


def default_store_path(start: Path) -> Path:
    """Find the store's file for a working directory.

    The nearest ancestor with a `.xeroml` folder wins, then the project's root, then `start`.
    """
    folders = (start, *start.parents)
    home = next((f for f in folders if (f / ".xeroml").is_dir()), None)
    if home is None:
        marked = (f for f in folders if any((f / mark).exists() for mark in PROJECT_MARKS))
        home = next(marked, start)
    return home / ".xeroml" / "store.db"
