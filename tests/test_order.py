"""In which order a person labels, and which rows are shown to them twice."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections import Counter
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xeroml_nb.annotation.order import (
    MODES,
    Candidate,
    Order,
    Planned,
    arrange,
    disagreement_rank,
    hashed_chance,
    uncertain_rank,
    with_repeats,
    worst_rank,
)
from xeroml_nb.errors import BadInput

calm = settings(deadline=None, database=None, max_examples=60)
seeds = st.integers(-5, 10**9)
RANKED = ("worst", "uncertain", "disagreement")


def an_order(mode, **arguments):
    """An order of a mode, with what the mode needs."""
    needed = {}
    if mode in (*RANKED, "stratified"):
        needed["by"] = "quality"
    if mode == "disagreement":
        needed["against"] = "human"
    return Order(mode, **needed, **arguments)


orders = st.builds(an_order, st.sampled_from(MODES), random_share=st.floats(0, 1, allow_nan=False))
candidates = st.lists(
    st.builds(
        Candidate,
        st.text(max_size=5),
        st.integers(0, 3),
        stratum=st.sampled_from(["", "a", "b"]),
        rank=st.none() | st.floats() | st.integers(-3, 3),
        changed=st.booleans(),
        carried=st.booleans(),
    ),
    max_size=40,
    unique_by=lambda c: (c.item_id, c.repetition),
)


def key(row):
    return (row.item_id, row.repetition)


def rows(number, rank=lambda n: n):
    return [Candidate(f"i{n}", 0, rank=rank(n)) for n in range(number)]


def ids(queue):
    return [place.item_id for place in queue]


def queue_of(number):
    return [Planned(f"i{n}", 0, drawn="given") for n in range(number)]


def refusal(*arguments, **named):
    with pytest.raises(BadInput) as caught:
        Order(*arguments, **named)
    assert caught.value.next_step
    return str(caught.value)


# The order itself.


def test_the_plain_order_is_the_given_one():
    assert Order() == Order("given", by=None, threshold=0.5, random_share=0.1, seed=None)


@pytest.mark.parametrize("mode", MODES)
def test_the_modes_that_follow_scores_are_ranked(mode):
    assert an_order(mode).is_ranked is (mode in RANKED)


def test_a_mode_that_is_nearly_right_is_answered_with_the_right_one():
    assert refusal("shufle") == "There is no order 'shufle'. Did you mean 'shuffle'?"


@pytest.mark.parametrize("mode", ["xyz", "", None, 3, ["x"]])
def test_a_mode_far_from_all_is_answered_with_all(mode):
    said = refusal(mode)
    assert f"no order {mode!r}" in said
    assert all(repr(known) in said for known in MODES)


@pytest.mark.parametrize("by", [None, "", "  ", 3])
def test_a_stratified_order_needs_a_metadata_field(by):
    assert "a metadata field" in refusal("stratified", by=by)


@pytest.mark.parametrize("mode", RANKED)
def test_a_ranked_order_needs_a_score(mode):
    against = "human" if mode == "disagreement" else None
    assert "the name of a score" in refusal(mode, against=against)


@pytest.mark.parametrize("mode", ["given", "shuffle"])
def test_an_order_that_looks_at_nothing_refuses_what_to_look_at(mode):
    said = refusal(mode, by="quality")
    assert repr(mode) in said
    assert "by='quality'" in said


@pytest.mark.parametrize("against", [None, "", " "])
def test_a_disagreement_needs_another_side(against):
    assert "against" in refusal("disagreement", by="quality", against=against)


@pytest.mark.parametrize("mode", sorted(set(MODES) - {"disagreement"}))
def test_only_a_disagreement_has_another_side(mode):
    by = None if mode in ("given", "shuffle") else "quality"
    assert "against" in refusal(mode, by=by, against="human")


def test_the_other_side_may_be_any_object():
    other = object()
    assert Order("disagreement", by="quality", against=other).against is other


@pytest.mark.parametrize("share", [-0.01, 1.01, math.nan, math.inf, True, "0.1", None, 10**400])
def test_a_random_share_outside_of_0_to_1_is_refused(share):
    assert refusal("shuffle", random_share=share).startswith("random_share is ")


@pytest.mark.parametrize("threshold", [math.nan, math.inf, -math.inf, True, "0.5", None, 10**400])
def test_a_threshold_that_is_no_finite_number_is_refused(threshold):
    assert refusal("uncertain", by="quality", threshold=threshold).startswith("threshold is ")


@pytest.mark.parametrize("seed", [True, 1.0, "1"])
def test_a_seed_that_is_no_whole_number_is_refused(seed):
    assert refusal("shuffle", seed=seed).startswith("seed is ")


def test_all_but_the_mode_is_passed_by_name():
    with pytest.raises(TypeError):
        Order("worst", "quality")


@pytest.mark.parametrize("mode", MODES)
def test_an_order_comes_back_from_plain_data(mode):
    order = an_order(mode, random_share=0.25, threshold=2, seed=-7)
    assert Order.from_wire(order.to_wire()) == order


def test_plain_data_of_an_order_holds_all_its_parts():
    assert an_order("disagreement", seed=3, random_share=1).to_wire("score:human") == {
        "mode": "disagreement",
        "by": "quality",
        "against": "score:human",
        "threshold": 0.5,
        "random_share": 1.0,
        "seed": 3,
    }


def test_an_object_to_compare_with_is_stored_as_its_key():
    order = Order("disagreement", by="quality", against=object())
    assert Order.from_wire(order.to_wire("e1")).against == "e1"
    with pytest.raises(BadInput, match="against_key"):
        order.to_wire()


def test_a_key_for_nothing_to_compare_with_is_not_stored():
    assert Order("shuffle").to_wire("e1")["against"] is None


def test_parts_that_were_not_stored_are_the_usual_ones():
    assert Order.from_wire({"mode": "shuffle", "other": 1}) == Order("shuffle")
    assert Order.from_wire({}) == Order()


def test_plain_data_that_describes_no_order_is_refused():
    with pytest.raises(BadInput, match="no order 'sorted'"):
        Order.from_wire({"mode": "sorted"})


# Arranging: what holds for every order.


@calm
@given(candidates, orders, seeds)
def test_arranging_keeps_every_row_once(found, order, seed):
    queue = arrange(found, order, seed)
    assert sorted(map(key, queue)) == sorted(map(key, found))
    assert not any(place.repeat for place in queue)


@calm
@given(candidates, orders, seeds)
def test_the_same_seed_gives_the_same_queue(found, order, seed):
    assert arrange(found, order, seed) == arrange(tuple(found), order, seed)


@calm
@given(candidates, orders, seeds)
def test_changed_rows_come_first_and_carried_ones_last(found, order, seed):
    def part(candidate):
        return "changed" if candidate.changed else "carried" if candidate.carried else "other"

    kinds = {key(candidate): part(candidate) for candidate in found}
    queue = arrange(found, order, seed)
    parts = [kinds[key(place)] for place in queue]
    assert parts == sorted(parts, key=("changed", "other", "carried").index)
    named = [p.drawn if p.drawn in ("changed", "carried") else "other" for p in queue]
    assert named == parts


@calm
@given(candidates, orders, seeds)
def test_how_each_row_was_drawn_is_one_of_the_words_of_its_order(found, order, seed):
    words = {"given": {"given"}, "shuffle": {"shuffled"}, "stratified": {"stratified"}}
    allowed = words.get(order.mode, {"ranked", "random"}) | {"changed", "carried"}
    assert {place.drawn for place in arrange(found, order, seed)} <= allowed


@calm
@given(candidates, orders, seeds)
def test_changed_and_carried_rows_do_not_stir_up_the_others(found, order, seed):
    others = [c for c in found if not (c.changed or c.carried)]
    queue = arrange(found, order, seed)
    kept = [place for place in queue if place.drawn not in ("changed", "carried")]
    assert kept == arrange(others, order, seed)


@pytest.mark.parametrize("mode", MODES)
def test_nothing_gives_an_empty_queue(mode):
    assert arrange([], an_order(mode), 1) == []


def test_changed_and_carried_rows_are_in_the_order_too():
    found = [
        Candidate("a", 0, rank=3, carried=True),
        Candidate("b", 0, rank=2, changed=True),
        Candidate("c", 0, rank=2),
        Candidate("d", 0, rank=1, changed=True, carried=True),
        Candidate("e", 0, rank=1),
        Candidate("f", 0, rank=0, carried=True),
    ]
    queue = arrange(found, an_order("worst", random_share=0), 1)
    assert ids(queue) == ["d", "b", "e", "c", "f", "a"]
    assert [p.drawn for p in queue] == [*["changed"] * 2, *["ranked"] * 2, *["carried"] * 2]


PRINTED = """
from xeroml_nb.annotation.order import *
found = [Candidate(f"i{n}", n % 2, stratum=f"s{n % 3}", rank=n % 4) for n in range(20)]
for mode in ("shuffle", "stratified", "worst"):
    order = Order(mode, by=None if mode == "shuffle" else "x", random_share=0.3)
    print(with_repeats(arrange(found, order, 7), 0.5, 7, 3))
"""


def test_the_queue_is_the_same_in_every_process():
    printed = {
        subprocess.run(
            [sys.executable, "-W", "error", "-c", PRINTED],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("0", "1", "random")
    }
    assert len(printed) == 1
    assert "repeat=True" in printed.pop()


def test_a_queue_made_today_is_the_one_made_by_later_versions():
    found = [Candidate(c, 0, stratum="xyy"[n % 3], rank=n % 3) for n, c in enumerate("abcdefgh")]
    made = {
        mode: "".join(ids(arrange(found, an_order(mode, random_share=0.3), 7)))
        for mode in ("shuffle", "stratified", "worst")
    }
    assert made == {"shuffle": "ahbdgefc", "stratified": "ahdbgfce", "worst": "agdbhecf"}


# Arranging: each order.


def test_the_given_order_leaves_rows_as_they_come():
    found = [Candidate("b", 1), Candidate("a", 0), Candidate("b", 0)]
    assert arrange(found, Order(), 5) == [
        Planned("b", 1, drawn="given"),
        Planned("a", 0, drawn="given"),
        Planned("b", 0, drawn="given"),
    ]


def test_shuffling_gives_each_row_each_place_about_as_often():
    found = rows(4)
    places = Counter((n, i) for s in range(2000) for n, i in enumerate(shuffled(found, s)))
    assert len(places) == 16
    assert all(400 < times < 600 for times in places.values())


def shuffled(found, seed):
    return ids(arrange(found, Order("shuffle"), seed))


def test_each_seed_shuffles_in_its_own_way():
    assert len({tuple(shuffled(rows(20), seed)) for seed in range(-20, 20)}) == 40


def test_strata_take_turns_in_the_order_they_came():
    found = [Candidate(f"{s}{n}", 0, stratum=s) for n, s in enumerate("yyxyzz")]
    drawn = "".join(i[0] for i in ids(arrange(found, an_order("stratified"), 3)))
    assert drawn == "yxzyzy"


@calm
@given(st.lists(st.sampled_from("abc"), max_size=40), seeds)
def test_no_stratum_gets_ahead_of_another_that_has_rows_left(strata, seed):
    found = [Candidate(f"i{n}", 0, stratum=s) for n, s in enumerate(strata)]
    group = {c.item_id: c.stratum for c in found}
    left, shown = Counter(strata), Counter()
    for item in ids(arrange(found, an_order("stratified"), seed)):
        shown[group[item]] += 1
        left[group[item]] -= 1
        waiting = [shown[s] for s in left if left[s]]
        assert shown[group[item]] <= min(waiting, default=math.inf) + 1


def test_within_a_stratum_chance_decides():
    found = [Candidate(f"i{n}", 0, stratum="x") for n in range(3)]
    seen = {tuple(ids(arrange(found, an_order("stratified"), seed))) for seed in range(100)}
    assert len(seen) == 6


@pytest.mark.parametrize("mode", RANKED)
def test_without_a_random_share_a_ranked_queue_follows_the_ranks(mode):
    queue = arrange(rows(30, lambda n: -n), an_order(mode, random_share=0), 4)
    assert ids(queue) == [f"i{n}" for n in range(29, -1, -1)]
    assert {place.drawn for place in queue} == {"ranked"}


@pytest.mark.parametrize("unknown", [None, math.nan])
def test_rows_without_a_rank_come_after_all_others(unknown):
    found = [
        Candidate("a", 0, rank=unknown),
        Candidate("b", 0, rank=math.inf),
        Candidate("c", 0, rank=unknown),
        Candidate("d", 0, rank=-math.inf),
        Candidate("e", 0, rank=0),
    ]
    seen = {"".join(ids(arrange(found, an_order("worst", random_share=0), s))) for s in range(50)}
    assert seen == {"debac", "debca"}


def test_between_equal_ranks_chance_decides():
    found = rows(3, lambda n: 1.0)
    order = an_order("worst", random_share=0)
    assert len({tuple(ids(arrange(found, order, seed))) for seed in range(100)}) == 6


def test_a_queue_that_is_all_random_is_no_longer_ranked():
    queue = arrange(rows(50), an_order("worst", random_share=1), 4)
    assert {place.drawn for place in queue} == {"random"}
    assert ids(queue) != [f"i{n}" for n in range(50)]


@calm
@given(candidates, st.sampled_from(RANKED), st.floats(0, 1), seeds)
def test_the_ranked_places_follow_the_ranks(found, mode, share, seed):
    rank = {key(c): c.rank for c in found}
    queue = arrange(found, an_order(mode, random_share=share), seed)
    ranks = [rank[key(place)] for place in queue if place.drawn == "ranked"]
    known = [r for r in ranks if r is not None and not math.isnan(r)]
    assert ranks[: len(known)] == sorted(known)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9])
def test_the_random_places_are_about_the_share_asked_for_from_start_to_end(share):
    queue = arrange(rows(20_000), an_order("worst", random_share=share), 11)
    for part in (queue[:5000], queue[5000:15_000], queue[15_000:]):
        is_random = [place.drawn == "random" for place in part]
        assert fmean(is_random) == pytest.approx(share, abs=0.03)


def test_a_rate_of_the_random_rows_is_unbiased_however_early_a_person_stops():
    # The model ranks all 20 bad rows of 100 first: what it leaves over would hold none of them.
    bad = {f"i{n}" for n in range(20)}
    order = an_order("worst", random_share=0.2)
    for stop in (10, 50, 90):
        drawn = [
            place.item_id in bad
            for seed in range(600)
            for place in arrange(rows(100), order, seed)[:stop]
            if place.drawn == "random"
        ]
        assert fmean(drawn) == pytest.approx(0.2, abs=0.04)


# Ranks.


@pytest.mark.parametrize(
    ("value", "rank"),
    [(0.25, 0.25), (-3, -3), (True, 1), (False, 0), ("bad", None), (None, None), (math.nan, None)],
)
def test_the_worst_rank_is_the_number_itself(value, rank):
    assert worst_rank(value) == rank


@pytest.mark.parametrize(
    ("value", "threshold", "rank"),
    [
        (0.75, 0.5, 0.25),
        (0.25, 0.5, 0.25),
        (0.5, 0.5, 0),
        (True, 0.75, 0.25),
        (3, 0, 3),
        ("bad", 0.5, None),
        (None, 0.5, None),
    ],
)
def test_the_uncertain_rank_is_the_distance_from_the_threshold(value, threshold, rank):
    assert uncertain_rank(value, threshold) == rank


@pytest.mark.parametrize(
    ("first", "second", "rank"),
    [
        (1.0, 0.25, -0.75),
        (0.25, 1.0, -0.75),
        (True, False, -1),
        (True, 0.5, -0.5),
        (0.5, 0.5, 0),
        ("good", "bad", -1),
        ("good", "good", 0),
        ("1", 1, None),
        (1, "1", None),
        (None, 1, None),
        (1, None, None),
        ("good", None, None),
        (None, None, None),
        (math.nan, 1, None),
    ],
)
def test_the_disagreement_rank_is_smallest_where_scores_differ_most(first, second, rank):
    assert disagreement_rank(first, second) == rank


@pytest.mark.parametrize("value", [True, 1, 0.5])
def test_ranks_are_floats(value):
    for rank in (
        worst_rank(value),
        uncertain_rank(value, 0),
        disagreement_rank(value, value),
    ):
        assert type(rank) is float
        assert math.copysign(1, rank) == 1


# Hidden repeats.


def positions(queue):
    """Where each row is shown for the first time, and where it is shown again."""
    first, again = {}, {}
    for n, place in enumerate(queue):
        (again if place.repeat else first)[key(place)] = n
    return first, again


@calm
@given(candidates, orders, st.floats(0, 1), seeds, st.integers(0, 50))
def test_repeats_leave_the_queue_in_its_order(found, order, share, seed, gap):
    queue = arrange(found, order, seed)
    shown = with_repeats(queue, share, seed, gap)
    assert [place for place in shown if not place.repeat] == queue
    assert all(place.drawn == "repeat" for place in shown if place.repeat)


@calm
@given(st.integers(0, 60), st.floats(0, 1), seeds, st.integers(0, 70))
def test_a_repeat_comes_once_and_after_the_gap_or_at_the_end(number, share, seed, gap):
    shown = with_repeats(queue_of(number), share, seed, gap)
    first, again = positions(shown)
    assert len(again) == sum(place.repeat for place in shown)
    for row, n in again.items():
        near_the_end = all(place.repeat for place in shown[n:])
        assert n - first[row] > gap or (n > first[row] and near_the_end)


@calm
@given(st.integers(0, 40), seeds)
def test_a_share_of_1_repeats_everything_and_of_0_nothing(number, seed):
    queue = queue_of(number)
    assert with_repeats(queue, 0, seed) == queue
    assert len(with_repeats(queue, 1, seed)) == 2 * number


def test_about_the_share_asked_for_is_repeated():
    _, again = positions(with_repeats(queue_of(20_000), 0.1, 5))
    assert len(again) == pytest.approx(2000, abs=150)


@calm
@given(candidates, st.floats(0, 1), seeds, st.randoms(use_true_random=False))
def test_which_rows_are_repeated_depends_on_nothing_but_the_row(found, share, seed, chance):
    queue = arrange(found, Order(), seed)
    mixed = chance.sample(queue, len(queue))[: len(queue) // 2 + 1]
    _, of_all = positions(with_repeats(queue, share, seed))
    _, of_some = positions(with_repeats(mixed, share, seed, gap=2))
    assert set(of_some) == set(of_all) & set(map(key, mixed))


def test_another_seed_repeats_other_rows():
    chosen = {tuple(positions(with_repeats(queue_of(40), 0.5, seed))[1]) for seed in range(20)}
    assert len(chosen) == 20


def test_repeats_come_at_every_later_place():
    places = {positions(with_repeats(queue_of(6), 1, seed, 2))[1]["i0", 0] for seed in range(300)}
    assert min(places) == 3
    assert len(places) > 4


def test_a_short_queue_is_repeated_at_its_end():
    shown = with_repeats(queue_of(3), 1, 1, gap=10)
    assert ids(shown) == ["i0", "i1", "i2", "i0", "i1", "i2"]
    assert shown[3] == Planned("i0", 0, repeat=True, drawn="repeat")


def test_repetitions_of_an_item_are_repeated_each_by_itself():
    queue = [Planned("a", n, drawn="given") for n in range(200)]
    _, again = positions(with_repeats(queue, 0.5, 3))
    assert 60 < len(again) < 140


def test_what_is_a_repeat_is_not_repeated():
    queue = [Planned("a", 0, repeat=True, drawn="repeat")]
    assert with_repeats(queue, 1, 1) == queue


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan, True, "1", None])
def test_a_share_of_repeats_outside_of_0_to_1_is_refused(share):
    with pytest.raises(BadInput, match="share of repeats"):
        with_repeats(queue_of(3), share, 1)


@pytest.mark.parametrize("gap", [-1, 1.5, True, None])
def test_a_gap_that_is_no_number_of_rows_is_refused(gap):
    with pytest.raises(BadInput, match="gap"):
        with_repeats(queue_of(3), 0.5, 1, gap)


# Chance from a hash.


@calm
@given(st.lists(st.text(st.characters()) | st.integers()))
def test_a_hashed_chance_is_at_least_0_and_below_1(parts):
    assert 0 <= hashed_chance(*parts) < 1


def test_even_the_largest_hash_gives_less_than_1(monkeypatch):
    class Largest:
        def __init__(self, data):
            pass

        def digest(self):
            return b"\xff" * 32

    monkeypatch.setattr("hashlib.sha256", Largest)
    assert hashed_chance("x") < 1


def test_half_a_surrogate_pair_is_hashed_too():
    assert hashed_chance("\ud800") != hashed_chance("\ud801")


def test_hashed_chances_are_spread_evenly():
    tenths = Counter(int(10 * hashed_chance("row", n)) for n in range(10_000))
    assert set(tenths) == set(range(10))
    assert all(880 < number < 1120 for number in tenths.values())
