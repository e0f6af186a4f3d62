"""Runs that are stopped, paused, hang, retry, and are taken up again."""

from __future__ import annotations

import _thread
import asyncio
import email.utils
import importlib.util
import inspect
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor

import httpx
import pytest

import xeroml_nb as xn
from xeroml_nb.client import experiments as following
from xeroml_nb.errors import BadInput, MissingScore
from xeroml_nb.experiments.calls import ExecutorCall
from xeroml_nb.experiments.retries import retry_after

HUNG = 3


@pytest.fixture
def numbers(client):
    """Ten numbers."""
    items = [{"id": f"n{n}", "input": n} for n in range(10)]
    return client.create_dataset(name="numbers", items=items)


@pytest.fixture
def release():
    """An event for tasks to hang on, so that none of them outlives its test."""
    event = threading.Event()
    yield event
    event.set()


class Calls:
    """Notes what it is called with; as it holds no plain value, it is in no fingerprint."""

    def __init__(self):
        self._lock = threading.Lock()
        self.made = []

    def note(self, value):
        with self._lock:
            self.made.append(value)
            return self.made.count(value)


class Repaired:
    """A switch that tasks look at."""

    def __init__(self):
        self.event = threading.Event()


def until(reached, seconds=20):
    """Wait for a moment of a run that goes on in other threads."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


def double(number):
    return 2 * number


async def double_later(number):
    await asyncio.sleep(0)
    return 2 * number


def statuses(experiment):
    return experiment.to_frame()["status"].tolist()


# Tasks that hang at some items, in every way there is.


def in_a_thread(release, hung, begun):
    def task(number):
        begun.note(number)
        if number in hung:
            release.wait(30)
        return 2 * number

    return task


def in_a_sleep(release, hung, begun):
    async def task(number):
        begun.note(number)
        if number in hung:
            await asyncio.sleep(30)
        return 2 * number

    return task


def in_a_coroutine_of_a_lambda(release, hung, begun):
    task = in_a_sleep(release, hung, begun)
    return lambda number: task(number)  # noqa: PLW0108


def blocking_its_loop(release, hung, begun):
    async def task(number):
        begun.note(number)
        if number in hung:
            release.wait(30)
        return 2 * number

    return task


def suppressing_cancellation(release, hung, begun):
    async def task(number):
        begun.note(number)
        while number in hung and not release.is_set():
            try:
                await asyncio.sleep(0.2)
            except asyncio.CancelledError:
                continue
        return 2 * number

    return task


HANGS = [
    in_a_thread,
    in_a_sleep,
    in_a_coroutine_of_a_lambda,
    blocking_its_loop,
    suppressing_cancellation,
]
hangs = pytest.mark.parametrize("hanging", HANGS, ids=lambda made: made.__name__)


# Stop.


@hangs
def test_a_stop_keeps_what_is_finished_and_starts_nothing_more(client, numbers, release, hanging):
    begun = Calls()
    task = hanging(release, range(3, 10), begun)
    experiment = client.start(task, numbers, concurrency=4)
    until(lambda: experiment.progress.done == 3 and HUNG in begun.made)
    called_at = time.monotonic()
    experiment.stop()
    assert time.monotonic() - called_at < 2
    experiment.wait(timeout=10)
    assert not experiment.is_running
    assert experiment.status == "stopped"
    assert experiment.to_frame()["output"].tolist()[:3] == [0, 2, 4]
    assert statuses(experiment)[:3] == ["ok"] * 3
    assert set(statuses(experiment)[3:]) <= {"stopped", "pending"}
    before = list(begun.made)
    release.set()
    client.run(double, numbers, name="another")
    assert begun.made == before


@hangs
def test_the_next_run_does_not_wait_for_what_hangs(client, numbers, release, hanging):
    begun = Calls()
    experiment = client.start(hanging(release, range(10), begun), numbers, concurrency=4)
    until(lambda: begun.made)
    assert experiment.stop().wait(timeout=10).status == "stopped"
    assert set(statuses(experiment)) <= {"stopped", "pending"}
    following = [
        client.start(double_later, numbers),
        client.start(lambda number: double_later(number), numbers),  # noqa: PLW0108
        client.start(double, numbers, evaluators=[output_later]),
    ]
    for one in following:
        one.wait(timeout=10)
        assert statuses(one) == ["ok"] * 10


async def output_later(output):
    await asyncio.sleep(0)
    return output


def test_a_stop_leaves_what_a_blocked_loop_had_taken_and_not_begun(client, numbers, release):
    begun, together = Calls(), asyncio.Event()

    async def task(number):
        begun.note(number)
        if number == 3:
            together.set()
        if number >= 4:
            release.wait(30)
        await together.wait()
        await asyncio.sleep(0)
        return 2 * number

    # The first four end in one turn of the loop, so that four more are taken in the next one;
    # the first of these blocks the loop before the others begin.
    experiment = client.start(task, numbers, concurrency=4)
    until(lambda: experiment.progress.done == 4 and len(begun.made) == 5)
    experiment.stop().wait(timeout=10)
    assert not experiment.is_running
    assert experiment.status == "stopped"
    assert statuses(experiment)[:4] == ["ok"] * 4
    assert set(statuses(experiment)[4:]) <= {"stopped", "pending"}
    assert len(begun.made) == 5


def test_a_stop_before_the_first_item_ended_leaves_a_run_to_take_up(client, numbers, release):
    experiment = client.start(in_a_thread(release, range(10), Calls()), numbers)
    experiment.stop().wait()
    assert experiment.status == "stopped"
    assert set(statuses(experiment)) <= {"stopped", "pending"}
    release.set()
    assert experiment.resume().wait().status == "finished"
    assert set(statuses(experiment)) == {"ok"}


def test_stopping_twice_or_after_the_end_changes_nothing(client, numbers):
    experiment = client.run(double, numbers)
    assert experiment.stop().stop().status == "finished"
    assert statuses(experiment) == ["ok"] * 10


def test_any_thread_may_stop_a_run_also_the_task_itself(client, numbers):
    def task(number):
        if number == 5:
            client.get_experiment("selfstop").stop()
        return number

    experiment = client.start(task, numbers, name="selfstop", concurrency=1).wait()
    assert experiment.status == "stopped"
    assert statuses(experiment)[:5] == ["ok"] * 5
    assert statuses(experiment)[6:] == ["pending"] * 4


def test_cancelling_an_awaited_run_stops_it(client, numbers, release):
    begun = Calls()
    task = in_a_sleep(release, range(3, 10), begun)

    async def interrupted():
        running = asyncio.create_task(client.arun(task, numbers, name="awaited", concurrency=4))
        while HUNG not in begun.made:
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(interrupted())
    experiment = client.get_experiment("awaited").wait()
    assert experiment.status == "stopped"
    assert statuses(experiment)[:3] == ["ok"] * 3


def test_a_stop_takes_back_what_an_executor_has_not_begun(client, numbers, release):
    begun = Calls()
    with ThreadPoolExecutor(1) as threads:
        task = in_a_thread(release, range(10), begun)
        experiment = client.start(task, numbers, executor=threads)
        until(lambda: begun.made)
        experiment.stop().wait()
        release.set()
    assert len(begun.made) == 1
    assert experiment.status == "stopped"
    assert set(statuses(experiment)) <= {"stopped", "pending"}


INTERRUPTED = """
import signal
import threading
import xeroml_nb as xn

# A shell's background job begins with this signal ignored, and so does all that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

def task(number):
    if number >= 3:
        threading.Event().wait(30)
    return number

def tell():
    while not client.experiments() or client.get_experiment("ten").progress.done < 3:
        threading.Event().wait(0.01)
    print("ready", flush=True)

client = xn.get_client()
client.create_dataset(name="ten", items=[{"input": n} for n in range(10)])
threading.Thread(target=tell, daemon=True).start()
experiment = client.run(task, "ten", name="ten", concurrency=4)
print(experiment.status, *experiment.to_frame()["status"], flush=True)
print(client.run(lambda number: number, "ten").status)
"""


def test_interrupting_a_run_returns_the_part_that_is_finished(own_folder):
    script = own_folder / "interrupted.py"
    script.write_text(INTERRUPTED)
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    first, second = out.splitlines()
    status, *rows = first.split()
    assert status == "stopped"
    assert rows[:3] == ["ok"] * 3
    assert set(rows[3:]) <= {"stopped", "pending"}
    assert second == "finished"
    assert process.returncode == 0


def test_an_interrupt_before_the_progress_is_shown_stops_the_run(client, numbers, monkeypatch):
    def interrupted(experiment, surface):
        raise KeyboardInterrupt

    monkeypatch.setattr(following, "Follower", interrupted)
    assert client.run(double, numbers).status == "stopped"


@pytest.mark.parametrize("wait", [0, 0.0005, 0.002, 0.01])
def test_an_interrupt_while_a_run_begins_stops_it_too(client, numbers, release, wait):
    def task(number):
        if number == 0:
            time.sleep(wait)
            _thread.interrupt_main()
        release.wait(5)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        experiment = client.run(task, numbers, concurrency=2)
    finally:
        signal.signal(signal.SIGINT, before)
    assert experiment.status == "stopped"
    assert not experiment.is_running


# Pause.


@pytest.mark.parametrize("later", [False, True], ids=["sync", "async"])
def test_a_paused_run_starts_nothing_until_it_is_resumed(client, numbers, later):
    begun, gate = Calls(), threading.Event()

    def task(number):
        begun.note(number)
        gate.wait(20)
        return 2 * number

    async def task_later(number):
        begun.note(number)
        while not gate.is_set():
            await asyncio.sleep(0.005)
        return 2 * number

    experiment = client.start(task_later if later else task, numbers, concurrency=2)
    until(lambda: len(begun.made) == 2)
    experiment.pause()
    assert experiment.paused
    gate.set()
    until(lambda: experiment.progress.done == 2 and experiment.progress.running == 0)
    # The lanes are free by now, and a run that did not hold would be over in no time.
    assert not experiment.wait_quietly(0.3)
    assert len(begun.made) == 2
    assert experiment.is_running
    experiment.resume()
    assert not experiment.paused
    assert experiment.wait().to_frame()["output"].tolist() == [2 * n for n in range(10)]
    assert experiment.status == "finished"


def test_a_paused_run_can_be_stopped(client, numbers):
    gate = threading.Semaphore(2)

    def task(number):
        gate.acquire(timeout=20)

    experiment = client.start(task, numbers, concurrency=1)
    until(lambda: experiment.progress.done == 2)
    experiment.pause()
    gate.release(10)
    experiment.stop().wait(timeout=10)
    assert experiment.status == "stopped"
    assert not experiment.is_running
    assert not experiment.paused


def test_the_clock_of_a_run_goes_on_when_it_is_taken_up(client, numbers):
    gate = threading.Semaphore(2)
    experiment = client.start(lambda _: gate.acquire(timeout=20), numbers, concurrency=1)
    until(lambda: experiment.progress.done == 2)
    experiment.stop().wait()
    stood = experiment.progress.elapsed
    assert experiment.progress.elapsed == stood
    experiment.resume()
    until(lambda: experiment.progress.elapsed > stood, seconds=5)
    gate.release(20)
    assert experiment.wait().status == "finished"


# Time limits.


@hangs
def test_what_hangs_ends_as_a_time_out_and_nothing_else_does(client, numbers, release, hanging):
    task = hanging(release, {HUNG}, Calls())
    experiment = client.start(task, numbers, timeout=0.3).wait(timeout=15)
    assert experiment.status == "finished"
    assert statuses(experiment) == ["ok"] * HUNG + ["timeout"] + ["ok"] * (9 - HUNG)
    assert "0.3 s" in experiment.to_frame()["error"][HUNG]
    assert experiment.to_frame()["output"].drop(HUNG).tolist() == [0, 2, 4, 8, 10, 12, 14, 16, 18]


def test_a_coroutine_that_blocks_the_loop_times_out_alone(client, numbers, release):
    async def answer(number):
        if number == HUNG:
            release.wait(30)
        await asyncio.sleep(0.05)
        return 2 * number

    # All ten are on their way when the fourth blocks the loop for the others.
    experiment = client.start(answer, numbers, timeout=0.3).wait(timeout=15)
    assert statuses(experiment) == ["ok"] * HUNG + ["timeout"] + ["ok"] * (9 - HUNG)


def test_several_that_block_the_loop_time_out_one_after_the_other(client, numbers, release):
    task = blocking_its_loop(release, {2, 9}, Calls())
    experiment = client.start(task, numbers, timeout=0.2).wait(timeout=20)
    expected = ["timeout" if n in {2, 9} else "ok" for n in range(10)]
    assert statuses(experiment) == expected


def test_more_items_may_hang_than_there_are_lanes(client, numbers, release):
    task = in_a_thread(release, range(1, 10), Calls())
    experiment = client.start(task, numbers, timeout=0.1, concurrency=2).wait(timeout=15)
    assert statuses(experiment) == ["ok"] + ["timeout"] * 9


def judge_in_a_thread(release, wanted):
    def judge(output):
        if output == wanted:
            release.wait(30)
        return 1.0

    return judge


def judge_in_a_sleep(release, wanted):
    async def judge(output):
        if output == wanted:
            await asyncio.sleep(30)
        return 1.0

    return judge


JUDGES = [judge_in_a_thread, judge_in_a_sleep]


@pytest.mark.parametrize("task", [double, double_later])
@pytest.mark.parametrize("judging", JUDGES, ids=lambda made: made.__name__)
def test_a_hung_evaluator_leaves_its_error_and_the_output(client, numbers, release, judging, task):
    evaluators = [judging(release, 2 * HUNG)]
    experiment = client.start(task, numbers, evaluators=evaluators, timeout=0.3)
    experiment.wait(timeout=15)
    assert experiment.status == "finished"
    frame = experiment.to_frame()
    assert frame["status"].tolist() == ["ok"] * 10
    assert frame["output"].tolist() == [2 * n for n in range(10)]
    assert frame["judge"].isna().tolist() == [n == HUNG for n in range(10)]
    with pytest.raises(MissingScore, match=r"evaluator failed.*0\.3 s"):
        experiment.get_results()[HUNG].score("judge")


@pytest.mark.parametrize("task", [double, double_later])
@pytest.mark.parametrize("judging", JUDGES, ids=lambda made: made.__name__)
def test_a_hung_evaluator_does_not_cost_the_scores_of_the_others(
    client, numbers, release, judging, task
):
    evaluators = [plain_score, judging(release, 2 * HUNG), later_score, last_score]
    experiment = client.start(task, numbers, evaluators=evaluators, timeout=0.3)
    frame = experiment.wait(timeout=15).to_frame()
    for name in ("plain_score", "later_score", "last_score"):
        assert frame[name].count() == 10
    assert frame["judge"].count() == 9


@pytest.mark.parametrize(
    ("task", "concurrency"), [(double, 10), (double_later, 10), (double_later, 1)]
)
def test_an_evaluator_that_blocks_the_loop_does_not_hold_the_run(
    client, numbers, release, task, concurrency
):
    async def judge(output):
        if output == 2 * HUNG:
            release.wait(30)
        return 1.0

    options = {"evaluators": [judge], "timeout": 0.3, "concurrency": concurrency}
    experiment = client.start(task, numbers, **options).wait(timeout=10)
    assert experiment.status == "finished"
    assert experiment.to_frame()["output"].tolist() == [2 * n for n in range(10)]
    assert "judge" in experiment.get_results()[HUNG].run.evaluator_errors


def plain_score(output):
    return 1.0


async def later_score(output):
    await asyncio.sleep(0)
    return 1.0


def last_score(output):
    return 1.0


# Retries.


class FlakyError(Exception):
    """An error that a test declares to be worth another attempt."""


class BusyError(Exception):
    """What a client library raises: it carries the server's response."""

    def __init__(self, status, **headers):
        super().__init__(f"status {status}")
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.response = httpx.Response(status, headers=names)


def failing(error, times, later):
    """A task that raises an error a number of times at each item, and its calls."""
    calls = Calls()
    moments = []

    def task(number):
        moments.append(time.monotonic())
        if calls.note(number) <= times:
            raise error
        return 2 * number

    async def task_later(number):
        await asyncio.sleep(0)
        return task(number)

    return (task_later if later else task), moments


both_kinds = pytest.mark.parametrize("later", [False, True], ids=["sync", "async"])
QUICKLY = xn.Retries(2, on=(FlakyError,), first_wait=0.01)


@both_kinds
def test_declared_errors_are_worth_further_attempts(client, numbers, later):
    task, _ = failing(FlakyError("not yet"), 2, later)
    frame = client.run(task, numbers, retries=QUICKLY).to_frame()
    assert set(frame["status"]) == {"ok"}
    assert set(frame["attempts"]) == {3}
    assert frame["output"].tolist() == [2 * n for n in range(10)]
    assert frame["error"].isna().all()


@both_kinds
def test_the_last_attempt_decides(client, numbers, later):
    task, moments = failing(FlakyError("never"), 99, later)
    frame = client.run(task, numbers, retries=QUICKLY).to_frame()
    assert set(frame["status"]) == {"failed"}
    assert set(frame["error"]) == {"FlakyError: never"}
    assert set(frame["attempts"]) == {3}
    assert len(moments) == 30


@both_kinds
def test_errors_not_declared_are_not_repeated(client, numbers, later):
    task, moments = failing(ValueError("wrong"), 1, later)
    frame = client.run(task, numbers, retries=QUICKLY).to_frame()
    assert set(frame["status"]) == {"failed"}
    assert set(frame["attempts"]) == {1}
    assert len(moments) == 10


PASSING = [
    ConnectionError("gone"),
    TimeoutError("socket"),
    httpx.ConnectTimeout("slow"),
    BusyError(429),
    BusyError(503),
]


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_errors_that_often_pass_are_repeated_by_default(client, numbers, error):
    task, _ = failing(error, 1, later=False)
    frame = client.run(task, numbers, retries=xn.Retries(1, first_wait=0.01)).to_frame()
    assert set(frame["status"]) == {"ok"}
    assert set(frame["attempts"]) == {2}


@pytest.mark.parametrize("error", [BusyError(400), BusyError(401), KeyError("x")], ids=repr)
def test_errors_that_do_not_pass_are_not_repeated_by_default(client, numbers, error):
    task, _ = failing(error, 1, later=False)
    frame = client.run(task, numbers, retries=xn.Retries(1, first_wait=0.01)).to_frame()
    assert set(frame["status"]) == {"failed"}
    assert set(frame["attempts"]) == {1}


@both_kinds
def test_a_server_that_names_a_wait_gets_it(client, numbers, later):
    one = numbers.filter("n0")
    task, moments = failing(BusyError(429, retry_after="0.4"), 1, later)
    frame = client.run(task, one, retries=xn.Retries(1, first_wait=0.01)).to_frame()
    assert frame["status"].tolist() == ["ok"]
    assert moments[1] - moments[0] >= 0.4
    # The wait is no part of what the task took.
    assert frame["latency_s"][0] < 0.4


def test_a_wait_named_as_a_date_is_understood():
    in_a_minute = email.utils.formatdate(time.time() + 60, usegmt=True)
    assert 55 < retry_after(BusyError(503, retry_after=in_a_minute)) <= 60
    long_ago = email.utils.formatdate(0, usegmt=True)
    assert retry_after(BusyError(503, retry_after=long_ago)) == 0
    assert retry_after(BusyError(503, retry_after="soon")) is None
    assert retry_after(BusyError(503)) is None
    assert retry_after(ValueError("no response")) is None


def test_no_server_may_ask_for_more_than_the_longest_wait(client, numbers):
    task, moments = failing(BusyError(429, retry_after="3600"), 1, later=False)
    retries = xn.Retries(1, first_wait=0.01, longest_wait=0.05)
    assert client.run(task, numbers.filter("n0"), retries=retries).status == "finished"
    assert len(moments) == 2


@both_kinds
def test_waiting_between_attempts_does_not_count_against_the_time_limit(client, numbers, later):
    task, moments = failing(BusyError(429, retry_after="1.6"), 1, later)
    retries = xn.Retries(1, first_wait=0.01)
    frame = client.run(task, numbers, retries=retries, timeout=0.3).to_frame()
    assert set(frame["status"]) == {"ok"}
    assert set(frame["attempts"]) == {2}
    assert len(moments) == 20


@both_kinds
def test_an_attempt_that_ran_out_of_time_is_the_last(client, numbers, release, later):
    task = (in_a_sleep if later else in_a_thread)(release, {HUNG}, Calls())
    retries = xn.Retries(2, first_wait=0.01)
    frame = client.run(task, numbers, retries=retries, timeout=0.3).to_frame()
    assert frame["status"][HUNG] == "timeout"
    assert set(frame["attempts"]) == {1}


@both_kinds
def test_a_stop_ends_the_waiting_between_attempts(client, numbers, later):
    task, moments = failing(FlakyError("never"), 99, later)
    retries = xn.Retries(5, on=(FlakyError,), first_wait=20, longest_wait=30)
    experiment = client.start(task, numbers, retries=retries)
    until(lambda: len(moments) == 10)
    called_at = time.monotonic()
    experiment.stop()
    assert time.monotonic() - called_at < 2
    experiment.wait(timeout=10)
    assert experiment.status == "stopped"
    assert set(statuses(experiment)) == {"stopped"}
    assert len(moments) == 10


# Retry what failed.


def test_failures_are_run_again_and_successes_stay(client, numbers):
    repaired = Repaired()

    def task(number):
        if number % 2 and not repaired.event.is_set():
            raise ValueError("odd")
        return 2 * number

    experiment = client.run(task, numbers, evaluators=[plain_score])
    before = experiment.to_frame()
    assert before["status"].tolist() == ["ok", "failed"] * 5
    experiment.retry_failed().wait()
    assert experiment.to_frame()["attempts"].tolist() == [1, 2] * 5
    assert experiment.progress.failed == 5

    repaired.event.set()
    assert experiment.retry_failed().wait() is experiment
    after = experiment.to_frame()
    assert after["status"].tolist() == ["ok"] * 10
    assert after["error"].isna().all()
    assert after["attempts"].tolist() == [1, 3] * 5
    assert after["plain_score"].tolist() == [1.0] * 10
    assert after["trace_id"][::2].tolist() == before["trace_id"][::2].tolist()
    assert set(after["trace_id"][1::2]).isdisjoint(before["trace_id"])
    progress = experiment.progress
    assert (progress.succeeded, progress.failed, progress.errors) == (10, 0, [])
    assert progress.scores["plain_score"].scored == 10
    assert experiment.status == "finished"
    assert experiment.number == 1


def test_time_outs_are_run_again_too(client, numbers, release):
    task = in_a_thread(release, {HUNG}, Calls())
    experiment = client.run(task, numbers, timeout=0.2)
    assert statuses(experiment)[HUNG] == "timeout"
    release.set()
    assert statuses(experiment.retry_failed().wait()) == ["ok"] * 10


def test_a_run_that_goes_on_cannot_retry_its_failures(client, numbers, release):
    experiment = client.start(in_a_thread(release, range(10), Calls()), numbers)
    with pytest.raises(BadInput, match="still running"):
        experiment.retry_failed()
    experiment.stop()


def test_a_reopened_run_does_not_know_its_task(client, numbers):
    client.run(double, numbers, name="doubling")
    client.close()
    reopened = xn.get_client().get_experiment("doubling")
    with pytest.raises(BadInput, match="doubling"):
        reopened.retry_failed()
    xn.get_client().close()


# Taking up an unfinished run.


def stopped_after_three(client, task, dataset, **options):
    """A run whose first three items are finished; an evaluator, which may change, holds it."""
    gate = threading.Semaphore(3)

    def hold(output):
        gate.acquire(timeout=20)

    experiment = client.start(task, dataset, concurrency=1, evaluators=[hold], **options)
    until(lambda: experiment.progress.done == 3)
    experiment.stop().wait()
    gate.release(100)
    assert experiment.status == "stopped"
    return experiment


def test_the_same_run_again_runs_only_the_rest(client, numbers):
    calls = Calls()

    def task(number):
        calls.note(number)
        return 2 * number

    first = stopped_after_three(client, task, numbers, name="doubling", repetitions=2)
    kept = first.to_frame()["trace_id"]
    done = first.to_frame()["status"] == "ok"
    assert done.sum() == 3
    second = client.run(task, numbers, name="doubling", repetitions=2)
    frame = second.to_frame()
    assert (second.id, second.number, second.status) == (first.id, 1, "finished")
    assert frame["output"].tolist() == [2 * n for n in range(10) for _ in range(2)]
    assert frame["trace_id"][done].tolist() == kept[done].tolist()
    # The one in its evaluator at the stop was not finished: it is the only one run twice.
    assert len(calls.made) == 21
    assert second.progress.done == second.progress.planned == 20


def test_starting_a_run_that_goes_on_gives_the_same_run(client, numbers, release):
    task = in_a_thread(release, range(10), Calls())
    first = client.start(task, numbers, name="doubling")
    second = client.start(task, numbers, name="doubling")
    assert second is first
    release.set()
    assert first.wait().number == 1


def test_a_finished_run_again_gets_a_new_number(client, numbers):
    assert client.run(double, numbers).number == 1
    again = client.run(double, numbers)
    assert again.number == 2
    assert statuses(again) == ["ok"] * 10


def test_a_finished_run_with_failures_gets_a_new_number(client, numbers):
    def task(number):
        raise ValueError("never")

    assert client.run(task, numbers).number == 1
    assert client.run(task, numbers).number == 2


def test_resuming_can_be_switched_off(client, numbers):
    first = stopped_after_three(client, double, numbers)
    second = client.run(double, numbers, name=first.name, resume=False)
    assert (first.number, second.number) == (1, 2)
    assert statuses(second) == ["ok"] * 10
    assert statuses(first).count("ok") == 3


@pytest.mark.parametrize("change", ["other items", "other repetitions", "a selection"])
def test_a_run_over_something_else_gets_a_new_number(client, numbers, change):
    stopped_after_three(client, double, numbers)
    options = {}
    if change == "other items":
        numbers.upsert_item(id="n3", input=33)
    if change == "other repetitions":
        options["repetitions"] = 2
    dataset = numbers.sample(5) if change == "a selection" else numbers
    again = client.run(double, dataset, **options)
    assert again.number == 2
    assert set(statuses(again)) == {"ok"}


def test_a_selection_is_taken_up_as_that_selection(client, numbers):
    some = numbers.filter(lambda item: item.input >= 5)
    first = stopped_after_three(client, double, some)
    again = client.run(double, numbers.filter(lambda item: item.input >= 5))
    assert again.id == first.id
    assert again.to_frame()["item_id"].tolist() == ["n5", "n6", "n7", "n8", "n9"]


PROMPTED = """
PROMPT = "{prompt}"
WORDS = ["a", "b", {word}]


def shorten(text):
    return text[:{length}]


def task(number):
    return shorten(PROMPT) + str(number) + WORDS[0]
"""
SAME = {"prompt": "Answer briefly.", "word": '"c"', "length": 20}


def task_of(folder, text):
    """The task of a module with this text."""
    path = folder / "prompted.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location("prompted", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.task


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ({}, 1),
        ({"prompt": "Answer at length."}, 2),
        ({"word": '"d"'}, 2),
        ({"length": 10}, 2),
    ],
    ids=["nothing", "the prompt", "a list", "a function it calls"],
)
def test_a_changed_task_gets_a_new_number(client, numbers, own_folder, change, number):
    first = task_of(own_folder, PROMPTED.format(**SAME))
    stopped_after_three(client, first, numbers)
    second = task_of(own_folder, PROMPTED.format(**SAME | change))
    again = client.run(second, numbers)
    assert again.number == number
    assert again.status == "finished"


def test_a_changed_text_of_the_task_gets_a_new_number(client, numbers, own_folder):
    text = PROMPTED.format(**SAME)
    stopped_after_three(client, task_of(own_folder, text), numbers)
    changed = text.replace("return shorten", "return 'so: ' + shorten")
    assert client.run(task_of(own_folder, changed), numbers).number == 2


FINGERPRINTED = """
import re
import threading
import xeroml_nb as xn

STOP_WORDS = {"the", "a", "an", "of", "in", "on", "at", "to", "for", "with"}
MARKS = re.compile("[.,;]")
PROMPTS = {"long": "Answer at length.", "short": "Answer."}
lock = threading.Lock()

class Model:
    def ask(self, text):
        return text

model = Model()

def task(text):
    with lock:
        return model.ask(MARKS.sub("", PROMPTS["short"])) not in STOP_WORDS

client = xn.get_client()
client.create_dataset(name="one", items=[{"input": "x"}])
print(client.run(task, "one").task.fingerprint)
"""


def test_a_fingerprint_is_the_same_in_every_process(own_folder, monkeypatch):
    script = own_folder / "fingerprinted.py"
    script.write_text(FINGERPRINTED)
    found = set()
    for seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        done = subprocess.run(
            [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=True
        )
        found.add(done.stdout)
    assert len(found) == 1


SHARED = """
import time
from pathlib import Path


def task(number):
    while number >= 3 and not Path("go").exists():
        time.sleep(0.01)
    return 2 * number
"""
HOLDER = """
import xeroml_nb as xn
from shared import task

client = xn.get_client()
runs = [client.start(task, "numbers", name=name, concurrency=4) for name in ("held", "freed")]
for run in runs:
    while run.progress.done < 3:
        run.wait_quietly(0.01)
print("working", flush=True)
for run in runs:
    run.wait()
"""


def test_a_run_of_a_living_process_is_left_to_it_until_it_is_gone(
    client, numbers, own_folder, monkeypatch
):
    (own_folder / "shared.py").write_text(SHARED)
    holder = own_folder / "holder.py"
    holder.write_text(HOLDER)
    process = subprocess.Popen([sys.executable, str(holder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "working\n"
    spec = importlib.util.spec_from_file_location("shared", own_folder / "shared.py")
    shared = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shared)

    assert client.get_experiment("held").status == "running"
    mine = client.start(shared.task, numbers, name="held")
    assert mine.number == 2
    mine.stop()
    assert client.get_experiment("held", 1).status == "running"

    process.kill()
    process.communicate()
    assert client.get_experiment("freed").status == "stopped"
    (own_folder / "go").touch()
    taken_up = client.run(shared.task, numbers, name="freed")
    assert taken_up.number == 1
    assert taken_up.task.source == inspect.getsource(shared.task)
    assert statuses(taken_up) == ["ok"] * 10
    assert taken_up.to_frame()["attempts"].tolist() == [1] * 10


def test_two_processes_at_one_store_get_runs_of_their_own(own_folder, client, numbers):
    (own_folder / "shared.py").write_text(SHARED)
    (own_folder / "go").touch()
    script = own_folder / "both.py"
    script.write_text(
        "import xeroml_nb as xn\n"
        "from shared import task\n"
        "run = xn.run(task, 'numbers', name='both')\n"
        "print(run.number, *run.to_frame()['status'])\n"
    )
    command = [sys.executable, str(script)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    lines = sorted(process.communicate(timeout=60)[0] for process in processes)
    assert lines == [f"{number} {' '.join(['ok'] * 10)}\n" for number in (1, 2)]


def test_a_cancelled_call_hands_nothing_more_to_its_executor():
    begun = Calls()
    with ThreadPoolExecutor(1) as threads:
        call = ExecutorCall(begun.note, threads)
        call.cancel()
        with pytest.raises(CancelledError):
            call({"number": 1}, lambda: None)
    assert begun.made == []
