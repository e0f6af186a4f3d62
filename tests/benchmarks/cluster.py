"""What an item costs on a cluster: Dask with 4 worker processes, a task that costs nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.benchmarks.figures import Figure, Floor, Target
from tests.benchmarks.harness import Cost, by_turns, cost, fresh_client, in_fresh_process
from tests.benchmarks.overhead import answer, exact, question

if TYPE_CHECKING:
    from collections.abc import Callable

_WORKERS = 4
_CONCURRENCY = 100


def figures(*, quick: bool) -> list[Figure]:
    """Milliseconds an item beside what the cluster itself needs for them."""
    items, rounds = (100, 1) if quick else (10_000, 3)
    found = in_fresh_process("cluster", "measure", items=items, rounds=rounds)
    wall, cpu = found["product"], found["product_cpu"]
    name, what = "Client.map, gather", f"{items:,} items, {_WORKERS} workers: ms an item"
    return [
        Figure("cluster", what, wall, Target("<", 2), Floor(name, found["floor"])),
        Figure("cluster", f"{what} beyond the floor", wall - found["floor"], Target("<", 2)),
        Figure(
            "cluster",
            "processor ms an item, with workers",
            cpu,
            None,
            Floor(name, found["floor_cpu"]),
        ),
        Figure("cluster", "item runs read back", found["stored"], Target("=", items)),
    ]


def measure(*, items: int, rounds: int) -> dict[str, float]:
    """Medians of milliseconds an item, and how many item runs the last run stored."""
    from distributed import Client, LocalCluster

    rows = [question(n) for n in range(items)]
    here = {"host": "127.0.0.1", "dashboard_address": None}
    stored: list[int] = []
    with (
        LocalCluster(n_workers=_WORKERS, threads_per_worker=1, **here) as cluster,
        Client(cluster, direct_to_workers=True) as dask,
    ):

        def with_workers(work: Callable[[], Any]) -> Cost:
            before = sum(dask.run(time.process_time).values())
            taken = cost(work)
            return Cost(taken.wall, taken.cpu + sum(dask.run(time.process_time).values()) - before)

        def product() -> Cost:
            with fresh_client() as (client, _):
                dataset = client.create_dataset(name="questions", items=rows)
                options = {"executor": dask.get_executor(), "concurrency": _CONCURRENCY}
                taken = with_workers(
                    lambda: client.start(answer, dataset, evaluators=[exact], **options).wait()
                )
                stored.append(int((client.get_experiment("answer").to_frame()["exact"] == 1).sum()))
                return taken

        def floor() -> Cost:
            inputs = [row["input"] for row in rows]
            return with_workers(lambda: dask.gather(dask.map(answer, inputs, pure=False)))

        floor()
        product()
        taken = by_turns(rounds, floor=floor, product=product)
    return {side: value / items * 1e3 for side, value in taken.items()} | {"stored": stored[-1]}
