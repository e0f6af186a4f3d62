"""The kernel from outside: started, killed, its disk filled, started again until all is run."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tests.benchmarks.harness import ROOT, fresh_command
from tests.benchmarks.soak.checks import stored
from tests.benchmarks.soak.tasks import ENDPOINT, HANGS_FOR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.benchmarks.soak.ledger import Ledger
    from tests.benchmarks.soak.plan import Plan

_LONGER = 3.0  # seconds that a hanging task takes beyond its time
_FULL_SECONDS = 90.0
_LAST_WORDS = 1.0
_NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class Kernels:
    """One kernel after the other, over one store.

    Args:
        plan: What they run.
        store: The file of their store.
        url: Of the model's endpoint.
        server: How they reach the server.
        ledger: Hears what they tell.
    """

    def __init__(
        self, plan: Plan, store: Path, url: str, server: dict[str, str], ledger: Ledger
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._command = fresh_command(
            "soak.kernel",
            "run",
            store=str(store),
            server=server,
            batches=plan.batches,
            ends_at=time.time() + 60 * plan.minutes,
            options={"concurrency": plan.lanes, "timeout": plan.timeout},
        )
        hangs_for = str(plan.timeout + _LONGER)
        self._environment = os.environ | {ENDPOINT: url, HANGS_FOR: hangs_for}
        self._changing = threading.Lock()
        self._stuck: str | None = None
        self.kills = 0
        self.full_disks = 0
        self._start()

    @property
    def pid(self) -> int:
        """Of the present one."""
        return self._process.pid

    def run(self) -> None:
        """Hear them until one has come to the end.

        Raises:
            RuntimeError: If one hangs, or ends by itself before the end.
        """
        try:
            while status := self._heard():
                if self._stuck is not None or status != -signal.SIGKILL:
                    raise RuntimeError(self._stuck or f"The kernel ended with status {status}.")
                with self._changing:
                    self._ledger.stopped(stored(self._store))
                    self._start()
            self._ledger.stopped(stored(self._store))
        finally:
            self._process.kill()

    def kill(self) -> bool:
        """Kill it, as a machine that runs out of memory does."""
        with self._changing:
            self._process.kill()
            self.kills += 1
        return True

    def fill_disk(self, seconds: float) -> bool:
        """Let no file that it writes grow, until it has told so and for some seconds more.

        Args:
            seconds: After it has told so.

        Returns:
            Whether it has told so; it may be killed before.
        """
        stretch, full = self._ledger.stretch, self._ledger.full
        with self._full_disk():
            self._ledger.wait_for_stop(stretch, _FULL_SECONDS)
            if self._ledger.full == full:
                return False
            self.full_disks += 1
            self._ledger.look_into(stored(self._store))
            time.sleep(seconds)
        return True

    def give_up(self, reason: str) -> None:
        """End a kernel that hangs; it prints where."""
        self._stuck = reason
        with self._changing:
            self._process.send_signal(signal.SIGUSR1)
            time.sleep(_LAST_WORDS)
            self._process.kill()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, text=True
        )

    def _heard(self) -> int:
        with self._process.stdout as lines:
            for line in lines:
                self._ledger.hear(line)
        return self._process.wait()

    @contextmanager
    def _full_disk(self) -> Iterator[None]:
        """A limit that the system keeps: writing fails, as it does where no block is free."""
        pid = self.pid
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, _NO_LIMIT)
