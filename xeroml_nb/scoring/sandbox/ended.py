"""How a child process of the sandbox can end."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from enum import IntEnum


class Status(IntEnum):
    """What a worker's exit status says.

    ANSWERED and FAILED come with an envelope, see `envelope.py`; UNUSABLE with why the
    interpreter cannot be used; the others with nothing.
    """

    ANSWERED = 0
    FAILED = 10
    OUT_OF_TIME = 11
    TOO_DEEP = 12
    CRASHED = 13
    OUT_OF_MEMORY = 14
    UNUSABLE = 15


@dataclass(frozen=True)
class Ended:
    """What is left of a child process.

    Args:
        status: Its exit status, negative for the signal that ended it; None where it was killed
            here, because it ran too long or answered too much.
        answer: What it wrote to its standard output.
        complaint: The end of what it wrote to its standard error, for people who look for a fault
            in this package.
        answered_too_much: Whether it was killed because its answer grew too long.
    """

    status: int | None
    answer: bytes
    complaint: str = ""
    answered_too_much: bool = False

    @property
    def ran_out_of_time(self) -> bool:
        """Whether its time was over, by whichever clock saw it first."""
        by_the_kernel = -signal.SIGALRM if hasattr(signal, "SIGALRM") else None
        return self.status in (None, Status.OUT_OF_TIME, by_the_kernel)
