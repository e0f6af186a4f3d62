"""What the tests of sending share: a real server, and a client that sends to it when told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from server.running import running

import xeroml_nb as xn
from sync.faulty_server import FaultyServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from server.running import Running


@pytest.fixture
def there(own_folder) -> Iterator[Running]:
    """A server over a store of its own."""
    with running(own_folder / "there.db") as made:
        yield made


@pytest.fixture
def sender(client, there) -> Iterator[xn.Client]:
    """A client over the test's store that sends to the server only when it is told to."""
    made = client_to(there)
    made._flow.stop()
    yield made
    made.close()


def environment(there, url=None) -> dict[str, str]:
    """What another process needs to use the server, by default without anything between."""
    return {
        "XEROML_HOST": url or there.url,
        "XEROML_PUBLIC_KEY": there.public,
        "XEROML_SECRET_KEY": there.secret,
    }


def client_to(there, **others) -> xn.Client:
    """A client that is set to a server, by default with its keys."""
    given = {"host": there.url, "public_key": there.public, "secret_key": there.secret}
    return xn.get_client(**given | others)


def person(name, there, own_folder, **others) -> xn.Client:
    """A client over a store of one's own, which sends only when it is told to."""
    made = client_to(there, store=own_folder / f"{name}.db", **others)
    made._flow.stop()
    return made


@pytest.fixture
def ann(there, own_folder) -> Iterator[xn.Client]:
    """One of two people with stores of their own."""
    made = person("ann", there, own_folder)
    yield made
    made.close()


@pytest.fixture
def ben(there, own_folder) -> Iterator[xn.Client]:
    """The other one."""
    made = person("ben", there, own_folder)
    yield made
    made.close()


@pytest.fixture
def odd(own_folder) -> Iterator[tuple[FaultyServer, xn.Client]]:
    """A server that shows what it is told, and a client of it."""
    with FaultyServer() as server:
        made = xn.get_client(
            own_folder / "odd.db", host=server.url, public_key="pk", secret_key="sk"
        )
        made._flow.stop()
        yield server, made
        made.close()
