"""Coroutine tasks that wait: 400 items of `asyncio.sleep(0.1)`, 50 at the same time."""

from __future__ import annotations

import asyncio
import math

from tests.benchmarks.figures import Figure, Floor, Target
from tests.benchmarks.harness import Cost, by_turns, cost, fresh_client, in_fresh_process


def figures(*, quick: bool) -> list[Figure]:
    """Efficiency, which is the ideal wall time over the real one, beside bare asyncio."""
    items, pause, at_once, rounds = (40, 0.01, 10, 1) if quick else (400, 0.1, 50, 5)
    sizes = {"items": items, "pause": pause, "at_once": at_once, "rounds": rounds}
    found = in_fresh_process("coroutines", "measure", **sizes)
    ideal = math.ceil(items / at_once) * pause
    what = f"{items} items of asyncio.sleep({pause}), {at_once} at once: efficiency"
    floor = Floor("asyncio.Semaphore", ideal / found["floor"])
    return [Figure("coroutines", what, ideal / found["product"], Target(">=", 0.95), floor)]


async def sleeper(input: float) -> float:  # noqa: A002 - the word of the field
    """The task."""
    await asyncio.sleep(input)
    return input


async def bare(items: int, pause: float, at_once: int) -> list[float]:
    """The same with nothing but asyncio."""
    turns = asyncio.Semaphore(at_once)

    async def one() -> Cost:
        async with turns:
            return await sleeper(pause)

    return await asyncio.gather(*(one() for _ in range(items)))


def measure(*, items: int, pause: float, at_once: int, rounds: int) -> dict[str, float]:
    """Median wall seconds of both sides."""
    rows = [{"id": str(n), "input": pause} for n in range(items)]
    with fresh_client() as (client, _):
        dataset = client.create_dataset(name="pauses", items=rows)
        warm = client.create_dataset(name="warm-up", items=[{"input": 0.0}])
        client.start(sleeper, warm, name="warm-up").wait()

        def product() -> Cost:
            run = {"concurrency": at_once, "resume": False}
            return cost(lambda: client.start(sleeper, dataset, **run).wait())

        def floor() -> Cost:
            return cost(lambda: asyncio.run(bare(items, pause, at_once)))

        return by_turns(rounds, product=product, floor=floor)
