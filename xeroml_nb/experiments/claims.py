"""Who runs an experiment: two kernels must not work on the same one."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from xeroml_nb.records import clock
from xeroml_nb.records.experiment import ExperimentStatus

if TYPE_CHECKING:
    from xeroml_nb.records.experiment import Claim, ExperimentRecord

_FRESH_SECONDS = 15.0


def me() -> str:
    """This process, as it signs its claims."""
    return f"{socket.gethostname()}:{os.getpid()}"


def is_held(claim: Claim | None) -> bool:
    """Tell whether a claim still stands: lately renewed, and not by a process that is gone."""
    if claim is None or (clock.now() - claim.renewed_at).total_seconds() > _FRESH_SECONDS:
        return False
    host, _, pid = claim.owner.rpartition(":")
    return host != socket.gethostname() or _is_alive(int(pid))


def present_status(record: ExperimentRecord) -> ExperimentStatus:
    """How an experiment stands: one whose process was killed says "running", but is stopped."""
    if record.status is ExperimentStatus.RUNNING and not is_held(record.claim):
        return ExperimentStatus.STOPPED
    return record.status


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
