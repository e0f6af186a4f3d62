"""Calls of the Linux kernel that Python has no name for."""

from __future__ import annotations

import ctypes
import os

_PR_SET_NO_NEW_PRIVS = 38


def call(number: int, *arguments: object) -> int:
    """Call the kernel.

    Args:
        number: Of the call.
        arguments: Whole numbers, and what ctypes can hand on.

    Raises:
        OSError: If it refuses.
    """
    library = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    found: int = library.syscall(ctypes.c_long(number), *words)
    if found < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return found


def gain_nothing_more() -> None:
    """Promise never to gain rights by running a program, as the kernel asks before it confines."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
