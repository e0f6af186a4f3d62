"""What the kernel tells, a line each: what was executed, what is acknowledged, what went wrong.

Through a pipe, which takes them also where the disk is full, and keeps them when the kernel is
killed.
"""

from __future__ import annotations

import os
from contextvars import ContextVar

BATCH: ContextVar[int] = ContextVar("soak_batch")


def say(*words: object) -> None:
    """Write one line at once, so that lines of several threads do not mix."""
    os.write(1, f"{' '.join(map(str, words))}\n".encode())


def say_executed(item_id: str) -> None:
    """Tell that a task came to its end; the batch is that of the run's context."""
    say("executed", BATCH.get(), item_id)
