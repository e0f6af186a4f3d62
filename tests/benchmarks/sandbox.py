"""Score cards with code: what an empty one takes, a weighted one over many rows, an endless one."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from tests.benchmarks import sandbox_javascript
from tests.benchmarks.figures import Figure, Floor, Target
from tests.benchmarks.harness import by_turns
from tests.benchmarks.sandbox_javascript import PLAIN, data, plain, with_children
from xeroml_nb.errors import CardFailed
from xeroml_nb.scoring.sandbox.limits import GRACE, Limits
from xeroml_nb.scoring.sandbox.python.preparing import prepared
from xeroml_nb.scoring.sandbox.running import run_code

# The same body as the floor's.
WEIGHTED = """
weights = {"Accuracy Check": 0.7, "Style Check": 0.3}
possible = reached = 0
for row in data:
    for column, weight in weights.items():
        if column in row and isinstance(row[column], bool):
            possible += weight
            if row[column]:
                reached += weight
return {"score": reached / possible * 100 if possible else 0}
"""
SECONDS = 1.0


def figures(*, quick: bool) -> list[Figure]:
    """Processor time of this process and its children, beside a plain child process."""
    prepared()
    number, rounds = (1000, 1) if quick else (100_000, 7)
    return [*_costs(number, rounds), *_endless(), *sandbox_javascript.figures(quick=quick)]


def _costs(number: int, rounds: int) -> list[Figure]:
    rows = data(number)
    found = by_turns(
        rounds,
        empty=lambda: with_children(lambda: python("return {'score': 1}", "[]")),
        bare=lambda: with_children(lambda: plain("pass", "")),
        weighted=lambda: with_children(lambda: python(WEIGHTED, rows)),
        plain=lambda: with_children(lambda: plain(PLAIN, rows)),
    )
    empty = Figure(
        "sandbox",
        "an empty card in Python: ms of CPU",
        found["empty_cpu"] * 1000,
        Target("<", 150),
        Floor("an interpreter that does nothing, ms", found["bare_cpu"] * 1000),
    )
    same = Floor("the same in a plain interpreter, s", found["plain_cpu"])
    times = found["weighted_cpu"] / found["plain_cpu"]
    what = f"{number:,} rows x 6 columns, weighted, in Python"
    return [
        empty,
        Figure("sandbox", f"{what}: s of CPU", found["weighted_cpu"], None, same),
        Figure("sandbox", f"{what}: times a plain interpreter", times, Target("<", 2.5)),
    ]


def _endless() -> list[Figure]:
    """How a card that runs into its limit ends, and what goes on beside it."""
    gap, seconds = asyncio.run(_beside_an_endless_card())
    beside = asyncio.run(_longest_gap(asyncio.to_thread(time.sleep, SECONDS)))
    floor = Floor("beside a thread that sleeps, s", beside)
    return [
        Figure("sandbox", "endless Python: longest gap, s", gap, Target("<", 0.2), floor),
        Figure(
            "sandbox", "endless Python: s beyond its limit", seconds - SECONDS, Target("<", GRACE)
        ),
    ]


async def _beside_an_endless_card() -> tuple[float, float]:
    began = time.perf_counter()
    gap = await _longest_gap(asyncio.to_thread(endless))
    return gap, time.perf_counter() - began


async def _longest_gap(work: asyncio.Future[None]) -> float:
    """Seconds for which this process's event loop, as a kernel has one, stood still."""
    working, gap, last = asyncio.ensure_future(work), 0.0, time.perf_counter()
    while not working.done():
        await asyncio.sleep(0.005)
        gap = max(gap, time.perf_counter() - last)
        last = time.perf_counter()
    return gap


def python(code: str, rows: str) -> None:
    """One run of a card."""
    run_code(code, rows, "PYTHON", Limits(), "benchmark")


def endless() -> None:
    """A run that ends at its limit."""
    with suppress(CardFailed):
        run_code("while True: pass", "[]", "PYTHON", Limits(seconds=SECONDS), "endless")
