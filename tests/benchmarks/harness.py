"""How all benchmarks measure: in fresh processes and stores, product and floor by turns."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xeroml_nb import Client

ROOT = Path(__file__).parents[2]


def fresh_command(module: str, function: str, **arguments: Any) -> list[str]:
    """The command that calls a function of a benchmark in a process of its own."""
    runner = [sys.executable, "-m", "tests.benchmarks.fresh"]
    return [*runner, module, function, json.dumps(arguments)]


def in_fresh_process(module: str, function: str, **arguments: Any) -> dict[str, Any]:
    """What a function of a benchmark returns when a process of its own calls it."""
    command = fresh_command(module, function, **arguments)
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


class Cost(NamedTuple):
    """Seconds that a piece of work took: on the clock, and of this process's processor time."""

    wall: float
    cpu: float


def cost(work: Callable[[], Any]) -> Cost:
    """What a call takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def by_turns(rounds: int, **sides: Callable[[], Cost]) -> dict[str, float]:
    """Medians of each side, measured A B A B so that a busy machine hits all alike.

    Returns:
        Wall seconds under each side's name, processor seconds under `name_cpu`.
    """
    found: dict[str, list[Cost]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, measure in sides.items():
            found[name].append(measure())
    walls = {name: statistics.median(c.wall for c in costs) for name, costs in found.items()}
    cpus = {f"{name}_cpu": statistics.median(c.cpu for c in costs) for name, costs in found.items()}
    return walls | cpus


@contextmanager
def fresh_client() -> Iterator[tuple[Client, Path]]:
    """A client over a new store in a temporary folder, and the store's file."""
    import xeroml_nb as xn

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        client = xn.get_client(path)
        try:
            yield client, path
        finally:
            client.close()
