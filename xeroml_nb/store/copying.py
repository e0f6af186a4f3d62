"""Copy an SQLite store while others use it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from xeroml_nb.records import clock

if TYPE_CHECKING:
    from pathlib import Path


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is at this moment; the target is whole or not there.

    Args:
        source: The file of a database that exists.
        target: What the copy is called; a file of that name is replaced.

    Raises:
        sqlite3.Error: If one cannot be read or the other not be written.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(part)) as copy:
            shutil.copymode(source, part)
            original.backup(copy)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def name_of_copy(file: Path, version: int) -> str:
    """What a copy of a store is called: after the store, its schema and this moment."""
    return f"{file.stem}.schema-{version}-{clock.now():%Y%m%d-%H%M%S}{file.suffix}"
