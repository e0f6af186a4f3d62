"""A store: reads from any thread, writes through one."""

from __future__ import annotations

import atexit
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from xeroml_nb.store.connect import open_database
from xeroml_nb.store.engines import shown_place
from xeroml_nb.store.failures import explaining
from xeroml_nb.store.writer import Writer, put_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection

    from xeroml_nb.store.rows import Rows

T = TypeVar("T")


class Store:
    """Where datasets, experiments, traces and scores live.

    Args:
        place: Path of an SQLite file, or an SQLAlchemy URL.
        forwards: Changes are noted for the servers that this store sends to.

    Raises:
        StoreError: If it cannot be opened.
    """

    def __init__(self, place: str, *, forwards: bool = True) -> None:
        self.place = shown_place(place)
        self._address = place
        self._engine = open_database(place)
        self._writer = Writer(self._engine, self.place, forwards=forwards)
        self._left: BaseException | None = None
        self._at_exit = _close_at_exit(self)

    def __repr__(self) -> str:
        return f"Store({self.place})"

    @property
    def address(self) -> str:
        """As it was opened, for another process to open it; it may hold a password."""
        return self._address

    @property
    def crowded(self) -> bool:
        """So much is waiting to be written that producers should pause."""
        return self._writer.crowded

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the store; only for this thread and this block."""
        with explaining(self.place), self._engine.connect() as connection:
            yield connection

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run a function in a writing transaction and wait until it is committed."""
        return self._writer.call(work)

    def write_rows(self, rows: Rows) -> None:
        """Write rows and wait until they are committed."""
        self._writer.call(lambda connection: put_rows(connection, rows))

    def submit(self, rows: Rows, tell: Callable[[BaseException | None], None]) -> None:
        """Write rows soon; `tell` hears None after the commit, or the error."""
        self._writer.submit(rows, tell)

    def submit_quietly(self, rows: Rows) -> None:
        """Write rows soon; an error is raised by the next `flush`."""
        self._writer.submit(rows, self._keep_error)

    def flush(self) -> None:
        """Wait until all that was handed in is committed.

        Raises:
            StoreError: If something could not be written since the last flush.
        """
        self._writer.call(lambda _: None)
        error, self._left = self._left, None
        if error is not None:
            raise error

    def close(self) -> None:
        """Write what is waiting and let go of the database."""
        atexit.unregister(self._at_exit)
        self._writer.close()
        self._engine.dispose()

    def _keep_error(self, error: BaseException | None) -> None:
        self._left = error or self._left


def _close_at_exit(store: Store) -> Callable[[], None]:
    """Close a store when the interpreter ends, if it still lives then."""
    alive = weakref.ref(store)

    def close() -> None:
        if (store := alive()) is not None:
            store.close()

    return atexit.register(close)
