"""A few items of a run that are run before the others, to learn what those will take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.records import clock
from xeroml_nb.records.experiment import ItemStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from xeroml_nb.experiments.board import Job
    from xeroml_nb.experiments.flight import Flight


class Pilot:
    """Chooses items of a run, and keeps how long each was worked on.

    Args:
        item_ids: The items.
    """

    def __init__(self, item_ids: Collection[str]) -> None:
        self._item_ids = frozenset(item_ids)
        self._times: dict[tuple[str, int], float] = {}

    @property
    def times(self) -> list[float]:
        """Seconds that each item run took from its beginning, attempts and scoring included."""
        return list(self._times.values())

    def chosen(self, jobs: Iterable[Job]) -> list[Job]:
        """Those item runs that belong to the pilot."""
        return [job for job in jobs if job[0].id in self._item_ids]

    def landed(self, flight: Flight) -> None:
        """Keep how long an item run took, unless it was given up."""
        if flight.status is not ItemStatus.STOPPED:
            took = (clock.now() - flight.started_at).total_seconds()
            self._times[flight.item.id, flight.repetition] = took
