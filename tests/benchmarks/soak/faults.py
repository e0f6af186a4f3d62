"""What is broken from outside, and when: by threads of their own, so that faults may coincide."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.soak.kernels import Kernels
    from tests.benchmarks.soak.ledger import Ledger
    from tests.benchmarks.soak.plan import Plan
    from tests.benchmarks.soak.server import Server

_TICK = 0.02


@contextmanager
def faults(plan: Plan, kernels: Kernels, server: Server, ledger: Ledger) -> Iterator[None]:
    """Break things during a block.

    Raises:
        RuntimeError: If the server does not come back, or nothing reaches it.
    """
    away, full = plan.draw("seconds away"), plan.draw("seconds full")
    at_kernel = plan.moments("kernel", plan.kernel_kills, plan.killed_until)
    at_server = plan.moments("server", plan.server_kills)
    at_disk = plan.moments("disk", plan.full_disks)
    over = threading.Event()
    with ThreadPoolExecutor(3, thread_name_prefix="soak-fault") as threads:

        def break_(moments: list[int], fault: Callable[[], bool]) -> Future[None]:
            return threads.submit(_break, moments, fault, ledger, over)

        breaking = [
            break_(at_kernel, kernels.kill),
            break_(at_server, lambda: server.kill(away.uniform(*plan.server_away))),
            break_(at_disk, lambda: kernels.fill_disk(full.uniform(*plan.disk_full))),
        ]
        try:
            yield
        finally:
            over.set()
        for one in breaking:
            one.result()


def _break(
    moments: list[int], fault: Callable[[], bool], ledger: Ledger, over: threading.Event
) -> None:
    """Bring a fault about after so many items each; again, where another one strikes first."""
    for moment in moments:
        while ledger.done < moment:
            if over.wait(_TICK):
                return
        while not fault():
            if over.wait(_TICK):
                return
