"""Ask again what may succeed later, as long as patience lasts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from xeroml_nb.experiments.retries import quietly
from xeroml_nb.scoring.judging.model import NoAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 8.0


class Passing(NoAnswer):
    """Trouble that may pass by itself.

    Args:
        problem: What happened.
        next_step: What to do where it does not pass.
        wait: Seconds the endpoint asked to wait, or None.
        tries: How many attempts it is worth at most, or None.
    """

    def __init__(
        self,
        problem: str,
        next_step: str,
        *,
        wait: float | None = None,
        tries: int | None = None,
    ) -> None:
        super().__init__(problem, next_step)
        self.wait = wait
        self.tries = tries


def patiently(attempt: Callable[[], T], patience: float) -> T:
    """Make an attempt again and again while the trouble may pass and the patience lasts.

    Args:
        attempt: What to do; raises `Passing` for what is worth another attempt.
        patience: Seconds; 0 makes one attempt. A longer wait that the endpoint asks for is not
            begun.

    Raises:
        NoAnswer: The trouble of the last attempt.
    """
    # Loaded here because most judges are never asked to wait.
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
    with quietly():
        for once in attempts:
            with once:
                return attempt()
    raise AssertionError  # the last attempt returned or raised
