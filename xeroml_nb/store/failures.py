"""What a database driver says, in the words of this package."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import exc

from xeroml_nb.errors import (
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreReadOnly,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_CAUSES: tuple[tuple[tuple[str, ...], type[StoreError], str, str], ...] = (
    (
        ("readonly database", "read-only transaction", "permission denied"),
        StoreReadOnly,
        "cannot be written",
        "Make the file and its folder writable, or set XEROML_STORE to another path.",
    ),
    (
        ("unable to open", "readonly"),
        StoreReadOnly,
        "cannot be opened",
        "Check that its folder exists and is writable, or set XEROML_STORE to another path.",
    ),
    (
        ("not a database", "malformed", "corrupt"),
        StoreCorrupt,
        "is damaged or is no store",
        "Move the file away and restore a backup, or set XEROML_STORE to another path.",
    ),
    (
        ("is full", "no space", "disk i/o error"),
        StoreFull,
        "cannot grow: the disk is full or fails",
        "Free some space and run again; everything stored before is kept.",
    ),
    (
        ("is locked", "lock timeout", "lock_timeout"),
        StoreBusy,
        "is locked by another process",
        "Wait for that process, or end it, and run again.",
    ),
    (
        ("authentication failed", "no password supplied", "is not permitted to log in"),
        StoreError,
        "refuses the user or the password",
        "Correct them in XEROML_STORE.",
    ),
    (
        ('fatal:  database "', 'fatal: database "'),
        StoreError,
        "is not there",
        "Make the database, for example with createdb, or correct XEROML_STORE.",
    ),
    (
        ("no such table", "no such column", "has no column", "relation ", "column "),
        StoreCorrupt,
        "lacks a part of its schema",
        "See what is missing with `xeroml-nb store check`, and restore a backup.",
    ),
    (
        (
            *(
                "could not connect",
                "connection refused",
                "connection failed",
                "could not translate",
                "failed to resolve",
            ),
            *("terminating connection", "connection to server", "closed the connection"),
            *("timeout expired", "the connection is lost", "too many clients"),
        ),
        StoreError,
        "cannot be reached",
        "Check the address in XEROML_STORE and that the database is running.",
    ),
)


def explained(error: BaseException, place: str) -> StoreError:
    """Turn a driver's error into a StoreError that names the store and the next step."""
    said = " ".join(str(getattr(error, "orig", None) or error).split())
    for words, kind, what, step in _CAUSES:
        if any(word in said.lower() for word in words):
            return kind(f"The store {place} {what} ({said}).", step)
    return StoreError(
        f"The store {place} failed: {said}.", "What was stored before is kept; run again."
    )


@contextmanager
def explaining(place: str) -> Iterator[None]:
    """Raise what happens inside as a StoreError, keeping the driver's error as its cause."""
    try:
        yield
    except (exc.DBAPIError, sqlite3.Error) as error:
        raise explained(error, place) from error
