"""How far a push is, as a line on standard error."""

from __future__ import annotations

import sys
import time

_TEXT_SECONDS = 0.5
_LOG_SECONDS = 10.0


class ProgressLine:
    """A line renewed in a terminal, seldom repeated in a log; a short push needs none.

    Args:
        title: What is going on, such as "pushing triage_v2 #3".
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._terminal = sys.stderr.isatty()
        self._every = _TEXT_SECONDS if self._terminal else _LOG_SECONDS
        self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Show the present figures, if it is time."""
        if time.monotonic() - self._last < self._every:
            return
        self._last = time.monotonic()
        line = f"{self._title} · {done:,}/{total:,}"
        sys.stderr.write(f"\r\x1b[K{line}" if self._terminal else f"{line}\n")
        sys.stderr.flush()

    def close(self) -> None:
        """Take the line of a terminal away: what became of it is said elsewhere."""
        if self._terminal:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
