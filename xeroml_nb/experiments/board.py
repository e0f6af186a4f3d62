"""Which items are still to be run, which are in flight, and which are safe in the store."""

from __future__ import annotations

import contextvars
import itertools
import threading
from typing import TYPE_CHECKING, Any

from xeroml_nb.experiments.flight import Flight, Phase, Route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from xeroml_nb.experiments.tally import Tally
    from xeroml_nb.records.dataset import DatasetItem
    from xeroml_nb.store.rows import Rows
    from xeroml_nb.store.store import Store

Job = tuple["DatasetItem", int]


class Board:
    """Hands out items and takes their results; any thread may ask.

    A flight lands once: whoever is late with one that was given up finds it gone.

    Args:
        store: Where item runs go.
        route: What all flights have in common.
        jobs: Items and repetitions to run.
        tally: Hears of every stored item run.
        stopping: Set when no further item may start.
    """

    def __init__(
        self,
        store: Store,
        route: Route,
        jobs: Iterable[Job],
        tally: Tally,
        stopping: threading.Event,
    ) -> None:
        self._store = store
        self._route = route
        self._jobs = iter(jobs)
        self._tally = tally
        self._stopping = stopping
        self._context = contextvars.copy_context()
        self._lock = threading.Lock()
        self._flights: dict[int, Flight] = {}
        self._numbers = itertools.count()
        self._unsaved = 0
        self._exhausted = False
        self.changed = threading.Event()
        self.error: BaseException | None = None

    @property
    def flying(self) -> list[Flight]:
        """The flights that have not landed."""
        return list(self._flights.values())

    @property
    def running(self) -> int:
        """How many flights have not landed."""
        return len(self._flights)

    def take(self) -> Flight | None:
        """The next item to run, or None if there is none."""
        with self._lock:
            job = None if self._stopping.is_set() else next(self._jobs, None)
            if job is None:
                self._exhausted = self._exhausted or not self._stopping.is_set()
                self.changed.set()
                return None
            flight = Flight(self._route, *job, context=self._context.copy())
            flight.number = next(self._numbers)
            self._flights[flight.number] = flight
            return flight

    def land(self, flight: Flight, ended: Flight | None = None) -> bool:
        """Store a flight, as it ended; False if it was given up before, and its lane with it."""
        with self._lock:
            if self._flights.get(flight.number) is not flight:
                return False
            del self._flights[flight.number]
            begun = flight.phase is not Phase.WAITING
            self._unsaved += begun
        if begun:
            rows = (ended or flight).rows()
            self._store.submit(rows, lambda error: self._saved(rows, error))
        return True

    def swap(self, flight: Flight, other: Flight) -> bool:
        """Let another flight go on in the place of one; False if that has landed."""
        with self._lock:
            if self._flights.get(flight.number) is not flight:
                return False
            self._flights[flight.number] = other
            return True

    def put_back(self, flight: Flight) -> None:
        """Run the item of a flight again from its beginning."""
        with self._lock:
            if self._flights.pop(flight.number, None) is None:
                return
            self._jobs = itertools.chain([(flight.item, flight.repetition)], self._jobs)
            self._exhausted = False
        flight.let_go()

    def is_clear(self) -> bool:
        """Tell whether nothing is to be run, nothing flies, and everything is stored."""
        with self._lock:
            over = self._exhausted or self._stopping.is_set()
            if not over or self._flights:
                return False
            unsaved = self._unsaved
        if unsaved:
            self._store.flush()
        return self._unsaved == 0

    def _saved(self, rows: Rows, error: BaseException | None) -> None:
        """Hear from the store's writer how a commit went."""
        if error is None:
            for run in rows.item_runs:
                self._tally.add(run, rows.scores)
        else:
            self.error = self.error or error
            self._stopping.set()
        with self._lock:
            self._unsaved -= 1
            if not self._unsaved:
                self.changed.set()


def pending(
    items: Iterable[DatasetItem], repetitions: int, done: Callable[[tuple[str, int]], Any]
) -> list[Job]:
    """Items and repetitions that are not done yet, one repetition of all items after the other."""
    every = list(items)
    return [(i, r) for r in range(repetitions) for i in every if not done((i.id, r))]
