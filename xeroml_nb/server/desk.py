"""Where single scores are taken in: those that come together are stored together."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from xeroml_nb.server.failures import ApiError
from xeroml_nb.store.ingest import put_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import Request

    from xeroml_nb.records.score import ScoreRecord
    from xeroml_nb.store.store import Store

_LULL_SECONDS = 0.001
_LONGEST_GATHERING = 20  # lulls
_Waiting = tuple["ScoreRecord", asyncio.Future[None]]


class ScoreDesk:
    """Stores scores that many people give at once.

    Scores gather until none has come for a millisecond, for 20 at most, and then share a commit,
    which costs nearly the same for one score and for a hundred. A desk belongs to one event loop.

    Args:
        store: Where to.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[_Waiting] = []
        self._at_work: asyncio.Task[None] | None = None

    async def take(self, score: ScoreRecord) -> None:
        """Store a score; returns after the commit.

        Raises:
            ApiError: If a score of that id is on something else (409).
            StoreError: If the store cannot be written.
        """
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((score, stored))
        if self._at_work is None:
            self._at_work = asyncio.create_task(self._work())
        await stored

    async def _work(self) -> None:
        while self._waiting:
            await self._gather()
            group, self._waiting = self._waiting, []
            await self._store_group(group)
        self._at_work = None

    async def _gather(self) -> None:
        """Wait until nobody comes in any more, or for long enough."""
        for _ in range(_LONGEST_GATHERING):
            before = len(self._waiting)
            await asyncio.sleep(_LULL_SECONDS)
            if len(self._waiting) == before:
                return

    async def _store_group(self, group: Sequence[_Waiting]) -> None:
        """Store a group at once; if that fails, each by itself: only the one at fault fails."""
        work = partial(put_scores, given=[score for score, _ in group])
        try:
            refused = await asyncio.to_thread(self._store.write, work)
        except Exception as error:  # noqa: BLE001 - whoever gave the score is told
            if len(group) == 1:
                _tell(group[0][1], error)
                return
            for waiting in group:
                await self._store_group([waiting])
            return
        left_out = {id(score) for score in refused}
        for score, stored in group:
            _tell(stored, conflict(score) if id(score) in left_out else None)


def desk_of(request: Request) -> ScoreDesk:
    """The desk of the app that a request goes to."""
    desk: ScoreDesk = request.app.state.desk
    return desk


def conflict(score: ScoreRecord) -> ApiError:
    """The failure of a score whose id is taken."""
    return ApiError(
        409,
        f"A score with the id {score.id!r} has another target, name, source or author. "
        "Send this one under another id, or without one.",
        "id_taken",
    )


def _tell(stored: asyncio.Future[None], error: Exception | None) -> None:
    """Tell who waits, if they still do."""
    if stored.done():
        return
    if error is None:
        stored.set_result(None)
    else:
        stored.set_exception(error)
