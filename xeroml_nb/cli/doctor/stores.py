"""The store: which it is, and whether it can be read and written. Nothing is changed in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from xeroml_nb.cli.doctor.disks import disk
from xeroml_nb.cli.doctor.finding import Finding, broken, broken_by, fine, lacking
from xeroml_nb.cli.opening import looked_into
from xeroml_nb.errors import XeromlError
from xeroml_nb.settings import PROJECT_MARKS, chosen_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

    from xeroml_nb.cli.doctor.finding import Asked

_MAY_WRITE = (
    "SELECT current_setting('transaction_read_only') = 'off'"
    " AND has_table_privilege('store_meta', 'INSERT')"
    " AND has_table_privilege('store_meta', 'UPDATE')"
)


def store(asked: Asked) -> Iterator[Finding]:
    """The store of this folder and this environment."""
    from xeroml_nb.store.engines import engine_for, file_of, shown_place

    address = chosen_place(asked.store)
    try:
        file, shown = file_of(engine_for(address)), shown_place(address)
    except XeromlError as error:
        yield broken_by("place", error)
        return
    yield fine("place", f"{shown}, {_whence(asked.store)}", place=shown)
    if file is not None and not file.exists():
        yield fine("schema", "not there yet; the first experiment makes the file")
    else:
        yield from inside(address, shown)
    yield from (disk(file) if file is not None else ())


def inside(address: str, shown: str) -> Iterator[Finding]:
    """What is in a store that is there, and whether it can be written.

    Args:
        address: Path or URL of the store.
        shown: The same, without password.
    """
    from xeroml_nb.store.engines import file_of

    try:
        with looked_into(address) as connection:
            yield schema(connection, shown)
            file = file_of(connection.engine)
            yield rights(connection) if file is None else permissions(file)
    except XeromlError as error:
        yield broken_by("reading", error)


def schema(connection: Connection, shown: str) -> Finding:
    """Whether the tables are those of this version.

    Raises:
        StoreError: If it is no store, or that of a newer version.
    """
    from xeroml_nb.store.connect import stored_version
    from xeroml_nb.store.schema import SCHEMA_VERSION
    from xeroml_nb.store.schema_check import missing_parts

    version = stored_version(connection, shown)
    if version is None:
        return fine("schema", "an empty database; the first experiment makes the tables")
    if version < SCHEMA_VERSION:
        text = (
            f"{version}, older than the {SCHEMA_VERSION} of this version; its next use upgrades it"
        )
        step = "Copy it first with: xeroml-nb store backup, and end what still uses it"
        return lacking("schema", text, step, version=version, upgrades_to=SCHEMA_VERSION)
    if missing := missing_parts(connection):
        many = f"a fault, the first of {len(missing)}" if missing[1:] else "a fault"
        text = f"{version}, with {many}: {missing[0]}"
        step = "Restore a backup. See all that is missing with: xeroml-nb store check"
        return broken("schema", text, step, version=version)
    return fine("schema", f"{version}, that of this version", version=version)


def permissions(file: Path) -> Finding:
    """Whether this user may write a store's file, and the files of SQLite beside it."""
    for path, what in ((file, "the file"), (file.parent, "the folder of the file")):
        if not os.access(path, os.W_OK):
            step = f"Make {path} writable, or set XEROML_STORE to another path."
            return broken("writing", f"{what} cannot be written: all is read-only", step)
    return fine("writing", "the file and its folder can be written")


def rights(connection: Connection) -> Finding:
    """Whether this user may write into a store on PostgreSQL."""
    import sqlalchemy as sa

    if "store_meta" not in sa.inspect(connection).get_table_names():
        return fine("writing", "not known before there are tables")
    if connection.exec_driver_sql(_MAY_WRITE).scalar_one():
        return fine("writing", "the tables can be written")
    step = "Let its owner GRANT the right, or name another user in XEROML_STORE."
    return broken("writing", "this user may only read the tables", step)


def _whence(given: str | None) -> str:
    """Who says that the store is there."""
    if given:
        return "from --store"
    if os.environ.get("XEROML_STORE"):
        return "from XEROML_STORE"
    folders = (Path.cwd(), *Path.cwd().parents)
    if any((folder / ".xeroml").is_dir() for folder in folders):
        return "the nearest .xeroml"
    is_project = any((folder / mark).exists() for folder in folders for mark in PROJECT_MARKS)
    return "in the project's root" if is_project else "in the working folder"
