"""Servers that runners send their runs to: the stub, or the peer's own, on this machine."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from tests.benchmarks.peers.processes import DRIVERS, DriverFailedError, last_line, variables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.benchmarks.peers.processes import Ready

_START_SECONDS = 180
_DIRECT = build_opener(ProxyHandler({}))


@contextmanager
def server_of(ready: Ready, folder: Path) -> Iterator[str | None]:
    """The address of a new server that a runner sends its runs to, if it needs one.

    Raises:
        DriverFailedError: If it does not start.
    """
    match ready.runner.server:
        case "none":
            yield None
        case "stub":
            with _stub(folder) as address:
                yield address
        case "phoenix":
            with _phoenix(ready, folder) as address:
                yield address


@contextmanager
def _stub(folder: Path) -> Iterator[str]:
    script = [sys.executable, str(DRIVERS / "stub.py"), str(folder / "received.jsonl")]
    with subprocess.Popen(script, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@contextmanager
def _phoenix(ready: Ready, folder: Path) -> Iterator[str]:
    """Phoenix's own server, at ports that are free."""
    http, grpc = _free_ports(2)
    address = f"http://127.0.0.1:{http}"
    settings = {
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(http),
        "PHOENIX_GRPC_PORT": str(grpc),
        "PHOENIX_WORKING_DIR": str(folder),
    }
    script = [str(ready.server_python), "-m", "phoenix.server.main", "serve"]
    log = folder / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            script,
            cwd=folder,
            env=variables(ready.runner, str(folder)) | settings,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(process, f"{address}/healthz", log)
        yield address
    finally:
        process.terminate()
        process.wait()


def _wait_for(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise DriverFailedError(f"its server ended: {last_line(log.read_text())}")
        try:
            _DIRECT.open(url, timeout=5).close()
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise DriverFailedError(f"its server did not start within {_START_SECONDS} s")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
