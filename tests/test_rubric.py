"""What a person is asked, and which key gives which answer."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xeroml_nb as xn
from xeroml_nb.annotation import keymap
from xeroml_nb.annotation.choices import Option
from xeroml_nb.annotation.dimension import Dimension, Kind
from xeroml_nb.annotation.rubric import Rubric
from xeroml_nb.errors import BadInput
from xeroml_nb.records.score import DataType

calm = settings(deadline=None, database=None, max_examples=50)

names = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=6).filter(str.strip)
texts = st.text(max_size=8)
free_keys = st.sampled_from("abhjklmnpqstwxz")
options = st.lists(
    st.builds(
        Option,
        names,
        st.none() | free_keys,
        st.none() | st.floats(-9, 9),
        st.text(st.characters(exclude_categories=["C"]), max_size=5),
    ),
    min_size=1,
    max_size=5,
    unique_by=(lambda option: option.label, lambda option: option.key or option.label),
)
any_key = st.one_of(
    st.none(), free_keys, st.sampled_from([*"0123456789", *"fcouyerdgvi? PX"]), st.text(max_size=2)
)


def scale_of(name, low, size, description):
    return Dimension(name, "scale", minimum=low, maximum=low + size, description=description)


dimensions = st.one_of(
    st.builds(scale_of, names, st.integers(-20, 20), st.integers(1, 20), texts),
    st.builds(Dimension, names, st.sampled_from(["boolean", "text"]), required=st.booleans()),
    st.builds(
        Dimension,
        names,
        st.just("number"),
        minimum=st.none() | st.floats(-9, 0),
        maximum=st.none() | st.floats(1, 9),
        step=st.none() | st.sampled_from([0.1, 0.5, 1, 3]),
    ),
)


def refusal(make, *arguments, **named):
    """What is said of something that cannot be accepted; the next step is part of it."""
    with pytest.raises(BadInput) as caught:
        make(*arguments, **named)
    assert caught.value.next_step
    return str(caught.value)


def keys_of(dimension):
    return {choice.label: choice.keys for choice in dimension.choices}


# The parts of a question.


@pytest.mark.parametrize(
    ("dimension", "values"),
    [
        (Dimension("v", options=["pass", "fail"]), ["pass", "fail"]),
        (Dimension("v", "boolean"), [True, False]),
        (Dimension("v", "boolean", options=["up", "down"]), [True, False]),
        (Dimension("v", "scale", minimum=1, maximum=5), [1, 2, 3, 4, 5]),
        (Dimension("v", "scale", minimum=-1, maximum=1), [-1, 0, 1]),
        (Dimension("v", "preference"), ["left", "right", "tie", "neither"]),
    ],
)
def test_the_choices_are_all_the_values_that_can_be_given(dimension, values):
    assert [choice.value for choice in dimension.choices] == values
    assert dimension.order == values
    assert [dimension.checked(value) for value in values] == values


@pytest.mark.parametrize("kind", ["number", "text"])
def test_what_is_typed_has_no_choices(kind):
    dimension = Dimension("v", kind)
    assert dimension.choices == ()
    assert dimension.order is None


@pytest.mark.parametrize(
    ("kind", "data_type", "level", "direction"),
    [
        ("categorical", DataType.CATEGORICAL, "nominal", "none"),
        ("boolean", DataType.BOOLEAN, "nominal", "higher"),
        ("scale", DataType.NUMERIC, "ordinal", "higher"),
        ("number", DataType.NUMERIC, "interval", "higher"),
        ("text", DataType.CATEGORICAL, "nominal", "none"),
        ("preference", DataType.CATEGORICAL, "nominal", "none"),
    ],
)
def test_each_kind_has_its_usual_type_level_and_direction(kind, data_type, level, direction):
    parts = {"categorical": {"options": ["a"]}, "scale": {"minimum": 1, "maximum": 2}}
    dimension = Dimension("v", kind, **parts.get(kind, {}))
    assert (dimension.data_type, dimension.level, dimension.direction) == (
        data_type,
        level,
        direction,
    )
    assert dimension.required


def test_a_level_and_a_direction_of_ones_own_are_kept():
    dimension = Dimension("v", options=["low", "high"], level="ordinal", direction="lower")
    assert (dimension.level, dimension.direction) == ("ordinal", "lower")
    assert "lower is better" in dimension.to_wire()["hint"]


def test_a_dimension_cannot_be_changed():
    with pytest.raises(AttributeError):
        Dimension("v", "boolean").name = "w"


@pytest.mark.parametrize(
    ("value", "number"), [("pass", 1.0), ("fail", 0.0), ("defer", None), ("odd", None)]
)
def test_an_option_counts_as_the_number_it_was_given(value, number):
    assert Rubric.pass_fail()["verdict"].number(value) == number


def test_booleans_and_scales_count_as_numbers():
    assert Dimension("v", "boolean").number(value=True) == 1.0
    assert Dimension("v", "scale", minimum=1, maximum=5).number(4) == 4.0
    assert Dimension("v", "number").number(2.5) == 2.5


# Values.


@pytest.mark.parametrize(
    ("kind", "parts", "refused"),
    [
        ("categorical", {"options": ["pass"]}, ["fail", "", None, 1, True, ["pass"], {}]),
        ("boolean", {}, [1, 0, "yes", None, 1.0]),
        ("scale", {"minimum": 1, "maximum": 5}, [0, 6, 1.5, True, "3", None, math.nan]),
        ("number", {"minimum": 0, "maximum": 1}, [-0.1, 1.1, math.nan, math.inf, True, "1", None]),
        ("number", {"minimum": 0.5, "step": 0.5}, [0.75, 0.4, 1.01]),
        ("text", {}, ["", "  ", None, 3, ["x"]]),
        ("preference", {}, ["Left", "both", None, 1]),
    ],
)
def test_a_value_that_is_no_answer_is_refused_by_name(kind, parts, refused):
    dimension = Dimension("quality", kind, **parts)
    for value in refused:
        said = refusal(dimension.checked, value)
        assert said.startswith("'quality' was given ")
        assert "Use " in said
        assert not dimension.accepts(value)


@pytest.mark.parametrize(
    ("parts", "accepted"),
    [
        ({}, [0, -1e300, 3.25]),
        ({"minimum": 0}, [0, 1e9]),
        ({"maximum": 0}, [0, -5]),
        ({"minimum": 0, "maximum": 1, "step": 0.1}, [0, 0.1, 0.3, 0.7, 1]),
        ({"minimum": 1, "step": 2}, [1, 3, 5]),
    ],
)
def test_numbers_in_the_range_and_on_a_step_are_accepted(parts, accepted):
    dimension = Dimension("v", "number", **parts)
    assert [dimension.checked(value) for value in accepted] == accepted


def test_a_number_is_kept_as_a_float_and_a_scale_as_a_whole_number():
    assert type(Dimension("v", "number").checked(3)) is float
    assert type(Dimension("v", "scale", minimum=1, maximum=5).checked(3.0)) is int


def test_an_odd_text_is_kept_so_that_it_can_be_stored():
    assert Dimension("v", "text").checked("a\x00b\ud800") == "a\\x00b\\ud800"


def test_a_huge_value_is_refused_in_few_words():
    assert len(refusal(Dimension("v", "boolean").checked, "x" * 10**6)) < 300


@pytest.mark.parametrize("parts", [{}, {"step": 0.1}, {"maximum": 5}])
@pytest.mark.parametrize("value", [10**400, -(10**400)], ids=["large", "small"])
def test_a_number_that_no_float_can_hold_is_refused_by_name(parts, value):
    assert "'v' was given" in refusal(Dimension("v", "number", **parts).checked, value)


def test_a_number_so_large_that_its_steps_cannot_be_counted_is_no_crash():
    assert isinstance(Dimension("v", "number", step=0.1).accepts(1e308), bool)


# Questions that cannot be asked.


def test_a_categorical_question_without_options_is_refused():
    assert refusal(Dimension, "verdict") == (
        "'verdict' has no options. Pass options=['pass', 'fail']."
    )


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"kind": "stars"}, "The kind of 'v' is 'stars'"),
        ({"kind": None}, "The kind of 'v' is None"),
        ({"options": ["a", "a"]}, "two options called 'a'"),
        ({"options": [""]}, "option"),
        ({"options": ["a\nb"]}, "control characters"),
        ({"options": [3]}, "option"),
        ({"options": ["a" * 201]}, "201 characters"),
        ({"kind": "boolean", "options": ["yes"]}, "has 1 options"),
        ({"kind": "boolean", "options": ["yes", "no", "maybe"]}, "has 3 options"),
        ({"kind": "text", "options": ["a"]}, "is a text and has options"),
        ({"kind": "scale", "options": ["a"]}, "is a scale and has options"),
        ({"kind": "boolean", "minimum": 1}, "is a boolean and has a range"),
        ({"options": ["a"], "step": 1}, "is a categorical and has a range"),
        ({"options": ["a"], "direction": "up"}, "The direction of 'v' is 'up'"),
        ({"options": ["a"], "level": "ratio"}, "The level of 'v' is 'ratio'"),
        ({"kind": "number", "minimum": 5, "maximum": 1}, "goes from 5 to 1"),
        ({"kind": "number", "minimum": 5, "maximum": 5}, "goes from 5 to 5"),
        ({"kind": "number", "minimum": math.nan}, "The minimum of 'v' is nan"),
        ({"kind": "number", "maximum": math.inf}, "The maximum of 'v' is inf"),
        ({"kind": "number", "minimum": "1"}, "The minimum of 'v' is '1'"),
        ({"kind": "number", "step": True}, "The step of 'v' is True"),
        ({"kind": "number", "step": 0}, "The step of 'v' is 0"),
        ({"kind": "number", "step": -1}, "The step of 'v' is -1"),
        ({"kind": "scale"}, "goes from None to None"),
        ({"kind": "scale", "minimum": 1}, "goes from 1 to None"),
        ({"kind": "scale", "minimum": 5, "maximum": 1}, "goes from 5 to 1"),
        ({"kind": "scale", "minimum": 0.5, "maximum": 5}, "goes from 0.5 to 5"),
        ({"kind": "scale", "minimum": 1, "maximum": 5, "step": 2}, "by 2"),
        ({"kind": "scale", "minimum": 0, "maximum": 21}, "has 22 steps"),
    ],
)
def test_a_question_whose_parts_do_not_go_together_is_refused(parts, said):
    assert said in refusal(Dimension, "v", **parts)


@pytest.mark.parametrize("name", ["", "  ", None, 3, "a\nb", "a" * 201, "\ud800"])
def test_a_dimension_needs_a_name(name):
    assert "name" in refusal(Dimension, name, "boolean")


def test_a_name_that_means_something_else_to_the_front_end_is_refused():
    assert "'__proto__' cannot name a dimension" in refusal(Dimension, "__proto__", "boolean")


def test_a_bound_that_no_float_can_hold_is_refused():
    assert "maximum" in refusal(Dimension, "v", "number", maximum=10**400)


@pytest.mark.parametrize("value", ["1", math.nan, math.inf, True, [1]])
def test_an_option_counts_as_a_finite_number_or_as_nothing(value):
    assert "Option 'a' has the value" in refusal(Option, "a", value=value)


def test_options_given_as_one_text_are_not_taken_apart():
    assert "options" in refusal(Dimension, "v", options="yes")


@pytest.mark.parametrize(("low", "high"), [(0, 20), (-10, 10), (100, 120)])
def test_the_longest_scale_has_21_steps(low, high):
    dimension = Dimension("v", "scale", minimum=low, maximum=high)
    assert len(dimension.choices) == 21


# Keys of one question.


def test_options_are_numbered_and_may_have_a_letter_too():
    dimension = Dimension("v", options=[Option("pass", "P"), "fail", Option("none", "9")])
    assert keys_of(dimension) == {"pass": ("1", "p"), "fail": ("2",), "none": ("9",)}


def test_the_tenth_option_has_the_key_0_and_the_eleventh_none():
    dimension = Dimension("v", options=[f"o{n}" for n in range(1, 12)])
    assert keys_of(dimension)["o10"] == ("0",)
    assert keys_of(dimension)["o11"] == ()


@pytest.mark.parametrize(
    ("low", "high", "keys"),
    [
        (1, 3, {"1": ("1",), "2": ("2",), "3": ("3",)}),
        (0, 2, {"0": ("0",), "1": ("1",), "2": ("2",)}),
        (8, 10, {"8": ("8",), "9": ("9",), "10": ()}),
        (-1, 1, {"-1": ("1",), "0": ("2",), "1": ("3",)}),
    ],
)
def test_on_a_scale_a_digit_means_its_own_value_unless_there_are_negative_ones(low, high, keys):
    assert keys_of(Dimension("v", "scale", minimum=low, maximum=high)) == keys


@pytest.mark.parametrize("key", ["", "ab", 3, "\n", "\x00", "F1", "İ"])
def test_a_key_is_one_character_that_can_be_typed(key):
    said = refusal(Dimension, "v", options=[Option("pass", key)])
    assert "The key of option 'pass' of 'v'" in said


# One table, and clashes.


def test_two_options_that_want_one_letter_are_both_named():
    said = refusal(Dimension, "v", options=[Option("pass", "p"), Option("poor", "P")])
    assert said.startswith("The key 'p' of option 'poor' of 'v' is taken by option 'pass' of 'v'.")


def test_two_dimensions_that_want_one_letter_are_both_named():
    first = Dimension("tone", options=[Option("kind", "k")])
    second = Dimension("length", options=[Option("okay", "k")])
    said = refusal(Rubric, [first, second])
    assert "option 'okay' of 'length' is taken by option 'kind' of 'tone'" in said


def test_a_digit_of_ones_own_does_not_silently_take_another_options_digit():
    said = refusal(Dimension, "v", options=[Option("a", "2"), "b"])
    assert "'2' of option 'b' of 'v' is taken by option 'a' of 'v'" in said


@pytest.mark.parametrize(
    ("key", "what"),
    [
        (" ", "skip: not decided"),
        ("f", "flag for later"),
        ("F", "flag for later"),
        ("u", "undo"),
        ("?", "all keys"),
        ("c", "comment"),
        ("o", "corrected output"),
    ],
)
def test_a_key_that_a_command_has_is_refused_with_the_name_of_the_command(key, what):
    said = refusal(Dimension, "v", options=[Option("pass", key)])
    assert f"of option 'pass' of 'v' is taken by the command “{what}”" in said


def test_digits_belong_to_the_dimension_in_focus_and_so_do_not_clash():
    rubric = Rubric([Dimension("a", "boolean"), Dimension("b", options=["x", "y"])])
    assert [b.dimension for b in rubric.bindings if b.key == "1"] == ["a", "b"]


def test_a_preference_takes_letters_that_other_dimensions_then_cannot_have():
    other = Dimension("v", options=[Option("take", "t")])
    said = refusal(Rubric, [Dimension("better", "preference"), other])
    assert "option 'take' of 'v' is taken by option 'tie' of 'better'" in said


@calm
@given(st.lists(st.tuples(names, any_key), min_size=1, max_size=4, unique_by=lambda pair: pair[0]))
def test_of_any_keys_asked_for_either_each_has_one_owner_or_the_question_is_refused(asked):
    try:
        dimension = Dimension("v", options=[Option(label, key) for label, key in asked])
    except BadInput as error:
        assert error.next_step  # noqa: PT017 - either is fine
        return
    taken = [key for choice in dimension.choices for key in choice.keys]
    assert len(set(taken)) == len(taken)
    assert not set(taken) & set(keymap.RESERVED)
    assert all(len(key) == 1 and key == key.lower() for key in taken)
    for label, key in asked:
        assert key is None or key.lower() in keys_of(dimension)[label]


def test_no_two_commands_have_the_same_key():
    keys = [key for command in keymap.COMMANDS for key in command.keys]
    assert len(set(keys)) == len(keys)
    assert not set(keys) & set(keymap.DIGITS)


@pytest.mark.parametrize(
    "rubric", [Rubric.pass_fail(), Rubric.stars(), Rubric.thumbs(), Rubric.preference()]
)
def test_the_table_of_keys_holds_every_key_that_works(rubric):
    table = rubric.keys()
    assert list(table.columns) == ["key", "what it does"]
    wanted = [key for d in rubric.dimensions for c in d.choices for key in c.keys]
    assert list(table["key"])[: len(wanted)] == wanted
    assert set(table["what it does"]) >= {command.text for command in keymap.COMMANDS}
    assert len(table) == len(rubric.bindings)


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (" ", "Space"),
        ("Mod+z", "Ctrl+Z"),
        ("Mod+Shift+z", "Ctrl+Shift+Z"),
        ("Mod+Enter", "Ctrl+Enter"),
        ("ArrowUp", "↑"),
        ("Escape", "Esc"),
        ("f", "f"),
        ("?", "?"),
    ],
)
def test_keys_are_shown_as_people_call_them(key, shown):
    assert keymap.shown_key(key) == shown


def test_the_sheet_of_keys_lists_options_and_commands():
    said = str(keymap.help_nodes(Rubric.pass_fail().dimensions))
    assert "verdict: pass" in said
    assert "1 p" in said
    assert all(command.text in said for command in keymap.COMMANDS)


# Rubrics.


def test_a_rubric_that_asks_nothing_is_refused():
    assert refusal(Rubric, []) == (
        "Rubric 'labels' asks nothing. Give it at least one Dimension(name, options=…)."
    )


def test_two_dimensions_of_one_name_are_refused():
    same = Dimension("tone", "boolean")
    assert "two dimensions called 'tone'" in refusal(Rubric, [same, same])


@pytest.mark.parametrize("name", ["", None, 7, "a\tb", "x" * 201])
def test_a_rubric_needs_a_name(name):
    assert "rubric" in refusal(Rubric, [Dimension("tone", "boolean")], name=name)


@pytest.mark.parametrize(
    "given_as",
    ["tone", ["tone"], Dimension("tone", "boolean"), None],
    ids=["a text", "texts", "a dimension", "nothing"],
)
def test_a_rubric_of_something_else_than_dimensions_is_refused_in_words(given_as):
    assert "Dimension" in refusal(Rubric, given_as)


def test_a_dimension_is_found_by_name_and_an_unknown_one_is_answered_with_all():
    rubric = Rubric([Dimension("tone", "boolean"), Dimension("why", "text")])
    assert rubric["why"].kind is Kind.TEXT
    assert refusal(rubric.__getitem__, "wy") == (
        "The rubric has no dimension 'wy'. It has 'tone', 'why'."
    )


def test_only_a_preference_makes_a_rubric_pairwise():
    assert Rubric.preference().is_pairwise
    assert not Rubric.pass_fail().is_pairwise


@pytest.mark.parametrize(
    ("rubric", "values"),
    [
        (Rubric.pass_fail(), ["pass", "fail", "defer"]),
        (Rubric.stars(), [1, 2, 3, 4, 5]),
        (Rubric.thumbs(), [True, False]),
        (Rubric.preference(), ["left", "right", "tie", "neither"]),
    ],
)
def test_the_ready_made_rubrics_ask_one_question(rubric, values):
    [dimension] = rubric.dimensions
    assert dimension.order == values
    assert dimension.required


def test_the_front_door_has_all_that_a_rubric_is_made_of():
    assert (xn.Rubric, xn.Dimension, xn.Option) == (Rubric, Dimension, Option)


# Definitions.


@calm
@given(dimensions | st.builds(Dimension, names, options=options) | st.just(Dimension("p", "text")))
def test_a_dimension_made_from_its_definition_is_the_same_dimension(dimension):
    again = Dimension(**dimension.definition())
    assert again == dimension
    assert again.config_id == dimension.config_id
    assert again.choices == dimension.choices
    assert again.to_wire() == dimension.to_wire()


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "other"},
        {"options": ["pass"]},
        {"options": ["fail", "pass"]},
        {"options": [Option("pass", "p"), "fail"]},
        {"options": [Option("pass", value=1), "fail"]},
        {"options": [Option("pass", description="If right."), "fail"]},
        {"description": "Is it right?"},
        {"direction": "higher"},
        {"required": False},
        {"level": "ordinal"},
    ],
)
def test_every_change_of_a_question_gives_it_another_id(changed):
    parts = {"name": "verdict", "options": ["pass", "fail"]}
    one, other = Dimension(**parts), Dimension(**parts | changed)
    assert one.config_id != other.config_id
    assert Rubric([one]).id != Rubric([other]).id
    assert Dimension(**parts).config_id == one.config_id


def test_the_name_of_a_rubric_is_no_part_of_its_questions():
    question = Dimension("verdict", options=["pass", "fail"])
    assert Rubric([question]).id == Rubric([question], name="other").id


def test_the_id_of_a_question_is_the_same_in_every_process():
    code = "import xeroml_nb as xn; print(xn.Rubric.pass_fail()['verdict'].config_id)"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert printed.strip() == Rubric.pass_fail()["verdict"].config_id


@pytest.mark.parametrize(
    ("dimension", "hint", "span"),
    [
        (Dimension("v", "number", minimum=0, maximum=1), "from 0 to 1", "from 0 to 1"),
        (Dimension("v", "number", maximum=9, step=0.5), "higher is", "of at most 9, steps of 0.5"),
        (Dimension("v", "text", description="Why?", required=False), "Why? · optional", ""),
        (Dimension("v", "scale", minimum=1, maximum=3), "higher is better", ""),
    ],
)
def test_the_front_end_is_told_what_to_say_of_a_question(dimension, hint, span):
    wire = dimension.to_wire()
    assert hint in wire["hint"]
    assert wire["range"] == span
    assert wire["name"] == "v"
    assert len(wire["choices"]) == len(dimension.choices)
