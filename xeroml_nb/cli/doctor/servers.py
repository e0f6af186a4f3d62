"""The server to send to, and how what is recorded is labelled. No key is printed."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

from xeroml_nb.cli.doctor.finding import Finding, broken, broken_by, fine
from xeroml_nb.errors import XeromlError
from xeroml_nb.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.cli.doctor.finding import Asked
    from xeroml_nb.settings import ServerAddress

_KEYS = ("XEROML_PUBLIC_KEY", "XEROML_SECRET_KEY")


def server(asked: Asked) -> Iterator[Finding]:
    """What the environment says of a server; one that is set is asked whether it can be used."""
    try:
        settings = Settings.from_environment(asked.store)
    except XeromlError as error:
        yield broken_by("settings", error)
        return
    yield labels(settings)
    yield keys()
    yield nobody() if settings.server is None else reached(settings.server)


def labels(settings: Settings) -> Finding:
    """How traces and scores are labelled."""
    release = f", release {settings.release!r}" if settings.release else ""
    return fine("labels", f"environment {settings.environment!r}{release}")


def keys() -> Finding:
    """Which keys are set, without showing them."""
    found = {name: bool(os.environ.get(name)) for name in _KEYS}
    said = (f"{name} {'set' if is_set else 'not set'}" for name, is_set in found.items())
    text = ", ".join(said)
    return fine("keys", text, **found)


def nobody() -> Finding:
    """No server is set, which nothing here needs."""
    return fine("server", "none is set (XEROML_HOST): everything stays in the store", host=None)


def reached(address: ServerAddress) -> Finding:
    """Whether a server answers and takes the keys."""
    from xeroml_nb.sync.transport.checking import check
    from xeroml_nb.sync.transport.connection import Connection

    with closing(Connection(address, paths=dict(address.paths))) as connection:
        found = check(connection)
    if found.ok:
        return fine("server", found.text, host=address.host)
    step = "What is recorded stays in the store, and is sent once that works."
    return broken("server", found.text, step, host=address.host)
