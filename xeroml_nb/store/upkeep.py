"""Look after a store: check it, copy it, make it compact. None of this upgrades it."""

from __future__ import annotations

import shlex
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from xeroml_nb.errors import BadInput, StoreError
from xeroml_nb.store.connect import stored_version
from xeroml_nb.store.copying import copy_database, name_of_copy
from xeroml_nb.store.engines import engine_for, file_of, shown_place
from xeroml_nb.store.failures import explaining
from xeroml_nb.store.schema import SCHEMA_VERSION, metadata
from xeroml_nb.store.schema_check import missing_parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.engine import Connection, Engine


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """What a check of a store found.

    Args:
        place: The store, without password.
        schema: Its schema's number.
        upgrades_to: The schema that its next use brings it to; None where it has that of now.
        size: In bytes, as far as it lies in files of its own or in one database.
        counts: Rows by table; none of a damaged file, which cannot be counted on.
        problems: What is wrong, a sentence each.
    """

    place: str
    schema: int
    upgrades_to: int | None
    size: int
    counts: dict[str, int]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compacted:
    """What making a store compact came to.

    Args:
        place: The store, without password.
        before: Its size before, in bytes.
        after: Its size afterwards.
    """

    place: str
    before: int
    after: int


def check_store(place: str) -> StoreCheck:
    """Read all of a store, and say what is damaged in it or missing from it.

    Args:
        place: Path of an SQLite file, or an SQLAlchemy URL.

    Raises:
        StoreError: If there is no store, or it cannot be read at all.
    """
    with _existing(place) as (engine, version), engine.connect() as connection:
        problems, counts = _damages(connection), {}
        if not problems:
            counts = _counts(connection)
            problems = missing_parts(connection) if version == SCHEMA_VERSION else []
        return StoreCheck(
            place=shown_place(place),
            schema=version,
            upgrades_to=None if version == SCHEMA_VERSION else SCHEMA_VERSION,
            size=_size(engine, connection),
            counts=counts,
            problems=tuple(problems),
        )


def backup_store(place: str, target: Path) -> Path:
    """Copy a store as it is at this moment, while others go on to use it.

    Args:
        place: Path of an SQLite file.
        target: What the copy is called, or a folder to put it in, under a name of its own.

    Returns:
        The file of the copy.

    Raises:
        BadInput: If something of that name is there, or the store is on a server, which has its
            own tool for this.
        StoreError: If there is no store, or it cannot be read, or the copy not be written.
    """
    with _existing(place) as (engine, version):
        file = file_of(engine)
        if file is None:
            raise BadInput(
                f"The store {shown_place(place)} is on a server, whose own tool copies it.",
                f"Run: {_dump_command(engine, target)}",
            )
        copy = target / name_of_copy(file, version) if target.is_dir() else target
        if copy.exists():
            raise BadInput(f"There is a file {copy} already.", "Choose another name.")
        if not copy.parent.is_dir():
            raise BadInput(f"There is no folder {copy.parent}.", "Make it, or choose another.")
        copy_database(file, copy)
    return copy


def compact_store(place: str) -> Compacted:
    """Give the room of deleted rows back, and let the database plan anew how it looks things up.

    Args:
        place: Path of an SQLite file, or an SQLAlchemy URL.

    Raises:
        StoreError: If there is no store, or it is in use for too long, or there is no room for a
            copy meanwhile.
    """
    with _existing(place) as (engine, _):
        with engine.connect() as connection:
            before = _size(engine, connection)
        if engine.dialect.name == "sqlite":
            _compact_file(engine)
        else:
            _vacuum(engine)
        with engine.connect() as connection:
            return Compacted(shown_place(place), before, _size(engine, connection))


@contextmanager
def _existing(place: str) -> Iterator[tuple[Engine, int]]:
    """The engine and the schema of a store that is there."""
    shown = shown_place(place)
    with explaining(shown):
        engine = engine_for(place)
        try:
            file = file_of(engine)
            version = None
            if file is None or file.exists():
                with engine.connect() as connection:
                    version = stored_version(connection, shown)
            if version is None:
                raise StoreError(f"There is no store {shown}.", "Look for it with --store.")
            yield engine, version
        finally:
            engine.dispose()


def _damages(connection: Connection) -> list[str]:
    """What SQLite finds wrong in its file; PostgreSQL watches over its files itself."""
    if connection.dialect.name != "sqlite":
        return []
    found = connection.exec_driver_sql("PRAGMA integrity_check(10)").scalars()
    return [f"The file is damaged: {line}." for line in found if line != "ok"]


def _counts(connection: Connection) -> dict[str, int]:
    there = set(sa.inspect(connection).get_table_names())
    return {
        table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
        if table.name in there and table.name != "store_meta"
    }


def _size(engine: Engine, connection: Connection) -> int:
    """Bytes on disk, with what is written but not yet moved into the file itself."""
    file = file_of(engine)
    if file is None:
        query = sa.text("SELECT pg_database_size(current_database())")
        return int(connection.execute(query).scalar_one())
    parts = (file, file.with_name(f"{file.name}-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())


def _compact_file(engine: Engine) -> None:
    with closing(engine.raw_connection()) as raw:
        for statement in ("VACUUM", "ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"):
            raw.cursor().execute(statement).close()


def _vacuum(engine: Engine) -> None:
    # By name: those of the database itself are not for everybody to vacuum.
    names = ", ".join(table.name for table in metadata.sorted_tables)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"VACUUM (ANALYZE) {names}")


def _dump_command(engine: Engine, target: Path) -> str:
    """How PostgreSQL's own tool copies a database; it asks for the password itself."""
    secret = {"password", "sslpassword"}
    query = {name: value for name, value in engine.url.query.items() if name not in secret}
    url = engine.url.set(drivername="postgresql", query=query)._replace(password=None)
    words = ("pg_dump", "--format=custom", f"--file={target}", url.render_as_string())
    return shlex.join(words)
