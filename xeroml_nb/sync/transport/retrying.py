"""What is worth another attempt, and how long to wait before it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

from xeroml_nb.experiments.retries import quietly
from xeroml_nb.records import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xeroml_nb.errors import ServerError

T = TypeVar("T")

_FIRST_WAIT = 0.25
_LONGEST_WAIT = 5.0


class Passing(Exception):  # noqa: N818 - it says what the trouble does, and never leaves the room
    """Trouble that may pass by itself.

    Args:
        error: What to raise where it does not.
        wait: Seconds the server asked to wait, or None.
    """

    def __init__(self, error: ServerError, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait


def patiently(attempt: Callable[[], T], patience: float) -> T:
    """Make an attempt again and again while the trouble may pass and the patience lasts.

    Args:
        attempt: What to do; raises `Passing` for what is worth another attempt.
        patience: Seconds; 0 makes one attempt. A longer wait that the server asks for is not
            begun.

    Raises:
        ServerError: The trouble of the last attempt.
    """
    import stamina

    ends = time.monotonic() + patience

    def judge(error: Exception) -> bool | float:
        if not isinstance(error, Passing):
            return False
        if error.wait is None:
            return True
        return error.wait if time.monotonic() + error.wait <= ends else False

    attempts = stamina.retry_context(
        on=judge,
        attempts=None if patience else 1,
        timeout=patience or None,
        wait_initial=_FIRST_WAIT,
        wait_max=_LONGEST_WAIT,
        wait_jitter=_FIRST_WAIT,
    )
    try:
        with quietly():
            for once in attempts:
                with once:
                    return attempt()
    except Passing as passing:
        trouble = passing.error
    # Raised here, it carries no trace of the attempts before.
    raise trouble


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds a server asks to wait; None where it does not.

    A date is measured against the server's own clock, since this machine's may be wrong.

    Args:
        headers: Names in lower case.

    Example:
        >>> retry_after({"retry-after": "2"})
        2.0
        >>> today = "Wed, 21 Oct 2015 07:28:00 GMT"
        >>> retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:30 GMT", "date": today})
        30.0
    """
    asked = headers.get("retry-after", "").strip()
    if asked.isdecimal():
        return float(asked)
    until = moment(asked)
    if until is None:
        return None
    now = moment(headers.get("date", "")) or clock.now()
    return max(0.0, (until - now).total_seconds())


def moment(text: str) -> datetime | None:
    """The moment an HTTP date names; None where it is no date."""
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
