"""Work of which only the newest order counts."""

from __future__ import annotations

import contextvars
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_AT_ONCE = 2


class Latest:
    """Does what was ordered last, on threads of its own, a moment after the order.

    An order that is being carried out cannot be called back. A newer one begins beside it, and
    what the older one comes to is dropped; at most two are carried out at a time.

    Args:
        pause: Seconds without another order, after which an order is carried out.
    """

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._number = 0
        self._changed = threading.Condition()
        self._running = threading.Semaphore(_AT_ONCE)
        self._telling = threading.Lock()

    def order(
        self, work: Callable[[], T], tell: Callable[[T], None], *, at_once: bool = False
    ) -> None:
        """Do something soon, unless something else is ordered before it is told.

        Args:
            work: Does it; must not raise.
            tell: Called on the thread with what it came to, unless there is a newer order.
            at_once: Without the pause.
        """
        with self._changed:
            self._number += 1
            number = self._number
            self._changed.notify_all()
        pause = 0 if at_once else self._pause
        # Messages to a notebook find their cell through the context they are sent from.
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run,
            args=(self._carry_out, number, pause, work, tell),
            name="xeroml-card",
            daemon=True,
        ).start()

    def _carry_out(
        self, number: int, pause: float, work: Callable[[], T], tell: Callable[[T], None]
    ) -> None:
        with self._changed:
            if self._changed.wait_for(lambda: self._number != number, pause):
                return
        with self._running:
            if self._number != number:
                return
            done = work()
        with self._telling:
            if self._number == number:
                tell(done)
