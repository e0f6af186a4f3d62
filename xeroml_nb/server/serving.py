"""Start a server: where it listens, and who has to be let in first."""

from __future__ import annotations

import gc
import os
import socket
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import ip_address
from typing import TYPE_CHECKING

import uvicorn

from xeroml_nb.errors import BadInput
from xeroml_nb.records.access import Role, Secret
from xeroml_nb.server.app import create_app
from xeroml_nb.server.keys import add_key
from xeroml_nb.store import api_keys
from xeroml_nb.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

    from xeroml_nb.server.options import ServerOptions

_LAST_REQUESTS_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Start:
    """A server that begins to serve.

    Args:
        url: Its address.
        store: What it serves, without password.
        roles: What the keys that are let in may do.
        made: The public key and the secret of a pair that was made for this start, since there
            was none; the secret is not kept.
    """

    url: str
    store: str
    roles: tuple[Role, ...]
    made: tuple[str, Secret] | None = None


def serve(
    place: str, host: str, port: int, options: ServerOptions, tell: Callable[[Start], None]
) -> None:
    """Serve a store until the process is told to stop.

    Args:
        place: Of the store.
        host: Where to listen; wider than this machine only if there are keys.
        port: Where to listen; 0 takes a free one.
        options: How the server behaves.
        tell: Is told where it serves, once requests are taken.

    Raises:
        BadInput: If the address cannot be listened on, or must not be without keys.
        StoreError: If the store cannot be opened.
    """
    with closing(Store(place, forwards=False)) as store:
        roles, made = _roles(store, options), None
        if not roles:
            refuse_wide(host)
        with closing(listening(host, port)) as here:
            if not roles:
                roles = (Role.READ_WRITE,)
                made = add_key(store, Role.READ_WRITE, "made at the first start")
            server = configured(create_app(store, options))
            # What was loaded stays: looking through it for garbage would hold up requests.
            gc.freeze()
            tell(Start(address_of(here), store.place, roles, made))
            with suppress(KeyboardInterrupt):
                server.run(sockets=[here])


def own_key() -> tuple[str, Secret] | None:
    """The pair of keys in the environment, or None.

    Raises:
        BadInput: If half of it is missing.
    """
    public = os.environ.get("XEROML_PUBLIC_KEY", "")
    secret = os.environ.get("XEROML_SECRET_KEY", "")
    if bool(public) != bool(secret):
        given, missing = ("PUBLIC", "SECRET") if public else ("SECRET", "PUBLIC")
        raise BadInput(
            f"XEROML_{given}_KEY is set, but not XEROML_{missing}_KEY.", "Set both or none."
        )
    return (public, Secret(secret)) if public else None


def refuse_wide(host: str) -> None:
    """Let nobody listen beyond this machine without keys.

    Raises:
        BadInput: If the host is not this machine alone.
    """
    if not is_loopback(host):
        raise BadInput(
            f"The server has no keys, and {host} can be reached from other machines.",
            "Make keys with: xeroml-nb keys add",
        )


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address or a name.

    Raises:
        BadInput: If the host is not known.
    """
    return all(ip_address(place[0]).is_loopback for _, place in _places(host, 0))


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        BadInput: If the port is taken, or the host is not of this machine.
    """
    family, place = _places(host, port)[0]
    try:
        return socket.create_server(place[:2], family=family, backlog=2048)
    except OSError as error:
        raise BadInput(
            f"Nothing can listen on port {port} of {host} ({error.strerror}).",
            "Choose another with --port, or end the program that uses it.",
        ) from error


def _places(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise BadInput(
            f"The host {host!r} is not known.", "Use an address of this machine, such as 127.0.0.1."
        ) from error
    return [(family, (str(place[0]), int(place[1]))) for family, _, _, _, place in found]


def address_of(listener: socket.socket) -> str:
    """The address of a listening socket, as it is typed into a browser."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def configured(app: FastAPI) -> uvicorn.Server:
    """The web server around an app, with the fastest parts that are installed."""
    config = uvicorn.Config(
        app,
        http="httptools",
        loop="uvloop" if find_spec("uvloop") else "asyncio",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_LAST_REQUESTS_SECONDS,
    )
    return uvicorn.Server(config)


def _roles(store: Store, options: ServerOptions) -> tuple[Role, ...]:
    """What the keys may do that open a store's server."""
    with store.reading() as connection:
        found = {key.role for key in api_keys.listing(connection) if key.revoked_at is None}
    if options.own_key is not None:
        found.add(Role.READ_WRITE)
    return tuple(role for role in Role if role in found)
