"""Who runs an experiment: two kernels must not work on the same one."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from xeroml_nb.records import clock
from xeroml_nb.records.experiment import ExperimentStatus
from xeroml_nb.store import experiments as stored

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from xeroml_nb.records.experiment import ExperimentRecord

_FRESH_SECONDS = 15.0
# What this process carries out at this moment. The store may say more: a run whose disk was full
# at its end could not give its claim up.
_carried_out: set[str] = set()


def me() -> str:
    """This process, as it signs its claims."""
    return f"{socket.gethostname()}:{os.getpid()}"


def take(connection: Connection, experiment_id: str) -> None:
    """Say in the store, and remember, that this process carries out an experiment."""
    _carried_out.add(experiment_id)
    stored.claim(connection, experiment_id, me(), clock.now())


def let_go(experiment_id: str) -> None:
    """Remember that this process does not carry out an experiment any more."""
    _carried_out.discard(experiment_id)


def is_held(record: ExperimentRecord) -> bool:
    """Tell whether somebody carries an experiment out: said so lately, and is not gone."""
    claim = record.claim
    if claim is None or (clock.now() - claim.renewed_at).total_seconds() > _FRESH_SECONDS:
        return False
    if claim.owner == me():
        return record.id in _carried_out
    return not is_gone(claim.owner)


def is_gone(owner: str) -> bool:
    """Tell whether the process that signs so has ended; of other hosts nothing is known."""
    host, _, pid = owner.rpartition(":")
    return host == socket.gethostname() and not _is_alive(int(pid))


def present_status(record: ExperimentRecord) -> ExperimentStatus:
    """How an experiment stands: one whose process was killed says "running", but is stopped."""
    if record.status is ExperimentStatus.RUNNING and not is_held(record):
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
