"""Who runs an experiment: two kernels must not work on the same one."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from xeroml_nb.records import clock

if TYPE_CHECKING:
    from datetime import datetime

_FRESH_SECONDS = 15.0


def me() -> str:
    """This process, as it signs its claims."""
    return f"{socket.gethostname()}:{os.getpid()}"


def is_held(owner: str, heartbeat_at: datetime) -> bool:
    """Tell whether a claim still stands: lately renewed, and not by a process that is gone."""
    if (clock.now() - heartbeat_at).total_seconds() > _FRESH_SECONDS:
        return False
    host, _, pid = owner.rpartition(":")
    return host != socket.gethostname() or _is_alive(int(pid))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
