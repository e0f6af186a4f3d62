"""Open the database behind a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from xeroml_nb.errors import MissingExtra, StoreCorrupt, StoreReadOnly, StoreTooNew
from xeroml_nb.store.failures import explaining
from xeroml_nb.store.schema import SCHEMA_VERSION, metadata, store_meta

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine

_LOCK_WAIT_MS = 30_000
_PRAGMAS = (
    f"PRAGMA busy_timeout={_LOCK_WAIT_MS}",
    "PRAGMA journal_mode=WAL",
    # In WAL mode NORMAL survives kill -9 and loses nothing but the last moments on a power cut.
    "PRAGMA synchronous=NORMAL",
    "PRAGMA cache_size=-65536",
    "PRAGMA journal_size_limit=67108864",
)
WRITES = "xeroml_writes"


def open_database(url: str) -> Engine:
    """Open a store's database, making the file and the tables where there are none.

    Args:
        url: SQLAlchemy URL.

    Raises:
        StoreError: If it cannot be opened, is damaged, is no store, or is from a newer version.
    """
    parsed = sa.make_url(url)
    place = place_of(parsed)
    with explaining(place):
        engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _server(parsed)
        _prepare(engine, place)
    return engine


def place_of(url: URL) -> str:
    """A store's place as people may see it: the file, or the URL without its password."""
    if url.get_backend_name() == "sqlite" and url.database:
        return url.database
    return url.render_as_string(hide_password=True)


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
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare(engine: Engine, place: str) -> None:
    with engine.connect() as connection:
        tables = set(sa.inspect(connection).get_table_names())
        if not tables:
            _create(engine)
        elif store_meta.name not in tables:
            raise StoreCorrupt(
                f"{place} is a database, but no store of this package.",
                "Set XEROML_STORE to another path.",
            )
        else:
            _check_version(connection, place)


def _create(engine: Engine) -> None:
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            # Two kernels may open an empty database at once.
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(7264529)"))
        metadata.create_all(connection)
        known = connection.execute(sa.select(store_meta.c.value)).first()
        if known is None:
            row = {"key": "schema_version", "value": str(SCHEMA_VERSION)}
            connection.execute(sa.insert(store_meta), row)


def _check_version(connection: Connection, place: str) -> None:
    query = sa.select(store_meta.c.value).where(store_meta.c.key == "schema_version")
    version = connection.execute(query).scalar_one_or_none()
    if version is None or not version.isdigit():
        raise StoreCorrupt(f"The store {place} does not say its version.", "Restore a backup.")
    if int(version) > SCHEMA_VERSION:
        raise StoreTooNew(
            f"The store {place} has schema {version}; this version reads up to {SCHEMA_VERSION}.",
            "Upgrade with: pip install -U xeroml_nb",
        )
