"""Looks at the kernel while it lives: its memory, its threads, its open files."""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Self

import psutil

if TYPE_CHECKING:
    from tests.benchmarks.soak.kernels import Kernels
    from tests.benchmarks.soak.ledger import Ledger

_PATIENCE = 180.0
_TELL = 60.0


class Look(NamedTuple):
    """One look at a process.

    Args:
        pid: Which process.
        done: Item runs that were done by then, of all.
        memory: Resident, in MB of 10^6 bytes.
        threads: That it has.
        files: That it has open, with sockets and pipes.
    """

    pid: int
    done: int
    memory: float
    threads: int
    files: int


class Watch:
    """Looks every so often, and ends a soak in which nothing happens any more.

    Args:
        kernels: What to look at.
        ledger: Knows how far they are.
        every: Seconds between two looks.
    """

    def __init__(self, kernels: Kernels, ledger: Ledger, every: float) -> None:
        self._kernels = kernels
        self._ledger = ledger
        self._every = every
        self._over = threading.Event()
        self.looks: list[Look] = []

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._look, name="soak-watch")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        news, since = -1, time.monotonic()
        told = since
        while not self._over.wait(self._every):
            with suppress(psutil.NoSuchProcess):
                self.looks.append(_looked_at(self._kernels.pid, self._ledger.done))
            now = time.monotonic()
            if now - told > _TELL:
                told = now
                print(f"soak: {self._ledger.done:,} items", file=sys.stderr, flush=True)
            if self._ledger.news != news:
                news, since = self._ledger.news, now
            elif now - since > _PATIENCE:
                self._kernels.give_up(f"The kernel told nothing new for {_PATIENCE:.0f} s.")
                return


def _looked_at(pid: int, done: int) -> Look:
    process = psutil.Process(pid)
    with process.oneshot():
        memory = process.memory_info().rss / 1e6
        return Look(pid, done, memory, process.num_threads(), process.num_fds())


def quarters(looks: list[Look]) -> tuple[Look, Look]:
    """The second and the last quarter of the life that was looked at longest.

    Of memory and of what was done the median, of threads and files the most.
    """
    longest, _ = Counter(look.pid for look in looks).most_common(1)[0]
    life = [look for look in looks if look.pid == longest]
    part = max(1, len(life) // 4)
    return _summed_up(life[part : 2 * part] or life), _summed_up(life[-part:])


def _summed_up(looks: list[Look]) -> Look:
    pids, done, memory, threads, files = zip(*looks, strict=True)
    middle = statistics.median
    return Look(pids[0], int(middle(done)), middle(memory), max(threads), max(files))
