"""Open the database behind a store."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from xeroml_nb.errors import StoreCorrupt, StoreTooNew
from xeroml_nb.store.engines import (
    WAITS,
    WRITES,
    engine_for,
    file_of,
    make_folder,
    shown_place,
    switch_to_wal,
)
from xeroml_nb.store.failures import explaining
from xeroml_nb.store.rows import upsert
from xeroml_nb.store.schema import SCHEMA_VERSION, metadata, store_meta

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection, Engine

# Another process may be upgrading a large store meanwhile.
_LONGEST_UPGRADE = 600.0  # seconds


def open_database(place: str) -> Engine:
    """Open a store's database: made where there is none, upgraded where it is older.

    Args:
        place: Path of an SQLite file, or an SQLAlchemy URL.

    Raises:
        StoreError: If it cannot be opened, is damaged, is no store, or is from a newer version.
        BadInput: If the place is no path and no URL of a known database.
    """
    shown = shown_place(place)
    with explaining(shown):
        engine = engine_for(place)
        file = file_of(engine)
        if file is not None:
            make_folder(file.parent)
        try:
            _prepare(engine, shown)
        except BaseException:
            engine.dispose()
            raise
    return engine


def stored_version(connection: Connection, place: str) -> int | None:
    """The schema of a store; None where the database is still empty.

    Raises:
        StoreCorrupt: If it is no store, or does not say its schema.
        StoreTooNew: If this version does not know its schema.
    """
    tables = sa.inspect(connection).get_table_names()
    if not tables:
        return None
    if store_meta.name not in tables:
        raise StoreCorrupt(
            f"{place} is a database, but no store of this package.",
            "Set XEROML_STORE to another path.",
        )
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


@contextmanager
def preparing(engine: Engine) -> Iterator[Connection]:
    """A transaction in which a store is made or upgraded; other processes wait for its end."""
    options = {WRITES: True, WAITS: _LONGEST_UPGRADE}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(7264529)"))
        yield connection


def note_version(connection: Connection) -> None:
    """Note that a store has the schema of this version."""
    row = {"key": "schema_version", "value": str(SCHEMA_VERSION)}
    known = upsert(connection.dialect.name, store_meta, ("key",), ("value",))
    connection.execute(known, row)


def _prepare(engine: Engine, place: str) -> None:
    with engine.connect() as connection:
        version = stored_version(connection, place)
    if version is None:
        _create(engine, place)
    elif version < SCHEMA_VERSION:
        # Loaded only now: most stores are of this version, and are to open at once.
        from xeroml_nb.store.migrations.upgrading import upgrade

        upgrade(engine, place)


def _create(engine: Engine, place: str) -> None:
    if engine.dialect.name == "sqlite":
        switch_to_wal(engine)
    with preparing(engine) as connection:
        # Another process may have been faster.
        if stored_version(connection, place) is None:
            metadata.create_all(connection)
            note_version(connection)
