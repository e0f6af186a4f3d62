"""JavaScript score cards: what an empty one takes, and a weighted one over many rows."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.benchmarks.figures import Figure, Floor, Target
from tests.benchmarks.harness import Cost, by_turns
from tests.sandbox.javascript_examples import WEIGHTED
from xeroml_nb.errors import CardFailed
from xeroml_nb.scoring.sandbox.limits import Limits
from xeroml_nb.scoring.sandbox.running import run_code

if TYPE_CHECKING:
    from collections.abc import Callable

# The same body in a bare interpreter, with the same JSON in and out.
PLAIN = """
import json, sys
data = json.load(sys.stdin)
weights = {"Accuracy Check": 0.7, "Style Check": 0.3}
possible = reached = 0
for row in data:
    for column, weight in weights.items():
        if column in row and isinstance(row[column], bool):
            possible += weight
            if row[column]:
                reached += weight
print(json.dumps({"score": reached / possible * 100 if possible else 0}))
"""


def figures(*, quick: bool) -> list[Figure]:
    """Processor time of this process and its children, beside a plain child process."""
    number, rounds = (1000, 1) if quick else (100_000, 7)
    rows = data(number)
    found = by_turns(
        rounds,
        empty=lambda: with_children(lambda: javascript("return {score: 1}", "[]")),
        bare=lambda: with_children(lambda: plain("pass", "")),
        weighted=lambda: with_children(lambda: javascript(WEIGHTED, rows)),
        plain=lambda: with_children(lambda: plain(PLAIN, rows)),
    )
    bare = Floor("an interpreter that does nothing, ms", found["bare_cpu"] * 1000)
    same = Floor("the same in a plain interpreter, s", found["plain_cpu"])
    times = found["weighted_cpu"] / found["plain_cpu"]
    what = f"{number:,} rows x 6 columns, weighted, in JavaScript"
    return [
        Figure(
            "sandbox",
            "an empty card in JavaScript: ms of CPU",
            found["empty_cpu"] * 1000,
            Target("<", 150),
            bare,
        ),
        Figure("sandbox", f"{what}: s of CPU", found["weighted_cpu"], None, same),
        Figure("sandbox", f"{what}: times a plain interpreter", times, Target("<", 2.5)),
        Figure("sandbox", "endless JavaScript: longest gap, s", longest_gap(), Target("<", 0.2)),
    ]


def data(number: int) -> str:
    """Rows of six columns, as JSON text."""
    rows = [
        {
            "input": f"question {n}",
            "AI Response": f"the answer is {n}",
            "Accuracy Check": n % 3 > 0,
            "Style Check": n % 5 > 0,
            "Similarity Score": n % 100 / 100,
            "category": None,
        }
        for n in range(number)
    ]
    return json.dumps(rows, separators=(",", ":"))


def javascript(code: str, rows: str) -> None:
    """One run of a card."""
    run_code(code, rows, "JAVASCRIPT", Limits(), "benchmark")


def plain(code: str, rows: str) -> None:
    """One run of the floor."""
    command = [sys.executable, "-I", "-S", "-c", code]
    subprocess.run(command, input=rows.encode(), stdout=subprocess.PIPE, check=True)


def with_children(work: Callable[[], None]) -> Cost:
    """What a call takes, processes that it starts and ends included."""
    before, wall = processor_time(), time.perf_counter()
    work()
    return Cost(time.perf_counter() - wall, processor_time() - before)


def processor_time() -> float:
    """Seconds that this process and its ended children took of the processor."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def longest_gap() -> float:
    """Seconds for which another thread of this process stood still while a card met its limit."""
    gaps, ended = [0.0], threading.Event()

    def tick() -> None:
        last = time.perf_counter()
        while not ended.wait(0.005):
            gaps.append(time.perf_counter() - last)
            last += gaps[-1]

    ticking = threading.Thread(target=tick)
    ticking.start()
    with suppress(CardFailed):
        run_code("for (;;);", "[]", "JAVASCRIPT", Limits(seconds=1), "endless")
    ended.set()
    ticking.join()
    return max(gaps)
