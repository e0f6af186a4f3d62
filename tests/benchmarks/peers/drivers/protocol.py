"""What all drivers speak: a job as JSON in, a line of JSON out; the same items, tasks and scorers.

A driver is a script that the Python of its peer runs, in the peer's own environment: it imports
this module, the peer, and nothing else.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import sys
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Job:
    """What a driver is asked to do.

    Args:
        what: The name of a function of `JOBS`.
        folder: Where all files of the runner go.
        items: Items of a run.
        server: The address of the peer's server, for one that needs it.
        runs: How many runs are made or read, by the jobs about several.
        pause: Seconds that a task waits.
        at_once: Tasks at the same time; what the runner does by itself, if None.
    """

    what: str
    folder: str
    items: int
    server: str | None = None
    runs: int = 1
    pause: float = 0.0
    at_once: int | None = None


@dataclass(frozen=True)
class Run:
    """One run of a task over items, of which each has `id`, `input` and `expected_output`."""

    name: str
    rows: list[dict[str, str]]
    task: Callable[[str], Any]
    scorers: list[Callable[[Any, Any], Any]]
    at_once: int | None = None


class Received(NamedTuple):
    """What the stub server was sent in one request."""

    type: str
    encoding: str
    body: bytes


class Driver(ABC):
    """How one runner is driven; what it cannot do, it leaves as it is here."""

    waits_in_coroutines = False

    def __init__(self, job: Job) -> None:
        self.folder = Path(job.folder)
        self.server = job.server

    @abstractmethod
    def load(self) -> None:
        """Import the runner."""

    @abstractmethod
    def prepare(self, run: Run) -> Callable[[], Any]:
        """Make what a run needs, such as its dataset; the call returned is what is timed."""

    @abstractmethod
    def right(self, result: Any) -> float:
        """The mean of the scores `exact` of a run, as its result tells it."""

    def kept(self, name: str) -> tuple[int, int] | None:
        """How many outputs and scores of a run another process can read; None: none are kept."""
        return None

    def resume(self, run: Run) -> bool:
        """Run what is missing of a run that was killed, and tell that it can be done."""
        return False

    def frame(self, names: list[str]) -> Any:
        """The item runs of several runs as one DataFrame, a row each."""
        raise NotImplementedError


def exact(output, expected_output):
    """The scorer of all runs: the answer is the expected one."""
    return output == expected_output


def length(output, expected_output):
    """Another scorer, for the runs that are read back."""
    return len(output)


def numeric(output, expected_output):
    """A third one."""
    return output.isdigit()


def items(count: int) -> list[dict[str, str]]:
    """Items of some 50 characters; of five, four expect what `answer` gives."""
    return [
        {
            "id": f"item-{n}",
            "input": f"Which number stands at the end of this text? {n:08d}",
            "expected_output": f"{n:08d}" if n % 5 else "another",
        }
        for n in range(count)
    ]


def answer(input):  # noqa: A002 - the word of the field
    """The task that returns at once."""
    return input[-8:]


def waiting(seconds: float, *, in_coroutine: bool) -> Callable[[str], Any]:
    """A task that waits as for a model."""

    def wait(input):  # noqa: A002
        time.sleep(seconds)
        return answer(input)

    async def wait_in_coroutine(input):  # noqa: A002
        await asyncio.sleep(seconds)
        return answer(input)

    return wait_in_coroutine if in_coroutine else wait


def noted(seconds: float, log: Path, kill_at: int) -> Callable[[str], str]:
    """A task that notes in a file that it is done, the last thing before it returns.

    The one that is noted as number `kill_at` kills its own process.
    """

    def work(input):  # noqa: A002
        time.sleep(seconds)
        file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        size = os.write(file, f"{answer(input)}\n".encode())
        if os.lseek(file, 0, os.SEEK_CUR) == kill_at * size:
            os.kill(os.getpid(), signal.SIGKILL)
        os.close(file)
        return answer(input)

    return work


def received(folder: Path, path: str) -> Iterator[Received]:
    """What the stub server was sent at addresses that begin so."""
    file = folder / "received.jsonl"
    for line in file.read_text().splitlines() if file.exists() else ():
        request = json.loads(line)
        if request["path"].startswith(path):
            body = base64.b64decode(request["body"])
            yield Received(request["type"], request["encoding"], body)


def overhead(driver: Driver, job: Job) -> dict[str, Any]:
    """A run whose task costs nothing; one of a single item before it takes the one-off work out."""

    def one() -> Any:
        return driver.prepare(Run("first", items(1), answer, [exact]))()

    first = _seconds(one)[0]
    run = Run("measured", items(job.items), answer, [exact], job.at_once)
    seconds, result = _seconds(driver.prepare(run))
    found = {"first": first, "seconds": seconds, "right": driver.right(result)}
    return found | {"kept": driver.kept("measured")}


def concurrency(driver: Driver, job: Job) -> dict[str, Any]:
    """A run whose task waits."""
    in_coroutine = driver.waits_in_coroutines
    first = Run("first", items(1), waiting(0, in_coroutine=in_coroutine), [exact], job.at_once)
    driver.prepare(first)()
    task = waiting(job.pause, in_coroutine=in_coroutine)
    run = Run("measured", items(job.items), task, [exact], job.at_once)
    seconds, result = _seconds(driver.prepare(run))
    return {"seconds": seconds, "right": driver.right(result)}


def fill(driver: Driver, job: Job) -> dict[str, Any]:
    """Make the runs that `read` reads."""
    for name in _names(job):
        driver.prepare(Run(name, items(job.items), answer, [exact, length, numeric]))()
    return {}


def read(driver: Driver, job: Job) -> dict[str, Any]:
    """Read several runs into one table; reading one of them first takes the one-off work out."""
    import pandas as pd

    driver.frame(_names(job)[:1])
    seconds, frame = _seconds(lambda: driver.frame(_names(job)))
    assert isinstance(frame, pd.DataFrame)
    assert {"exact", "length", "numeric"} <= set(frame.columns), list(frame.columns)
    return {"seconds": seconds, "rows": len(frame), "right": float(frame["exact"].mean())}


def begin(driver: Driver, job: Job) -> dict[str, Any]:
    """Run what kills itself when half of it is done."""
    driver.prepare(_killed(job))()
    return {}


def look(driver: Driver, job: Job) -> dict[str, Any]:
    """What the killed run left."""
    return {"kept": driver.kept("killed")}


def resume(driver: Driver, job: Job) -> dict[str, Any]:
    """Run the rest of it, and tell what is kept in the end."""
    is_resumed = driver.resume(_killed(job))
    return {"resumed": is_resumed, "kept": driver.kept("killed")}


JOBS = {job.__name__: job for job in (overhead, concurrency, fill, read, begin, look, resume)}


def main(driver: type[Driver]) -> None:
    """Do the job that the first argument describes."""
    job = Job(**json.loads(sys.argv[1]))
    driven = driver(job)
    loading = _seconds(driven.load)[0]
    found = JOBS[job.what](driven, job)
    print("\n" + json.dumps({"import": loading} | found), flush=True)


def _seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = call()
    return time.perf_counter() - began, result


def _names(job: Job) -> list[str]:
    return [f"history-{n}" for n in range(job.runs)]


def _killed(job: Job) -> Run:
    task = noted(job.pause, Path(job.folder) / "done.log", job.items // 2)
    return Run("killed", items(job.items), task, [exact], job.at_once)
