"""Plain tasks that wait: 50 items of `time.sleep(0.1)` with default options."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from tests.benchmarks.figures import Figure, Floor, Target
from tests.benchmarks.harness import Cost, by_turns, cost, fresh_client, in_fresh_process


def figures(*, quick: bool) -> list[Figure]:
    """Wall seconds beside a bare thread pool of the same size."""
    items, pause, rounds = (10, 0.01, 1) if quick else (50, 0.1, 5)
    found = in_fresh_process("threads", "measure", items=items, pause=pause, rounds=rounds)
    what = f"{items} items of time.sleep({pause}), {found['threads']} threads: s"
    floor = Floor("ThreadPoolExecutor", found["floor"])
    return [Figure("threads", what, found["product"], Target("<", 0.5), floor)]


def measure(*, items: int, pause: float, rounds: int) -> dict[str, float]:
    """Median wall seconds of both sides."""
    from xeroml_nb.experiments.live_run import DEFAULT_CONCURRENCY

    rows = [{"id": str(n), "input": pause} for n in range(items)]
    with fresh_client() as (client, _):
        dataset = client.create_dataset(name="pauses", items=rows)
        warm = client.create_dataset(name="warm-up", items=[{"input": 0.0}])
        client.start(time.sleep, warm, name="warm-up").wait()

        def product() -> Cost:
            return cost(lambda: client.start(time.sleep, dataset, resume=False).wait())

        def floor() -> Cost:
            with ThreadPoolExecutor(DEFAULT_CONCURRENCY) as pool:
                return cost(lambda: list(pool.map(time.sleep, [pause] * items)))

        return by_turns(rounds, product=product, floor=floor) | {"threads": DEFAULT_CONCURRENCY}
