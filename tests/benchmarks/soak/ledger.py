"""What the kernel told, and what its store had each time it was stopped."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    Key = tuple[int, str]  # a batch, and an item of it


class Ledger:
    """Kept outside of the kernel and of its disk; any thread may look.

    A stretch is the time between two stops of the run: by a kill, or by a full disk. News are
    lines that do not only repeat the one before: without any, the kernel hangs.
    """

    def __init__(self) -> None:
        self.stretch = 0
        self.acknowledged: Counter[int] = Counter()
        self.unsent: Counter[str] = Counter()
        self.lost = 0
        self.full = 0
        self.news = 0
        self._last = ""
        self._executed: list[tuple[int, Key]] = []
        self._stored_since: dict[Key, int] = {}
        self._changed = threading.Condition()

    @property
    def done(self) -> int:
        """Item runs that the kernel showed as done."""
        return self.acknowledged.total()

    def hear(self, line: str) -> None:
        """Take in a line of the kernel; half a line, of one that was killed, says nothing."""
        if not line.endswith("\n"):
            return
        kind, *words = line.split()
        with self._changed:
            self.news += line != self._last
            self._last = line
            if kind == "executed":
                self._executed.append((self.stretch, (int(words[0]), words[1])))
            elif kind == "acknowledged":
                self.acknowledged[int(words[0])] = int(words[1])
            elif kind == "unsent":
                self.unsent[words[0]] += 1
            elif kind == "full":
                self.full += 1
                self.stretch += 1
            self._changed.notify_all()

    def wait_for_stop(self, stretch: int, seconds: float) -> None:
        """Wait until a stretch is over, for some seconds at most."""
        with self._changed:
            self._changed.wait_for(lambda: self.stretch > stretch, seconds)

    def stopped(self, stored: Iterable[Key]) -> None:
        """Take in that a kernel has ended, and which item runs the store has then."""
        with self._changed:
            self.stretch += 1
            self._changed.notify_all()
        self.look_into(stored)

    def look_into(self, stored: Iterable[Key]) -> None:
        """Take in which item runs the store has while none are run.

        Args:
            stored: All that ended with an output or an error.
        """
        kept = set(stored)
        counts = Counter(batch for batch, _ in kept)
        with self._changed:
            for batch, number in self.acknowledged.items():
                self.lost += max(0, number - counts[batch])
            for key in kept:
                self._stored_since.setdefault(key, self.stretch)

    def doubled(self) -> int:
        """Executions of item runs that the store had before."""
        since = self._stored_since
        return sum(stretch >= since.get(key, stretch + 1) for stretch, key in self._executed)

    def again(self) -> int:
        """Executions of item runs that had been executed before, but were not stored."""
        return len(self._executed) - len({key for _, key in self._executed}) - self.doubled()
