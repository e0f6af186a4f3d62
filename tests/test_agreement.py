"""How far people agree, on worked examples that were published."""

from __future__ import annotations

import math
import sys

import krippendorff
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from xeroml_nb.annotation.statistics import alpha as alpha_module
from xeroml_nb.annotation.statistics.agreement import agreement, disagreements, kappa
from xeroml_nb.annotation.statistics.rates import self_consistency, wilson, win_rates
from xeroml_nb.errors import BadInput, MissingExtra

calm = settings(deadline=None, database=None, max_examples=60)

LEVELS = ("nominal", "ordinal", "interval")


def table(**rows):
    """Ratings from one text a rater: a character a unit, a point for none."""
    return {
        rater: {f"u{i}": read(mark) for i, mark in enumerate(row.split(), 1) if mark != "."}
        for rater, row in rows.items()
    }


def read(mark):
    return int(mark) if mark.isdigit() else mark


def numbers(ratings):
    """What the package takes: a row a rater, nan where nothing was given."""
    units = sorted({unit for rated in ratings.values() for unit in rated})
    return [[rated.get(unit, math.nan) for unit in units] for rated in ratings.values()]


def rated(ratings, level="nominal", **options):
    return agreement("tone", ratings, level, **{"resamples": 50, **options})


# Krippendorff, K. (2011). Computing Krippendorff's Alpha-Reliability. University of Pennsylvania,
# departmental paper 43. https://repository.upenn.edu/asc_papers/43: its worked examples.
BINARY = table(Meg="0 1 0 0 0 0 0 0 1 0", Owen="1 1 1 0 0 1 0 0 0 0")
NOMINAL = table(Ben="a a b b d c c c e d d a", Gerry="b a b b b c c c e d d d")
MISSING = table(
    A="1 2 3 3 2 1 4 1 2 . . .",
    B="1 2 3 3 2 2 4 1 2 5 . 3",
    C=". 3 3 3 2 3 4 2 2 5 1 .",
    D="1 2 3 3 2 4 4 1 2 5 1 .",
)
WORDS = ["lowest", "low", "mid", "high", "highest"]


@pytest.mark.parametrize(
    ("ratings", "level", "published"),
    [
        (BINARY, "nominal", 0.095),
        (NOMINAL, "nominal", 0.692),
        (MISSING, "nominal", 0.743),
        (MISSING, "ordinal", 0.815),
        (MISSING, "interval", 0.849),
    ],
)
def test_alpha_is_that_of_krippendorff_2011(ratings, level, published):
    found = rated(ratings, level)
    assert round(found.alpha, 3) == published
    assert found.low <= found.high <= 1
    assert found.note == ""


def test_only_units_with_two_ratings_are_counted_and_compared():
    found = rated(MISSING)  # the last unit was rated by B alone
    assert (found.units, found.raters) == (11, ("A", "B", "C", "D"))
    # By hand: of 3, 6, 6, 6, 6, 6, 6, 6, 6, 3, 1 pairs of the first eleven units
    # 3, 3, 6, 6, 6, 0, 6, 3, 6, 3, 1 agree.
    assert found.percent == 43 / 55
    assert found.kappa is None


def test_words_on_an_ordinal_scale_count_as_their_places():
    worded = {r: {u: WORDS[v - 1] for u, v in rated.items()} for r, rated in MISSING.items()}
    found = agreement("tone", worded, "ordinal", WORDS)
    assert found == agreement("tone", MISSING, "ordinal")
    assert found != agreement("tone", MISSING, "ordinal", [5, 1, 4, 2, 3])


def test_values_of_the_order_that_nobody_gave_change_nothing():
    wider = [-1, 0, 1, 2, 2.5, 3, 4, 5, 6]
    assert rated(MISSING, "ordinal", order=wider) == rated(MISSING, "ordinal")


# Cohen's kappa of 50 grant proposals that two readers accept or refuse: both yes 20, first only 5,
# second only 10, both no 15. p_o = 0.7, p_c = 0.5, kappa = 0.4. (The example of "Cohen's kappa",
# Wikipedia, after the definition of Cohen 1960, Educational and Psychological Measurement 20.)
YES_NO = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15


def test_kappa_of_fifty_grant_proposals_is_two_fifths():
    first, second = zip(*YES_NO, strict=True)
    assert kappa(first, second) == pytest.approx(0.4, abs=1e-15)


@pytest.mark.parametrize(
    ("cells", "published"),
    [((45, 15, 25, 15), 0.1304), ((25, 35, 5, 35), 0.2593)],
)
def test_kappa_tells_equal_agreement_with_unequal_chance_apart(cells, published):
    # Both agree on 60 of 100 (same article, "Same percentages but different numbers").
    both, one, other, none = cells
    first = [1] * (both + one) + [0] * (other + none)
    second = [1] * both + [0] * one + [1] * other + [0] * none
    assert round(kappa(first, second), 4) == published


def test_two_people_who_rated_the_same_units_have_a_kappa():
    ratings = {
        "ann": {f"p{i}": pair[0] for i, pair in enumerate(YES_NO)},
        "bob": {f"p{i}": pair[1] for i, pair in reversed(list(enumerate(YES_NO)))},
    }
    found = rated(ratings)
    assert found.kappa == pytest.approx(0.4, abs=1e-15)
    assert found.percent == 0.7


def test_kappa_is_left_out_where_one_of_two_skipped_a_unit():
    ratings = {"ann": {"a": 1, "b": 0, "c": 1}, "bob": {"a": 1, "b": 1}}
    found = rated(ratings, resamples=0)
    assert found.kappa is None
    assert found.note == "kappa is left out: it needs both people to have rated every unit"


def test_kappa_is_undefined_where_chance_agreement_is_certain():
    assert kappa(["yes"] * 3, ["yes"] * 3) is None
    assert kappa([], []) is None
    assert kappa(["yes"] * 3, ["no"] * 3) == 0


def test_kappa_refuses_unequal_lengths_and_values_that_are_none():
    with pytest.raises(BadInput, match="2 values and 1 values"):
        kappa([1, 2], [1])
    with pytest.raises(BadInput, match="Value 2 of the second"):
        kappa([1, 2], [1, math.nan])


# Newcombe, R. G. (1998). Two-sided confidence intervals for the single proportion: comparison of
# seven methods. Statistics in Medicine 17, 857-872, table I, method 3 (Wilson's score interval).
@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_is_that_of_newcombe_1998(count, total, low, high):
    share = wilson(count, total)
    assert (round(share.low, 4), round(share.high, 4)) == (low, high)


@calm
@given(st.integers(1, 5_000), st.data())
def test_wilsons_interval_holds_the_share_and_stays_within_0_and_1(total, data):
    count = data.draw(st.integers(0, total))
    share, other = wilson(count, total), wilson(total - count, total)
    assert 0 <= share.low <= share.rate <= share.high <= 1
    assert share.low == pytest.approx(1 - other.high, abs=1e-12)


@pytest.mark.parametrize(("count", "total", "sure"), [(2, 1, 0.95), (-1, 1, 0.95), (1, 2, 1.0)])
def test_wilsons_interval_refuses_what_is_no_share(count, total, sure):
    with pytest.raises(BadInput):
        wilson(count, total, sure)


def test_self_consistency_counts_the_repeats_that_got_the_same_value():
    # 15 of 148, Newcombe (1998), table I.
    found = self_consistency([("good", "good")] * 15 + [("good", "bad")] * 133)
    assert (found.repeats, found.same, found.share) == (148, 15, 15 / 148)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0624, 0.1605)


def test_self_consistency_without_repeats_is_undefined():
    found = self_consistency([])
    assert (found.repeats, found.same) == (0, 0)
    assert (found.share, found.low, found.high) == (None, None, None)


def test_self_consistency_names_the_repeat_it_refuses():
    with pytest.raises(BadInput, match="Repeat 2"):
        self_consistency([(1, 1), (1, math.inf)])


def test_wins_follow_the_run_and_sides_follow_the_screen():
    found = win_rates(
        [("left", False)] * 3
        + [("right", True)] * 2
        + [("right", False)]
        + [("left", True)] * 4
        + [("tie", True), ("neither", False), ("neither", True)],
    )
    assert (found.first_wins, found.second_wins, found.ties, found.neither) == (5, 5, 1, 2)
    assert (found.left_wins, found.right_wins) == (7, 3)
    assert (found.first_rate, found.left_rate) == (0.5, 0.7)
    assert found.first_low < 0.5 < found.first_high
    assert found.left_low < 0.7 < found.left_high


def test_win_rates_carry_wilsons_interval():
    # 81 of 263, Newcombe (1998), table I.
    found = win_rates([("left", False)] * 81 + [("left", True)] * 182 + [("tie", False)] * 9)
    assert (round(found.first_low, 4), round(found.first_high, 4)) == (0.2553, 0.3662)
    assert (found.left_rate, found.left_high) == (1, 1)


def test_win_rates_without_a_decision_are_undefined():
    found = win_rates([("tie", False), ("neither", True)])
    assert (found.first_wins, found.second_wins, found.ties, found.neither) == (0, 0, 1, 1)
    assert found.first_rate is found.first_low is found.first_high is None
    assert found.left_rate is found.left_low is found.left_high is None


def test_win_rates_refuse_an_unknown_choice_by_its_number():
    with pytest.raises(BadInput, match="Choice 2: 'both'"):
        win_rates([("left", False), ("both", False)])


def test_swapping_the_names_of_the_runs_swaps_their_wins():
    choices = [("left", False), ("left", True), ("right", False), ("left", False), ("tie", True)]
    found = win_rates(choices)
    other = win_rates([(choice, not swapped) for choice, swapped in choices])
    assert (found.first_wins, found.second_wins) == (other.second_wins, other.first_wins)
    assert (found.left_wins, found.left_rate) == (other.left_wins, other.left_rate)


def test_disagreements_are_units_with_different_values_in_order_of_appearance():
    ratings = {
        "ann": {"z": 1, "b": 1, "c": "x"},
        "bob": {"a": 2, "c": "y", "z": 2, "b": 1.0},
        "cas": {"a": 3},
    }
    assert disagreements(ratings) == ["z", "c", "a"]
    assert disagreements({}) == []


# Bad and scarce input.


@pytest.mark.parametrize(
    ("ratings", "raters", "note"),
    [
        ({}, (), "there are no ratings"),
        ({"ann": {}, "bob": {}}, (), "there are no ratings"),
        (
            {"ann": {"a": 1, "b": 2}, "bob": {}},
            ("ann",),
            "only one person rated: there is nobody to agree with",
        ),
        (
            {"ann": {"a": 1}, "bob": {"b": 1}},
            ("ann", "bob"),
            "no unit was rated by two people: there is nothing to compare",
        ),
    ],
)
@pytest.mark.parametrize("level", LEVELS)
def test_where_nothing_can_be_compared_the_note_says_why(ratings, raters, note, level):
    found = rated(ratings, level)
    assert (found.raters, found.units, found.note) == (raters, 0, note)
    assert found.percent is found.alpha is found.low is found.high is found.kappa is None


@pytest.mark.parametrize("level", LEVELS)
def test_alpha_is_undefined_where_every_rating_is_the_same(level):
    three = {rater: {"a": 1, "b": 1} for rater in ("ann", "bob", "cas")}
    found = rated(three, level)
    assert (found.percent, found.alpha, found.low, found.high) == (1, None, None, None)
    assert found.note == "every rating is the same: alpha is undefined"


def test_kappa_is_undefined_too_where_every_rating_of_two_people_is_the_same():
    found = rated({rater: {"a": True, "b": True} for rater in ("ann", "bob")})
    assert found.kappa is None
    assert found.note == "every rating is the same: alpha is undefined; kappa is undefined too"


def test_a_different_rating_that_nobody_else_shares_does_not_define_alpha():
    found = rated({"ann": {"a": 1, "b": 1, "c": 2}, "bob": {"a": 1, "b": 1}, "cas": {"a": 1}})
    assert found.alpha is None
    assert found.note.startswith("every rating of a unit that two people rated is the same")


def test_one_unit_has_an_alpha_and_no_interval():
    found = rated({"ann": {"a": 1}, "bob": {"a": 2}})
    assert (found.units, found.percent, found.alpha, found.kappa) == (1, 0, 0, 0)
    assert (found.low, found.high) == (None, None)
    assert found.note == "one unit is too few for an interval"


def test_resamples_without_variation_are_left_out_and_counted():
    # The only other value stands in one unit of five: (4/5)^5 = 33 % of resamples miss it.
    ratings = {rater: {u: int(u == "e") for u in "abcde"} for rater in ("ann", "bob")}
    found = agreement("tone", ratings)
    assert (found.alpha, found.low, found.high) == (1, 1, 1)
    said, _, rest = found.note.removeprefix("the interval leaves out ").partition(" ")
    assert rest == "of 1000 resamples without variation"
    assert 280 < int(said) < 380


def test_an_interval_that_is_not_asked_for_is_not_there():
    found = rated(MISSING, resamples=0)
    assert (found.low, found.high, found.note) == (None, None, "")


@pytest.mark.parametrize("value", [math.nan, math.inf, 10**400, None, [1], np.nan, pd.NA, 1j])
@pytest.mark.parametrize("level", LEVELS)
def test_what_is_no_value_is_refused_with_rater_and_unit(value, level):
    ratings = {"ann": {"a": 1, "b": 2}, "bob": {"a": 1, "b": value}}
    with pytest.raises(BadInput, match="Rater 'bob', unit 'b'"):
        rated(ratings, level)
    with pytest.raises(BadInput, match="Rater 'bob', unit 'b'"):
        disagreements(ratings)


@pytest.mark.parametrize("level", ["ordinal", "interval"])
def test_text_among_numbers_is_refused_with_rater_and_unit(level):
    with pytest.raises(BadInput, match="Rater 'bob', unit 'b': 'ok' is text"):
        rated({"ann": {"a": 1, "b": 2}, "bob": {"a": 1, "b": "ok"}}, level)


def test_text_and_numbers_may_both_be_names():
    found = rated({"ann": {"a": 1, "b": "1", "c": "x"}, "bob": {"a": 1, "b": 1, "c": "x"}})
    assert found.percent == 2 / 3


def test_a_value_outside_the_order_is_refused_with_rater_and_unit():
    words = {"ann": {"a": "poor"}, "bob": {"a": "good"}}
    with pytest.raises(BadInput, match=r"Rater 'bob', unit 'a': 'good' is not in order="):
        rated(words, "ordinal", order=["poor", "ok"])


@pytest.mark.parametrize(
    "options",
    [
        {"level": "ratio"},
        {"resamples": -1},
        {"confidence": 1.0},
        {"confidence": 0},
        {"level": "ordinal", "order": ["a", "b", "a"]},
        {"level": "ordinal", "order": "ab"},
        {"level": "ordinal", "order": ["a", "b", math.nan]},
    ],
)
def test_options_that_mean_nothing_are_refused(options):
    with pytest.raises(BadInput):
        rated({"ann": {"u": "a"}, "bob": {"u": "b"}}, **options)


def test_numbers_from_a_data_frame_count_as_numbers():
    frame = pd.DataFrame({"ann": [1, 2, 2], "bob": [1, 2, 1]}, index=["a", "b", "c"])
    plain = {"ann": {"a": 1, "b": 2, "c": 2}, "bob": {"a": 1, "b": 2, "c": 1}}
    for kind in (np.int64, np.float32):
        ratings = {name: dict(frame[name].astype(kind).items()) for name in frame}
        assert rated(ratings, "interval") == rated(plain, "interval")
    truths = {name: {u: np.bool_(v == 1) for u, v in row.items()} for name, row in plain.items()}
    assert rated(truths).alpha == rated(plain).alpha


def test_without_the_package_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "krippendorff", None)
    with pytest.raises(MissingExtra, match=r"Agreement between people .*xeroml_nb\[lab\]"):
        rated(BINARY)


@pytest.mark.parametrize(
    "values",
    [(1e308, -1e308, 0.0), (5e-324, 0.0, 1e-323), (1e300, 1e-300, 0.0), (2**53, 2**53 + 1, 7)],
)
def test_numbers_of_any_size_give_an_alpha_without_overflow(values):
    ratings = {
        rater: {f"u{i}": values[(i * step) % 3] for i in range(9)}
        for rater, step in (("ann", 1), ("bob", 4), ("cas", 2))
    }
    for level in LEVELS:
        found = rated(ratings, level)
        assert -1 <= found.low <= found.high <= 1


def test_whole_numbers_that_are_one_float_have_no_distance():
    found = rated(
        {"ann": {"a": 2**53, "b": 2**53}, "bob": {"a": 2**53 + 1, "b": 2**53}}, "interval"
    )
    assert found.alpha is None
    assert "every rating is the same" in found.note


# What holds for all ratings.

marks = st.integers(-3, 3)
RATERS = ("ann", "bob", "cas", "dan")
UNITS = tuple(f"u{i}" for i in range(6))
some = st.dictionaries(
    st.sampled_from(RATERS),
    st.dictionaries(st.sampled_from(UNITS), marks, min_size=1),
    min_size=2,
)
levels = st.sampled_from(LEVELS)


def figures(found):
    return found.units, found.percent, found.alpha, found.low, found.high, found.kappa, found.note


@calm
@given(some, levels)
def test_alpha_is_that_of_the_package_on_the_same_numbers(ratings, level):
    found = rated(ratings, level, resamples=0)
    assume(found.alpha is not None)
    expected = krippendorff.alpha(numbers(ratings), level_of_measurement=level)
    assert found.alpha == pytest.approx(expected, abs=1e-9)


@calm
@given(some, levels, st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_alpha_of_a_resample_is_that_of_the_package_on_the_repeated_units(ratings, level, times):
    rows = [row for u in UNITS if len(row := [r[u] for r in ratings.values() if u in r]) > 1]
    used = sorted({value for row in rows for value in row})
    assume(len(used) > 1)
    held = alpha_module.table(level, used, [[used.index(v) for v in row] for row in rows])
    found = alpha_module.resampled(held, np.array(times[: len(rows)]))
    repeated = [row for row, often in zip(rows, times, strict=False) for _ in range(often)]
    if len({value for row in repeated for value in row}) < 2:
        assert found is None
        return
    counts = [[row.count(value) for value in used] for row in repeated]
    expected = krippendorff.alpha(
        value_counts=counts, value_domain=used, level_of_measurement=level
    )
    assert found == pytest.approx(expected, abs=1e-9)


@calm
@given(some, levels)
def test_large_tables_give_the_same_alpha_without_the_packages_own(ratings, level):
    usual = rated(ratings, level)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alpha_module, "_LARGEST", 0)
        large = rated(ratings, level)
    if usual.alpha is None:
        assert large == usual
    else:
        assert large.alpha == pytest.approx(usual.alpha, abs=1e-9)


@calm
@given(st.dictionaries(st.sampled_from(UNITS), marks, min_size=2), levels, st.integers(2, 4))
def test_alpha_is_one_where_all_agree_and_values_vary(rating, level, people):
    assume(len(set(rating.values())) > 1)
    found = rated(dict.fromkeys(RATERS[:people], rating), level)
    assert (found.alpha, found.percent, found.high) == (1, 1, 1)
    assert found.kappa == (1 if people == 2 else None)


@calm
@given(some, levels, st.randoms(use_true_random=False))
def test_nothing_depends_on_the_names_or_the_order_of_people(ratings, level, draw):
    people = list(ratings)
    draw.shuffle(people)
    renamed = {f"person {i}": ratings[name] for i, name in enumerate(people)}
    assert figures(rated(renamed, level)) == figures(rated(ratings, level))


@calm
@given(some, levels)
def test_the_interval_is_in_order_and_ends_at_one(ratings, level):
    found = rated(ratings, level)
    assert (found.low is None) == (found.high is None)
    if found.low is not None:
        assert found.alpha is not None
        assert found.low <= found.high <= 1


@calm
@given(some, levels, st.integers(0, 2**32 - 1))
def test_one_seed_gives_one_interval(ratings, level, seed):
    assert rated(ratings, level, seed=seed) == rated(ratings, level, seed=seed)


@calm
@given(some, levels)
def test_a_higher_confidence_gives_an_interval_at_least_as_wide(ratings, level):
    narrow, wide = (rated(ratings, level, confidence=sure) for sure in (0.5, 0.99))
    assume(narrow.low is not None)
    assert wide.low <= narrow.low <= narrow.high <= wide.high


@calm
@given(some, st.integers(-1_000, 1_000), st.sampled_from([-7, -0.5, 0.1, 3, 1e6]))
def test_interval_alpha_is_the_same_on_any_linear_scale(ratings, shift, factor):
    moved = {r: {u: v * factor + shift for u, v in row.items()} for r, row in ratings.items()}
    before, after = rated(ratings, "interval"), rated(moved, "interval")
    for name in ("alpha", "low", "high"):
        assert getattr(after, name) == pytest.approx(getattr(before, name), abs=1e-6)


@calm
@given(some)
def test_ordinal_alpha_needs_the_order_of_values_only(ratings):
    moved = {r: {u: 2.0 ** (7 * v) for u, v in row.items()} for r, row in ratings.items()}
    assert rated(moved, "ordinal") == rated(ratings, "ordinal")


@calm
@given(some)
def test_nominal_alpha_takes_values_as_names(ratings):
    names = {r: {u: f"value {v}" for u, v in row.items()} for r, row in ratings.items()}
    before, after = rated(ratings), rated(names)
    assert (after.percent, after.kappa, after.note) == (before.percent, before.kappa, before.note)
    assert after.alpha == pytest.approx(before.alpha, abs=1e-9)


@calm
@given(st.lists(st.tuples(marks, marks)))
def test_kappa_is_symmetric_and_at_most_one(pairs):
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    found = kappa(first, second)
    assert found == kappa(second, first)
    assert found is None or found <= 1
    assert (found == 1) == (first == second and len(set(first)) > 1)


@calm
@given(some)
def test_there_are_disagreements_where_not_all_pairs_agree(ratings):
    found = rated(ratings, resamples=0)
    assert bool(disagreements(ratings)) == (found.percent is not None and found.percent < 1)


def many(level):
    draw = np.random.default_rng(7)
    truth = draw.integers(5, size=500)
    noise = draw.random if level == "interval" else lambda size: draw.integers(2, size=size)
    return {r: dict(zip(map(str, range(500)), truth + noise(500), strict=True)) for r in "abc"}


@pytest.mark.parametrize("level", LEVELS)
def test_the_interval_of_five_hundred_units_lies_around_alpha(level):
    found = agreement("tone", many(level), level)
    assert found.low < found.alpha < found.high
