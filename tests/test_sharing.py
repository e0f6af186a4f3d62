"""Who labels which item."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xeroml_nb.annotation.order import hashed_chance
from xeroml_nb.annotation.sharing import Team
from xeroml_nb.errors import BadInput

calm = settings(deadline=None, database=None, max_examples=60)
ITEMS = [f"item-{n}" for n in range(3000)]

names = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=8).filter(str.strip)
teams = st.lists(names, min_size=2, max_size=6, unique=True).map(tuple)
item_ids = st.lists(st.text(min_size=1, max_size=8), max_size=30)


def labellers(team, item):
    return [name for name in team.members if team.is_assigned(item, name)]


def refusal(*arguments, **named):
    with pytest.raises(BadInput) as caught:
        Team(*arguments, **named)
    assert caught.value.next_step
    return str(caught.value)


# Everyone, and no team.


def test_without_a_team_anyone_labels_everything():
    assert Team() == Team((), 1.0)
    assert Team().is_assigned("a", "whoever")


@calm
@given(teams, item_ids)
def test_a_whole_overlap_gives_everything_to_everyone(members, items):
    team = Team(members)
    assert all(team.is_assigned(item, name) for item in items for name in members)


def test_one_person_is_a_team_of_their_own():
    assert Team(("ann",)).is_assigned("a", "ann")


# The split.


@calm
@given(teams, item_ids)
def test_a_split_gives_each_item_to_exactly_one_member(members, items):
    team = Team(members, overlap=0)
    assert all(len(labellers(team, item)) == 1 for item in items)


@calm
@given(teams, item_ids, st.randoms(use_true_random=False))
def test_the_order_of_the_members_does_not_matter(members, items, chance):
    mixed = tuple(chance.sample(members, len(members)))
    for item in items:
        assert labellers(Team(members, 0), item) == [
            name for name in members if Team(mixed, 0).is_assigned(item, name)
        ]


@calm
@given(teams, names, item_ids, st.floats(0, 1, exclude_max=True))
def test_a_new_member_takes_over_only_their_own_share(members, new, items, overlap):
    if new in members:
        return
    before, after = Team(members, overlap), Team((*members, new), overlap)
    for item in items:
        old, now = labellers(before, item), labellers(after, item)
        assert now in (old, [new], [*members, new])


def test_a_new_member_takes_over_about_as_much_as_each_has_then():
    before, after = Team(("ann", "bob", "cho"), 0), Team(("ann", "bob", "cho", "dia"), 0)
    moved = [item for item in ITEMS if labellers(before, item) != labellers(after, item)]
    assert {name for item in moved for name in labellers(after, item)} == {"dia"}
    assert len(moved) == pytest.approx(len(ITEMS) / 4, rel=0.15)


def test_a_member_who_leaves_is_followed_by_all_the_others():
    before, after = Team(("ann", "bob", "cho"), 0), Team(("ann", "bob"), 0)
    left = [item for item in ITEMS if labellers(before, item) == ["cho"]]
    kept = [item for item in ITEMS if labellers(before, item) != ["cho"]]
    assert all(labellers(before, item) == labellers(after, item) for item in kept)
    heirs = Counter(labellers(after, item)[0] for item in left)
    assert all(number == pytest.approx(len(left) / 2, rel=0.15) for number in heirs.values())


@pytest.mark.parametrize("size", [2, 3, 5, 10])
def test_a_split_is_balanced(size):
    team = Team(tuple(f"person {n}" for n in range(size)), 0)
    shares = Counter(labellers(team, item)[0] for item in ITEMS)
    assert len(shares) == size
    # Four standard deviations of a fair split.
    fair = len(ITEMS) / size
    assert all(abs(n - fair) < 4 * math.sqrt(fair) for n in shares.values())


def test_the_highest_weight_wins():
    team = Team(("ann", "bob"), 0)
    for item in ITEMS[:50]:
        weights = {
            name: hashlib.sha256(f"one\x1f{item}\x1f{name}".encode()).hexdigest()
            for name in team.members
        }
        assert labellers(team, item) == [max(weights, key=weights.get)]


def test_between_equal_weights_exactly_one_wins_whatever_the_order(monkeypatch):
    monkeypatch.setattr("xeroml_nb.annotation.sharing.hashed_chance", lambda *parts: 0.5)
    assert labellers(Team(("ann", "bob"), 0), "a") == ["bob"]
    assert labellers(Team(("bob", "ann"), 0), "a") == ["bob"]


def test_a_split_made_today_is_the_one_made_by_later_versions():
    team = Team(("ann", "bob", "cho"), 0)
    assert "".join(labellers(team, f"i{n}")[0][0] for n in range(16)) == "bcbbaabaacbcbcbb"


PRINTED = """
from xeroml_nb.annotation.sharing import Team
team = Team(("ann", "bob", "cho"), 0.3)
print([[team.is_assigned(f"i{n}", name) for name in team.members] for n in range(50)])
"""


def test_the_split_is_the_same_in_every_process():
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


def test_odd_ids_are_split_too():
    team = Team(("ann", "bób"), 0)
    assert all(len(labellers(team, item)) == 1 for item in ("", "\ud800", "日本", "a\x1fb"))


# Overlap.


@pytest.mark.parametrize("overlap", [0.05, 0.3, 0.8])
def test_about_the_overlap_asked_for_goes_to_everyone_and_the_rest_to_one(overlap):
    team = Team(("ann", "bob", "cho"), overlap)
    counts = Counter(len(labellers(team, item)) for item in ITEMS)
    assert set(counts) == {1, 3}
    assert counts[3] / len(ITEMS) == pytest.approx(overlap, abs=0.04)


@calm
@given(teams, item_ids, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_overlap_takes_nothing_from_anyone(members, items, one, other):
    small, large = Team(members, min(one, other)), Team(members, max(one, other))
    for item in items:
        assert set(labellers(small, item)) <= set(labellers(large, item))


def test_what_everyone_labels_does_not_depend_on_the_members():
    one, other = Team(("ann", "bob"), 0.3), Team(("cho", "dia", "eli"), 0.3)
    for item in ITEMS[:500]:
        assert (len(labellers(one, item)) == 2) == (len(labellers(other, item)) == 3)


def test_what_is_left_to_one_member_is_split_as_evenly():
    team = Team(("ann", "bob"), 0.5)
    alone = Counter(found[0] for item in ITEMS if len(found := labellers(team, item)) == 1)
    assert alone["ann"] / alone.total() == pytest.approx(0.5, abs=0.05)


# What is refused.


@pytest.mark.parametrize("overlap", [-0.1, 1.1, math.nan, math.inf, True, "1", None, 10**400])
def test_an_overlap_outside_of_0_to_1_is_refused(overlap):
    assert refusal(("ann", "bob"), overlap).startswith("overlap is ")


@pytest.mark.parametrize("members", [(), ("ann",)])
def test_fewer_than_two_members_cannot_split(members):
    assert f"has {len(members)} members" in refusal(members, 0.5)


def test_a_name_that_is_there_twice_is_refused():
    assert "'ann', 'bob', 'ann'" in refusal(("ann", "bob", "ann"))


@pytest.mark.parametrize("name", ["", "  ", None, 3, ["ann"], "a\nb"])
def test_an_empty_or_odd_name_is_refused(name):
    assert "team member" in refusal(("ann", name))


@pytest.mark.parametrize("members", ["ann", None, {"ann", "bob"}])
def test_members_that_are_no_row_of_names_are_refused(members):
    assert "members of a team" in refusal(members)


def test_a_list_of_names_is_taken_as_a_tuple():
    assert Team(["ann", "bob"]) == Team(("ann", "bob"))


@pytest.mark.parametrize("overlap", [0, 0.5, 1])
def test_who_is_no_member_is_refused_by_naming_the_team(overlap):
    team = Team(("Ann", "bob"), overlap)
    with pytest.raises(BadInput, match="'eve' is no member of the team 'Ann', 'bob'"):
        team.is_assigned("a", "eve")


def test_the_weights_of_the_split_and_the_overlap_are_not_the_same_chance():
    assert hashed_chance("everyone", "a") != hashed_chance("one", "a")
