"""A panel as an evaluator of runs, and what its judges keep."""

from __future__ import annotations

import pytest

from xeroml_nb.errors import BadInput, NoModel
from xeroml_nb.records.score import ScoreTarget
from xeroml_nb.scoring.judging.judge import Judge
from xeroml_nb.scoring.judging.panel import JudgePanel


def says(value, asked=None):
    """A model that always gives this verdict."""

    def model(prompt):
        if asked is not None:
            asked.append(prompt)
        return {"verdict": value}

    return model


def judge(name, model, **options):
    return Judge(name, "Which kind?", choices=["kind", "rude"], model=model, **options)


def panel(*values, asked=None):
    judges = [judge(f"j{n}", says(value, asked)) for n, value in enumerate(values)]
    return JudgePanel("tone", judges)


@pytest.fixture
def words(client):
    return client.create_dataset(name="words", items=[{"id": "i", "input": "hello"}])


def test_a_run_is_scored_by_a_panel_of_which_most_decide(client, words):
    run = client.run(str.upper, words, evaluators=[panel("rude", "kind", "kind")])
    [row] = run.to_frame()[["tone", "j0", "j1", "j2"]].to_dict("records")
    assert row == {"tone": "kind", "j0": "rude", "j1": "kind", "j2": "kind"}


def test_what_its_judges_answered_is_kept_for_the_next_run(client, words):
    asked = []
    for _ in range(2):
        client.run(str.upper, words, evaluators=[panel("rude", "kind", asked=asked)], name="again")
    assert len(asked) == 2


def test_a_panel_changes_with_any_of_its_judges():
    assert panel("kind", "kind").fingerprint == panel("kind", "kind").fingerprint
    stern = JudgePanel("tone", [judge("j0", says("kind")), judge("j1", says("kind"), votes=3)])
    assert stern.fingerprint != panel("kind", "kind").fingerprint


def test_a_panel_whose_judges_all_leave_an_item_unscored_gives_no_score():
    no_reference = [
        Judge(name, "Right?", model=says(value=True), sees=["expected_output"])
        for name in ("a", "b")
    ]
    both = JudgePanel("right", no_reference)
    result = both.call({"input": "q", "output": "a"})
    assert result is None
    assert both.scores(result, ScoreTarget(trace_id="t1")) == []


def test_a_panel_with_a_judge_that_has_no_model_does_not_begin(client, words):
    with pytest.raises(NoModel):
        client.run(
            str.upper,
            words,
            evaluators=[JudgePanel("tone", [judge("a", says("kind")), judge("b", None)])],
        )
    assert client.experiments() == []


def test_judges_with_different_choices_make_no_panel():
    other = Judge("b", "Which?", choices=["good", "bad"], model=says("good"))
    with pytest.raises(BadInput, match="different ways: good or bad; kind or rude"):
        JudgePanel("tone", [judge("a", says("kind")), other])
