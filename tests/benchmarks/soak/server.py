"""Our own server over its own store: killed while it writes, and started again."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Self

from tests.benchmarks.harness import ROOT
from tests.benchmarks.served import PUBLIC, SECRET

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS = 120
_LOOK_AGAIN = 0.002


class Server:
    """`xeroml-nb serve`, always on the same port and over the same store.

    Args:
        store: The file of its store.
    """

    def __init__(self, store: Path) -> None:
        self.store = store
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self._killing = threading.Lock()
        self.kills = 0

    @property
    def settings(self) -> dict[str, str]:
        """How a client is told to use it."""
        host = f"http://127.0.0.1:{self._port}"
        return {"host": host, "public_key": PUBLIC, "secret_key": SECRET}

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._killing:
            self._process.terminate()
            self._process.wait(_SECONDS)
            self._process.stdout.close()

    def kill(self, seconds: float) -> bool:
        """Kill it at a moment at which it stores something; it is back after some seconds."""
        self._wait_for_a_write()
        with self._killing:
            self._process.kill()
            self.kills += 1
            self._process.wait()
            self._process.stdout.close()
            time.sleep(seconds)
            self._start()
        return True

    def _start(self) -> None:
        serve = ["-m", "xeroml_nb.cli", "serve", "--port", str(self._port), "--rate-limit", "0"]
        self._process = subprocess.Popen(
            [sys.executable, "-u", *serve, "--store", str(self.store)],
            cwd=ROOT,
            env=os.environ | {"XEROML_PUBLIC_KEY": PUBLIC, "XEROML_SECRET_KEY": SECRET},
            stdout=subprocess.PIPE,
            text=True,
        )
        if "Serving" not in (line := self._process.stdout.readline()):
            raise RuntimeError(f"The server did not start: {line or 'it said nothing'}")

    def _wait_for_a_write(self) -> None:
        before, until = self._written_at(), time.monotonic() + _SECONDS
        while self._written_at() in (0, before):
            if time.monotonic() > until:
                raise RuntimeError(f"Nothing was pushed to the server for {_SECONDS} s.")
            time.sleep(_LOOK_AGAIN)

    def _written_at(self) -> int:
        """When its store was written last; 0 while it has no log, which then is empty."""
        try:
            return self.store.with_name(f"{self.store.name}-wal").stat().st_mtime_ns
        except FileNotFoundError:
            return 0
