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
        paths: Words of the API's table of paths, with the user's own path for each.

    Raises:
        BadInput: If the host is no address.
    """

    host: str
    public_key: str
    secret_key: Secret
    api: str = "xeroml"
    paths: tuple[tuple[str, str | None], ...] = ()

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
    def from_environment(
        cls, store: str | Path | None = None, server: GivenServer | None = None
    ) -> Settings:
        """Read the environment variables; what is given in code wins.

        Args:
            store: Path of an SQLite file, or an SQLAlchemy URL.
            server: What is known of the server.

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
            server=(server or GivenServer()).completed(),
        )


@dataclass(frozen=True)
class GivenServer:
    """What code says of the server; the environment says the rest.

    Args:
        host: As in `XEROML_HOST`.
        public_key: As in `XEROML_PUBLIC_KEY`.
        secret_key: As in `XEROML_SECRET_KEY`.
        api: As in `XEROML_API`.
        paths: Words of the API's table of paths, with the user's own path for each.
    """

    host: str | None = None
    public_key: str | None = None
    secret_key: Secret | None = None
    api: str | None = None
    paths: Mapping[str, str | None] = field(default_factory=dict)

    def completed(self) -> ServerAddress | None:
        """The server that is set; without a host there is none, whatever keys are set.

        Raises:
            BadInput: If a key is missing, or the host is no address.
        """
        host = self.host or os.environ.get("XEROML_HOST")
        if not host:
            return None
        public = self.public_key or os.environ.get("XEROML_PUBLIC_KEY")
        # In no variable in clear: a traceback may show those.
        secret = self.secret_key or Secret(os.environ.get("XEROML_SECRET_KEY", ""))
        missing = ["XEROML_PUBLIC_KEY"] if not public else []
        missing += ["XEROML_SECRET_KEY"] if secret == Secret("") else []
        if not public or missing:
            names = " and ".join(missing)
            raise BadInput(
                f"The server {shown_host(host)} is set, but not {names}.",
                f"Set {names} as well, or unset XEROML_HOST to stay local.",
            )
        api = self.api or os.environ.get("XEROML_API") or "xeroml"
        return ServerAddress(host, public, secret, api, tuple(sorted(self.paths.items())))


@dataclass(frozen=True)
class ModelAddress:
    """A model that judges ask, where it is, and the key to it.

    Args:
        model: As the endpoint calls it.
        base_url: Such as "http://localhost:11434/v1"; None for OpenAI's own.
        api_key: Opens it; None where it needs none.

    Raises:
        BadInput: If the base URL is no address.
    """

    model: str
    base_url: str | None = None
    api_key: Secret | None = None

    def __post_init__(self) -> None:
        if self.base_url is None:
            return
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInput(
                f"The address of the judge's model is {shown_host(self.base_url)!r}.",
                "Set XEROML_JUDGE_BASE_URL (or base_url=...) to one such as "
                "http://localhost:11434/v1.",
            )

    @property
    def host(self) -> str:
        """Where it is, for people."""
        parts = urlsplit(self.base_url or "https://api.openai.com")
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)

    @classmethod
    def completed(
        cls, model: str | None, base_url: str | None, api_key: Secret | None
    ) -> ModelAddress | None:
        """What code says, completed from the environment; None if no model is named.

        `XEROML_JUDGE_MODEL`, `XEROML_JUDGE_BASE_URL` and `XEROML_JUDGE_API_KEY` come first, then
        `OPENAI_BASE_URL`. `OPENAI_API_KEY` is used only where no other endpoint is named than the
        one it was set for: a key is not sent to strangers.

        Raises:
            BadInput: If the base URL is no address.
        """
        named = model or os.environ.get("XEROML_JUDGE_MODEL")
        if not named:
            return None
        own_url = base_url or os.environ.get("XEROML_JUDGE_BASE_URL")
        key = api_key or _secret("XEROML_JUDGE_API_KEY")
        if not own_url:
            key = key or _secret("OPENAI_API_KEY")
        return cls(named, own_url or os.environ.get("OPENAI_BASE_URL") or None, key)


def _secret(variable: str) -> Secret | None:
    # In no variable in clear: a traceback may show those.
    return Secret(os.environ[variable]) if os.environ.get(variable) else None


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
