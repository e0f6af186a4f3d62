"""Score cards: the usual score, the answers that code may give, and the rows it is given."""

from __future__ import annotations

import datetime as dt
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xeroml_nb as xn
from xeroml_nb.errors import BadInput, CardFailed
from xeroml_nb.scoring.cards.answer import checked_answer
from xeroml_nb.scoring.cards.rows import json_rows, json_text

ROWS = [
    {"question": "2+2?", "polite": True, "words": 40, "close": 80.5},
    {"question": "3+3?", "polite": False, "words": 20, "close": 79.5},
    {"question": "4+4?", "polite": True, "words": 30, "close": None},
    {"question": "5+5?", "polite": None, "words": 10, "close": math.nan},
]


# Without code.


def test_the_usual_score_is_the_mean_of_what_the_chosen_columns_count():
    result = xn.ScoreCard(["polite", "close", "question"]).score(ROWS)
    # Two of three are polite; 80 is the mean of two numbers; a text counts nothing.
    assert result.score == pytest.approx((200 / 3 + 80) / 2)
    polite, close = result.columns
    assert (polite.name, polite.kind, polite.counted, polite.skipped) == ("polite", "boolean", 3, 1)
    assert (close.score, close.kind, close.counted, close.skipped) == (80, "number", 2, 2)
    assert (result.score_matrix, result.printed) == (None, "")


def test_where_no_column_is_chosen_the_last_one_is_the_score():
    assert xn.ScoreCard().score(ROWS).score == 80
    assert xn.ScoreCard().score([{"words": 3, "polite": True}]).score == 100


def test_a_frame_scores_as_the_list_of_its_rows():
    frame = pd.DataFrame(ROWS)
    for columns in (["polite"], ["words"], ["close"], ["polite", "words", "close"]):
        card = xn.ScoreCard(columns)
        assert card.score(frame).score == card.score(ROWS).score
    odd = pd.DataFrame(
        {
            "boolean": pd.array([True, None, False], dtype="boolean"),
            "Int64": pd.array([10, None, 20], dtype="Int64"),
            "bool": np.array([True, True, False]),
        }
    )
    found = xn.ScoreCard(["boolean", "Int64", "bool"]).score(odd).columns
    assert [(c.kind, c.counted, c.skipped) for c in found] == [
        ("boolean", 2, 1),
        ("number", 2, 1),
        ("boolean", 3, 0),
    ]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.none(), st.booleans()), min_size=1), st.integers(0, 100))
def test_the_usual_score_is_within_its_bounds_and_blind_to_order(values, number):
    rows = [{"ok": value, "same": number} for value in values]
    card = xn.ScoreCard(["ok", "same"])
    score = card.score(rows).score
    assert 0 <= score <= 100
    assert card.score(rows[::-1]).score == pytest.approx(score)
    known = [value for value in values if value is not None]
    parts = [number] + ([100 * sum(known) / len(known)] if known else [])
    assert score == pytest.approx(sum(parts) / len(parts))


@pytest.mark.parametrize(
    ("columns", "rows", "said"),
    [
        (["polite"], [], "'tone' has no rows to score"),
        ([], [], "'tone' has no rows to score"),
        (["question"], ROWS, "None of the columns of score card 'tone' holds truth values"),
        ([], [{"a": 1, "b": "x"}], "the last column is 'b'"),
        (["a"], [{"a": None}], "None of the columns"),
        (["a"], [{"a": True}, {"a": 1}], "None of the columns"),
        (["a"], [{"a": 101}], r"'tone' comes to 101, which is not from 0 to 100 \('a' 101\)"),
        (["a", "b"], [{"a": -3, "b": True}, {"a": -300, "b": True}], "comes to -25.75"),
        (["a"], [{"a": 1e308}, {"a": 1e308}], "comes to inf"),
    ],
)
def test_where_there_is_no_usual_score_the_error_names_the_card_and_says_why(columns, rows, said):
    with pytest.raises(CardFailed, match=said):
        xn.ScoreCard(columns, name="tone").score(rows)


def test_an_unknown_column_is_refused_with_those_that_come_near():
    for code in (None, "return {'score': 1}"):
        with pytest.raises(BadInput, match=r"'score card' counts column 'polit'.*'polite'\?"):
            xn.ScoreCard(["polit"], code).score(ROWS)
    with pytest.raises(BadInput, match="There are: 'a'"):
        xn.ScoreCard(["zzz"]).score([{"a": 1}])


# What a card may be.


def test_a_card_is_a_value_that_says_what_it_does():
    card = xn.ScoreCard(["a", "a", "b"], "return {'score': 1}", name="k", timeout=2, memory_mb=128)
    assert card.column_names == ("a", "b")
    assert card == xn.ScoreCard(
        ("a", "b"), "return {'score': 1}", name="k", timeout=2, memory_mb=128
    )
    assert xn.ScoreCard(code="  \n").code is None
    with pytest.raises(AttributeError):
        card.name = "other"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"column_names": "accuracy"}, "column names"),
        ({"column_names": [1]}, "column names"),
        ({"column_names": [""]}, "name of a column"),
        ({"column_names": {"a": 1}}, "column names"),
        ({"code": 5}, "is a int"),
        ({"code": "x" * 100_001}, "100,001 bytes"),
        ({"code": "é" * 50_001}, "100,002 bytes"),
        ({"code": "a\x00b"}, "NUL"),
        ({"code": "'\ud800'"}, "surrogate"),
        ({"code_language": "RUBY"}, "'RUBY'"),
        ({"code_language": "python"}, "'python'"),
        ({"name": ""}, "name of a score card"),
        ({"timeout": 0.5}, "0.5"),
        ({"timeout": 121}, "121"),
        ({"timeout": math.nan}, "nan"),
        ({"memory_mb": 1}, "memory"),
        ({"memory_mb": 1 << 20}, "memory"),
    ],
)
def test_a_card_that_cannot_be_is_refused(given, said):
    with pytest.raises(BadInput, match=said):
        xn.ScoreCard(**given)


@pytest.mark.parametrize("rows", [5, None, "rows", {"a": 1}, b"x"])
def test_what_are_no_rows_is_refused(rows):
    with pytest.raises(BadInput, match="rows to score"):
        xn.ScoreCard(["a"]).score(rows)


def test_rows_that_are_no_dicts_are_refused_by_their_number():
    with pytest.raises(BadInput, match="Row 2 to score is a list"):
        xn.ScoreCard(["a"]).score([{"a": 1}, ["a"]])
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(BadInput, match="two columns 'a'"):
        xn.ScoreCard(["a"]).score(twice)


# What code returned.


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "returned nothing"),
        ([1], "returned a list"),
        ("85", "returned a text"),
        (85, "returned a number"),
        (True, "returned a truth value"),
        ({}, "has no 'score'; it holds nothing"),
        ({"Score": 5, "x": 1}, "has no 'score'; it holds 'Score', 'x'"),
        ({"score": None}, "the score is null, which is also what NaN becomes"),
        ({"score": True}, "the score is a truth value"),
        ({"score": "85"}, "the score is a text"),
        ({"score": [85]}, "the score is a list"),
        ({"score": {"then": 1}}, "the score is a dict"),
        ({"score": math.nan}, "the score is nan"),
        ({"score": math.inf}, "the score is inf"),
        ({"score": 101}, "the score is 101, which is not from 0 to 100"),
        ({"score": -1}, "the score is -1"),
        ({"score": 100.0000001}, "the score is 100.0000001"),
        ({"score": 10**400}, "which is not from 0 to 100"),
        ({"score": 5, "score_matrix": {}}, "the score_matrix is a dict"),
        ({"score": 5, "score_matrix": "x"}, "the score_matrix is a text"),
        ({"score": 5, "score_matrix": [1]}, r"score_matrix\[0\] is a number .* not a table"),
        ({"score": 5, "score_matrix": [None]}, r"score_matrix\[0\] is null .* not a table"),
        ({"score": 5, "score_matrix": [[1]]}, r"score_matrix\[0\]\[0\] is a number .* not a row"),
        ({"score": 5, "score_matrix": [[[[1]]]]}, r"score_matrix\[0\]\[0\]\[0\] holds a list"),
        ({"score": 5, "score_matrix": [[[{}]]]}, r"score_matrix\[0\]\[0\]\[0\] is {}"),
        ({"score": 5, "score_matrix": [[[{"value": 1, "positive_metric": 1}]]]}, "plain value or"),
        ({"score": 5, "score_matrix": [[[{"value": 1, "color": "red"}]]]}, "plain value or"),
        ({"score": 5, "score_matrix": [[[{"value": []}]]]}, "holds a list"),
    ],
)
def test_an_answer_that_is_no_score_is_refused_with_what_came_back(value, said):
    with pytest.raises(CardFailed, match=f"Score card 'mine': .*{said}") as failed:
        checked_answer("mine", value, "printed before")
    assert failed.value.printed == "printed before"
    assert "return" in failed.value.next_step


def test_an_answer_that_fits_is_taken():
    assert checked_answer("c", {"score": 0}, "") == (0.0, None)
    assert checked_answer("c", {"score": 100, "score_matrix": None, "more": []}, "") == (
        100.0,
        None,
    )
    matrix = [[["name", 1, None, True, {"value": 3, "positive_metric": False}], []], []]
    assert checked_answer("c", {"score": 85.5, "score_matrix": matrix}, "") == (85.5, matrix)
    holed = [[[math.nan, {"value": math.inf}]]]
    assert checked_answer("c", {"score": 1, "score_matrix": holed}, "")[1] == [
        [[None, {"value": None}]]
    ]


# What code is given.


def test_rows_become_json_in_which_nothing_is_nan():
    rows = [
        {
            "nan": math.nan,
            "inf": -math.inf,
            "numpy": np.float32("nan"),
            "bool": np.bool_(True),  # noqa: FBT003 - the value is the point
            "whole": np.int64(5),
            "array": np.array([1.5, math.nan]),
            "day": dt.date(2026, 1, 2),
            "stamp": pd.Timestamp("2026-01-02T03:04:05"),
            "nothing": pd.NaT,
            "missing": pd.NA,
            "tuple": (1, {"deep": math.nan}),
            "marked": {"__repr__": "nan", "type": "builtins.float"},
            "object": {"__repr__": "<User 1>", "type": "app.User"},
        }
    ]
    assert json.loads(json_text(rows)) == [
        {
            "nan": None,
            "inf": None,
            "numpy": None,
            "bool": True,
            "whole": 5,
            "array": [1.5, None],
            "day": "2026-01-02",
            "stamp": "2026-01-02T03:04:05",
            "nothing": None,
            "missing": None,
            "tuple": [1, {"deep": None}],
            "marked": None,
            "object": "<User 1>",
        }
    ]


def test_rows_that_hold_themselves_or_half_a_pair_can_be_scored():
    looped: list[object] = []
    looped.append(looped)
    text = json_text(
        [{"loop": looped, "half": "\ud800", "deep": json.loads("[" * 500 + "]" * 500)}]
    )
    assert text.isascii()
    assert json.loads(text)[0]["half"] == "\ud800"


def test_rows_beyond_64_mb_are_refused():
    with pytest.raises(BadInput, match="'big' are 76 MB of JSON"):
        json_rows("big", [{"a": "x" * 1_000_000}] * 80)


# With code, in the sandbox.


def test_code_sees_every_column_and_its_answer_is_checked():
    code = """
    seen = sorted(data[0])
    print("seen", seen)
    polite = [row["polite"] for row in data if row["polite"] is not None]
    return {"score": 100 * sum(polite) / len(polite), "score_matrix": [[["polite", len(polite)]]]}
    """
    result = xn.ScoreCard(["polite"], code).score(ROWS)
    assert result.score == pytest.approx(200 / 3)
    assert result.score_matrix == [[["polite", 3]]]
    assert result.printed == "seen ['close', 'polite', 'question', 'words']\n"
    assert result.columns == ()


def test_code_that_fails_names_the_card_and_the_line_of_the_user():
    code = "total = 0\nfor row in data:\n    total += row['polit']\nreturn {'score': total}"
    with pytest.raises(CardFailed, match=r"'mine'.*line 3.*KeyError") as failed:
        xn.ScoreCard(code=code, name="mine").score(ROWS)
    assert failed.value.line == 3
    with pytest.raises(CardFailed, match="'mine': the code returned nothing"):
        xn.ScoreCard(code="print(len(data))", name="mine").score([])


def test_code_in_javascript_gives_what_the_python_gives():
    code = "console.log(data.length); return { score: data.filter((row) => row.polite).length };"
    result = xn.ScoreCard(code=code, code_language="JAVASCRIPT").score(ROWS)
    assert (result.score, result.printed.strip()) == (2, "4")
    nan = xn.ScoreCard(code="return { score: NaN };", code_language="JAVASCRIPT")
    with pytest.raises(CardFailed, match="the score is null"):
        nan.score(ROWS)
