"""The plainest code that runs a task over items: a loop over `sqlite3`, and a thread pool."""

from __future__ import annotations

import secrets
import sqlite3
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Row = dict[str, Any]

_TABLES = """
    PRAGMA journal_mode=WAL;
    PRAGMA synchronous=NORMAL;
    CREATE TABLE IF NOT EXISTS item_runs (
        item_id TEXT PRIMARY KEY, trace_id TEXT, output TEXT, latency REAL, started_at REAL);
    CREATE TABLE IF NOT EXISTS traces (
        id TEXT PRIMARY KEY, name TEXT, input TEXT, output TEXT, begun REAL, ended REAL);
    CREATE TABLE IF NOT EXISTS scores (
        trace_id TEXT, name TEXT, value REAL, PRIMARY KEY (trace_id, name));
"""


@contextmanager
def sqlite_store() -> Iterator[sqlite3.Connection]:
    """A new database in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        connection = open_store(Path(folder) / "floor.db")
        yield connection
        connection.close()


def open_store(path: Path) -> sqlite3.Connection:
    """A database in a file, made if it is not there."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(_TABLES)
    return connection


def sqlite_loop(
    connection: sqlite3.Connection, rows: list[Row], task: Callable[[str], str], exact: Any
) -> None:
    """Run a task over items one by one; an item run, a trace and a score are one commit."""
    for row in rows:
        began = time.time()
        output = task(row["input"])
        ended = time.time()
        score = exact(output, row["expected_output"])
        trace_id = secrets.token_hex(16)
        run = (row["id"], trace_id, output, ended - began, began)
        trace = (trace_id, "task", row["input"], output, began, ended)
        connection.execute("BEGIN")
        connection.execute("INSERT INTO item_runs VALUES (?, ?, ?, ?, ?)", run)
        connection.execute("INSERT INTO traces VALUES (?, ?, ?, ?, ?, ?)", trace)
        connection.execute("INSERT INTO scores VALUES (?, 'exact', ?)", (trace_id, score))
        connection.execute("COMMIT")


def thread_pool(threads: int, rows: list[Row], task: Callable[[str], str], exact: Any) -> None:
    """Run and score items in bare threads, keeping nothing but a list."""

    def one(row: Row) -> tuple[str, bool]:
        output = task(row["input"])
        return output, exact(output, row["expected_output"])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, rows))
