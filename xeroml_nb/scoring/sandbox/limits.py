"""How much a card's code may take, bring in and give back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    from types import UnionType

LONGEST_CODE = 100_000
"""Bytes of UTF-8."""
MOST_DATA = 64 * 1024 * 1024
"""Bytes of JSON text that the code is handed."""
LONGEST_ANSWER = 8 * 1024 * 1024
"""Bytes of JSON text that the code hands back."""
DEEPEST_ANSWER = 100
"""Lists and dicts inside one another in an answer."""
MOST_PRINTED = 20_000
"""Characters that are kept of what the code prints."""
GRACE = 2.0
"""Seconds after its limit until a child that has not ended by itself is killed."""
SHORTEST, LONGEST = 1.0, 120.0
"""Seconds that a limit may be."""
LEAST_MEMORY, MOST_MEMORY = 64, 2048
"""Megabytes of 2^20 bytes that a limit may be."""


@dataclass(frozen=True)
class Limits:
    """What one run of a card's code may take.

    Args:
        seconds: On the clock, 1 to 120; the run ends at most 2 s later.
        memory_mb: Of the interpreter that runs the code, in 2^20 bytes, 64 to 2048.

    Raises:
        BadInput: If either is out of range.

    Example:
        >>> Limits(seconds=2).memory_mb
        256
    """

    seconds: float = 10.0
    memory_mb: int = 256

    def __post_init__(self) -> None:
        if not _is(self.seconds, int | float) or not SHORTEST <= self.seconds <= LONGEST:
            raise BadInput(
                f"The time limit of a score card is {self.seconds!r}.",
                f"Give a number of seconds from {SHORTEST:g} to {LONGEST:g}.",
            )
        if not _is(self.memory_mb, int) or not LEAST_MEMORY <= self.memory_mb <= MOST_MEMORY:
            raise BadInput(
                f"The memory limit of a score card is {self.memory_mb!r}.",
                f"Give a whole number of megabytes from {LEAST_MEMORY} to {MOST_MEMORY}.",
            )


def _is(value: object, kind: type | UnionType) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
