"""Upgrade a store to the schema of this version."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING

from alembic.migration import MigrationContext
from alembic.operations import Operations

from xeroml_nb.store.connect import note_version, preparing, stored_version
from xeroml_nb.store.copying import copy_database, name_of_copy
from xeroml_nb.store.engines import file_of
from xeroml_nb.store.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Connection, Engine

_log = logging.getLogger(__name__)


def upgrade(engine: Engine, place: str) -> None:
    """Bring an older store to the schema of this version, all of it or nothing.

    An SQLite file is copied first, beside itself. Another process that does the same is waited
    for, and then nothing is left to do. The schema's number stays where earlier versions of this
    package look for it, and not also in a table of alembic's.

    Args:
        engine: Of the store.
        place: What to call it.

    Raises:
        StoreError: If the store is from a newer version by now.
    """
    with preparing(engine) as connection:
        version = stored_version(connection, place)
        if version is None or version == SCHEMA_VERSION:
            return
        copy = _copied(file_of(engine), version)
        _take_steps(connection, version)
        note_version(connection)
    _tell(place, version, copy)


def _copied(file: Path | None, version: int) -> Path | None:
    if file is None:
        return None
    copy = file.with_name(name_of_copy(file, version))
    copy_database(file, copy)
    return copy


def _take_steps(connection: Connection, version: int) -> None:
    # Handed to each step, since the one that alembic keeps for all is not for several threads.
    op = Operations(MigrationContext.configure(connection))
    for number in range(version + 1, SCHEMA_VERSION + 1):
        import_module(f"xeroml_nb.store.migrations.to_{number}").upgrade(op)


def _tell(place: str, version: int, copy: Path | None) -> None:
    kept = (
        f"as it was before, it is kept in {copy}"
        if copy
        else "no copy was made, which with PostgreSQL is done with pg_dump"
    )
    # A warning, since a notebook shows nothing less.
    _log.warning(
        "The store %s was upgraded from schema %d to %d; %s.", place, version, SCHEMA_VERSION, kept
    )
