"""Judging pairs of outputs, whichever comes first."""

from __future__ import annotations

import math
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.judging.stub import KEY, completion, verdict
from xeroml_nb.analysis.pairwise_judging import judge_pairs
from xeroml_nb.errors import BadInput, JudgeFailed, NoModel
from xeroml_nb.scoring.judging.pairwise import PairJudge


def parts_of(prompt):
    """The parts of the material, by name."""
    return dict(re.findall(r"<(\w+) \w{24}>\n(.*?)\n</", prompt, re.DOTALL))


def longer(prompt):
    """Prefers the longer output, wherever it stands."""
    parts = parts_of(prompt)
    first, second = len(parts["first_output"]), len(parts["second_output"])
    if first == second:
        return {"verdict": "tie"}
    return {"verdict": "first" if first > second else "second", "explanation": "Longer."}


def always(place):
    """Prefers a place, whatever stands there."""
    return lambda prompt: {"verdict": place}


def judge(model, **options):
    return PairJudge("better", "Which one says more?", model=model, **options)


@pytest.mark.parametrize(
    ("output_a", "output_b", "choice"), [("aa", "b", "a"), ("a", "bb", "b"), ("a", "b", "tie")]
)
def test_the_better_output_wins_wherever_it_stands(output_a, output_b, choice):
    found = judge(longer).ask(output_a=output_a, output_b=output_b)
    assert found.choice == choice
    assert found.is_consistent
    assert found.favours is None


@pytest.mark.parametrize("place", ["first", "second"])
def test_a_judge_that_goes_by_the_place_finds_a_tie_and_is_found_out(place):
    found = judge(always(place)).ask(output_a="a", output_b="b")
    assert (found.choice, found.favours, found.is_consistent) == ("tie", place, False)


@settings(max_examples=50, deadline=None)
@given(st.text(), st.text(), st.integers())
def test_whatever_the_model_thinks_swapping_the_outputs_swaps_the_choice(one, other, salt):
    def whimsical(prompt):
        return {"verdict": random.Random(f"{prompt}{salt}").choice(["first", "second", "tie"])}

    asking = judge(whimsical)
    found = asking.ask(output_a=one, output_b=other)
    swapped = asking.ask(output_a=other, output_b=one)
    mirrored = {"a": "b", "b": "a", "tie": "tie"}
    if one != other:
        assert swapped.choice == mirrored[found.choice]
        assert swapped.favours == found.favours
    else:
        assert found.choice == "tie"


def test_a_choice_and_a_tie_are_a_tie_and_no_sign_of_a_place(chat):
    chat.script += [verdict("first", "One."), verdict("tie", "Two.")]
    asking = judge("judge-1", base_url=chat.base_url, api_key=KEY)
    found = asking.ask(output_a="a", output_b="b", input="q", expected_output="e")
    assert (found.choice, found.orders, found.favours) == ("tie", ("a", "tie"), None)
    assert found.explanations == ("One.", "Two.")
    assert found.tokens.input == 200
    shown = [parts_of(asked["messages"][1]["content"]) for asked in chat.asked]
    assert shown == [
        {"input": "q", "expected_output": "e", "first_output": "a", "second_output": "b"},
        {"input": "q", "expected_output": "e", "first_output": "b", "second_output": "a"},
    ]


def test_a_pair_without_a_verdict_is_an_error(chat):
    chat.script += [verdict("first"), completion("Both."), completion("Both!")]
    asking = judge("judge-1", base_url=chat.base_url, api_key=KEY)
    with pytest.raises(JudgeFailed, match=r"'better' has no verdict on item 'i1': .*'Both!'"):
        asking.ask(output_a="a", output_b="b", about="item 'i1'")


def test_a_judge_of_pairs_without_a_model_says_what_to_set():
    with pytest.raises(NoModel):
        judge(None).ask(output_a="a", output_b="b")


# Two experiments.


@pytest.fixture
def runs(client):
    """Two experiments over six items: the second says more on four, less on one, as much on one."""
    texts = ["aaaa", "bbb", "ccc", "ddd", "eee", "fff"]
    dataset = client.create_dataset(
        name="d", items=[{"id": text[0], "input": text} for text in texts]
    )

    def other(text):
        return text[:1] if text == "aaaa" else text if text == "bbb" else 2 * text

    first = client.start(str, dataset, name="v1").wait()
    return first, client.start(other, dataset, name="v2").wait()


def test_two_experiments_are_judged_item_by_item(runs):
    found = judge_pairs(judge(longer), *runs)
    assert found.choices == {"a": 1, "b": 4, "tie": 1}
    share = found.share
    assert share.estimate == pytest.approx(4.5 / 6)
    # Student's t over 0, 0.5, 1, 1, 1, 1: the deviation is 0.41833 and t(5) is 2.5706.
    assert share.high - share.estimate == pytest.approx(2.5706 * 0.41833 / math.sqrt(6), rel=1e-4)
    frame = found.to_frame().set_index("item_id")
    assert frame["choice"].to_dict() == dict(zip("abcdef", ["a", "tie", *"bbbb"], strict=True))
    assert frame.loc["c", ["output_a", "output_b"]].tolist() == ["ccc", "cccccc"]
    assert "v2 #1 wins 4, loses 1, ties 1 of 6 pairs" in repr(found)


def test_pairs_that_the_judge_fails_on_are_counted_and_named(runs):
    def often(prompt):
        return "Hm." if parts_of(prompt)["input"] == "ccc" else longer(prompt)

    found = judge_pairs(judge(often), *runs)
    assert found.failed == 1
    assert sum(found.choices.values()) == found.share.n == 5
    frame = found.to_frame().set_index("item_id")
    assert "on item 'c'" in frame.loc["c", "error"]
    assert "1 failed" in repr(found)


def test_a_judge_that_goes_by_the_place_is_told_of(runs):
    found = judge_pairs(judge(always("first")), *runs)
    assert found.favours == {"first": 6, "second": 0}
    assert found.share.estimate == 0.5
    assert "the order alone decided 6 pairs, which count as ties" in repr(found)


def test_a_pair_is_judged_once_for_all_times(runs, chat):
    chat.otherwise = verdict("tie")

    def judged():
        asking = judge("judge-1", base_url=chat.base_url, api_key=KEY)
        return judge_pairs(asking, *runs, concurrency=2)

    assert judged().verdicts[0].cached is False
    assert judged().verdicts[0].cached is True
    # Two questions a pair, but one where both outputs are the same.
    assert len(chat.asked) == 11


def test_repetitions_are_averaged_first(client):
    dataset = client.create_dataset(name="d", items=[{"id": "a", "input": "aaa"}])
    first = client.start(str, dataset, name="v1", repetitions=2).wait()
    second = client.start(lambda text: 2 * text, dataset, name="v2", repetitions=2).wait()
    found = judge_pairs(judge(longer), first, second)
    assert (len(found.pairs), found.share.n, found.share.estimate) == (2, 1, 1)
    assert "share won, ties as half: 1.00, " in repr(found)


def test_experiments_without_a_common_output_are_refused(client, runs):
    def fails(text):
        raise ValueError(text)

    broken = client.start(fails, "d", name="v3").wait()
    with pytest.raises(BadInput, match="no item with an output on both sides"):
        judge_pairs(judge(longer), runs[0], broken)
    with pytest.raises(BadInput, match="concurrency"):
        judge_pairs(judge(longer), *runs, concurrency=0)


def test_a_judge_of_pairs_compares_by_itself(runs):
    assert judge(longer).compare(*runs).choices["b"] == 4
