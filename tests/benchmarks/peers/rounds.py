"""The one interleaved run: in each round every runner is measured once, by turns."""

from __future__ import annotations

import sys
from collections import defaultdict
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from math import isclose
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.benchmarks.peers.drivers.protocol import Job
from tests.benchmarks.peers.environments import NotInstalledError, python_of
from tests.benchmarks.peers.killing import Killed, kill
from tests.benchmarks.peers.processes import DriverFailedError, Ready, ask
from tests.benchmarks.peers.runners import AT_ONCE, KILLED_PAUSE, PAUSE, QUICK, Runner, Sizes
from tests.benchmarks.peers.servers import server_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

_SHARE_RIGHT = 0.8


@dataclass
class Row:
    """What was found of one runner.

    Args:
        runner: Which one.
        sizes: The items it got.
        found: Each round's value of `overhead` (seconds an item), `concurrency` (efficiency),
            `read` (seconds a row), `import` and `first` (seconds).
        killed: What a kill left.
        failed: Why a column has no value; `all` if the runner cannot be driven at all.
    """

    runner: Runner
    sizes: Sizes
    found: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    killed: Killed | None = None
    failed: dict[str, str] = field(default_factory=dict)

    def value(self, column: str) -> float | None:
        """The median of a column, if there is any."""
        values = self.found.get(column)
        return median(values) if values and column not in self.failed else None


class Measuring:
    """Measures runners by turns, with everything they write in one folder."""

    def __init__(self, folder: Path, *, quick: bool) -> None:
        self._folder = folder
        self._quick = quick
        self._ready: dict[str, Ready] = {}
        self._addresses: dict[str, str] = {}
        self._columns: dict[str, Callable[[Row, int], None]] = {
            "overhead": self._overhead,
            "concurrency": self._concurrency,
            "read": self._read,
            "kill": self._kill,
        }

    def run(self, runners: Iterable[Runner]) -> list[Row]:
        """All rows, also of runners that could not be installed or started."""
        rows = [Row(runner, QUICK if self._quick else runner.sizes) for runner in runners]
        for row in rows:
            self._install(row)
        with ExitStack() as servers:
            for row in rows:
                self._start(row, servers)
            for number in range(max(row.sizes.rounds for row in rows)):
                for column in self._columns:
                    for row in rows:
                        self._measure(row, column, number)
        return rows

    def _install(self, row: Row) -> None:
        runner = row.runner
        try:
            python = python_of(runner.name, runner.requirements)
            server = python_of(f"{runner.name}-server", runner.server_requirements)
        except NotInstalledError as error:
            row.failed["all"] = f"could not be installed: {error}"
        else:
            self._ready[runner.name] = Ready(runner, python, server)

    def _start(self, row: Row, servers: ExitStack) -> None:
        """Start a server that serves all rounds; a stub is new for each measurement."""
        if row.failed or row.runner.server != "phoenix":
            return
        folder = self._new_folder("server", row)
        try:
            address = servers.enter_context(server_of(self._ready[row.runner.name], folder))
        except DriverFailedError as error:
            row.failed["all"] = f"could not be started: {error}"
        else:
            self._addresses[row.runner.name] = str(address)

    def _measure(self, row: Row, column: str, number: int) -> None:
        if {"all", column} & row.failed.keys():
            return
        title = f"round {number + 1}, {column}: {row.runner.title} ..."
        print(title, file=sys.stderr, flush=True)
        try:
            self._columns[column](row, number)
        except DriverFailedError as error:
            row.failed[column] = str(error)

    def _overhead(self, row: Row, number: int) -> None:
        count = row.sizes.overhead
        answer = self._ask(row, f"overhead-{number}", what="overhead", items=count)
        _expect_right(answer)
        kept = answer["kept"]
        _expect(kept in (None, [count, count]), f"kept {kept} of {count} items")
        row.found["overhead"].append(answer["seconds"] / count)
        row.found["first"].append(answer["first"])

    def _concurrency(self, row: Row, number: int) -> None:
        count = row.sizes.concurrency
        how = {"items": count, "pause": PAUSE, "at_once": AT_ONCE}
        answer = self._ask(row, f"concurrency-{number}", what="concurrency", **how)
        _expect_right(answer)
        ideal = count * PAUSE / min(count, AT_ONCE)
        row.found["concurrency"].append(ideal / answer["seconds"])

    def _read(self, row: Row, number: int) -> None:
        if not row.runner.reads:
            return
        sizes = {"items": row.sizes.history, "runs": row.sizes.runs}
        if not number:
            self._ask(row, "history", what="fill", **sizes)
        answer = self._ask(row, "history", what="read", **sizes)
        count = row.sizes.history * row.sizes.runs
        _expect(answer["rows"] == count, f"read {answer['rows']} of {count} rows")
        _expect_right(answer)
        row.found["read"].append(answer["seconds"] / count)

    def _kill(self, row: Row, number: int) -> None:
        """Once: what is kept does not depend on how busy the machine is."""
        if number:
            return
        folder, ready = self._new_folder("kill", row), self._ready[row.runner.name]
        with self._server(ready, folder) as server:
            job = Job("begin", str(folder), row.sizes.killed, server, pause=KILLED_PAUSE, at_once=1)
            row.killed = kill(ready, job)

    def _ask(self, row: Row, where: str, **job: Any) -> dict[str, Any]:
        folder, ready = self._new_folder(where, row), self._ready[row.runner.name]
        with self._server(ready, folder) as server:
            answer = ask(ready, Job(folder=str(folder), server=server, **job))
        row.found["import"].append(answer["import"])
        return answer

    def _server(self, ready: Ready, folder: Path) -> AbstractContextManager[str | None]:
        if running := self._addresses.get(ready.runner.name):
            return nullcontext(running)
        return server_of(ready, folder)

    def _new_folder(self, where: str, row: Row) -> Path:
        folder = self._folder / f"{where}-{row.runner.name}"
        folder.mkdir(exist_ok=True)
        return folder


def _expect_right(answer: dict[str, Any]) -> None:
    """The runner really ran and scored everything."""
    _expect(isclose(answer["right"], _SHARE_RIGHT), f"{answer['right']} of the scores are right")


def _expect(is_so: bool, otherwise: str) -> None:  # noqa: FBT001 - as in assert
    if not is_so:
        raise DriverFailedError(otherwise)
