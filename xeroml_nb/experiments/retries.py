"""Which errors are worth another attempt, and how long to wait before it."""

from __future__ import annotations

import email.utils
import logging
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

# A retry shows in its row's attempts; a log line for each would flood a notebook.
_log = logging.getLogger("stamina")
_quiet = ContextVar("xeroml_quiet_retries", default=False)
_PASSING_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_TOO_MANY = 429
_NOTHING_LEFT = "insufficient_quota"  # what OpenAI-compatible endpoints say: waiting is no help
_PASSING_NAMES = frozenset({"APIConnectionError", "APITimeoutError", "TransportError"})


class NeverRetried(Exception):  # noqa: N818 - a base for what is no error of the task
    """The attempt is the last, whatever the rule says."""


class Stopped(NeverRetried):
    """The run was stopped before this attempt."""


class OutOfTime(NeverRetried):
    """An attempt, or an evaluator, took longer than it may."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How failed attempts are repeated.

    Args:
        times: Attempts after the first.
        on: Error classes that are worth another attempt. By default those that pass: connection
            errors, time-outs of a socket, and HTTP status 408, 409, 425, 429 and 5xx.
        first_wait: Seconds before the second attempt; doubled for each further one, with jitter.
        longest_wait: Seconds at most, also for a server's `Retry-After`.

    Raises:
        BadInput: If a number is negative.

    Example:
        >>> Retries(3, on=(ValueError,)).times
        3
    """

    times: int = 2
    on: tuple[type[Exception], ...] | None = None
    first_wait: float = 0.5
    longest_wait: float = 30.0

    def __post_init__(self) -> None:
        if not isinstance(self.times, int):
            raise BadInput(f"retries is {self.times!r}.", "Use a whole number, or xn.Retries.")
        if self.times < 0 or self.first_wait < 0 or self.longest_wait < 0:
            raise BadInput(f"{self} has a negative number.", "Use 0 or more.")

    def attempts(self) -> Iterator[AbstractContextManager[Any]]:
        """Attempts for a plain function: each is made inside the block it gives."""
        return iter(self._context() if self.times else (nullcontext(),))

    def async_attempts(self) -> AsyncIterator[AbstractContextManager[Any]]:
        """Attempts for a coroutine function."""
        return aiter(self._context()) if self.times else once()

    def _context(self) -> Any:
        # Loaded here because most runs do not retry.
        import stamina

        _quiet.set(True)
        _log.addFilter(_is_loud)
        return stamina.retry_context(
            on=self._judge,
            attempts=self.times + 1,
            timeout=None,
            wait_initial=self.first_wait,
            wait_max=self.longest_wait,
            wait_jitter=self.first_wait,
        )

    def _judge(self, error: Exception) -> bool | float:
        """Whether to try again; a number is how many seconds to wait before."""
        worth = isinstance(error, self.on) if self.on is not None else passes(error)
        if not worth or isinstance(error, NeverRetried):
            return False
        asked = retry_after(error)
        return True if asked is None else min(asked, self.longest_wait)


@contextmanager
def quietly() -> Iterator[None]:
    """Retry inside the block without a log line for each attempt."""
    token = _quiet.set(True)
    _log.addFilter(_is_loud)
    try:
        yield
    finally:
        _quiet.reset(token)


def _is_loud(_: logging.LogRecord) -> bool:
    return not _quiet.get()


async def once() -> AsyncIterator[AbstractContextManager[Any]]:
    """One block, for what is not repeated."""
    yield nullcontext()


def passes(error: BaseException) -> bool:
    """Tell whether an error is one that often passes by itself."""
    if isinstance(error, (ConnectionError, TimeoutError)):
        return True
    if any(kind.__name__ in _PASSING_NAMES for kind in type(error).__mro__):
        return True
    return status_of(error) in _PASSING_STATUS


def is_turned_away(error: BaseException) -> bool:
    """Tell whether a provider turned a call away because of its limits, and may take it later."""
    return status_of(error) == _TOO_MANY and getattr(error, "code", None) != _NOTHING_LEFT


def retry_after(error: BaseException) -> float | None:
    """Seconds that a server asked to wait, from the `Retry-After` header of its response."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    if not isinstance(headers, Mapping):
        return None
    value = next((v for k, v in headers.items() if str(k).lower() == "retry-after"), None)
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        return _seconds_until(value)


def _seconds_until(date: str) -> float | None:
    try:
        return max(0.0, email.utils.parsedate_to_datetime(date).timestamp() - time.time())
    except ValueError:
        return None


def status_of(error: BaseException) -> int | None:
    """The HTTP status that an error or its response carries."""
    for holder in (error, getattr(error, "response", None)):
        status = getattr(holder, "status_code", None)
        if isinstance(status, int):
            return status
    return None
