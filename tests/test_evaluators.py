"""Evaluators: what they may say, what they may ask for, and what scores a whole experiment."""

from __future__ import annotations

import asyncio
import operator
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import xeroml_nb as xn
from xeroml_nb.errors import BadInput, BadScore, NoModel, NotFound
from xeroml_nb.experiments.evaluation import Level
from xeroml_nb.records.score import ScoreTarget
from xeroml_nb.scoring import evaluator as evaluators
from xeroml_nb.scoring.evaluator import registered, resolve
from xeroml_nb.scoring.function_evaluator import as_evaluator
from xeroml_nb.scoring.given import Score, score_records

TARGET = ScoreTarget(trace_id="t")
SCALARS = st.one_of(
    st.booleans(), st.integers(-9, 9), st.floats(-1, 1), st.text(min_size=1, max_size=3)
)


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """What a test registers is forgotten after it."""
    found = {}
    monkeypatch.setattr(evaluators, "_registry", found)
    return found


@pytest.fixture
def numbers(client):
    """Six numbers, each with its double as the expected output."""
    items = [{"id": f"n{n}", "input": n, "expected_output": 2 * n} for n in range(6)]
    return client.create_dataset(name="numbers", items=items)


class Judged:
    """An evaluator that is no function, as judges are."""

    is_async = False
    fingerprint = "1"

    def __init__(self, name="judged", *, ready=True):
        self.name = name
        self.ready = ready
        self.store = None

    def check_ready(self):
        if not self.ready:
            raise NoModel(self.name)

    def cached_in(self, store):
        bound = Judged(self.name)
        bound.store = store
        return bound

    def call(self, known):
        return known["output"] > 4

    def scores(self, result, target):
        return score_records(result, target, self.name, source="llm")


def double(number):
    return 2 * number


def double_or_fail(number):
    if number == 3:
        raise ValueError("three")
    return 2 * number


def values(result, author="mine"):
    return {score.name: score.value for score in score_records(result, TARGET, author)}


# What an evaluator says.


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (None, {}),
        (0.5, {"mine": 0.5}),
        (True, {"mine": True}),
        ("good", {"mine": "good"}),
        (np.float32(0.5), {"mine": 0.5}),
        (Score(1), {"mine": 1.0}),
        (Score(1, name="other"), {"other": 1.0}),
        (Score(None), {}),
        ({"a": 1, "b": None, "c": Score("x")}, {"a": 1.0, "c": "x"}),
        ([], {}),
        ([0.5, None, Score("x", name="kind"), {"a": 2}], {"mine": 0.5, "kind": "x", "a": 2.0}),
        ((Score(1, name="a"), [Score(2, name="b")]), {"a": 1.0, "b": 2.0}),
    ],
)
def test_an_evaluator_may_say_a_value_a_dict_a_score_a_list_of_these_or_nothing(said, found):
    assert values(said) == found


def test_a_score_carries_its_comment_type_and_metadata():
    said = Score(1, name="a", comment="why", data_type="BOOLEAN", metadata={"seed": 1})
    (score,) = score_records(said, TARGET, "mine", source="llm")
    assert (score.name, score.value, score.comment) == ("a", True, "why")
    assert (score.author, score.source, score.metadata) == ("mine", "llm", {"seed": 1})


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"fine": 1, "bad": object}, ["'mine'", "'bad'", "<class 'object'>"]),
        ([1, Score(float("nan"), name="part")], ["'mine'", "'part'", "nan"]),
        ([0.25, 0.5], ["'mine'", "2 scores", "0.25, 0.5"]),
        ([{"a": 1}, Score("x", name="a")], ["2 scores called 'a'", "1, 'x'"]),
        ({"a": {"deeper": 1}}, ["'mine'", "'a'", "dict"]),
        ({"": 1}, ["'mine'", "name"]),
        (Score(2, data_type="BOOLEAN"), ["'mine'", "BOOLEAN", "2"]),
    ],
)
def test_one_bad_value_among_several_is_an_error_that_names_evaluator_and_value(said, words):
    with pytest.raises(BadScore) as error:
        values(said)
    assert all(word in str(error.value) for word in words), str(error.value)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), SCALARS, max_size=4))
def test_a_dict_and_a_list_of_named_scores_say_the_same(said):
    assert values([Score(v, name=n) for n, v in said.items()]) == values(said)
    assert values([{n: v} for n, v in said.items()]) == values(said)


def test_a_bad_value_in_a_run_leaves_a_row_with_the_error_and_the_scores_of_the_others(
    client, numbers
):
    def several(output):
        return {"fine": output, "bad": [] if output == 4 else 1}

    def other(output):
        return output

    result = client.run(double, numbers, evaluators=[several, other]).get_results()[2]
    assert result.scores.keys() == {"other"}
    assert "Evaluator 'several': Score 'bad' has the value []" in str(
        result.run.evaluator_errors["several"]
    )


# What an evaluator asks for.


def test_an_evaluator_that_names_error_is_also_asked_about_what_failed(client, numbers):
    def ended(output, error):
        return "fine" if error is None else f"{error}, {output}"

    async def died(error):
        await asyncio.sleep(0)
        return error is not None

    def doubled(output):
        return output > 4

    experiment = client.run(double_or_fail, numbers, evaluators=[ended, died, doubled])
    frame = experiment.to_frame()
    assert frame["ended"].tolist() == ["fine"] * 3 + ["ValueError: three, None"] + ["fine"] * 2
    assert frame["died"].tolist() == [False] * 3 + [True] + [False] * 2
    assert frame["doubled"].tolist() == [False] * 3 + [None] + [True] * 2
    summary = experiment.summary()
    # A failure that has a score is counted with it, not once more as one without.
    assert summary.loc["died", ["scored", "attempted", "unscored"]].tolist() == [6, 6, 0]
    assert summary.loc["died", ["mean", "worst", "best"]].tolist() == [1 / 6] * 3
    assert summary.loc["doubled", ["scored", "unscored"]].tolist() == [5, 0]
    assert summary.loc["doubled", "worst"] == 2 / 6


@pytest.mark.parametrize("later", [False, True], ids=["sync", "async"])
def test_what_timed_out_is_scored_by_those_that_name_error(client, numbers, later):
    def hang(number):
        time.sleep(0.6 if number == 1 else 0)
        return number

    async def hang_later(number):
        await asyncio.sleep(30 if number == 1 else 0)
        return number

    def ended(error):
        return error or "fine"

    task = hang_later if later else hang
    experiment = client.run(task, numbers, evaluators=[ended], timeout=0.2)
    found = experiment.to_frame()["ended"].tolist()
    assert found == ["fine", "TimeoutError: no answer in 0.2 s", *["fine"] * 4]


def test_composites_run_last_in_order_and_see_what_was_given_so_far(client, numbers):
    def total(scores):
        return sum(scores.values())

    def judged(scores):
        return {"all": ", ".join(scores)}

    def right(output, expected_output):
        return output == expected_output

    async def size(output):
        await asyncio.sleep(0)
        return {"size": output, "skipped": None}

    experiment = client.run(double, numbers, evaluators=[total, judged, right, size])
    frame = experiment.to_frame()
    assert frame["total"].tolist() == [2 * n + 1 for n in range(6)]
    assert set(frame["all"]) == {"right, size, total"}
    assert experiment.record.evaluators == ("right", "size", "total", "judged")


def test_a_function_of_any_names_scores_item_runs_and_is_not_asked_about_failures(client, numbers):
    asked = []

    def anything(**known):
        asked.append(set(known))
        return True

    experiment = client.run(double_or_fail, numbers, evaluators=[anything])
    assert len(asked) == 5
    assert asked[0] == {
        *("input", "item", "expected_output", "metadata", "output", "trace_id", "error")
    }
    assert experiment.summary().loc["anything", "scored"] == 5


def test_an_evaluator_of_an_item_run_and_of_an_experiment_is_refused():
    with pytest.raises(BadInput, match="asks for results of a whole experiment and for output of"):
        xn.evaluator(lambda output, results: 0)


def test_an_evaluator_that_asks_for_what_there_is_not_hears_of_all_there_is():
    with pytest.raises(BadInput, match=r"answer.*error, scores, results, experiment"):
        xn.evaluator(lambda answer: 0)


# The whole experiment.


def test_an_evaluator_of_the_experiment_is_asked_once_when_all_is_run(client, numbers):
    asked = []

    def share(results, experiment):
        asked.append((len(results), experiment.status, experiment.label))
        return Score(sum(r.score("right", 0) for r in results) / len(results), comment="of six")

    def right(output, expected_output):
        return output == expected_output

    experiment = client.run(double_or_fail, numbers, evaluators=[share, right], name="run")
    assert asked == [(6, "finished", "run #1")]
    own = experiment.own_scores()
    assert own.to_dict("records") == [
        {"name": "share", "value": 5 / 6, "comment": "of six", "author": "share", "error": None}
    ]
    # It is no score of item runs, neither missing nor there.
    assert experiment.summary().index.tolist() == ["right"]
    assert "of the whole run" in experiment._repr_html_()
    kept = client.get_scores(experiment=experiment, name="share")
    assert kept["experiment_id"].tolist() == [experiment.id]


def test_it_is_asked_again_when_failures_were_repaired(client, numbers):
    broken, asked = [True], []

    def task(number):
        if number == 3 and broken:
            raise ValueError("three")
        return number

    def failed(results):
        asked.append(1)
        return sum(r.error is not None for r in results)

    experiment = client.run(task, numbers, evaluators=[failed])
    assert experiment.own_scores()["value"].tolist() == [1]
    broken.clear()
    experiment.retry_failed().wait()
    assert experiment.own_scores()["value"].tolist() == [0]
    assert len(asked) == 2


def test_one_that_fails_or_hangs_is_a_row_with_its_error(client, numbers):
    def broken(results):
        raise ValueError("no corpus")

    def hanging(experiment):
        time.sleep(1)

    async def hanging_later(results):
        await asyncio.sleep(30)

    def unscored(results):
        return None

    made = [broken, hanging, hanging_later, unscored]
    began = time.monotonic()
    experiment = client.run(double, numbers, evaluators=made, timeout=0.2)
    assert time.monotonic() - began < 10
    assert experiment.status == "finished"
    assert dict(experiment.own_scores()[["name", "error"]].to_numpy()) == {
        "broken": "ValueError: no corpus",
        "hanging": "TimeoutError: no answer in 0.2 s",
        "hanging_later": "TimeoutError: no answer in 0.2 s",
    }
    assert "no corpus" in experiment._repr_html_()


def test_a_run_that_is_stopped_is_not_scored_as_a_whole(client, numbers):
    asked = []

    def whole(results):
        asked.append(len(results))

    def task(number):
        time.sleep(0.05 if number else 0)
        return number

    experiment = client.start(task, numbers, evaluators=[whole], concurrency=1)
    while experiment.progress.done < 1:
        time.sleep(0.005)
    experiment.stop()
    assert experiment.wait().status == "stopped"
    assert asked == []
    experiment.resume().wait()
    assert asked == [6]


# Names.


def test_a_judge_is_registered_by_its_own_name(client, numbers):
    judge = xn.evaluator(Judged())
    assert resolve(["judged"]) == [judge]
    with pytest.raises(BadInput, match="cannot be registered as 'other'"):
        xn.evaluator(name="other")(judge)
    frame = client.run(double, numbers, evaluators=["judged"]).to_frame()
    assert frame["judged"].tolist() == [2 * n > 4 for n in range(6)]


def test_a_judge_that_is_run_looks_its_answers_up_in_the_store(client):
    (found,) = resolve([Judged()], client.store)
    assert found.store is client.store


def test_a_judge_without_a_model_is_refused_before_anything_is_written(client, numbers):
    with pytest.raises(NoModel, match="XEROML_JUDGE_MODEL"):
        client.run(double, numbers, evaluators=[Judged(ready=False)])
    assert client.experiments() == []


def test_the_evaluators_of_the_package_are_found_by_name(registry):
    assert "exact_match" in registered()
    assert [e.name for e in resolve(["exact_match"])] == ["exact_match"]

    @xn.evaluator(name="exact_match")
    def mine(output):
        return 0

    (found,) = resolve(["exact_match"])
    assert found.bound.function is mine
    with pytest.raises(NotFound, match="'exact_match'"):
        resolve(["exact_mach"])


def test_an_evaluator_of_the_users_is_known_and_named_once_in_a_list(registry):
    xn.evaluator(name="mine")(lambda output: 1)
    assert evaluators.users_own() == ["mine"]
    with pytest.raises(BadInput, match=r"evaluators is the text 'mine'. Pass a list: \['mine'\]"):
        resolve("mine")
    with pytest.raises(BadInput, match="Two evaluators are called 'mine'"):
        resolve(["mine", "mine"])


def test_a_callable_that_tells_nothing_of_itself_is_asked_about_item_runs():
    # What a compiled module offers may have no signature, as here.
    told = as_evaluator(operator.attrgetter("numerator"))
    assert (told.name, told.level, told.sees_failures) == ("attrgetter", Level.ITEM, False)
