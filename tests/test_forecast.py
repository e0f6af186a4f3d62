"""What a run will take and can show, and the limits that stop it."""

from __future__ import annotations

import math
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xeroml_nb.analysis.forecast.detecting import detectable_alone, detectable_paired
from xeroml_nb.analysis.forecast.prediction import sum_of_further, time_for
from xeroml_nb.analysis.statistics.paired import paired_difference
from xeroml_nb.client.forecasting import ForecastMethods
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.experiments.rate_limit import RateLimit

plan = ForecastMethods.plan
SECONDS = st.lists(st.floats(0.01, 100), min_size=1, max_size=12)


@pytest.fixture
def asked():
    """The inputs that the task was called with."""
    return []


@pytest.fixture
def numbers(client):
    items = [{"input": n, "expected_output": n} for n in range(60)]
    return client.create_dataset(name="numbers", items=items)


@pytest.fixture
def task(client, asked):
    """A task whose calls cost 0.01 each, and that is right on two items of three."""

    def answer(number):
        asked.append(number)
        with client.start_as_current_observation(name="call", type="generation") as call:
            call.update(usage={"input": 10, "output": 5}, cost=0.01)
        return number if number % 3 else -1

    return answer


# Sums over what is still to come.


@given(SECONDS, st.integers(1, 10_000), st.integers(1, 64))
def test_a_forecast_lies_between_its_ends(seconds, count, lanes):
    found = time_for(seconds, count, lanes)
    assert found.n == len(seconds)
    assert found.expected >= np.mean(seconds) * (1 - 1e-9)
    if found.low is not None:
        assert 0 <= found.low <= found.expected <= found.high


@settings(max_examples=5)
@given(st.integers(0, 1_000))
def test_the_sum_of_further_values_lies_in_its_interval_in_19_of_20_cases(seed):
    draw = np.random.default_rng(seed)
    values = draw.normal(10, 2, size=(400, 40))
    found = [sum_of_further(row[:10], 30) for row in values]
    inside = [f.low <= row[10:].sum() <= f.high for f, row in zip(found, values, strict=True)]
    assert 0.9 < np.mean(inside) < 0.99


def test_one_value_gives_a_forecast_without_an_interval_and_none_gives_none():
    assert sum_of_further([2.0], 10) == sum_of_further([2.0], 10).over(1)
    assert (sum_of_further([2.0], 10).expected, sum_of_further([2.0], 10).low) == (20, None)
    assert sum_of_further([], 10).expected is None
    assert time_for([], 10, 4).expected is None
    assert sum_of_further([2.0], 0).expected == 0


def test_however_many_lanes_there_are_an_item_takes_as_long_as_it_takes():
    found = time_for([1.0, 3.0], 2, 50)
    assert (found.expected, found.high >= 3.0) == (2.0, True)


# The smallest difference that could be seen.


def test_a_planned_comparison_sees_what_the_comparison_itself_says_it_could():
    draw = np.random.default_rng(1)
    first, second = draw.random(200), draw.random(200)
    for one, two in [(first, second), (first > 0.5, second > 0.4)]:
        said = paired_difference(one, two).detectable
        assert detectable_paired(one, two, 200) == pytest.approx(said, rel=1e-9)
        assert detectable_paired(one, two, 800) == pytest.approx(said / 2, rel=1e-9)


def test_a_difference_that_could_be_seen_is_seen_in_4_of_5_tries():
    draw = np.random.default_rng(2)
    difference = detectable_alone(draw.normal(0, 1, 5_000), 100)
    shape = (2_000, 100)
    seen = draw.normal(0, 1, shape) - draw.normal(difference, 1, shape)
    t = seen.mean(axis=1) / (seen.std(axis=1, ddof=1) / math.sqrt(100))
    assert np.mean(np.abs(t) > 1.984) == pytest.approx(0.8, abs=0.04)


def test_values_that_are_all_alike_tell_nothing_but_of_right_and_wrong_answers():
    assert detectable_alone([0.3] * 10, 100) is None
    assert detectable_alone([0.3], 100) is None
    assert detectable_alone([1.0] * 10, 100) > 0.1
    assert detectable_paired([1.0] * 10, [1.0] * 10, 100) > 0.05
    assert detectable_paired([0.1] * 10, [0.4] * 10, 100) is None
    assert detectable_paired([], [], 100) is None


# A plan.


def test_a_plan_runs_a_few_items_and_the_run_takes_them_up(client, numbers, task, asked):
    found = plan(client, task, numbers, pilot=10, name="v2", evaluators=["exact_match"])
    assert (found.planned, found.done, found.left, found.failed) == (60, 10, 50, 0)
    assert len(asked) == 10
    assert found.cost.expected == pytest.approx(0.5)
    assert found.spent == pytest.approx(0.1)
    assert (found.input_tokens.expected, found.output_tokens.expected) == (500, 250)
    assert 0 < found.time.expected < 10
    [one] = found.detectable
    assert (one.score, one.seen, one.items) == ("exact_match", 10, 60)
    assert 0.15 < one.difference < 0.3
    run = client.run(task, numbers, name="v2", evaluators=["exact_match"])
    assert (run.id, run.status) == (found.experiment.id, "finished")
    assert sorted(asked) == list(range(60))


def test_a_plan_counts_what_evaluators_cost(client, numbers, task):
    def judged(output):
        with client.start_as_current_observation(name="judge", type="generation") as call:
            call.update(cost=0.03)
        return 1.0

    found = plan(client, task, numbers, evaluators=[judged])
    assert (found.spent, found.cost.expected) == (pytest.approx(0.4), pytest.approx(2.0))


@pytest.mark.parametrize("limit", [RateLimit(3_000), RateLimit(None, 45_000)])
def test_a_plan_does_not_forget_the_rate_limit(client, numbers, task, limit):
    found = plan(client, task, numbers, rate_limit=limit)
    assert found.time.low == pytest.approx(1.0)
    assert found.time.expected >= 1.0


def test_a_plan_says_what_it_found(client, numbers, task):
    found = plan(client, task, numbers, name="v2", evaluators=["exact_match"], concurrency=4)
    text = repr(found)
    assert text.startswith("plan of v2 #1 over numbers: 10 of 60 item runs done\n")
    assert "for the 50 left, 4 at a time" in text
    assert "0.50 (0.50 … 0.50) for those; 0.10 spent so far" in text
    assert "500 (500 … 500) in, 250 (250 … 250) out" in text
    assert "exact_match ±0." in text
    assert "run it with name='v2'" in text
    assert "exact_match ±0." in found._repr_html_()


def test_the_items_of_a_plan_are_chosen_at_random_and_the_same_ones_again(
    client, numbers, task, asked
):
    plan(client, task, numbers, pilot=5)
    chosen = sorted(asked)
    assert chosen != [0, 1, 2, 3, 4]
    plan(client, task, numbers, pilot=5)
    assert sorted(asked) == chosen, "what is done is not paid for twice"
    plan(client, task, numbers, pilot=5, name="other", seed=7)
    assert sorted(asked[5:]) != chosen


def test_a_plan_takes_all_repetitions_of_its_items(client, numbers, task, asked):
    found = plan(client, task, numbers, pilot=4, repetitions=3)
    assert (found.done, found.planned) == (12, 180)
    assert len(set(asked)) == 4


def test_against_a_baseline_differences_are_paired(client, numbers, task):
    client.run(task, numbers, name="v1", evaluators=["exact_match"])
    alone = plan(client, task, numbers, name="v2", evaluators=["exact_match"])
    paired = plan(client, task, numbers, name="v2", evaluators=["exact_match"], baseline="v1")
    assert (alone.baseline, paired.baseline) == (None, "v1 #1")
    assert paired.detectable[0].difference < alone.detectable[0].difference
    assert "against v1 #1" in repr(paired)


def test_a_baseline_that_cannot_be_compared_is_told_in_a_note(client, numbers, task):
    other = client.create_dataset(name="other", items=[{"input": "elsewhere"}])
    client.run(lambda text: text, other, name="far", evaluators=[lambda output: 1.0])
    found = plan(client, task, numbers, name="v2", evaluators=["exact_match"], baseline="far")
    assert found.baseline is None
    assert any("not against far #1" in note for note in found.notes)
    with pytest.raises(NotFound, match="nobody"):
        plan(client, task, numbers, name="v3", baseline="nobody")


def test_a_plan_without_costs_or_scores_says_so(client, numbers):
    text = repr(plan(client, lambda number: number, numbers))
    assert "cost       not known: no call recorded one" in text
    assert "nothing was scored" in text
    assert "tokens" not in text


def test_a_plan_of_one_item_tells_what_to_expect_and_not_how_surely(client, numbers, task):
    text = repr(plan(client, task, numbers, pilot=1, evaluators=["exact_match"]))
    assert "about 0.59 for those; 0.01 spent so far" in text
    assert "exact_match: cannot be told from 1 item" in text


def test_item_runs_that_recorded_no_cost_are_counted(client, numbers):
    def answer(number):
        if number % 2:
            with client.start_as_current_observation(name="call", type="generation") as call:
                call.update(cost=0.01)
        return number

    found = plan(client, answer, numbers, pilot=20)
    free = round(20 - found.spent / 0.01)
    assert 0 < free < 20
    assert f"{free} of 20 successful item runs recorded no cost and count 0" in found.notes


def test_a_plan_of_which_everything_failed_says_what_failed(client, numbers):
    found = plan(client, lambda number: 1 / 0, numbers, evaluators=["exact_match"])
    assert (found.done, found.failed) == (10, 10)
    assert "10 failed" in repr(found)
    assert "every item run failed; first: ZeroDivisionError" in repr(found)


def test_a_plan_for_fewer_items_than_its_pilot_is_the_run_itself(client, numbers, task):
    found = plan(client, task, numbers.sample(6), pilot=10)
    assert (found.left, found.experiment.status) == (0, "finished")
    assert "next" not in repr(found)


@pytest.mark.parametrize("wrong", [0, -1, 2.5])
def test_a_pilot_without_items_is_refused(client, numbers, task, wrong):
    with pytest.raises(BadInput, match=f"pilot is {wrong}"):
        plan(client, task, numbers, pilot=wrong)


def test_a_run_that_is_under_way_is_not_planned(client, numbers, task):
    release = threading.Event()
    live = client.start(lambda number: release.wait(5), numbers, name="v2")
    with pytest.raises(BadInput, match="v2 #1 is still running"):
        plan(client, task, numbers, name="v2")
    release.set()
    live.wait()


# Limits.


def test_a_run_ends_when_its_money_is_used_up_and_can_be_taken_up(client, numbers, task, asked):
    run = client.run(task, numbers, concurrency=3, max_cost=0.2)
    assert run.status == "stopped"
    assert run.stop_reason.startswith("max_cost=0.2 is used up: 0.")
    assert run.stop_reason in repr(run)
    assert run.to_frame()["cost"].sum() == pytest.approx(0.2, abs=0.011)
    assert set(run.to_frame()["status"]) == {"ok", "pending"}
    run = client.run(task, numbers)
    assert (run.status, run.stop_reason, len(asked)) == ("finished", None, 60)


def test_a_limit_counts_anew_when_a_run_is_taken_up(client, numbers, task, asked):
    run = client.run(task, numbers, concurrency=1, max_cost=0.2)
    before = len(asked)
    run.resume().wait()
    assert (run.status, len(asked)) == ("stopped", 2 * before)


def test_a_limit_on_a_cost_that_nobody_records_stops_the_run_and_says_why(client, numbers):
    run = client.run(lambda number: number, numbers, concurrency=1, max_cost=5)
    assert run.status == "stopped"
    assert run.progress.done == 10
    assert "cannot be watched: 10 item runs recorded no cost" in run.stop_reason
    assert "xn.prices" in run.stop_reason


def test_a_run_ends_when_its_time_has_passed(client, numbers):
    began = time.monotonic()
    run = client.run(lambda number: time.sleep(0.02), numbers, concurrency=1, max_time=0.2)
    assert time.monotonic() - began < 1.1
    assert (run.status, run.stop_reason) == ("stopped", "max_time=0.2 s have passed")
    assert 0 < run.progress.done < 60
    run.resume()
    run.stop()
    assert run.progress.failed == 0


def test_a_limit_that_is_not_reached_changes_nothing(client, numbers, task):
    run = client.run(task, numbers, max_cost=5, max_time=60)
    assert (run.status, run.stop_reason, run.progress.succeeded) == ("finished", None, 60)


@pytest.mark.parametrize("limit", ["max_cost", "max_time"])
def test_a_limit_that_leaves_nothing_is_refused(client, numbers, task, limit):
    with pytest.raises(BadInput, match=f"{limit} is 0"):
        client.run(task, numbers, **{limit: 0})
