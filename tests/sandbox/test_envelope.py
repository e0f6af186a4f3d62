"""What a child hands back is not trusted: whatever it is, it is an answer or a clear error."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xeroml_nb.errors import CardFailed
from xeroml_nb.scoring.sandbox.ended import Ended, Status
from xeroml_nb.scoring.sandbox.envelope import opened
from xeroml_nb.scoring.sandbox.limits import Limits

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
parts = st.fixed_dictionaries(
    {},
    optional={
        "value": json_values,
        "printed": json_values,
        "error": json_values
        | st.fixed_dictionaries(
            {"type": json_values, "message": json_values, "line": json_values | st.integers(-1, 9)}
        ),
    },
)
answers = st.binary() | st.builds(lambda value: json.dumps(value).encode(), parts | json_values)


def open_it(status, answer, **more):
    return opened(Ended(status, answer, **more), "a = 1\nreturn b", Limits(), "card")


@settings(max_examples=200, deadline=None)
@given(st.none() | st.integers(-20, 20), answers)
def test_whatever_comes_back_is_an_answer_or_a_clear_error(status, answer):
    found = error = None
    try:
        found = open_it(status, answer)
    except CardFailed as failed:
        error = failed
    assert (status == Status.ANSWERED) >= (found is not None)
    assert len((found or error).printed) <= 20_000
    if error is not None:
        assert "'card'" in error.problem
        assert error.next_step
        assert error.line in (None, 1, 2)


@pytest.mark.parametrize("depth", [101, 5_000])
def test_a_deep_answer_is_refused(depth):
    with pytest.raises(CardFailed, match="nested deeper than 100"):
        open_it(Status.ANSWERED, b'{"value": ' + b"[" * depth + b"]" * depth + b"}")


def test_a_hundred_levels_are_not_too_deep():
    answer = b'{"value": ' + b"[" * 100 + b"]" * 100 + b"}"
    assert isinstance(open_it(Status.ANSWERED, answer).value, list)


def test_a_long_message_is_cut():
    said = json.dumps({"error": {"type": "E", "message": "x" * 10_000, "line": 2}}).encode()
    with pytest.raises(CardFailed, match=r"E: x{499}… at `return b`\.") as caught:
        open_it(Status.FAILED, said)
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (None, "ran longer than 10 s"),
        (Status.OUT_OF_TIME, "ran longer than 10 s"),
        (Status.TOO_DEEP, "too deep"),
        (Status.OUT_OF_MEMORY, "needed more than 256 MB"),
        (Status.CRASHED, "give up, most often for want of memory: 256 MB"),
        (-9, "ended with status -9"),
    ],
)
def test_an_end_without_an_answer_says_which_limit_was_met(status, message):
    with pytest.raises(CardFailed, match=message):
        open_it(status, b"")


def test_an_answer_that_is_no_envelope_says_what_came_back():
    with pytest.raises(CardFailed, match="cannot be read: a list came back"):
        open_it(Status.ANSWERED, b"[1]")


def test_an_answer_that_grew_too_long_says_so():
    with pytest.raises(CardFailed, match="more than 8 MB"):
        open_it(None, b"x", answered_too_much=True)
