"""Which items are still to be run, which are in flight, and which are safe in the store."""

from __future__ import annotations

import contextvars
import itertools
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from xeroml_nb.experiments.budget import Budget
from xeroml_nb.experiments.flight import Flight, Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from xeroml_nb.experiments.route import Route
    from xeroml_nb.experiments.tally import Tally
    from xeroml_nb.records.dataset import DatasetItem
    from xeroml_nb.store.rows import Rows
    from xeroml_nb.store.store import Store

Job = tuple["DatasetItem", int]


class Board:
    """Hands out items and takes their results; any thread may ask.

    A flight lands once: whoever is late with one that was given up finds it gone. Lanes meet here
    twice an item, so it does without a lock and rests on operations that Python makes at once:
    the next of an iterator, and adding to or taking from a dict or a deque.

    Args:
        store: Where item runs go.
        route: What all flights have in common.
        jobs: Items and repetitions to run.
        tally: Hears of every stored item run.
        stopping: Set when no further item may start.
        flight_of: Makes a flight of a job.
        budget: What may be spent; without one, anything.
        landed: Hears of every flight that landed, on any thread.
    """

    def __init__(  # noqa: PLR0913 - what a board depends on
        self,
        store: Store,
        route: Route,
        jobs: Iterable[Job],
        tally: Tally,
        stopping: threading.Event,
        *,
        flight_of: Callable[..., Flight] = Flight,
        budget: Budget | None = None,
        landed: Callable[[Flight], None] | None = None,
    ) -> None:
        self._store = store
        self._route = route
        self._jobs = iter(jobs)
        self._tally = tally
        self._stopping = stopping
        self._flight_of = flight_of
        self._landed = landed
        self.budget = budget or Budget()
        self._context = contextvars.copy_context()
        self._numbers = itertools.count()
        # None stands where an item is being taken, so that the board never looks clear meanwhile.
        self._flights: dict[int, Flight | None] = {}
        self._unsaved: deque[int] = deque()
        self._exhausted = False
        self.changed = threading.Event()
        self.error: BaseException | None = None

    @property
    def flying(self) -> list[Flight]:
        """The flights that have not landed."""
        return [flight for flight in list(self._flights.values()) if flight is not None]

    @property
    def running(self) -> int:
        """How many flights have not landed."""
        return len(self._flights)

    @property
    def is_exhausted(self) -> bool:
        """Nothing was left to be run when an item was last asked for."""
        return self._exhausted

    def take(self) -> Flight | None:
        """The next item to run, or None if there is none."""
        number = next(self._numbers)
        self._flights[number] = None
        may_go = not self._stopping.is_set() and self.budget.allows(self.running)
        job = next(self._jobs, None) if may_go else None
        if job is None:
            self._exhausted = self._exhausted or not self._stopping.is_set()
            del self._flights[number]
            self.changed.set()
            return None
        flight = self._flight_of(self._route, *job, context=self._context.copy(), number=number)
        self._flights[number] = flight
        return flight

    def land(self, flight: Flight, ended: Flight | None = None) -> bool:
        """Store a flight, as it ended; False if it was given up before, and its lane with it."""
        self._unsaved.append(flight.number)  # before it leaves the flights, for the same reason
        if not self._leave(flight):
            self._unsaved.pop()
            return False
        if flight.phase is Phase.WAITING:
            self._unsaved.pop()
            return True
        rows = (ended or flight).rows()
        self.budget.spend(rows)
        if self._landed is not None:
            self._landed(ended or flight)
        self._store.submit(rows, lambda error: self._saved(rows, error))
        return True

    def swap(self, flight: Flight, other: Flight) -> bool:
        """Let another flight go on in the place of one; False if that has landed."""
        self._unsaved.append(flight.number)
        if left := self._leave(flight):
            self._flights[flight.number] = other
        self._unsaved.pop()
        return left

    def put_back(self, flight: Flight) -> None:
        """Run the item of a flight again from its beginning."""
        self._exhausted = False
        self._jobs = itertools.chain([(flight.item, flight.repetition)], self._jobs)
        self._leave(flight)
        flight.let_go()

    def is_clear(self) -> bool:
        """Tell whether nothing is to be run, nothing flies, and everything is stored."""
        called_off = self._stopping.is_set() or self.budget.is_closed
        over = called_off or (self._exhausted and not self._has_more())
        if not over or self._flights:
            return False
        if self._unsaved:
            self._store.flush()
        return not self._unsaved and not self._flights

    def _has_more(self) -> bool:
        """Look whether an item was put back at the moment the last one was taken."""
        job = next(self._jobs, None)
        if job is None:
            return False
        self._jobs = itertools.chain([job], self._jobs)
        self._exhausted = False
        return True

    def _leave(self, flight: Flight) -> bool:
        """Take a flight off; False if another is in its place, or none."""
        found = self._flights.pop(flight.number, None)
        if found is flight:
            return True
        if found is not None:
            self._flights[flight.number] = found
        return False

    def _saved(self, rows: Rows, error: BaseException | None) -> None:
        """Hear from the store's writer how a commit went."""
        if error is None:
            for run in rows.ended:
                self._tally.add(run, rows.scores)
        else:
            self.error = self.error or error
            self._stopping.set()
        self._unsaved.pop()
        if not self._unsaved:
            self.changed.set()


def pending(
    items: Iterable[DatasetItem], repetitions: int, done: Callable[[tuple[str, int]], Any]
) -> list[Job]:
    """Items and repetitions that are not done yet, one repetition of all items after the other."""
    every = list(items)
    return [(i, r) for r in range(repetitions) for i in every if not done((i.id, r))]
