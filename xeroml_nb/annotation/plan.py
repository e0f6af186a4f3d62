"""One person's order of entries: parts that are only ever added, so that it never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.annotation.order import Planned
from xeroml_nb.records.label import EntryKey
from xeroml_nb.store import labels, queues

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.engine import Connection

    from xeroml_nb.store.store import Store


class Plan:
    """What one person labels, in order; parts of it are read when they are needed.

    Args:
        store: Where it lives.
        queue_id: The queue.
        annotator: Whose order.
    """

    def __init__(self, store: Store, queue_id: str, annotator: str) -> None:
        self._store = store
        self._whose = (queue_id, annotator)
        self._sizes: list[int] = []
        self._read = 0
        self.entries: list[Planned] = []
        self.positions: dict[EntryKey, int] = {}
        self.look()

    @property
    def total(self) -> int:
        """How many entries there are, read or not."""
        return sum(self._sizes)

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return len(self._sizes)

    def key(self, position: int) -> EntryKey:
        """The entry at a position that is read."""
        return key_of(self.entries[position])

    def look(self) -> None:
        """See which parts were added, here or by another process."""
        with self._store.reading() as connection:
            self._sizes = labels.plan_sizes(connection, *self._whose)

    def read_part(self) -> bool:
        """Read the next part that is not read yet; False if there is none."""
        if self._read == len(self._sizes):
            return False
        with self._store.reading() as connection:
            stored = labels.plan_part(connection, *self._whose, self._read)
        self._take(Planned(i, r, bool(again), drawn=drawn) for i, r, again, drawn in stored)
        return True

    def read_all(self) -> None:
        """Read every part."""
        while self.read_part():
            pass

    def add(self, connection: Connection, planned: Sequence[Planned]) -> bool:
        """Store a further part; False, and nothing is stored, if another process was first."""
        queue_id, _ = self._whose
        queues.lock(connection, queue_id)
        if labels.plan_sizes(connection, *self._whose) != self._sizes:
            return False
        rows = [[p.item_id, p.repetition, int(p.repeat), p.drawn] for p in planned]
        labels.add_plan_part(connection, *self._whose, self.parts, rows)
        return True

    def _take(self, planned: Iterable[Planned]) -> None:
        for one in planned:
            self.positions[key_of(one)] = len(self.entries)
            self.entries.append(one)
        self._read += 1


def key_of(planned: Planned) -> EntryKey:
    """The entry of a place in an order."""
    return EntryKey(planned.item_id, planned.repetition, planned.repeat)
