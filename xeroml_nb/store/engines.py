"""Make the engine for a store's place: how its connections are set and how they begin."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from xeroml_nb.errors import BadInput, MissingExtra, StoreReadOnly

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine

_LOCK_WAIT_MS = 30_000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.0003, 0.02  # seconds between two looks for the lock
_PRAGMAS = (
    f"PRAGMA busy_timeout={_LOCK_WAIT_MS}",
    # In WAL mode NORMAL survives kill -9 and loses nothing but the last moments on a power cut.
    "PRAGMA synchronous=NORMAL",
    "PRAGMA cache_size=-65536",
    # Random keys touch the same index pages again and again: moved to the file at 64 MB, not at
    # 4 MB, each is written a fraction as often.
    "PRAGMA wal_autocheckpoint=16000",
    "PRAGMA journal_size_limit=67108864",
)
# Options of a connection: it writes, and the seconds it waits for the right to.
WRITES = "xeroml_writes"
WAITS = "xeroml_waits"
_KNOWN = "Use a path, or a URL such as postgresql+psycopg://user@host/database."
_CONNECT_SECONDS = 10


def engine_for(place: str) -> Engine:
    """The engine for a store's place; nothing is opened or made by that.

    Raises:
        BadInput: If the place is no path and no URL of a known database.
        MissingExtra: If the driver of the database is not installed.
    """
    url = _url(place)
    return _sqlite(url) if url.get_backend_name() == "sqlite" else _server(url)


def file_of(engine: Engine) -> Path | None:
    """The file of a store; None where it is on a server or in memory."""
    name = engine.url.database
    return Path(name) if name and engine.dialect.name == "sqlite" else None


def shown_place(place: str) -> str:
    """A store's place as people may see it: the file, or the URL without password and options."""
    if "://" not in place:
        return place
    url = _url(place)
    if url.get_backend_name() == "sqlite":
        return url.database or "in memory"
    return url.set(query={}).render_as_string(hide_password=True)


def _url(place: str) -> URL:
    if "://" not in place:
        return sa.URL.create("sqlite", database=place)
    try:
        url = sa.make_url(place)
        url.get_dialect()
    except (sa.exc.ArgumentError, ValueError):
        # The text itself is not repeated: it may hold a password.
        kind = place.partition("://")[0]
        raise BadInput(
            f"The store's address, which begins with {kind!r}, is not understood.", _KNOWN
        ) from None
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise BadInput(f"A store cannot live in {url.get_backend_name()}.", _KNOWN)
    # Which driver a URL without one means depends on the version of SQLAlchemy.
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _sqlite(url: URL) -> Engine:
    # A connection per operation: none ever crosses a thread, a fork or a killed callback.
    engine = sa.create_engine(url, poolclass=NullPool)
    sa.event.listen(engine, "connect", _set_pragmas)
    sa.event.listen(engine, "begin", _begin)
    return engine


def make_folder(folder: Path) -> None:
    """Make the folder of a store's file; what is in a `.xeroml` folder stays out of git.

    Raises:
        StoreReadOnly: If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if folder.name == ".xeroml" and not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise StoreReadOnly(
            f"The folder {folder} cannot be made ({error.strerror}).",
            "Set XEROML_STORE to a path that can be written.",
        ) from error


def _server(url: URL) -> Engine:
    # A host that drops what is sent to it would otherwise be waited for for minutes.
    patience = {} if "connect_timeout" in url.query else {"connect_timeout": _CONNECT_SECONDS}
    try:
        return sa.create_engine(url, pool_pre_ping=True, connect_args=patience)
    except ImportError as error:
        raise MissingExtra("A store on PostgreSQL", "postgres") from error


def _set_pragmas(connection: Any, _record: Any) -> None:
    # The driver's own implicit transactions are switched off; _begin says which kind is meant.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(WRITES, False):
        seconds = options.get(WAITS, _LOCK_WAIT_MS / 1000)
        _begin_writing(connection.connection.driver_connection, seconds)
    else:
        connection.exec_driver_sql("BEGIN")


def _begin_writing(connection: Any, seconds: float) -> None:
    """Wait for the right to write, for so many seconds at most.

    SQLite itself looks for it less and less often, so that a label which finds another process
    writing for a millisecond would wait for ten.
    """
    until, pause = time.monotonic() + seconds, _FIRST_PAUSE
    connection.execute("PRAGMA busy_timeout=0").close()
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE").close()
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(pause)
                pause = min(1.2 * pause, _LONGEST_PAUSE)
            else:
                return
    finally:
        connection.execute(_PRAGMAS[0]).close()


def switch_to_wal(engine: Engine) -> None:
    """Let readers and the writer work at once; the file keeps the mode.

    Done only for a file that is to become a store: no other program's database is changed.
    SQLite does not wait for the lock this needs, so where several processes begin at once, all
    but one have to ask again.
    """
    with closing(engine.raw_connection()) as raw:
        until = time.monotonic() + _LOCK_WAIT_MS / 1000
        while True:
            try:
                raw.cursor().execute("PRAGMA journal_mode=WAL").close()
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(0.02)
            else:
                return
