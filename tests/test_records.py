"""What things are: JSON text, ids, scores, content hashes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import functools
import hashlib
import json
import math
import os
import pathlib
import subprocess
import sys
import uuid
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xeroml_nb.errors import BadInput, BadScore
from xeroml_nb.records import clock
from xeroml_nb.records.dataset import DatasetItem
from xeroml_nb.records.ids import (
    checked_name,
    content_hash,
    create_trace_id,
    is_otel_trace_id,
    score_id,
)
from xeroml_nb.records.json_text import (
    UNHELD,
    canonical_json,
    from_json,
    is_unheld,
    plain,
    preview,
    to_json,
)
from xeroml_nb.records.score import ScoreTarget, checked_value, new_score

calm = settings(deadline=None, database=None, max_examples=60)

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)


def nested(inside):
    return st.lists(inside, max_size=4) | st.dictionaries(st.text(), inside, max_size=4)


plain_data = st.recursive(leaves, nested, max_leaves=20)


class Unfriendly:
    """An object that does not even have a repr."""

    def __repr__(self):
        raise RuntimeError("no repr")


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Answer:
    text: str
    at: dt.datetime
    colour: Colour = Colour.RED


class Model:
    """Offers its plain form as pydantic's models do."""

    def __init__(self, text):
        self.text = text

    def model_dump(self):
        return {"text": self.text, "colour": Colour.RED}


class BrokenModel:
    def model_dump(self):
        raise RuntimeError("no dump")


class BrokenMapping(Mapping):
    def __getitem__(self, key):
        raise KeyError(key)

    def __iter__(self):
        return iter("ab")

    def __len__(self):
        return 2


class BrokenDict(dict):
    def items(self):
        raise RuntimeError("no items")


class BrokenProperty:
    @property
    def model_dump(self):
        raise RuntimeError("no property")


@dataclasses.dataclass
class Unfinished:
    text: str = dataclasses.field(init=False)


ODD = {
    "a complex number": 1j,
    "bytes": b"\x00\xff",
    "a bytearray": bytearray(b"x"),
    "a function": len,
    "a class": int,
    "an object": object(),
    "an object without a repr": Unfriendly(),
    "not a number": math.nan,
    "infinity": -math.inf,
    "a generator": (n for n in ()),
    "a model that does not dump": BrokenModel(),
    "a decimal": decimal.Decimal("0.1"),
    "pandas' missing value": pd.NA,
}


def marks_in(held):
    """How many values in it stand for something JSON could not hold."""
    if is_unheld(held):
        return 1
    inside = held.values() if isinstance(held, dict) else held if isinstance(held, list) else ()
    return sum(marks_in(part) for part in inside)


def through_json(value):
    return from_json(to_json(value))


def output_of(code, *, timeout=60, **environment):
    """What a fresh Python process prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=timeout,
    )
    return done.stdout


# JSON text.


@calm
@given(plain_data)
def test_plain_data_comes_back_as_it_was(value):
    assert repr(through_json(value)) == repr(value)


@calm
@given(plain_data)
def test_plain_data_is_its_own_plain_form(value):
    assert repr(plain(value)) == repr(value)


@calm
@given(
    st.recursive(
        leaves | st.sampled_from(list(ODD)).map(lambda name: ODD[name]), nested, max_leaves=20
    )
)
def test_what_json_cannot_hold_is_marked_wherever_it_stands(value):
    def odd_in(part):
        if isinstance(part, dict):
            return sum(map(odd_in, part.values()))
        if isinstance(part, list):
            return sum(map(odd_in, part))
        return any(part is odd for odd in ODD.values())

    assert marks_in(through_json(value)) == odd_in(value)


@pytest.mark.parametrize("value", ODD.values(), ids=ODD.keys())
def test_a_mark_holds_the_repr_and_the_type(value):
    held = through_json(value)
    assert is_unheld(held)
    assert type(value).__qualname__ in held["type"]
    try:
        assert held[UNHELD] == repr(value)
    except RuntimeError:
        assert held[UNHELD] == "<Unfriendly whose repr raises RuntimeError>"


@pytest.mark.parametrize(
    "value",
    [BrokenMapping(), BrokenDict(a=1), BrokenProperty(), Unfinished(), 10**5_000],
    ids=["mapping", "dict", "property", "unset field", "5,000 digits"],
)
def test_a_value_that_breaks_while_it_is_read_is_marked(value):
    assert is_unheld(through_json(value))
    assert marks_in(through_json({"outer": [value]})) == 1


def test_dataclasses_and_enums_are_held_by_their_content():
    answer = Answer("yes", dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC))
    assert through_json([answer, Level.HIGH]) == [
        {"text": "yes", "at": "2026-01-02T03:04:05+00:00", "colour": "red"},
        3,
    ]


def test_models_that_dump_themselves_are_held_by_their_dump():
    assert through_json({"model": Model("hi")}) == {"model": {"text": "hi", "colour": "red"}}


def test_a_class_that_could_dump_its_instances_is_no_model_itself():
    assert is_unheld(through_json(Model))


@pytest.mark.parametrize(
    ("value", "held"),
    [
        (dt.date(2026, 1, 2), "2026-01-02"),
        (dt.time(3, 4), "03:04:00"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (pathlib.PurePosixPath("a/b"), "a/b"),
        ((1, (2, 3)), [1, [2, 3]]),
        ({"b"}, ["b"]),
        (range(3), [0, 1, 2]),
        ({1: "a"}, {"1": "a"}),
    ],
    ids=repr,
)
def test_well_known_values_have_a_plain_form(value, held):
    assert through_json(value) == held
    assert plain(value) == held


@pytest.mark.parametrize(
    ("value", "held"),
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),  # noqa: FBT003
        (np.str_("a"), "a"),
        (np.array(5), 5),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    ],
    ids=repr,
)
def test_numpy_values_are_held_by_their_content(value, held):
    assert through_json(value) == held


@pytest.mark.parametrize("unit", ["D", "s", "us", "ns"])
def test_numpy_moments_are_held_as_text_people_can_read(unit):
    moment = np.datetime64("2026-01-02", unit)
    assert str(through_json(moment)).startswith("2026-01-02")
    [inside] = through_json(np.array([moment]))
    assert str(inside).startswith("2026-01-02")


def test_a_missing_number_in_an_array_is_marked():
    held = through_json(np.array([1.0, np.nan]))
    assert held[0] == 1.0
    assert is_unheld(held[1])
    assert is_unheld(through_json(np.float64("nan")))


def test_pandas_values_are_held_by_their_content():
    frame = pd.DataFrame({"a": [1, 2], "at": pd.to_datetime(["2026-01-02", "2026-01-03"])})
    assert through_json(frame) == [
        {"a": 1, "at": "2026-01-02T00:00:00"},
        {"a": 2, "at": "2026-01-03T00:00:00"},
    ]
    assert through_json(pd.Series([1, 2], index=["x", "y"])) == {"x": 1, "y": 2}
    assert through_json(pd.Timestamp("2026-01-02", tz="UTC")) == "2026-01-02T00:00:00+00:00"


def test_a_moment_that_is_none_is_not_taken_for_text():
    assert through_json(pd.NaT) != "NaT"


def test_a_list_that_holds_itself_is_cut_off():
    loop = [1]
    loop.append(loop)
    assert marks_in(through_json(loop)) == 1
    ring = {"name": "ring"}
    ring["self"] = ring
    assert marks_in(through_json({"ring": ring})) == 1


TREE = """
from xeroml_nb.records.json_text import to_json
root = {"children": []}
root["children"] += [{"name": name, "parent": root} for name in "abc"]
print(to_json(root))
"""


def test_a_tree_whose_children_know_their_parent_is_cut_off():
    # In a process of its own, which can be ended if this never does.
    assert marks_in(json.loads(output_of(TREE, timeout=10))) >= 3


def test_a_value_that_occurs_twice_is_no_cycle():
    shared = {"deep": [1, 2]}
    held = through_json({"a": shared, "b": [shared], "odd": 1j})
    assert held["a"] == shared
    assert held["b"] == [shared]


@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: {"v": v}], ids=["list", "dict"])
def test_very_deep_data_is_cut_off(wrap):
    deep = functools.reduce(lambda inner, _: wrap(inner), range(50_000), "end")
    assert marks_in(through_json(deep)) == 1


def test_deep_plain_data_comes_back_whole():
    deep = functools.reduce(lambda inner, _: [inner], range(150), "end")
    assert through_json(deep) == deep


def test_text_that_is_no_unicode_can_be_stored():
    for odd in ("\ud800", "a\x00b", "\udc80 late", {"key \ud800": "\ud800"}, [1j, "\ud800"]):
        text = to_json(odd)
        text.encode()
        json.loads(text)


def test_other_alphabets_stay_readable_in_the_text():
    assert to_json({"größe": "大きい"}) == '{"größe":"大きい"}'


def test_nothing_is_stored_as_nothing():
    assert from_json(None) is None
    assert to_json(None) == "null"


def test_a_preview_is_one_short_line():
    assert preview("a\n  b\tc") == "a b c"
    assert preview({"a": 1, "b": [2]}) == "a: 1 · b: [2]"
    cut = preview("word " * 1_000, 50)
    assert len(cut) == 50
    assert cut.endswith("…")


# Ids.


@calm
@given(st.text())
def test_a_seed_always_gives_the_same_trace_id(seed):
    made = create_trace_id(seed=seed)
    assert made == hashlib.sha256(seed.encode("utf-8")).digest()[:16].hex()
    assert is_otel_trace_id(made)


def test_trace_ids_without_a_seed_differ():
    made = {create_trace_id() for _ in range(100)}
    assert len(made) == 100
    assert all(map(is_otel_trace_id, made))


@pytest.mark.parametrize(
    "text", ["trace_abc123", "", "0" * 32, "A" * 32, "a" * 31, "a" * 32 + "\n"]
)
def test_other_texts_are_no_opentelemetry_ids(text):
    assert not is_otel_trace_id(text)


def test_a_score_id_tells_every_part_of_a_score_apart():
    keys = [
        (("t", "", "", ""), "n", "api", ""),
        (("t", "o", "", ""), "n", "api", ""),
        (("", "", "t", ""), "n", "api", ""),
        (("t", "", "", ""), "m", "api", ""),
        (("t", "", "", ""), "n", "human", ""),
        (("t", "", "", ""), "n", "api", "ann"),
    ]
    assert len({score_id(*key) for key in keys}) == len(keys)
    assert score_id(*keys[0]) == score_id(*keys[0])


@pytest.mark.parametrize("name", [None, 5, "", "  ", "a\nb", "nul\x00", "x" * 201, "half \ud800"])
def test_a_name_that_cannot_be_stored_or_shown_is_refused(name):
    with pytest.raises(BadInput, match="dataset"):
        checked_name("dataset", name)


@pytest.mark.parametrize("name", ["x" * 200, "évaluation/größe", "a name, with words"])
def test_any_other_name_is_taken_as_it_is(name):
    assert checked_name("dataset", name) == name


# Content hashes.


@calm
@given(st.dictionaries(st.text(), plain_data, max_size=5))
def test_the_order_of_keys_does_not_change_a_hash(value):
    turned = dict(reversed(value.items()))
    assert content_hash(turned) == content_hash(value)


def test_different_contents_have_different_hashes():
    values = [None, 0, 1, True, "1", 1.5, [], {}, [1], {"1": 1}, "", "null"]
    assert len({content_hash(v) for v in values}) == len(values)


def test_a_hash_depends_on_what_an_item_holds_and_not_on_its_id():
    first = DatasetItem("a", {"q": 1, "r": 2}, "x", {"lang": "de"})
    same = DatasetItem("b", {"r": 2, "q": 1}, "x", {"lang": "de"})
    assert first.content_hash == same.content_hash
    assert DatasetItem("a", {"q": 1, "r": 2}, "y").content_hash != first.content_hash


HASHED = """
import datetime
from xeroml_nb.records.ids import content_hash
words = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu".split()
print(content_hash({"text": "größe", "n": [1, 2.5, None, True]}, datetime.date(2026, 1, 2)))
print(content_hash({word: i for i, word in enumerate(words)}))
print(content_hash({"tags": set(words)}))
"""


def test_hashes_are_equal_in_every_process():
    printed = {output_of(HASHED, PYTHONHASHSEED=str(seed)) for seed in (1, 2, 3)}
    assert len(printed) == 1


def test_canonical_text_sorts_keys():
    assert canonical_json({"b": 1, "a": {"d": 1, "c": 2}}) == '{"a":{"c":2,"d":1},"b":1}'


# Scores.

TRACE = ScoreTarget(trace_id="trace_abc123")


@pytest.mark.parametrize(
    ("value", "kind", "held"),
    [
        (1, "NUMERIC", 1.0),
        (0.25, "NUMERIC", 0.25),
        (True, "BOOLEAN", True),
        ("pass", "CATEGORICAL", "pass"),
        (np.float32(0.5), "NUMERIC", 0.5),
        (np.int64(3), "NUMERIC", 3.0),
        (np.array(3), "NUMERIC", 3.0),
        (np.bool_(False), "BOOLEAN", False),  # noqa: FBT003
        (np.str_("pass"), "CATEGORICAL", "pass"),
        (decimal.Decimal("0.5"), "NUMERIC", 0.5),
    ],
    ids=repr,
)
def test_the_type_of_a_score_is_found_from_its_value(value, kind, held):
    score = new_score(TRACE, "accuracy", value)
    assert (score.data_type, score.value) == (kind, held)
    assert type(score.value) is type(held)


@pytest.mark.parametrize(
    ("value", "kind", "held"),
    [(True, "NUMERIC", 1.0), (1, "BOOLEAN", True), (0.0, "BOOLEAN", False)],
)
def test_a_type_that_is_given_wins(value, kind, held):
    score = new_score(TRACE, "accuracy", value, data_type=kind)
    assert (score.data_type, score.value) == (kind, held)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (math.nan, None),
        (math.inf, "NUMERIC"),
        (-math.inf, None),
        (np.float64("nan"), None),
        (10**400, None),
        ("0.5", "NUMERIC"),
        (0.5, "BOOLEAN"),
        ("true", "BOOLEAN"),
        (2, "BOOLEAN"),
        (math.nan, "BOOLEAN"),
        (1, "CATEGORICAL"),
        (True, "CATEGORICAL"),
        (None, None),
        (None, "NUMERIC"),
        ([1], None),
        ({}, "BOOLEAN"),
        (np.array([1, 0]), None),
        (np.array([1, 0]), "BOOLEAN"),
        (pd.NA, None),
        (pd.NA, "BOOLEAN"),
        (Unfriendly(), None),
    ],
)
def test_a_value_that_is_none_of_its_type_is_refused(value, kind):
    with pytest.raises(BadScore, match="'accuracy'"):
        new_score(TRACE, "accuracy", value, data_type=kind)


def test_a_score_name_has_at_most_200_characters():
    assert new_score(TRACE, "n" * 200, 1).name == "n" * 200
    with pytest.raises(BadScore, match="201 characters"):
        new_score(TRACE, "n" * 201, 1)


@pytest.mark.parametrize("kind", ["numeric", "FLOAT", "", 1])
def test_an_unknown_type_is_refused_with_those_there_are(kind):
    with pytest.raises(BadScore, match="'NUMERIC', 'BOOLEAN', 'CATEGORICAL'"):
        new_score(TRACE, "accuracy", 1, data_type=kind)


def test_an_unknown_source_is_refused_with_those_there_are():
    assert new_score(TRACE, "accuracy", 1, source="human").source == "human"
    with pytest.raises(BadScore, match="'api', 'human', 'llm'"):
        new_score(TRACE, "accuracy", 1, source="robot")


@calm
@given(st.floats(allow_nan=False, allow_infinity=False) | st.text() | st.booleans())
def test_a_checked_value_is_checked_to_itself(value):
    kind, held = checked_value("accuracy", value, None)
    assert checked_value("accuracy", held, kind) == (kind, held)


@pytest.mark.parametrize(
    "target",
    [
        {},
        {"trace_id": ""},
        {"trace_id": "t", "session_id": "s"},
        {"trace_id": "t", "experiment_id": "e"},
        {"session_id": "s", "observation_id": "o"},
        {"observation_id": "o"},
        {"trace_id": 5},
        {"trace_id": "half \ud800"},
    ],
    ids=str,
)
def test_a_score_is_about_exactly_one_thing_named_by_text(target):
    with pytest.raises(BadInput):
        new_score(ScoreTarget(**target), "accuracy", 1)


@pytest.mark.parametrize(
    "target",
    [
        {"trace_id": "trace_abc123"},
        {"trace_id": "any text, größe"},
        {"trace_id": "t", "observation_id": "o"},
        {"session_id": "s"},
        {"experiment_id": "e"},
    ],
    ids=str,
)
def test_a_trace_an_observation_a_session_and_an_experiment_can_be_scored(target):
    score = new_score(ScoreTarget(**target), "accuracy", 1)
    assert score.target == ScoreTarget(**target)


def test_the_same_score_has_the_same_id_whatever_its_value():
    first = new_score(TRACE, "accuracy", 1, author="ann")
    assert new_score(TRACE, "accuracy", 0, author="ann", comment="no").id == first.id
    assert new_score(TRACE, "accuracy", 1, author="bob").id != first.id
    assert new_score(TRACE, "accuracy", 1, author="ann", source="human").id != first.id


# Time.


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (59, "just now"),
        (61, "1 min ago"),
        (7_200, "2 h ago"),
        (86_399, "23 h ago"),
        (3 * 86_400, "3 d ago"),
    ],
)
def test_how_long_ago_a_moment_was_is_said_in_whole_units(seconds, words, monkeypatch):
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    assert clock.age(now - dt.timedelta(seconds=seconds)) == words
