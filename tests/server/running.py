"""A real server for tests: a socket, a thread, keys of every role."""

from __future__ import annotations

import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from xeroml_nb.records.access import Role
from xeroml_nb.server.app import create_app
from xeroml_nb.server.keys import add_key
from xeroml_nb.server.options import ServerOptions
from xeroml_nb.server.serving import address_of, configured, listening
from xeroml_nb.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

API = "/api/public/v2"


@dataclass
class Running:
    """A server that answers.

    Args:
        url: Its address, without a path.
        store: What it serves; the server's own object.
        place: Of the store.
        public: Public key of the read-write pair.
        secret: Its secret.
    """

    url: str
    store: Store
    place: str
    public: str
    secret: str = field(repr=False)
    _opened: list[httpx.Client] = field(default_factory=list)

    def key(self, role=Role.READ_WRITE, label="test"):
        """The public key and the secret of a new pair."""
        public, secret = add_key(self.store, role, label)
        return public, secret.reveal()

    def http(self, auth="own", base=API, **options):
        """An HTTP client for paths under a base; `auth=None` comes without keys."""
        auth = (self.public, self.secret) if auth == "own" else auth
        # Reading the certificates of all authorities takes long, and there is no TLS here.
        known = {"verify": False, "timeout": 30} | options
        made = httpx.Client(base_url=self.url + base, auth=auth, **known)
        self._opened.append(made)
        return made


@contextmanager
def running(place, **options) -> Iterator[Running]:
    """Serve a store on a free port of this machine, with the options of `ServerOptions`."""
    with closing(Store(str(place), forwards=False)) as store:
        public, secret = add_key(store, Role.READ_WRITE, "own")
        app = create_app(store, ServerOptions(**options))
        with closing(listening("127.0.0.1", 0)) as here:
            server = configured(app)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [here]}, daemon=True)
            thread.start()
            there = Running(address_of(here), store, str(place), public, secret.reveal())
            try:
                _wait_until_started(server)
                yield there
            finally:
                for client in there._opened:
                    client.close()
                server.should_exit = True
                thread.join(10)


def _wait_until_started(server):
    until = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < until, "the server did not start"
        time.sleep(0.005)
