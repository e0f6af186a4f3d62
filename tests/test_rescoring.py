"""Scoring an experiment again: only what is missing or changed, and nothing is lost."""

from __future__ import annotations

import _thread
import signal
import sqlite3
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import xeroml_nb as xn
from xeroml_nb.client.usual import score
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.records import clock
from xeroml_nb.scoring.given import Score
from xeroml_nb.store import outbox


class Asked:
    """Notes what evaluators are asked; as it holds no plain value, it is in no fingerprint."""

    def __init__(self):
        self.of = []

    def note(self, what):
        self.of.append(what)

    def take(self):
        found, self.of = sorted(self.of), []
        return found


@pytest.fixture
def asked():
    return Asked()


@pytest.fixture
def numbers(client):
    """Six numbers, each with its double as the expected output."""
    items = [{"id": f"n{n}", "input": n, "expected_output": 2 * n} for n in range(6)]
    return client.create_dataset(name="numbers", items=items)


def task(number):
    if number == 3:
        raise ValueError("three")
    return 2 * number


def column(experiment, name):
    return experiment.to_frame()[name].tolist()


def size_of(asked):
    def size(output):
        asked.note(output)
        return output

    return size


OUTPUTS = [0, 2, 4, 8, 10]


# What is missing.


def test_a_new_evaluator_is_asked_once_about_every_success_and_the_task_is_not_run(
    client, numbers, asked
):
    ran = Asked()

    def noted(number):
        ran.note(number)
        return task(number)

    experiment = client.run(noted, numbers)
    before = experiment.to_frame()
    ran.take()
    assert score(experiment, evaluators=[size_of(asked)]) is experiment
    assert asked.take() == OUTPUTS
    assert ran.take() == []
    assert column(experiment, "size")[:3] == [0, 2, 4]
    assert experiment.to_frame()[before.columns].equals(before)
    assert experiment.record.evaluators == ("size",)
    assert "size 4.8 (n 5)" in experiment.summary_line()
    score(experiment, evaluators=[size_of(asked)])
    assert asked.take() == []


def test_what_the_run_scored_is_not_scored_again_in_any_process(client, numbers, asked):
    experiment = client.run(task, numbers, evaluators=[size_of(asked)])
    assert asked.take() == OUTPUTS
    client.close()
    again = xn.get_client()
    try:
        assert score(experiment.label, evaluators=[size_of(asked)]).id == experiment.id
        assert asked.take() == []
    finally:
        again.close()


def test_an_evaluator_that_said_nothing_is_not_asked_again(client, numbers, asked):
    def silent(output):
        asked.note(output)

    experiment = client.run(task, numbers)
    for expected in (OUTPUTS, []):
        score(experiment, [silent])
        assert asked.take() == expected
    assert experiment.summary().loc["silent", ["scored", "unscored"]].tolist() == [0, 5]


def test_what_an_evaluator_failed_at_is_asked_again(client, numbers, asked):
    broken = Asked()
    broken.note(4)

    def fragile(output):
        asked.note(output)
        if output in broken.of:
            raise ValueError("not four")
        return output

    def other(output):
        return 1 / output

    experiment = client.run(task, numbers, evaluators=[fragile, other])
    score(experiment, [fragile])
    assert asked.take() == sorted([*OUTPUTS, 4])
    errors = experiment.get_results()[2].run.evaluator_errors
    assert errors == {"fragile": "ValueError: not four"}
    broken.take()
    score(experiment, [fragile])
    assert asked.take() == [4]
    assert column(experiment, "fragile")[2] == 4
    assert experiment.get_results()[2].run.evaluator_errors == {}
    # The error of an evaluator that was not asked stays where it is.
    assert experiment.get_results()[0].run.evaluator_errors.keys() == {"other"}
    kinds = {e.kind for e in experiment.progress.errors}
    assert kinds == {"ValueError", "ZeroDivisionError in evaluator other"}
    score(experiment, [fragile])
    assert asked.take() == []


def test_what_failed_is_scored_again_by_those_that_name_error(client, numbers, asked):
    def died(error):
        asked.note(str(error))
        return error is not None

    experiment = client.run(task, numbers)
    for expected in (["None"] * 5 + ["ValueError: three"], []):
        score(experiment, [died])
        assert asked.take() == expected
    assert column(experiment, "died") == [False, False, False, True, False, False]
    assert column(experiment, "status")[3] == "failed"
    assert column(experiment, "attempts") == [1] * 6


def test_item_runs_that_were_repaired_after_it_are_missing_again(client, numbers, asked):
    broken = [True]

    def repaired(number):
        return task(number) if broken else 2 * number

    experiment = client.run(repaired, numbers)
    score(experiment, [size_of(asked)])
    broken.clear()
    experiment.retry_failed().wait()
    asked.take()
    score(experiment, [size_of(asked)])
    assert asked.take() == [6]


# What has changed.


def test_a_changed_evaluator_is_asked_again_and_the_past_is_kept(client, numbers, asked):
    def size(output):
        asked.note(output)
        return {"size": output, "gone": 1}

    experiment = client.run(task, numbers, evaluators=[size])
    asked.take()
    person = experiment.get_results()[1].trace_id
    client.score(trace_id=person, name="gone", value=3, source="human", author="size")

    def size(output):
        asked.note(output)
        return Score(-output, comment="the other way")

    score(experiment, [size])
    assert asked.take() == OUTPUTS
    frame = experiment.to_frame()
    assert frame["size"].tolist()[:3] == [0, -2, -4]
    # What the evaluator does not give any more is taken back; a person's label is no matter of it.
    assert frame["gone"].dropna().tolist() == [3]
    with sqlite3.connect(client.store.place) as database:
        past = database.execute("SELECT count(*) FROM score_history").fetchone()
    assert past == (10,)
    score(experiment, [size])
    assert asked.take() == []


def test_an_error_leaves_no_score_of_an_earlier_state(client, numbers):
    def size(output):
        return output

    experiment = client.run(task, numbers, evaluators=[size])

    def size(output):
        raise ValueError("broken now")

    score(experiment, [size])
    assert experiment.summary().loc["size", ["scored", "unscored"]].tolist() == [0, 5]
    assert experiment.get_results()[0].run.evaluator_errors == {"size": "ValueError: broken now"}


def test_a_run_taken_up_with_another_state_of_an_evaluator_counts_as_changed(
    client, numbers, asked
):
    def size(output):
        asked.note(output)
        return output

    def slow(number):
        time.sleep(0.03 if number else 0)
        return number

    first = client.start(slow, numbers, evaluators=[size], concurrency=1)
    while first.progress.done < 1:
        time.sleep(0.005)
    first.stop().wait()
    done = first.progress.done

    def size(output):
        asked.note(output)
        return -output

    experiment = client.run(slow, numbers, evaluators=[size])
    assert experiment.id == first.id
    assert 1 <= done < 6
    asked.take()
    score(experiment, [size])
    assert asked.take() == [0, 1, 2, 3, 4, 5]
    score(experiment, [size])
    assert asked.take() == []


def test_what_changed_is_noted_for_the_server(client, numbers):
    def size(output):
        return {"size": output, "gone": 1}

    experiment = client.run(task, numbers, evaluators=[size])
    remote = outbox.RemoteRecord("r", "xeroml", "http://localhost", "pk")
    client.store.write(lambda connection: outbox.attach(connection, remote, clock.now()))

    def size(output):
        return {"size": output or 5}

    score(experiment, [size])
    with client.store.reading() as connection:
        noted = {one.key for one in outbox.waiting(connection, "r", 100)}
    # One value changed, and five scores were taken back.
    assert len(noted) == 6


# Composites.


def test_a_composite_is_asked_again_only_where_what_it_sees_has_changed(client, numbers, asked):
    def size(output):
        return output

    def total(scores, output):
        asked.note(output)
        return sum(scores.values())

    experiment = client.run(task, numbers, evaluators=[size, total])
    assert asked.take() == OUTPUTS
    score(experiment, [size, total])
    assert asked.take() == []

    traces = {r.output: r.trace_id for r in experiment.get_results()}
    client.score(trace_id=traces[4], name="quality", value=10, source="human", author="ann")
    score(experiment, [total])
    assert asked.take() == [4]
    assert column(experiment, "total")[2] == 14
    client.score(trace_id=traces[4], name="quality", value=20, source="human", author="ann")
    score(experiment, [size, total])
    assert asked.take() == [4]

    def size(output):
        return output + 1

    score(experiment, [size, total])
    assert asked.take() == OUTPUTS
    assert column(experiment, "total")[2] == 25
    score(experiment, [size, total])
    assert asked.take() == []


def test_a_composite_sees_those_before_it_and_not_those_after(client, numbers):
    def first(scores):
        return {"first": ", ".join(sorted(scores))}

    def second(scores):
        return {"second": ", ".join(sorted(scores))}

    def size(output):
        return output

    experiment = client.run(task, numbers, evaluators=[size])
    for _ in range(2):
        score(experiment, [first, second])
        frame = experiment.to_frame()
        assert (frame["first"][0], frame["second"][0]) == ("size", "first, size")


# The whole experiment.


def test_the_whole_is_scored_again_only_when_its_results_or_the_evaluator_changed(
    client, numbers, asked
):
    def mean(results):
        asked.note(len(results))
        return sum(r.score("size", 0) for r in results)

    def size(output):
        return output

    experiment = client.run(task, numbers, evaluators=[size, mean])
    score(experiment, [size, mean])
    assert asked.take() == [6]

    def size(output):
        return output * 2

    score(experiment, [size, mean])
    assert asked.take() == [6]
    assert experiment.own_scores()["value"].tolist() == [48]

    def mean(results):
        return None

    score(experiment, [mean])
    assert experiment.own_scores().empty


# Loops of the user's own.


def test_a_loop_of_ones_own_is_scored_with_what_is_missing(client, asked):
    experiment = client.create_experiment(name="mine", evaluators=[size_of(asked)])
    for number in range(3):
        with experiment.run_item_raw(input=number, expected_output=number) as run:
            run.set_output(number)
    # A handle that knows no evaluators: what it runs is not scored by any.
    with client.get_experiment("mine").run_item_raw(input=7) as run:
        run.set_output(7)
    assert asked.take() == [0, 1, 2]

    def seen(input, expected_output, output):  # noqa: A002 - the word of the field
        return (input, expected_output) == (output, output)

    def count(results):
        return len(results)

    score(experiment, [size_of(asked), seen, count])
    assert asked.take() == [7]
    assert sorted(column(experiment, "size")) == [0, 1, 2, 7]
    assert sorted(column(experiment, "seen")) == [False, True, True, True]
    assert experiment.own_scores()["value"].tolist() == [4]
    assert experiment.status == "open"


def test_items_that_were_not_run_yet_are_scored_by_nobody(client, numbers, asked):
    experiment = client.create_experiment(name="by-hand", dataset_name="numbers")
    with experiment.run_item(numbers.items[2]) as run:
        run.set_output(4)
    score(experiment, [size_of(asked)])
    assert asked.take() == [4]
    assert experiment.to_frame()["size"].notna().sum() == 1


# Bad input, and what goes wrong.


def test_an_evaluator_that_hangs_is_an_error_on_each_row_and_the_others_have_their_turn(
    client, numbers
):
    def hanging(output):
        time.sleep(0.5 if output == 4 else 0)
        return output

    experiment = client.run(task, numbers)
    score(experiment, [hanging, size_of(Asked())], timeout=0.1)
    results = experiment.get_results()
    assert results[2].run.evaluator_errors == {"hanging": "TimeoutError: no answer in 0.1 s"}
    assert column(experiment, "size")[2] == 4
    assert experiment.summary().loc["hanging", "scored"] == 4


def test_interrupting_it_keeps_what_is_done_and_the_rest_is_done_next_time(client, numbers, asked):
    armed = threading.Event()
    armed.set()

    def size(output):
        asked.note(output)
        if output == 4 and armed.is_set():
            _thread.interrupt_main()
            time.sleep(0.7)
        return output

    def whole(results):
        asked.note(-1)
        return len(results)

    experiment = client.run(task, numbers)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        score(experiment, [size, whole], concurrency=1)
    finally:
        signal.signal(signal.SIGINT, before)
    assert asked.take() == [0, 2, 4]
    assert experiment.summary().loc["size", "scored"] == 2
    assert experiment.own_scores().empty
    armed.clear()
    score(experiment, [size, whole])
    assert asked.take() == [-1, 4, 8, 10]
    assert experiment.summary().loc["size", "scored"] == 5


def test_a_run_that_goes_on_is_not_scored_beside_itself(client, numbers):
    experiment = client.start(lambda n: time.sleep(0.2), numbers, concurrency=1, name="slow")
    with pytest.raises(BadInput, match="slow #1 is still running"):
        score(experiment, ["exact_match"])
    experiment.stop()


def test_an_experiment_or_evaluator_that_is_not_there_is_refused(client, numbers):
    experiment = client.run(task, numbers, name="there")
    with pytest.raises(NotFound, match="experiment 'their'"):
        score("their", ["exact_match"])
    with pytest.raises(NotFound, match="exact_match"):
        score(experiment, ["exact_mach"])
    with pytest.raises(BadInput, match="concurrency is 0"):
        score(experiment, ["exact_match"], concurrency=0)
    assert experiment.record.evaluators == ()


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.sets(st.integers(0, 2), min_size=1), min_size=1, max_size=4))
def test_any_order_of_scoring_leaves_what_scoring_at_once_leaves(client, steps):
    made = [lambda output: output, lambda output: -output, lambda scores: sum(scores.values())]
    named = [xn.evaluator(name=f"e{n}")(one) and f"e{n}" for n, one in enumerate(made)]
    if not client.experiments():
        client.create_dataset(name="few", items=[{"id": f"n{n}", "input": n} for n in range(3)])
    experiment = client.run(lambda n: n + 1, "few", name="steps")
    for step in steps:
        score(experiment, [named[n] for n in sorted(step)])
    score(experiment, named)
    other = client.run(lambda n: n + 1, "few", name="once", evaluators=named)
    assert [column(experiment, n) for n in named] == [column(other, n) for n in named]
