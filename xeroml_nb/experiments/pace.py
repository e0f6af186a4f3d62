"""When the next call to a provider may begin: its limits, and what it says when they are passed.

Calls are spaced evenly, since providers count in windows that nobody else knows the edges of. When
one is turned away, the rate falls to what got through of late, and then grows again: quickly to
just below where it was turned away, slowly beyond, as TCP looks for the capacity of a line.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

_CREDIT = 0.02  # seconds that a call may be late without the following ones being late too
_WINDOW = 5.0  # seconds that "of late" means
_SHORTEST = 0.2  # seconds that a rate is measured over at least
_IDLE = 1.0  # seconds without a question that the rate still grows for
_LOWEST = 1 / 30  # calls a second
_NEAR = 0.95
_QUICK, _SLOW = 0.10, 0.02  # of the rate that was too high, a second
_MOST_CUT, _LEAST_CUT = 0.3, 0.8
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_NEW = 0.2  # how much of a mean the newest value makes up


@dataclass(frozen=True, slots=True)
class Start:
    """A call that may begin, and what was set aside for it.

    Args:
        at: Seconds of the clock.
        requests: That it was expected to make.
        tokens: That they were expected to use.
    """

    at: float
    requests: float
    tokens: float


class Pace:
    """The rate of the calls of one provider; all moments are seconds of one steady clock.

    Args:
        requests_per_minute: That are allowed; None where nobody knows.
        tokens_per_minute: Likewise.
    """

    def __init__(self, requests_per_minute: float | None, tokens_per_minute: float | None) -> None:
        self._most = math.inf if requests_per_minute is None else requests_per_minute / 60
        self._token_rate = math.inf if tokens_per_minute is None else tokens_per_minute / 60
        self.rate = self._most  # requests a second
        self._too_high = math.inf  # the rate that was turned away
        self._next = self._tokens_free = self._open = self._grown = -math.inf
        self._cut = -math.inf
        self._pauses = 0
        self._requests, self._tokens = 1.0, 0.0  # of a call, on average
        self._begun: deque[float] = deque()
        self._got_through: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Seconds until the next call may begin; 0 if it may now."""
        self._grow(now)
        return max(0.0, self._next - now, self._tokens_free - now, self._open - now)

    def begin(self, now: float) -> Start:
        """Begin a call."""
        start = Start(now, self._requests, self._tokens)
        self._set_aside(now, start.requests, start.tokens)
        _note(self._begun, now)
        return start

    def end(self, start: Start, now: float, requests: float, tokens: float) -> None:
        """A call has ended, and is known to have made so many requests with so many tokens."""
        self._set_aside(now, requests - start.requests, tokens - start.tokens, late=False)
        self._requests += _NEW * (requests - self._requests)
        self._tokens += (_NEW if self._tokens else 1.0) * (tokens - self._tokens)
        self._pauses = 0
        _note(self._got_through, now)

    def turn_away(self, start: Start, now: float, retry_after: float | None) -> None:
        """A call was turned away; nothing begins for as long as the provider says, or for a while.

        What began before the last cut says nothing of the rate since.
        """
        if start.at >= self._cut:
            self._pauses += 1
            self._lower(now)
        growing = _FIRST_PAUSE * 2.0 ** (self._pauses - 1)
        pause = min(growing, _LONGEST_PAUSE) if retry_after is None else retry_after
        begun = now if retry_after is not None else self._cut
        self._open = max(self._open, begun + pause)
        self._grown = max(self._grown, self._open)

    def _lower(self, now: float) -> None:
        present = min(self.rate, _rate(self._begun, now))
        accepted = _rate(self._got_through, now)
        lowered = min(max(accepted, _MOST_CUT * present), _LEAST_CUT * present)
        self._too_high, self.rate = present, max(lowered, min(_LOWEST, self._most))
        self._cut = now

    def _grow(self, now: float) -> None:
        if self.rate < self._most and now > self._grown:
            near = self.rate >= _NEAR * self._too_high
            step = (_SLOW if near else _QUICK) * max(self._too_high, _LOWEST)
            passed = min(now - max(self._grown, self._cut), _IDLE)  # idle time earns nothing
            self.rate = min(self.rate + step * passed, self._most)
        self._grown = max(self._grown, now)

    def _set_aside(self, now: float, requests: float, tokens: float, *, late: bool = True) -> None:
        from_here = now - _CREDIT if late else -math.inf
        self._next = max(self._next, from_here) + requests / self.rate
        self._tokens_free = max(self._tokens_free, from_here) + tokens / self._token_rate


def _note(moments: deque[float], now: float) -> None:
    moments.append(now)
    while moments[0] < now - _WINDOW:
        moments.popleft()


def _rate(moments: deque[float], now: float) -> float:
    """How many a second of late."""
    recent = [moment for moment in moments if moment >= now - _WINDOW]
    return len(recent) / max(now - recent[0], _SHORTEST) if recent else 0.0
