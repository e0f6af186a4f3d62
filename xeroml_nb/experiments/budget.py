"""What a run may spend: money and time."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.usage import usage_of
from xeroml_nb.records.experiment import ItemStatus

if TYPE_CHECKING:
    from xeroml_nb.store.rows import Rows

# So many item runs without any recorded cost, and a limit on the cost limits nothing.
_SILENT = 10


def checked_limit(name: str, value: float | None) -> None:
    """Refuse a limit that limits nothing.

    Args:
        name: What the limit is called.
        value: The limit; None for none.

    Raises:
        BadInput: If it is not above 0.
    """
    if value is not None and not value > 0:
        raise BadInput(f"{name} is {value!r}.", "Use a number above 0, or leave it out.")


class Budget:
    """Counts what a run spends, and closes when there is nothing left to begin an item run with.

    What is under way then is finished where money ran out, since it is paid for, and given up
    where time did.

    Args:
        max_cost: Money, in the currency that costs are recorded in; None for no limit.
        max_time: Seconds; None for no limit.
    """

    def __init__(self, max_cost: float | None = None, max_time: float | None = None) -> None:
        self._max_cost = max_cost
        self._max_time = max_time
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._spent = 0.0
        self._landed = self._succeeded = 0
        self._says_cost = False
        self.reason: str | None = None

    @property
    def is_closed(self) -> bool:
        """No further item run may begin."""
        return self.reason is not None

    @property
    def is_out_of_time(self) -> bool:
        """Its time has passed."""
        if self._max_time is None or time.monotonic() < self._began + self._max_time:
            return False
        self.reason = self.reason or f"max_time={self._max_time:g} s have passed"
        return True

    def allows(self, running: int) -> bool:
        """Tell whether one more item run may begin; after a no there is no yes.

        Args:
            running: Item runs under way, that one included; each is taken to cost what those
                before did on average.
        """
        if self._max_cost is None or self.is_closed:
            return not self.is_closed
        with self._lock:
            mean = self._spent / self._landed if self._landed else 0.0
            if self._spent + mean * running > self._max_cost:
                self.reason = (
                    f"max_cost={self._max_cost:g} is used up: {self._spent:.3g} spent, "
                    f"{running - 1} item runs under way"
                )
            elif not self._says_cost and self._succeeded >= _SILENT:
                self.reason = (
                    f"max_cost={self._max_cost:g} cannot be watched: {self._succeeded} item runs "
                    "recorded no cost; use observation.update(cost=...) or xn.prices"
                )
        return not self.is_closed

    def spend(self, rows: Rows) -> None:
        """Count what an item run spent.

        Args:
            rows: The item run with its trace.
        """
        if self._max_cost is None:
            return
        cost = usage_of(rows.observations).cost
        with self._lock:
            for run in rows.item_runs:
                self._landed += run.status is not ItemStatus.STOPPED
                self._succeeded += run.status is ItemStatus.OK
            self._says_cost = self._says_cost or cost is not None
            self._spent += cost or 0.0
