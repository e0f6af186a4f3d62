"""The soak, from its plan to what came of it."""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import xeroml_nb as xn
from tests.benchmarks.soak import checks, kernel, tasks
from tests.benchmarks.soak.endpoint import counted, endpoint
from tests.benchmarks.soak.faults import faults
from tests.benchmarks.soak.kernels import Kernels
from tests.benchmarks.soak.ledger import Ledger
from tests.benchmarks.soak.server import Server
from tests.benchmarks.soak.watch import Watch, quarters

if TYPE_CHECKING:
    from tests.benchmarks.soak.plan import Plan
    from tests.benchmarks.soak.watch import Look


@dataclass(frozen=True)
class Found:
    """What came of a soak.

    Args:
        minutes: That the batches took, with the pushes beside and between them.
        counts: What the stores have in the end, see `checks`.
        sent: What the last push left, and what was refused: `left`, `refused`.
        model: What the endpoint did: `answered`, `refused`, `bursts`.
        ledger: What the kernels told.
        kernel_kills: How often one was killed.
        full_disks: How often one told of a full disk.
        server_kills: How often the server was killed.
        early: The kernel that lived longest, in the second quarter of its life.
        late: The same in the last quarter.
    """

    minutes: float
    counts: dict[str, int]
    sent: dict[str, int]
    model: dict[str, int]
    ledger: Ledger
    kernel_kills: int
    full_disks: int
    server_kills: int
    early: Look
    late: Look


def soak(plan: Plan) -> Found:
    """Run all batches while what can break is broken; then send the rest, and look.

    Raises:
        RuntimeError: If the kernel or the server hangs, or ends by itself.
    """
    print(f"soak: SOAK_SEED={plan.seed} repeats it", file=sys.stderr, flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        store, ledger = folder / "kernel.db", Ledger()
        _make_dataset(store, plan)
        server = stack.enter_context(Server(folder / "server.db"))
        url = stack.enter_context(endpoint(plan))
        began = time.monotonic()
        kernels = Kernels(plan, store, url, server.settings, ledger)
        watch = stack.enter_context(Watch(kernels, ledger, plan.look_every))
        with faults(plan, kernels, server, ledger):
            kernels.run()
        minutes = (time.monotonic() - began) / 60
        sent = kernel.push_rest(store=str(store), server=server.settings)
        early, late = quarters(watch.looks)
        return Found(
            minutes=minutes,
            counts=checks.counts(store, server.store),
            sent=sent,
            model=counted(url),
            ledger=ledger,
            kernel_kills=kernels.kills,
            full_disks=kernels.full_disks,
            server_kills=server.kills,
            early=early,
            late=late,
        )


def _make_dataset(store: Path, plan: Plan) -> None:
    client = xn.get_client(store)
    client.create_dataset(name=kernel.DATASET, items=tasks.items(plan))
    client.close()
