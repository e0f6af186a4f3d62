"""See whether a server shows what it accepted."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from xeroml_nb.store.rows import chunks
from xeroml_nb.sync.sending.planning import BATCH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xeroml_nb.sync.parcels.base import Kind, Link, Parcel

# Batches that wait to be looked for: few, so that the memory stays the same however much is sent.
_AHEAD = 4
# Seconds; a server may show only after a while what it was sent.
_PAUSES = (0.5, 2.0)


class ReadBack:
    """Looks for what was sent from a thread of its own, while more is being sent.

    Args:
        link: To the server.
        between: Called between two batches.
    """

    def __init__(self, link: Link, between: Callable[[], None]) -> None:
        self._link = link
        self._between = between
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="xeroml-read-back")
        self._asked: deque[tuple[Kind, Sequence[Parcel], Future[set[str]]]] = deque()
        # What is missing so far by kind and id, without its content.
        self._missing: dict[str, dict[str, Parcel]] = {}

    def look_for(self, kind: Kind, parcels: Sequence[Parcel]) -> None:
        """Look for a batch soon; waits where many are to be looked for already.

        Raises:
            ServerError: If the server could not be asked for an earlier batch.
        """
        if len(self._asked) == _AHEAD:
            self._hear()
        if parcels:
            found = self._thread.submit(kind.read_back, self._link, parcels)
            self._asked.append((kind, parcels, found))

    def missing(self, kinds: Sequence[Kind]) -> dict[str, list[Parcel]]:
        """What the server does not show, by kind, also not when it is looked for again.

        Args:
            kinds: All of which there may be something.

        Raises:
            ServerError: If the server cannot be asked.
        """
        while self._asked:
            self._hear()
        for pause in _PAUSES:
            if any(self._missing.values()):
                time.sleep(pause)
                for kind in kinds:
                    self._look_again(kind)
        return {name: list(left.values()) for name, left in self._missing.items() if left}

    def close(self) -> None:
        """Ask for nothing more."""
        self._thread.shutdown(cancel_futures=True)

    def _hear(self) -> None:
        """Take in what became of the batch that was asked for first."""
        kind, parcels, found = self._asked.popleft()
        seen = found.result()
        left = self._missing.setdefault(kind.name, {})
        left |= {p.key: replace(p, payload=None) for p in parcels if p.key not in seen}
        self._between()

    def _look_again(self, kind: Kind) -> None:
        left = self._missing.get(kind.name, {})
        for part in chunks(left, BATCH):
            with self._link.store.reading() as connection:
                loaded = kind.load(connection, part)
            # What changed here meanwhile is another matter.
            same = [one for one in loaded if one.content_hash == left[one.key].content_hash]
            seen = kind.read_back(self._link, same)
            shown = {one.key for one in same} - seen
            for key in set(part) - shown:
                del left[key]
            self._between()
