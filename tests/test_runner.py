"""The runner: what it calls, what it keeps of it, and what that adds up to."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import math
import multiprocessing
import operator
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace

import xeroml_nb as xn
from xeroml_nb.errors import BadInput, MissingScore, NotFound
from xeroml_nb.experiments.frames import RunTable, ScoreColumn
from xeroml_nb.experiments.lanes import Lanes
from xeroml_nb.experiments.results import summarise

FIXED_COLUMNS = [
    "item_id",
    "repetition",
    "input",
    "expected_output",
    "output",
    "status",
    "error",
    "attempts",
    "latency_s",
    "trace_id",
]
DOUBLES = [2 * n for n in range(10)]
who = contextvars.ContextVar("who", default="nobody")


@pytest.fixture
def numbers(client):
    """Ten numbers, each with its double as the expected output."""
    items = [
        {"id": f"n{n}", "input": n, "expected_output": 2 * n, "metadata": {"odd": bool(n % 2)}}
        for n in range(10)
    ]
    return client.create_dataset(name="numbers", items=items)


@pytest.fixture
def release():
    """An event for tasks to hang on, so that none of them outlives its test."""
    event = threading.Event()
    yield event
    event.set()


class Peak:
    """How many were inside its block at the same time, at most."""

    def __init__(self):
        self._lock = threading.Lock()
        self._inside = 0
        self.highest = 0

    def __enter__(self):
        with self._lock:
            self._inside += 1
            self.highest = max(self.highest, self._inside)

    def __exit__(self, *_):
        with self._lock:
            self._inside -= 1


def until(reached, seconds=20):
    """Wait for a moment of a run that goes on in other threads."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


# Kinds of callables.


def double(number):
    return 2 * number


async def double_later(number):
    await asyncio.sleep(0)
    return 2 * number


def multiply(number, factor):
    return factor * number


async def multiply_later(number, factor):
    await asyncio.sleep(0)
    return factor * number


class Doubler:
    def __call__(self, number):
        return 2 * number

    def method(self, number):
        return 2 * number


class LateDoubler:
    async def __call__(self, number):
        return await double_later(number)


KINDS = {
    "function": double,
    "coroutine function": double_later,
    "lambda": lambda number: 2 * number,
    "lambda that returns a coroutine": lambda number: double_later(number),  # noqa: PLW0108
    "partial": functools.partial(multiply, factor=2),
    "partial of a coroutine function": functools.partial(multiply_later, factor=2),
    "callable object": Doubler(),
    "callable object with async call": LateDoubler(),
    "bound method": Doubler().method,
    "compiled function": functools.partial(operator.mul, 2),
    "function of any arguments": lambda *numbers: 2 * numbers[0],
}


@pytest.mark.parametrize("task", KINDS.values(), ids=KINDS)
def test_every_kind_of_callable_is_a_task(client, numbers, task):
    frame = client.run(task, numbers).to_frame()
    assert frame["output"].tolist() == DOUBLES
    assert set(frame["status"]) == {"ok"}
    assert set(frame["attempts"]) == {1}


def test_a_task_gets_the_values_it_names(client, numbers):
    def task(metadata, item, expected_output, input):  # noqa: A002
        return [input, item.id, expected_output, metadata["odd"]]

    frame = client.run(task, numbers).to_frame()
    assert frame["output"].tolist() == [[n, f"n{n}", 2 * n, bool(n % 2)] for n in range(10)]


def test_a_task_may_name_one_value_and_keep_defaults_of_its_own(client, numbers):
    def task(expected_output, *, temperature=0.5):
        return [expected_output, temperature]

    assert client.run(task, numbers).to_frame()["output"].tolist()[3] == [6, 0.5]


def test_a_task_that_takes_any_names_gets_all_values(client, numbers):
    def task(**known):
        return sorted(known)

    expected = ["expected_output", "input", "item", "metadata"]
    assert client.run(task, numbers).to_frame()["output"][0] == expected


def asks_for_the_model(question, model):
    return question, model


def asks_by_an_unknown_name(*, model):
    return model


@pytest.mark.parametrize("task", [asks_for_the_model, asks_by_an_unknown_name])
def test_a_task_that_asks_for_something_unknown_is_refused(client, numbers, task):
    with pytest.raises(BadInput, match=r"model.*expected_output"):
        client.run(task, numbers)
    assert client.experiments() == []


def test_a_dataset_without_items_is_refused(client, numbers):
    with pytest.raises(BadInput, match=r"Dataset 'numbers' has no items. Add some before running"):
        client.run(double, numbers.filter(lambda item: False))
    assert client.experiments() == []


def test_what_cannot_be_called_is_refused(client, numbers):
    with pytest.raises(BadInput, match="cannot be called"):
        client.run("double", numbers)
    assert client.experiments() == []


@pytest.mark.parametrize(
    "option",
    [
        {"concurrency": 0},
        {"repetitions": 0},
        {"timeout": 0},
        {"retries": -1},
        {"retries": "3"},
        {"name": " "},
    ],
    ids=str,
)
def test_an_option_out_of_range_is_refused(client, numbers, option):
    with pytest.raises(BadInput):
        client.run(double, numbers, **option)
    assert client.experiments() == []


def test_the_three_forms_give_the_same_rows(client, numbers):
    frames = [
        xn.run(double, "numbers").to_frame(),
        asyncio.run(xn.arun(double, "numbers")).to_frame(),
        xn.start(double, "numbers").wait().to_frame(),
    ]
    for frame in frames:
        assert frame["output"].tolist() == DOUBLES


def test_a_run_leaves_the_loop_that_awaits_it_free(client, numbers):
    async def both():
        gate = threading.Event()
        running = asyncio.create_task(xn.arun(lambda _: gate.wait(20), numbers))
        await asyncio.sleep(0)
        gate.set()
        return await running

    assert asyncio.run(both()).to_frame()["output"].tolist() == [True] * 10


# Evaluators.


@xn.evaluator
def is_double(output, expected_output):
    return output == expected_output


@xn.evaluator(name="is_small")
async def is_below_five(output):
    await asyncio.sleep(0)
    return 1.0 if output < 5 else 0.0


def parity(input):  # noqa: A002
    return "odd" if input % 2 else "even"


async def trace_length(trace_id):
    await asyncio.sleep(0)
    return len(trace_id)


@pytest.mark.parametrize("task", [double, double_later])
@pytest.mark.parametrize(
    "evaluators",
    [
        ["is_double", parity],
        ["is_small", trace_length],
        ["is_double", "is_small", parity, trace_length],
    ],
    ids=["sync", "async", "mixed"],
)
def test_evaluators_score_every_output(client, numbers, task, evaluators):
    frame = client.run(task, numbers, evaluators=evaluators).to_frame()
    expected = {
        "is_double": [True] * 10,
        "is_small": [1.0] * 3 + [0.0] * 7,
        "parity": ["even", "odd"] * 5,
        "trace_length": [32.0] * 10,
    }
    names = [e if isinstance(e, str) else e.__name__ for e in evaluators]
    assert list(frame.columns) == FIXED_COLUMNS + sorted(names)
    for name in names:
        assert frame[name].tolist() == expected[name]


def test_an_evaluator_may_return_several_scores(client, numbers):
    def judge(output):
        return {"size": output, "kind": "even", "missing": None}

    frame = client.run(double, numbers, evaluators=[judge]).to_frame()
    assert list(frame.columns) == [*FIXED_COLUMNS, "kind", "size"]
    assert frame["size"].tolist() == DOUBLES
    assert set(frame["kind"]) == {"even"}


def test_none_leaves_an_item_unscored(client, numbers):
    def above_ten(output):
        return 1.0 if output > 10 else None

    experiment = client.run(double, numbers, evaluators=[above_ten])
    assert experiment.to_frame()["above_ten"].count() == 4
    [figures] = experiment.summary().to_dict("records")
    assert (figures["mean"], figures["scored"], figures["unscored"]) == (1.0, 4, 6)


@pytest.mark.parametrize("task", [double, double_later])
def test_a_failing_evaluator_leaves_its_error_and_the_row_stays(client, numbers, task):
    def broken(output):
        if output == 6:
            raise KeyError("no such label")
        return 1.0

    async def broken_too(output):
        if output == 8:
            raise LookupError("enough")
        return 1.0

    evaluators = [broken, broken_too, is_double]
    experiment = client.run(task, numbers, evaluators=evaluators)
    frame = experiment.to_frame()
    assert frame["output"].tolist() == DOUBLES
    assert set(frame["status"]) == {"ok"}
    assert frame["is_double"].tolist() == [True] * 10
    assert frame["broken"].count() == frame["broken_too"].count() == 9
    errors = [result.run.evaluator_errors for result in experiment.get_results()]
    assert errors[3] == {"broken": "KeyError: 'no such label'"}
    assert errors[4] == {"broken_too": "LookupError: enough"}
    assert not any(errors[:3] + errors[5:])


def test_evaluators_do_not_see_failures(client, numbers):
    def task(number):
        if number == 3:
            raise ValueError("three")
        return number

    frame = client.run(task, numbers, evaluators=[trace_length]).to_frame()
    assert frame["trace_length"].isna().tolist() == [n == 3 for n in range(10)]


def test_two_evaluators_of_one_name_are_refused(client, numbers):
    with pytest.raises(BadInput, match="is_double"):
        client.run(double, numbers, evaluators=["is_double", is_double])
    assert client.experiments() == []


def test_an_unknown_evaluator_is_refused_with_its_near_matches(client, numbers):
    with pytest.raises(NotFound, match="'is_double'"):
        client.run(double, numbers, evaluators=["is_doubel"])
    assert client.experiments() == []


# Repetitions.


def test_every_item_runs_as_often_as_asked(client, numbers):
    experiment = client.run(double, numbers, repetitions=3, evaluators=[is_double])
    frame = experiment.to_frame()
    assert len(frame) == 30
    assert frame.groupby("item_id")["repetition"].apply(sorted).tolist() == [[0, 1, 2]] * 10
    assert frame["trace_id"].nunique() == 30
    assert (frame["output"] == frame["expected_output"]).all()
    assert experiment.progress.planned == experiment.progress.done == 30


def test_what_a_task_does_to_its_input_stays_with_that_repetition(client):
    messages = [{"role": "user", "content": "hello"}]
    client.create_dataset(name="chats", items=[{"input": messages}])

    def task(history):
        history.append({"role": "assistant", "content": "hi"})
        return len(history)

    frame = client.run(task, "chats", repetitions=3, concurrency=1).to_frame()
    assert frame["output"].tolist() == [2, 2, 2]
    assert frame["input"].tolist() == [messages] * 3


# Rows.


def test_a_frame_can_be_had_at_any_moment_of_the_run(client, numbers):
    gate = threading.Semaphore(0)

    def task(number):
        gate.acquire(timeout=20)
        return 2 * number

    experiment = client.start(task, numbers, concurrency=1, evaluators=[is_double])
    before = experiment.to_frame()
    assert list(before.columns) == FIXED_COLUMNS
    assert set(before["status"]) == {"pending"}
    assert before["attempts"].tolist() == [0] * 10
    assert before[["output", "error", "latency_s", "trace_id"]].isna().all(axis=None)

    gate.release(4)
    until(lambda: experiment.progress.done == 4)
    during = experiment.to_frame()
    assert list(during.columns) == [*FIXED_COLUMNS, "is_double"]
    assert during["status"].tolist() == ["ok"] * 4 + ["pending"] * 6
    assert during["input"].tolist() == list(range(10))

    gate.release(6)
    after = experiment.wait().to_frame()
    assert after["status"].tolist() == ["ok"] * 10
    pd.testing.assert_frame_equal(after[FIXED_COLUMNS][:4], during[FIXED_COLUMNS][:4])


def test_a_score_named_like_a_fixed_column_gets_a_column_of_its_own(client, numbers):
    def odd_names(output):
        return {"status": 1.0, "latency_s": 2.0, "quality": 3.0}

    frame = client.run(double, numbers, evaluators=[odd_names]).to_frame()
    assert list(frame.columns) == [*FIXED_COLUMNS, "score:latency_s", "quality", "score:status"]
    assert set(frame["status"]) == {"ok"}
    assert set(frame["score:status"]) == {1.0}
    assert set(frame["score:latency_s"]) == {2.0}


def test_every_row_says_how_its_run_stands(client, numbers, release):
    reached = threading.Event()

    def task(number):
        if number == 1:
            raise ValueError("one is odd")
        if number >= 2:
            if number == 3:
                reached.set()
            release.wait(30)
        return number

    # The stop leaves half a second to what runs: a time-out must not come first.
    experiment = client.start(task, numbers, concurrency=1, timeout=1.5)
    assert reached.wait(20)
    experiment.stop().wait()
    frame = experiment.to_frame()
    assert frame["status"].tolist() == ["ok", "failed", "timeout", "stopped"] + ["pending"] * 6
    assert frame["error"][1] == "ValueError: one is odd"
    assert "1.5 s" in frame["error"][2]
    assert frame["error"].count() == 2
    assert frame["output"].dropna().tolist() == [0]
    assert frame["latency_s"][2] == 1.5
    assert experiment.progress.counts == {"ok": 1, "failed": 1, "timeout": 1, "stopped": 1}


def test_a_failed_row_keeps_the_users_part_of_the_traceback(client, numbers):
    def inner(number):
        raise LookupError(f"nothing for {number}")

    def task(number):
        return inner(number)

    experiment = client.run(task, numbers)
    kept = experiment.get_results()[7].run.traceback
    assert "in inner" in kept
    assert kept.endswith("LookupError: nothing for 7")
    assert "flight.py" not in kept


@pytest.mark.parametrize("later", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(
    "error",
    [SystemExit(2), KeyboardInterrupt(), GeneratorExit("bye"), asyncio.CancelledError("no")],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_task_raises_is_a_failed_row(client, numbers, error, later):
    def task(number):
        if number == 4:
            raise error
        return 2 * number

    async def task_later(number):
        await asyncio.sleep(0)
        return task(number)

    frame = client.run(task_later if later else task, numbers, timeout=10).to_frame()
    assert frame["status"].tolist() == ["ok"] * 4 + ["failed"] + ["ok"] * 5
    assert frame["error"][4].startswith(type(error).__name__)


LEAVES_BY_EXIT = """
import sys
import xeroml_nb as xn

async def answer(number):
    if number == 3:
        raise SystemExit("enough")
    return number

async def judge(output):
    return await answer(output)

def plain(number):
    return number

client = xn.get_client()
client.create_dataset(name="few", items=[{"input": n} for n in range(8)])
{first}
experiment.wait(timeout=20)
results = experiment.get_results()
print(*[result.error or result.run.evaluator_errors or result.output for result in results])
experiment = client.start(answer, "few", timeout=5).wait(timeout=10)
print(*experiment.to_frame()["status"])
"""


@pytest.mark.parametrize(
    ("first", "left"),
    [
        ('experiment = client.start(lambda n: answer(n), "few", timeout=3)', "SystemExit: enough"),
        (
            'experiment = client.start(plain, "few", evaluators=[judge], timeout=3)',
            "{'judge': 'SystemExit: enough'}",
        ),
    ],
    ids=["task", "evaluator"],
)
def test_a_coroutine_that_exits_fails_alone_and_does_not_end_the_runs_after_it(
    own_folder, first, left
):
    script = own_folder / "leaves.py"
    script.write_text(LEAVES_BY_EXIT.replace("{first}", first))
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.splitlines() == [
        f"0 1 2 {left} 4 5 6 7",
        " ".join(["ok"] * 3 + ["failed"] + ["ok"] * 4),
    ], done.stderr


def test_an_output_json_cannot_hold_is_kept_as_its_marked_repr(client, numbers):
    class Answer:
        def __repr__(self):
            return "<the answer>"

    def task(number):
        return {"number": number, "answer": Answer(), "share": math.nan}

    frame = client.run(task, numbers).to_frame()
    assert set(frame["status"]) == {"ok"}
    output = frame["output"][5]
    assert output["number"] == 5
    assert output["answer"]["__repr__"] == "<the answer>"
    assert output["answer"]["type"].endswith("Answer")
    assert output["share"] == {"__repr__": "nan", "type": "builtins.float"}


def test_an_output_whose_repr_raises_is_kept_too(client, numbers):
    class Mute:
        def __repr__(self):
            raise RuntimeError("no words")

    frame = client.run(lambda _: Mute(), numbers).to_frame()
    assert set(frame["status"]) == {"ok"}
    assert "repr raises RuntimeError" in frame["output"][0]["__repr__"]


# Context and traces.


def test_context_variables_follow_a_task_wherever_it_runs(client, numbers):
    who.set("ann")

    def plain(number):
        found = who.get()
        who.set(f"only in {number}")
        return found

    async def later(number):
        await asyncio.sleep(0)
        return plain(number)

    for task in (plain, later, lambda number: later(number)):  # noqa: PLW0108
        assert set(client.run(task, numbers).to_frame()["output"]) == {"ann"}
    with ThreadPoolExecutor(2) as threads:
        frame = client.run(plain, numbers, executor=threads).to_frame()
    assert set(frame["output"]) == {"ann"}
    assert who.get() == "ann"


@pytest.mark.parametrize("task", [double, double_later])
def test_propagated_attributes_reach_the_trace_of_every_item(client, numbers, task):
    with xn.propagate_attributes(user_id="ann", session_id="s1", tags=["nightly"]):
        experiment = client.run(xn.observe(task), numbers)
    for trace_id in experiment.to_frame()["trace_id"]:
        observations = client.get_trace(trace_id)
        assert len(observations) == 2
        assert {(o.user_id, o.session_id, o.tags) for o in observations} == {
            ("ann", "s1", ("nightly",))
        }


def call_model(number):
    with trace.get_tracer("an application").start_as_current_span("call a model"):
        return 2 * number


async def call_model_later(number):
    with trace.get_tracer("an application").start_as_current_span("call a model"):
        await asyncio.sleep(0)
        return 2 * number


MODEL_CALLS = {
    "sync": call_model,
    "async": call_model_later,
    "coroutine of a lambda": lambda number: call_model_later(number),  # noqa: PLW0108
}


@pytest.mark.parametrize("task", MODEL_CALLS.values(), ids=MODEL_CALLS)
def test_a_span_of_the_task_nests_in_the_trace_of_its_item(client, numbers, task):
    # The span around the run must not swallow the items' own traces.
    with client.start_as_current_observation(name="the whole evening"):
        experiment = client.run(task, numbers, name="models")
    for result in experiment.get_results():
        root, call = client.get_trace(result.trace_id)
        assert (root.name, root.parent_id) == ("models #1", None)
        assert (root.input, root.output) == (result.item.input, result.output)
        assert (call.name, call.parent_id) == ("call a model", root.id)
    assert experiment.to_frame()["trace_id"].nunique() == 10


def test_the_span_of_an_executors_thread_nests_as_well(client, numbers):
    with ThreadPoolExecutor(2) as threads:
        experiment = client.run(call_model, numbers, executor=threads)
    for trace_id in experiment.to_frame()["trace_id"]:
        root, call = client.get_trace(trace_id)
        assert call.parent_id == root.id


def test_the_trace_of_a_failure_says_what_failed(client, numbers):
    def task(number):
        raise ValueError("not today")

    experiment = client.run(task, numbers)
    [root] = client.get_trace(experiment.to_frame()["trace_id"][0])
    assert root.error == "ValueError: not today"


# Executors and concurrency.


def double_elsewhere(number):
    if number == 3:
        raise ValueError("not three")
    return [2 * number, os.getpid()]


async def double_elsewhere_later(number):
    await asyncio.sleep(0)
    return double_elsewhere(number)


def test_an_executor_of_processes_calls_the_task(client, numbers):
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as processes:
        for task in (double_elsewhere, double_elsewhere_later):
            experiment = client.run(task, numbers, executor=processes)
            frame = experiment.to_frame()
            assert frame["status"].tolist() == ["ok"] * 3 + ["failed"] + ["ok"] * 6
            assert frame["error"][3] == "ValueError: not three"
            outputs = frame["output"].dropna().tolist()
            assert [output[0] for output in outputs] == [2 * n for n in range(10) if n != 3]
            assert os.getpid() not in {output[1] for output in outputs}


def test_waiting_for_a_turn_in_an_executor_is_no_part_of_an_attempt(client, numbers):
    def task(number):
        time.sleep(0.1)
        return number

    with ThreadPoolExecutor(1) as threads:
        frame = client.run(task, numbers, executor=threads, timeout=0.6).to_frame()
    assert set(frame["status"]) == {"ok"}
    assert frame["latency_s"].max() < 0.6


def test_fifty_sleeping_tasks_overlap_by_default(client):
    client.create_dataset(name="fifty", items=[{"input": n} for n in range(50)])
    inside = Peak()

    def task(number):
        with inside:
            time.sleep(0.1)

    assert set(client.run(task, "fifty").to_frame()["status"]) == {"ok"}
    assert inside.highest > 10


def test_no_more_tasks_run_at_a_time_than_asked_for(client, numbers):
    inside = Peak()

    def task(number):
        with inside:
            time.sleep(0.01)

    async def task_later(number):
        with inside:
            await asyncio.sleep(0.01)

    client.run(task, numbers, concurrency=3, repetitions=3)
    client.run(task_later, numbers, concurrency=3, repetitions=3)
    assert inside.highest == 3


def test_no_thread_is_started_where_the_others_have_left_nothing_to_do(
    client, numbers, monkeypatch
):
    started, thread = [], Lanes.thread

    def until_its_end(lanes, name, work):
        if name != "xeroml-task":
            thread(lanes, name, work)
            return
        started.append(name)
        work()

    monkeypatch.setattr(Lanes, "thread", until_its_end)
    frame = client.run(double, numbers, concurrency=5).to_frame()
    assert frame["output"].tolist() == DOUBLES
    assert len(started) == 1


@pytest.mark.parametrize("later", [False, True], ids=["sync", "async"])
def test_a_slow_evaluator_holds_the_tasks_back(client, release, later):
    client.create_dataset(name="many", items=[{"input": n} for n in range(300)])
    begun = []

    def task(number):
        begun.append(number)

    async def task_later(number):
        begun.append(number)

    def slow(output):
        release.wait(30)
        return 1.0

    experiment = client.start(
        task_later if later else task, "many", concurrency=4, evaluators=[slow]
    )
    until(lambda: len(begun) >= 4)
    # Time enough for all others, were they not held back: what is begun and never scored is lost.
    assert not experiment.wait_quietly(0.5)
    assert len(begun) <= 20
    release.set()
    assert set(experiment.wait().to_frame()["slow"]) == {1.0}


def test_an_output_waiting_for_its_evaluator_does_not_time_out(client):
    client.create_dataset(name="many", items=[{"input": n} for n in range(64)])

    def slow(output):
        time.sleep(0.15)  # four at a time: the last waits longer than the time limit
        return 1.0

    options = {"concurrency": 64, "timeout": 1.5, "evaluators": [slow]}
    frame = client.run(double_later, "many", **options).to_frame()
    assert set(frame["status"]) == {"ok"}
    assert frame["slow"].count() == 64


# Summaries.


def test_the_summary_gives_every_mean_with_its_denominators(client, numbers):
    def task(number):
        if number in {0, 1}:
            raise ValueError("too small")
        return number

    def judge(output):
        if output == 9:
            return {"kind": "big"}
        return {"good": output > 4, "length": 10.0 * output, "kind": "small"}

    experiment = client.run(task, numbers, evaluators=[judge])
    summary = experiment.summary()
    assert list(summary.columns) == [
        "mean",
        "scored",
        "attempted",
        "succeeded",
        "failed",
        "unscored",
        "worst",
        "best",
        "categories",
    ]
    assert list(summary.index) == ["good", "kind", "length"]
    assert set(summary["attempted"]) == {10}
    assert set(summary["succeeded"]) == {8}
    assert set(summary["failed"]) == {2}
    assert summary["scored"].to_dict() == {"good": 7, "kind": 8, "length": 7}
    assert summary["unscored"].to_dict() == {"good": 1, "kind": 0, "length": 1}
    good, kind, length = (summary.loc[name] for name in ("good", "kind", "length"))
    assert good["mean"] == pytest.approx(4 / 7)
    assert (good["worst"], good["best"]) == (pytest.approx(4 / 9), pytest.approx(6 / 9))
    assert length["mean"] == pytest.approx(50)
    assert pd.isna(length["worst"])
    assert pd.isna(length["best"])
    assert pd.isna(kind["mean"])
    assert kind["categories"] == {"small": 7, "big": 1}


def test_running_means_agree_with_the_summary(client, numbers):
    experiment = client.run(double, numbers, evaluators=["is_small", parity])
    live = experiment.progress.scores
    summary = experiment.summary()
    assert live["is_small"].mean == summary.loc["is_small", "mean"] == pytest.approx(0.3)
    assert dict(live["parity"].categories) == summary.loc["parity", "categories"]


SHARES = st.floats(0, 1)
VALUES = st.one_of(
    st.lists(st.one_of(st.none(), SHARES), max_size=30),
    st.lists(st.one_of(st.none(), st.booleans()), max_size=30),
    st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=30),
    st.lists(st.one_of(st.none(), st.sampled_from(["good", "bad", "ugly"])), max_size=30),
)
ENDS = st.lists(st.sampled_from(["failed", "timeout", "stopped", "pending"]), max_size=20)


@given(VALUES, ENDS)
def test_summaries_equal_a_plain_recomputation(values, ends):
    pairs = [("ok", value) for value in values] + [(end, None) for end in ends]
    given_values = [value for value in values if value is not None]
    failed = sum(end in {"failed", "timeout"} for end in ends)
    summaries = summarise(_table([pair for pair in pairs if pair[0] != "pending"]))
    if not given_values:
        assert summaries == []
        return
    [summary] = summaries
    assert summary.scored == len(given_values)
    assert summary.succeeded == len(values)
    assert summary.failed == failed
    assert summary.attempted == len(values) + failed
    assert summary.unscored == len(values) - len(given_values)
    if isinstance(given_values[0], str):
        counts = {word: given_values.count(word) for word in given_values}
        assert summary.categories == counts
        assert summary.mean is summary.worst is summary.best is None
        return
    assert summary.mean == pytest.approx(_mean(given_values))
    if all(0 <= value <= 1 for value in given_values):
        assert summary.worst == pytest.approx(_mean(given_values + [0] * failed))
        assert summary.best == pytest.approx(_mean(given_values + [1] * failed))
        # Rounding may move each bound by its last digit.
        assert summary.worst <= summary.mean + 1e-12
        assert summary.mean <= summary.best + 1e-12
    else:
        assert summary.worst is summary.best is None


def test_enormous_scores_do_not_break_the_summary():
    table = _table([("ok", 1.5e308)] * 4)
    assert table.scores["judged"].totals()[:2] == (4, math.inf)
    [summary] = summarise(table)
    assert summary.mean == pytest.approx(1.5e308)


def _table(pairs):
    """Item runs with a status and the value of one score; None where they have none."""
    values = [value for _, value in pairs]
    is_text = [isinstance(value, str) for value in values]
    column = ScoreColumn(
        numbers=np.array(
            [np.nan if v is None or t else v for v, t in zip(values, is_text, strict=True)],
            dtype=float,
        ),
        labels=np.array(
            [v if t else None for v, t in zip(values, is_text, strict=True)], dtype=object
        ),
        is_boolean=np.array([isinstance(value, bool) for value in values], dtype=bool),
    )
    scores = {"judged": column} if any(value is not None for value in values) else {}
    statuses = np.array([status for status, _ in pairs], dtype=object)
    return RunTable(None, {"status": statuses}, scores)


def _mean(values):
    return float(sum(Fraction(value) for value in values) / len(values))


# Results.


def test_a_result_gives_its_scores_or_tells_why_there_is_none(client, numbers, release):
    reached = threading.Event()

    def task(number):
        if number == 1:
            raise ValueError("one is odd")
        if number == 4:
            reached.set()
            release.wait(30)
        return number

    def judge(output):
        if output == 2:
            raise KeyError("label")
        return None if output == 3 else 0.5

    def other(output):
        return "seen"

    evaluators = [judge, other]
    experiment = client.start(task, numbers, evaluators=evaluators, concurrency=1)
    assert reached.wait(20)
    until(lambda: experiment.progress.done == 4)
    results = experiment.get_results()
    assert results[0].score("judge") == 0.5
    assert results[0].score("other") == "seen"
    expected = {
        1: "'n1'.*failed.*one is odd",
        2: "evaluator failed.*KeyError.*label",
        3: "'other'",
        9: "'n9'.*pending",
    }
    for number, why in expected.items():
        with pytest.raises(MissingScore, match=why):
            results[number].score("judge")
        assert results[number].score("judge", default=0.0) == 0.0
    experiment.stop()


def test_a_score_missing_of_an_evaluator_of_several_tells_why(client, numbers):
    def judge(output):
        if output == 4:
            raise ValueError("cannot tell")
        return {"tone": 1.0, "length": 2.0}

    result = client.run(double, numbers, evaluators=[judge]).get_results()[2]
    with pytest.raises(MissingScore, match=r"judge.*cannot tell"):
        result.score("tone")


def test_results_can_be_averaged_as_a_gate_needs_it(client, numbers):
    results = client.run(double, numbers, evaluators=["is_double"]).get_results()
    assert sum(result.score("is_double") for result in results) / len(results) == 1.0
