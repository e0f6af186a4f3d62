"""A PostgreSQL server of the tests' own, in a temporary folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_SYSTEM_USER = "postgres"


@contextmanager
def running_server() -> Iterator[str]:
    """Start a server and end it; gives its address without a database: `.../`."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL's server is not installed")
    # The server does not run as root, and could not reach into root's folders.
    user = {"user": _SYSTEM_USER, "group": _SYSTEM_USER} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="xn-postgres-", dir="/tmp"))
    if user:
        shutil.chown(folder, _SYSTEM_USER, _SYSTEM_USER)
    data = folder / "data"
    made = [programs / "initdb", "-D", data, "-U", "ann", "--auth=trust", "--no-sync"]
    subprocess.run(made, check=True, capture_output=True, cwd=folder, **user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = f"-p {port} -k {folder} -c fsync=off -c listen_addresses=127.0.0.1"
    control = [programs / "pg_ctl", "-D", data, "-w", "-o", options, "-l", folder / "log"]
    subprocess.run([*control, "start"], check=True, capture_output=True, cwd=folder, **user)
    yield f"ann@127.0.0.1:{port}/"
    stop = [programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop"]
    subprocess.run(stop, check=True, capture_output=True, cwd=folder, **user)
    shutil.rmtree(folder)


def new_database(server: str, name: str) -> str:
    """The URL of an empty database, as `XEROML_STORE` takes it."""
    with psycopg.connect(f"postgresql://{server}postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"postgresql+psycopg://{server}{name}"


def _programs() -> Path | None:
    """The folder with the server's programs."""
    found = shutil.which("initdb")
    known = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return Path(found).parent if found else known[-1].parent if known else None
