"""What goes wrong around a run: kills, full disks, endless failures, bad scores, huge items."""

from __future__ import annotations

import asyncio
import gc
import json
import math
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter

import numpy as np
import pytest
import sqlalchemy as sa

import xeroml_nb as xn
from xeroml_nb.errors import MissingScore, NotFound, StoreError, StoreFull, XeromlError
from xeroml_nb.experiments import engine
from xeroml_nb.experiments.live_run import LiveRun
from xeroml_nb.records.dataset import DatasetItem

MEGABYTE = 1_000_000


@pytest.fixture
def numbers(client):
    """Ten numbers."""
    items = [{"id": f"n{n}", "input": n} for n in range(10)]
    return client.create_dataset(name="numbers", items=items)


@xn.evaluator
def faultless(output):
    return 1.0


def until(reached, seconds=20):
    """Wait for a moment of a run that goes on in other threads."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


def double(number):
    return 2 * number


# Kill -9.

KILLED = """
import time
import xeroml_nb as xn

def task(number):
    with open("executions.txt", "a") as log:
        log.write(f"{number}\\n")
    time.sleep(0.008)
    return 2 * number

def score(output):
    return output / 4_000

client = xn.get_client()
if not client.datasets():
    items = [{"id": str(n), "input": n} for n in range(2_000)]
    client.create_dataset(name="many", items=items)
run = client.start(task, "many", name="killed", concurrency=8, evaluators=[score])
while not run.wait_quietly(0.005):
    print(run.progress.done, flush=True)
print(run.progress.done, flush=True)
"""


def executions(folder):
    return Counter((folder / "executions.txt").read_text().split())


def test_a_killed_run_loses_nothing_acknowledged_and_repeats_only_the_rest(own_folder):
    script = own_folder / "killed.py"
    script.write_text(KILLED)
    command = [sys.executable, str(script)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    acknowledged = 0
    while acknowledged < 1000:
        acknowledged = int(process.stdout.readline())
    process.kill()
    rest, _ = process.communicate()
    whole_lines = rest.splitlines(keepends=True)
    acknowledged = max([acknowledged, *(int(line) for line in whole_lines if line.endswith("\n"))])
    begun = executions(own_folder)

    client = xn.get_client()
    killed = client.get_experiment("killed")
    assert killed.status == "stopped"
    stored = {r.item.id: r for r in killed.get_results() if r.status == "ok"}
    assert 1000 <= acknowledged <= len(stored) < 2000
    assert killed.progress.done == len(stored)
    for item_id, result in stored.items():
        assert result.output == 2 * int(item_id)
        assert result.score("score") == int(item_id) / 2_000
    for result in list(stored.values())[:: len(stored) // 20]:
        [root] = client.get_trace(result.trace_id)
        assert root.output == result.output
    client.close()

    again = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert again.stdout.split()[-1] == "2000"
    # Executed twice is exactly what had begun and was not stored yet.
    expected = {str(n): 1 for n in range(2_000)} | {i: 2 for i in begun if i not in stored}
    assert executions(own_folder) == expected

    client = xn.get_client()
    finished = client.get_experiment("killed")
    assert (finished.number, finished.status) == (1, "finished")
    frame = finished.to_frame().set_index("item_id")
    assert set(frame["status"]) == {"ok"}
    assert frame["score"].count() == len(frame) == 2000
    assert all(frame.loc[i, "trace_id"] == result.trace_id for i, result in stored.items())
    client.close()


# Failures without end.

FAILING = """
import json, re
from pathlib import Path
import xeroml_nb as xn

def task(number):
    raise type(f"Kind{number % 50}Error", (Exception,), {})(f"{number} went wrong " * 20)

client = xn.get_client()
client.create_dataset(name="many", items=[{"input": n} for n in range(20_000)])
run = client.run(task, "many", name="failing")
results = run.get_results()
progress = run.progress
# Not getrusage: its peak counts what the parent had when it started this process.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
print(json.dumps({
    "status": run.status,
    "line": run.summary_line(),
    "failed": sum(r.status == "failed" for r in results),
    "exact": all(f"{r.item.input} went wrong" in r.error for r in results),
    "groups": len(progress.errors),
    "longest": max(len(group.message) for group in progress.errors),
    "summary": len(run.summary_line()) + len(run._repr_html_()),
    "megabytes": peak / 1024,
}))
"""


def test_twenty_thousand_failures_are_kept_counted_and_cheap(own_folder):
    script = own_folder / "failing.py"
    script.write_text(FAILING)
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=90, check=True
    )
    told = json.loads(done.stdout)
    assert told["status"] == "finished"
    assert told["failed"] == 20_000
    assert told["exact"]
    assert "failing #1 · 20000 attempted · 0 ok · 20000 failed" in told["line"]
    assert 0 < told["groups"] <= 50
    assert told["longest"] < 1_000
    assert told["summary"] < 100_000
    assert told["megabytes"] < 400


def test_a_summary_of_failures_alone_shows_their_denominators(client, numbers):
    def task(number):
        raise ValueError("never")

    summary = client.run(task, numbers, evaluators=[faultless]).summary()
    assert list(summary.index) == ["faultless"]
    figures = summary.loc["faultless"]
    assert math.isnan(figures["mean"])
    counts = ("scored", "attempted", "succeeded", "failed", "unscored")
    assert [figures[name] for name in counts] == [0, 10, 0, 10, 0]


# A full disk.


@pytest.fixture
def disk():
    """Limits the pages that SQLite files opened from now on may have."""
    limit = {"pages": 0}

    def set_limit(connection, _record):
        if limit["pages"]:
            connection.execute(f"PRAGMA max_page_count={limit['pages']}").close()

    sa.event.listen(sa.Engine, "connect", set_limit)
    yield limit
    sa.event.remove(sa.Engine, "connect", set_limit)


def pages_of(path):
    connection = sqlite3.connect(path)
    [pages] = connection.execute("PRAGMA page_count").fetchone()
    connection.close()
    return pages


@pytest.mark.parametrize("later", [False, True], ids=["sync", "async"])
def test_a_disk_that_fills_up_ends_the_run_and_loses_nothing_stored(own_folder, disk, later):
    store = own_folder / "store.db"
    client = xn.get_client()
    client.create_dataset(name="many", items=[{"input": n} for n in range(1_000)])
    client.close()
    disk["pages"] = pages_of(store) + 300
    client = xn.get_client()

    def task(number):
        time.sleep(0.001)
        return f"{number} " * 500

    async def task_later(number):
        return task(number)

    chosen = task_later if later else task
    experiment = client.start(chosen, "many", name="filling", evaluators=[faultless])
    with pytest.raises(StoreFull, match=r"store\.db.*Free some space"):
        experiment.wait(timeout=60)
    assert not experiment.is_running
    assert experiment.status == "stopped"
    results = experiment.get_results()
    stored = [r for r in results if r.status == "ok"]
    assert 0 < len(stored) < 1_000
    assert len(results) == 1_000
    assert experiment.progress.done == len(stored)
    for result in stored:
        assert result.output == f"{result.item.input} " * 500
        assert result.score("faultless") == 1.0
    client.close()

    # With space again, the same call runs what is missing.
    disk["pages"] = 0
    client = xn.get_client()
    again = client.run(chosen, "many", name="filling", evaluators=[faultless])
    assert (again.number, again.status) == (1, "finished")
    kept = {r.item.id: r.trace_id for r in again.get_results()}
    assert all(kept[r.item.id] == r.trace_id for r in stored)
    client.close()


def test_a_full_disk_refuses_a_dataset_and_keeps_the_others(own_folder, disk, numbers, client):
    client.close()
    disk["pages"] = pages_of(own_folder / "store.db") + 10
    small = xn.get_client()
    with pytest.raises(StoreFull, match=r"store\.db"):
        small.create_dataset(name="large", items=[{"input": "x" * MEGABYTE}])
    assert [record.name for record in small.datasets()] == ["numbers"]
    assert small.run(double, "numbers").status == "finished"
    small.close()


@pytest.mark.parametrize("later", [False, True], ids=["sync", "async"])
def test_what_hangs_in_a_run_that_a_full_disk_ended_is_not_stored_by_it(client, monkeypatch, later):
    dataset = client.create_dataset(name="one", items=[{"input": 1}])
    gate, begun = threading.Event(), []

    def task(number):
        begun.append(number)
        if len(begun) == 1:
            gate.wait(20)
        return len(begun)

    async def task_later(number):
        return await asyncio.to_thread(task, number)

    def refuse(_):
        raise StoreFull("The disk is full.", "Free some space.")

    chosen = task_later if later else task
    with monkeypatch.context() as full:
        full.setattr(engine, "_HEARTBEAT", 0.01)
        full.setattr(LiveRun, "_renew_claim", refuse)
        ended = client.start(chosen, dataset, name="hanging")
        with pytest.raises(StoreFull):
            ended.wait(20)
    again = client.start(chosen, dataset, name="hanging").wait(20)
    gate.set()
    time.sleep(0.1)
    client.flush()
    [result] = again.get_results()
    assert (again.number, result.output) == (1, 2)
    assert ended.progress.done == 0


def test_closing_the_client_ends_its_runs_and_keeps_what_is_finished(client, numbers):
    gate = threading.Semaphore(3)
    experiment = client.start(lambda _: gate.acquire(timeout=20), numbers, concurrency=1)
    until(lambda: experiment.progress.done == 3)
    client.close()
    gate.release(20)
    until(lambda: not experiment.is_running)
    reopened = xn.get_client().get_experiment(experiment.name)
    assert reopened.status == "stopped"
    assert reopened.to_frame()["status"].tolist()[:3] == ["ok"] * 3
    with pytest.raises(StoreError, match="closed"):
        client.create_dataset(name="too late", items=[{"input": 1}])
    xn.get_client().close()


# Many runs, one after the other.


def test_a_run_that_has_ended_keeps_no_items_in_memory(client, numbers):
    def items():
        gc.collect()
        return sum(isinstance(one, DatasetItem) for one in gc.get_objects())

    before = items()
    runs = [client.run(double, "numbers") for _ in range(3)]
    assert items() <= before
    assert runs[0].retry_failed().wait().to_frame()["input"].tolist() == list(range(10))


# Scores that cannot be stored.


def nan():
    return math.nan


def infinite():
    return -math.inf


def numpy_nan():
    return np.float64("nan")


def name_too_long():
    return {"quality" * 30: 1.0}


def no_value():
    return {"no_value": ["good"]}


def half_true(trace_id):
    xn.get_client().score(trace_id=trace_id, name="half", value=0.5, data_type="BOOLEAN")


BAD_SCORES = {
    nan: "'nan' has the value nan.*finite",
    infinite: "'infinite' has the value -inf.*finite",
    numpy_nan: "'numpy_nan' has the value .*nan.*finite",
    name_too_long: "qualityquality.*210 characters.*200",
    no_value: "'no_value'.*list.*number, a bool or a text",
    half_true: "BOOLEAN score 'half' has the value 0.5.*NUMERIC",
}


@pytest.mark.parametrize(
    ("judge", "told"), BAD_SCORES.items(), ids=[judge.__name__ for judge in BAD_SCORES]
)
def test_a_bad_score_is_an_error_of_its_row_alone(client, numbers, judge, told):
    experiment = client.run(double, numbers, evaluators=[judge, faultless])
    frame = experiment.to_frame()
    assert set(frame["status"]) == {"ok"}
    assert frame["output"].tolist() == [2 * n for n in range(10)]
    assert frame["faultless"].tolist() == [1.0] * 10
    assert list(frame.columns)[10:] == ["faultless"]
    for result in experiment.get_results():
        assert list(result.run.evaluator_errors) == [judge.__name__]
        with pytest.raises(MissingScore, match=told):
            result.score(judge.__name__)


# Names that do not exist.


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda c: c.run(double, "nubmers"), "no dataset 'nubmers'.*'numbers'"),
        (lambda c: c.start(double, "nubmers"), "no dataset 'nubmers'.*'numbers'"),
        (
            lambda c: c.create_experiment(name="e", dataset_name="nubmers"),
            "no dataset 'nubmers'.*'numbers'",
        ),
        (
            lambda c: c.run(double, "numbers", evaluators=["fautless"]),
            "no evaluator 'fautless'.*'faultless'",
        ),
        (
            lambda c: c.create_experiment(name="e", evaluators=["fautless"]),
            "no evaluator 'fautless'.*'faultless'",
        ),
        (lambda c: c.get_experiment("anything"), "no experiment 'anything'"),
    ],
    ids=["run", "start", "create", "run evaluator", "create evaluator", "get"],
)
def test_unknown_names_are_refused_with_near_matches(client, numbers, call, told):
    with pytest.raises(NotFound, match=told) as caught:
        call(client)
    assert isinstance(caught.value, XeromlError)
    assert client.experiments() == []
    assert [record.name for record in client.datasets()] == ["numbers"]


# Huge items.


def test_items_and_outputs_of_five_megabytes_run(client):
    text = "Ünïcode " * (5 * MEGABYTE // 8)
    items = [{"id": f"n{n}", "input": f"{n} {text}"} for n in range(3)]
    client.create_dataset(name="huge", items=items)
    experiment = client.run(str.upper, "huge", evaluators=[faultless])
    frame = experiment.to_frame()
    assert set(frame["status"]) == {"ok"}
    assert frame["output"].tolist() == [item["input"].upper() for item in items]
    assert frame["input"].tolist() == [item["input"] for item in items]
    assert frame["faultless"].tolist() == [1.0] * 3
    # What is shown stays small.
    assert len(experiment._repr_html_()) < 10_000
    assert max(len(row.output) for row in experiment.progress.latest) < 1_000


def test_an_enormous_error_is_kept_as_one(client, numbers):
    def task(number):
        raise ValueError("x" * MEGABYTE)

    experiment = client.run(task, numbers)
    assert set(experiment.to_frame()["status"]) == {"failed"}
    [group] = experiment.progress.errors
    assert (group.kind, group.count) == ("ValueError", 10)
    assert len(group.message) < 1_000
    assert len(experiment.get_results()[0].run.traceback) < 10_000
