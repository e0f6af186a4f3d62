"""A run killed at half: what of its finished items another process can read, and a resume."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.peers.processes import DriverFailedError, KilledError, ask

if TYPE_CHECKING:
    from tests.benchmarks.peers.drivers.protocol import Job
    from tests.benchmarks.peers.processes import Ready


@dataclass(frozen=True)
class Killed:
    """What became of a killed run.

    Args:
        done: Items whose task had returned before the kill.
        outputs: Of these, those whose output can be read; None if nothing is kept at all.
        scores: Those with a score.
        repeated: Items that a resume ran though they were done; None if it cannot resume.
    """

    done: int
    outputs: int | None
    scores: int | None
    repeated: int | None


def kill(ready: Ready, job: Job) -> Killed:
    """Begin the run, which kills itself when half of its items are done; look; resume.

    Raises:
        DriverFailedError: If one of the steps fails.
    """
    log = Path(job.folder) / "done.log"
    _begin(ready, replace(job, what="begin"))
    done = _times(log)
    kept = ask(ready, replace(job, what="look"))["kept"]
    outputs, scores = kept or (None, None)
    resumed = ask(ready, replace(job, what="resume"))
    if not resumed["resumed"]:
        return Killed(len(done), outputs, scores, None)
    if resumed["kept"] != [job.items, job.items]:
        raise DriverFailedError(f"kept {resumed['kept']} of {job.items} items after a resume")
    again = _times(log) - done
    return Killed(len(done), outputs, scores, len(again.keys() & done.keys()))


def _begin(ready: Ready, job: Job) -> None:
    """Start the run, which kills itself."""
    try:
        ask(ready, job)
    except KilledError:
        return
    raise DriverFailedError("came to its end before it was killed")


def _times(log: Path) -> Counter[str]:
    """How often each item was done."""
    return Counter(log.read_text().split())
