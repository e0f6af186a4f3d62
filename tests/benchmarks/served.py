"""What the benchmarks of the server and of pushing share: a server, its floor, a plain client."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import psutil

from tests.benchmarks.harness import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLIC, SECRET = "pk-xm-benchmark", "sk-xm-benchmark"
_SECONDS = 30

# A web application that does nothing but read what it is sent, behind the same web server.
_BARE = """
import asyncio, json, socket, sys
import uvicorn

async def app(scope, receive, send):
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    if scope["path"].endswith(("scores", "ingestion")):
        json.loads(body)
    answer = b'{"id": "1"}'
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": answer})

listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
print(f"Serving at http://127.0.0.1:{listener.getsockname()[1]} -", flush=True)
config = uvicorn.Config(
    app, http="httptools", loop="uvloop", ws="none", lifespan="off", access_log=False,
    log_config=None,
)
uvicorn.Server(config).run(sockets=[listener])
"""


class Served(NamedTuple):
    """A server that runs: its port, its process, and the store behind it."""

    port: int
    process: psutil.Process
    store: Path

    @property
    def host(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, str]:
        """How a client is told to use it."""
        return {"host": self.host, "public_key": PUBLIC, "secret_key": SECRET}


@contextmanager
def own_server() -> Iterator[Served]:
    """`xeroml-nb serve` over a new store."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "server.db"
        serve = ["-m", "xeroml_nb.cli", "serve", "--port", "0", "--rate-limit", "0"]
        with _started([*serve, "--store", str(store)], store) as served:
            yield served


@contextmanager
def bare_server() -> Iterator[Served]:
    """The floor: a server that stores nothing."""
    with _started(["-c", _BARE], Path()) as served:
        yield served


@contextmanager
def _started(arguments: list[str], store: Path) -> Iterator[Served]:
    keys = {"XEROML_PUBLIC_KEY": PUBLIC, "XEROML_SECRET_KEY": SECRET}
    process = subprocess.Popen(
        [sys.executable, "-u", *arguments],
        cwd=ROOT,
        env=os.environ | keys,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        port = int(re.search(r"http://127\.0\.0\.1:(\d+)", line).group(1))
        yield Served(port, psutil.Process(process.pid), store)
    finally:
        process.terminate()
        process.wait(_SECONDS)
        process.stdout.close()


class Watch:
    """Looks at a server's connections and at its memory while something goes on."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._over = threading.Event()
        self.connections = 0
        self.memory = 0

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        process = self._served.process
        while not self._over.wait(0.05):
            now = [c for c in process.net_connections("tcp") if c.status == "ESTABLISHED"]
            self.connections = max(self.connections, len(now))
            self.memory = max(self.memory, process.memory_info().rss)
