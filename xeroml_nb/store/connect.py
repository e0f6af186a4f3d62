"""Open the database behind a store."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from xeroml_nb.errors import BadInput, MissingExtra, StoreCorrupt, StoreReadOnly, StoreTooNew
from xeroml_nb.store.failures import explaining
from xeroml_nb.store.rows import upsert
from xeroml_nb.store.schema import SCHEMA_VERSION, metadata, store_meta

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
WRITES = "xeroml_writes"


def open_database(place: str) -> Engine:
    """Open a store's database, making the file and the tables where there are none.

    Args:
        place: Path of an SQLite file, or an SQLAlchemy URL.

    Raises:
        StoreError: If it cannot be opened, is damaged, is no store, or is from a newer version.
        BadInput: If the place is no path and no URL of a known database.
    """
    url = _url(place)
    shown = shown_place(place)
    with explaining(shown):
        engine = _sqlite(url) if url.get_backend_name() == "sqlite" else _server(url)
        _prepare(engine, shown)
    return engine


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
            f"The store's address, which begins with {kind!r}, is not understood.",
            "Use a path, or a URL such as postgresql+psycopg://user@host/database.",
        ) from None
    return url


def _sqlite(url: URL) -> Engine:
    if url.database:
        _make_folder(Path(url.database).parent)
    # A connection per operation: none ever crosses a thread, a fork or a killed callback.
    engine = sa.create_engine(url, poolclass=NullPool)
    sa.event.listen(engine, "connect", _set_pragmas)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _make_folder(folder: Path) -> None:
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
    try:
        return sa.create_engine(url, pool_pre_ping=True)
    except ImportError as error:
        raise MissingExtra(f"A store on {url.get_backend_name()}", "postgres") from error


def _set_pragmas(connection: Any, _record: Any) -> None:
    # The driver's own implicit transactions are switched off; _begin says which kind is meant.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get(WRITES, False):
        _begin_writing(connection.connection.driver_connection)
    else:
        connection.exec_driver_sql("BEGIN")


def _begin_writing(connection: Any) -> None:
    """Wait for the right to write.

    SQLite itself looks for it less and less often, so that a label which finds another process
    writing for a millisecond would wait for ten.
    """
    until, pause = time.monotonic() + _LOCK_WAIT_MS / 1000, _FIRST_PAUSE
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


def _prepare(engine: Engine, place: str) -> None:
    with engine.connect() as connection:
        tables = set(sa.inspect(connection).get_table_names())
        version = _version(connection, place) if store_meta.name in tables else None
    if version == SCHEMA_VERSION:
        return
    if tables and version is None:
        raise StoreCorrupt(
            f"{place} is a database, but no store of this package.",
            "Set XEROML_STORE to another path.",
        )
    _create(engine)


def _create(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        _switch_to_wal(engine)
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            # Two kernels may open an empty database at once.
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(7264529)"))
        # An older store lacks only tables and indexes, which are added to it.
        metadata.create_all(connection)
        for index in (i for table in metadata.sorted_tables for i in table.indexes):
            index.create(connection, checkfirst=True)
        row = {"key": "schema_version", "value": str(SCHEMA_VERSION)}
        known = upsert(engine.dialect.name, store_meta, ("key",), ("value",))
        connection.execute(known, row)


def _switch_to_wal(engine: Engine) -> None:
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


def _version(connection: Connection, place: str) -> int:
    query = sa.select(store_meta.c.value).where(store_meta.c.key == "schema_version")
    version = connection.execute(query).scalar_one_or_none()
    if version is None or not version.isdigit():
        raise StoreCorrupt(f"The store {place} does not say its version.", "Restore a backup.")
    if int(version) > SCHEMA_VERSION:
        raise StoreTooNew(
            f"The store {place} has schema {version}; this version reads up to {SCHEMA_VERSION}.",
            "Upgrade with: pip install -U xeroml_nb",
        )
    return int(version)
