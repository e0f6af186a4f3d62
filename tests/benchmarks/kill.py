"""A process killed in the middle of a run: what it said was done is there, and stays done."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.figures import Figure, Target
from tests.benchmarks.harness import ROOT, fresh_command, in_fresh_process

if TYPE_CHECKING:
    from xeroml_nb import Client, Experiment
    from xeroml_nb.experiments.results import Result


def figures(*, quick: bool) -> list[Figure]:
    """Item runs acknowledged before the kill, readable after it, and run again."""
    items, pause = (200, 0.005) if quick else (2_000, 0.005)
    found = in_fresh_process("kill", "measure", items=items, pause=pause)
    readable = found["readable"]
    of = f"of {items:,} items of {pause * 1000:g} ms"
    return [
        Figure("kill", f"acknowledged before kill -9, {of}", found["acknowledged"]),
        Figure(
            "kill",
            "readable after it with output, trace and score",
            readable,
            Target(">=", found["acknowledged"]),
        ),
        Figure("kill", "begun before it, but not stored", found["lost"]),
        Figure("kill", "run by the same call again", found["again"], Target("=", items - readable)),
        Figure("kill", "of these, readable before", found["twice"], Target("=", 0)),
        Figure("kill", "readable at the end", found["complete"], Target("=", items)),
    ]


def measure(*, items: int, pause: float) -> dict[str, int]:
    """Kill a run at half, read what it left, and run the rest."""
    with tempfile.TemporaryDirectory() as folder:
        place = {"folder": folder, "items": items, "pause": pause}
        acknowledged = _kill_at_half(place)
        begun = _executed(folder)
        kept = _readable(folder)
        in_fresh_process("kill", "run", **place)
        again = _executed(folder) - begun
        return {
            "acknowledged": acknowledged,
            "readable": len(kept),
            "lost": len(begun.keys() - kept),
            "again": again.total(),
            "twice": len(again.keys() & kept),
            "complete": len(_readable(folder)),
        }


def run(*, folder: str, items: int, pause: float) -> dict[str, int]:
    """Run to the end, printing how many item runs the progress shows as done."""
    client = _client(folder)
    log = str(Path(folder) / "executed.log")
    rows = [{"id": str(n), "input": {"n": n, "pause": pause, "log": log}} for n in range(items)]
    dataset = client.create_dataset(name="pauses", items=rows)
    experiment = client.start(slow, dataset, name="killed", evaluators=[scored])
    while not experiment.wait_quietly(0.002):
        print(_done(experiment), flush=True)
    return {"done": _done(experiment)}


def slow(input: dict[str, Any]) -> int:  # noqa: A002 - the word of the field
    """The task: notes that it was begun, then takes its time."""
    log = os.open(input["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, f"{input['n']}\n".encode())
    os.close(log)
    time.sleep(input["pause"])
    return input["n"]


def scored(output: int) -> bool:
    """The evaluator."""
    return output >= 0


def _kill_at_half(place: dict[str, Any]) -> int:
    """The last figure that the killed process gave."""
    command = fresh_command("kill", "run", **place)
    acknowledged = 0
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if not line.strip().isdigit():
                raise RuntimeError("The run ended before it could be killed.")
            acknowledged = int(line)
            if acknowledged >= place["items"] // 2:
                process.send_signal(signal.SIGKILL)
    return acknowledged


def _client(folder: str) -> Client:
    import xeroml_nb as xn

    return xn.get_client(Path(folder) / "store.db")


def _done(experiment: Experiment) -> int:
    return experiment.progress.done


def _executed(folder: str) -> Counter[str]:
    """How often the task was called for each item."""
    return Counter((Path(folder) / "executed.log").read_text().split())


def _readable(folder: str) -> set[str]:
    client = _client(folder)
    results = client.get_experiment("killed").get_results()
    found = {r.item.id for r in results if _is_whole(client, r)}
    client.close()
    return found


def _is_whole(client: Client, result: Result) -> bool:
    return (
        result.output == int(result.item.id)
        and result.score("scored", default=None) is True
        and len(client.get_trace(result.trace_id)) == 1
    )
