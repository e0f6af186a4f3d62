"""What an item costs when its task costs nothing: output, trace and one score, all durable."""

from __future__ import annotations

import resource
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks import floors
from tests.benchmarks.figures import Figure, Floor, Target
from tests.benchmarks.harness import Cost, by_turns, cost, fresh_client, in_fresh_process

# Items, and how often the run is measured.
SIZES = {1_000: 5, 10_000: 3, 100_000: 3}
QUICK_SIZES = {50: 1, 200: 1}
_WARM_UP = 100
_COUNTS = {
    "outputs": "SELECT count(*) FROM item_runs WHERE status = 'ok' AND output IS NOT NULL",
    "traces": "SELECT count(DISTINCT o.trace_id) FROM item_runs JOIN observations o"
    " USING (trace_id) WHERE o.output = item_runs.output",
    "scores": "SELECT count(*) FROM item_runs JOIN scores s USING (trace_id) WHERE s.number = 1",
}


def figures(*, quick: bool) -> list[Figure]:
    """Cost an item at three sizes beside both floors; its growth; memory."""
    sizes = QUICK_SIZES if quick else SIZES
    found = {
        n: in_fresh_process("overhead", "measure", items=n, rounds=rounds)
        for n, rounds in sizes.items()
    }
    of_sizes = [figure for n in sizes for figure in _of_size(n, found[n])]
    return [*of_sizes, _growth(found), _memory(max(sizes))]


def _of_size(n: int, found: dict[str, float]) -> list[Figure]:
    wall, loop, pool = found["product"], found["sqlite"], found["threads"]
    cpu, cpu_floor = found["product_cpu"], Floor("sqlite3 loop", found["sqlite_cpu"])
    what = f"{n:,} items: microseconds an item"
    return [
        Figure("overhead", what, wall, Target("<", 300), Floor("sqlite3 loop", loop)),
        Figure("overhead", f"{n:,} items: times the sqlite3 loop", wall / loop, Target("<", 4)),
        Figure("overhead", what, wall, None, Floor("ThreadPoolExecutor.map", pool)),
        Figure("overhead", f"{n:,} items: processor microseconds an item", cpu, None, cpu_floor),
        *(
            Figure("overhead", f"{n:,} items: {kind} read back", found[kind], Target("=", n))
            for kind in _COUNTS
        ),
    ]


def _growth(found: dict[int, dict[str, float]]) -> Figure:
    small, large = min(found), max(found)
    what = f"cost an item at {large:,} items / at {small:,}"
    floor = Floor("sqlite3 loop", found[large]["sqlite"] / found[small]["sqlite"])
    growth = found[large]["product"] / found[small]["product"]
    return Figure("overhead", what, growth, Target("<=", 1.3), floor)


def _memory(n: int) -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        in_fresh_process("overhead", "make_dataset", folder=folder, items=n)
        found = in_fresh_process("overhead", "measure_memory", folder=folder)
    before = Floor("before the run", found["before"])
    return Figure(
        "overhead", f"{n:,} items: peak memory, MB", found["peak"], Target("<", 400), before
    )


def answer(input: str) -> str:  # noqa: A002 - the word of the field
    """The task: an answer at once."""
    return input[-8:]


def exact(output: str, expected_output: str) -> bool:
    """The evaluator."""
    return output == expected_output


def question(n: int) -> dict[str, Any]:
    """An item: some 50 characters in, a few out."""
    text = f"Which number stands at the end of this text? {n:08d}"
    return {"id": f"item-{n}", "input": text, "expected_output": f"{n:08d}"}


def measure(*, items: int, rounds: int) -> dict[str, float]:
    """Medians of microseconds an item, and how many rows were read back.

    The run before the measured ones takes what happens once a process out of the figures.
    """
    from xeroml_nb.experiments.live_run import DEFAULT_CONCURRENCY

    rows = [question(n) for n in range(items)]
    counts: dict[str, int] = {}

    def sqlite() -> Cost:
        with floors.sqlite_store() as connection:
            return cost(lambda: floors.sqlite_loop(connection, rows, answer, exact))

    def product() -> Cost:
        return run_product(rows, counts)

    def threads() -> Cost:
        return cost(lambda: floors.thread_pool(DEFAULT_CONCURRENCY, rows, answer, exact))

    run_product([question(n) for n in range(_WARM_UP)], {})
    taken = by_turns(rounds, sqlite=sqlite, product=product, threads=threads)
    return {side: value / items * 1e6 for side, value in taken.items()} | counts


def run_product(rows: list[dict[str, Any]], counts: dict[str, int]) -> Cost:
    """What `start` to the end of `wait` takes in a fresh store; keeps the lowest counts in it."""
    with fresh_client() as (client, path):
        dataset = client.create_dataset(name="questions", items=rows)
        taken = cost(lambda: client.start(answer, dataset, evaluators=[exact]).wait())
        for kind, count in _read_back(path).items():
            counts[kind] = min(count, counts.get(kind, count))
    return taken


def make_dataset(*, folder: str, items: int) -> dict[str, float]:
    """Make a store with a dataset, for `measure_memory` in another process."""
    import xeroml_nb as xn

    client = xn.get_client(Path(folder) / "store.db")
    client.create_dataset(name="questions", items=[question(n) for n in range(items)])
    client.close()
    return {}


def measure_memory(*, folder: str) -> dict[str, float]:
    """Peak memory of this process in MB, before a run and at its end."""
    import xeroml_nb as xn

    client = xn.get_client(Path(folder) / "store.db")
    before = _peak_megabytes()
    client.start(answer, "questions", evaluators=[exact]).wait()
    return {"before": before, "peak": _peak_megabytes()}


def _read_back(path: Path) -> dict[str, int]:
    connection = sqlite3.connect(path)
    counts = {kind: connection.execute(sql).fetchone()[0] for kind, sql in _COUNTS.items()}
    connection.close()
    return counts


def _peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
