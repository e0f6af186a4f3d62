"""Turns: a call begins when the limits of its provider allow it, whichever lane it is in."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.pace import Pace
from xeroml_nb.experiments.retries import Stopped, is_turned_away, retry_after
from xeroml_nb.tracing.usage import Spent, added_up, says_usage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from xeroml_nb.experiments.pace import Start
    from xeroml_nb.records.observation import Observation

    Recorded = Callable[[], Sequence[Observation | Spent]]

_SLICE = 0.1
_MOST_TURNS = 10
_PATIENCE = 300.0


class RateLimit:
    """What a provider allows, shared by all runs and judges that it is given to.

    The limits given are kept; where none is known, the provider's own refusals (HTTP 429, with
    `Retry-After` where it says so) find the rate. An attempt that is turned away is made again
    when its turn comes, without being one of the `retries`: at most 10 times, and not once nothing
    has got through for 5 minutes. Waiting for a turn is part of neither latency nor time limit.

    A call of the task counts as one request, or as many as it records generations. Tokens are
    those its generations record, so tasks have to record them for `tokens_per_minute` to work.

    Args:
        requests_per_minute: At most, evenly spaced; None to find out.
        tokens_per_minute: That go in and come out, at most; None for no limit.

    Raises:
        BadInput: If a limit is not above 0.

    Example:
        >>> RateLimit(requests_per_minute=500)
        RateLimit(requests_per_minute=500, tokens_per_minute=None)
    """

    def __init__(
        self,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
    ) -> None:
        self.requests_per_minute = _checked("requests_per_minute", requests_per_minute)
        self.tokens_per_minute = _checked("tokens_per_minute", tokens_per_minute)
        self._lock = threading.Lock()
        self._pace = Pace(requests_per_minute, tokens_per_minute)
        self._waiting: dict[Turn, None] = {}
        self._went_well: float | None = None

    def __repr__(self) -> str:
        given = f"requests_per_minute={self.requests_per_minute!r}"
        return f"RateLimit({given}, tokens_per_minute={self.tokens_per_minute!r})"

    @property
    def present_rate(self) -> float:
        """Requests a minute at this moment; infinite before the provider turned anything away."""
        return self._pace.rate * 60

    def turns(self, recorded: Recorded, is_stopping: Callable[[], bool]) -> Iterator[Turn]:
        """Turns of one call in a thread: one, or more where the provider turns it away.

        Args:
            recorded: What the call has recorded so far.
            is_stopping: Tells whether no new attempt may start.
        """
        turn = Turn(self, recorded)
        while turn.is_wanted:
            while (seconds := self._wait(turn, is_stopping)) > 0:
                time.sleep(seconds)
            yield turn

    async def async_turns(
        self, recorded: Recorded, is_stopping: Callable[[], bool]
    ) -> AsyncIterator[Turn]:
        """As `turns`, for a coroutine."""
        turn = Turn(self, recorded)
        while turn.is_wanted:
            try:
                while (seconds := self._wait(turn, is_stopping)) > 0:
                    await asyncio.sleep(seconds)
            finally:
                self._waiting.pop(turn, None)
            yield turn

    def _wait(self, turn: Turn, is_stopping: Callable[[], bool]) -> float:
        """Begin a turn and return 0, or say how long to wait before asking again."""
        with self._lock:
            if is_stopping():
                self._waiting.pop(turn, None)
                raise Stopped
            now = time.monotonic()
            seconds = self._pace.wait(now)
            if seconds > 0:
                self._waiting.setdefault(turn)
                # Who is further back asks later, so that not all ask for the same moment.
                before = list(self._waiting).index(turn)
                return min(seconds + before / self._pace.rate, _SLICE)
            self._waiting.pop(turn, None)
            turn.start = self._pace.begin(now)
            if self._went_well is None:
                self._went_well = now
        return 0.0

    def end(self, turn: Turn, error: BaseException | None) -> bool:
        """Hear how a turn ended; tells whether it is to have another."""
        now = time.monotonic()
        requests, tokens = _used(turn.recorded())
        with self._lock:
            if error is not None and is_turned_away(error):
                self._pace.turn_away(turn.start, now, retry_after(error))
                return turn.count < _MOST_TURNS and now - (self._went_well or now) < _PATIENCE
            self._pace.end(turn.start, now, requests, tokens)
            self._went_well = now
        return False


class Turn:
    """One call's turn: entered when it begins; swallows a refusal that has another turn.

    Args:
        limit: Whose turn it is.
        recorded: What is recorded in it.
    """

    start: Start

    def __init__(self, limit: RateLimit, recorded: Recorded) -> None:
        self._limit = limit
        self._recorded = recorded
        self._before = 0
        self.count = 0
        self.is_wanted = True

    def recorded(self) -> Sequence[Observation | Spent]:
        """What was recorded since it began."""
        return self._recorded()[self._before :]

    def __enter__(self) -> None:
        self._before = len(self._recorded())
        self.count += 1
        self.is_wanted = False

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> bool:
        self.is_wanted = self._limit.end(self, error)
        return self.is_wanted


def checked_rate_limit(limit: Any) -> None:
    """Refuse what is no rate limit.

    Raises:
        BadInput: If it is none.
    """
    if limit is not None and not isinstance(limit, RateLimit):
        raise BadInput(f"rate_limit is {limit!r}.", "Use xn.RateLimit(requests_per_minute=...).")


def _checked(name: str, value: float | None) -> float | None:
    if value is None or (isinstance(value, (int, float)) and value > 0):
        return value
    raise BadInput(f"{name} is {value!r}.", "Use a number above 0, or None.")


def _used(observations: Sequence[Observation | Spent]) -> tuple[int, float]:
    """Requests made, and tokens used by them."""
    spans = [Spent(o.id, o.attributes) for o in observations if says_usage(o.attributes)]
    parents = {o.id: o.parent_id for o in observations}
    usage = added_up(spans, parents)
    around = {parents[span.id] for span in spans} & {span.id for span in spans}
    tokens = (usage.input_tokens or 0.0) + (usage.output_tokens or 0.0)
    return max(1, len(spans) - len(around)), tokens
