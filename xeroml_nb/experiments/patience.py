"""Ask a server again what may succeed later, as long as patience lasts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from xeroml_nb.experiments.retries import quietly

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_FIRST_WAIT = 0.25
_LONGEST_WAIT = 5.0


class Passing(Exception):  # noqa: N818 - it says what the trouble does, and never gets to users
    """Trouble that may pass by itself.

    Args:
        error: What to raise where it does not.
        wait: Seconds the server asked to wait, or None.
        tries: How many attempts it is worth at most, or None.
    """

    def __init__(
        self, error: Exception, wait: float | None = None, *, tries: int | None = None
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait
        self.tries = tries


def patiently(attempt: Callable[[], T], patience: float) -> T:
    """Make an attempt again and again while the trouble may pass and the patience lasts.

    Args:
        attempt: What to do; raises `Passing` for what is worth another attempt.
        patience: Seconds; 0 makes one attempt. A longer wait that the server asks for is not
            begun.

    Raises:
        Exception: The trouble of the last attempt.
    """
    # Loaded here because most are never asked to wait.
    import stamina

    ends, made = time.monotonic() + patience, 0

    def judge(error: Exception) -> bool | float:
        nonlocal made
        made += 1
        if not isinstance(error, Passing) or (error.tries is not None and made >= error.tries):
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
