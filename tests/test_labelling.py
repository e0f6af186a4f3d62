"""One person labelling one queue on a real store, through restarts, edits and mishaps."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
from labelling import (
    EVERY_KIND,
    PREFERENCE,
    VERDICT,
    Page,
    client_of_copy,
    events_of,
    human_scores,
    item_ids,
    labels_of,
    make_items,
    place_of,
    run_of,
    session_of,
    store_with,
    terms,
)

import xeroml_nb as xn
from xeroml_nb.annotation import queue as queue_module
from xeroml_nb.annotation import session as session_module
from xeroml_nb.annotation.choices import Option
from xeroml_nb.annotation.decision import Decision
from xeroml_nb.annotation.dimension import Dimension
from xeroml_nb.annotation.order import Order
from xeroml_nb.annotation.queue import material_of, open_for_experiments
from xeroml_nb.annotation.rubric import Rubric
from xeroml_nb.annotation.session import OutOfTurn
from xeroml_nb.annotation.wire import entry_wire, raw_wire
from xeroml_nb.errors import BadInput, StoreBusy, StoreReadOnly
from xeroml_nb.records import clock
from xeroml_nb.records.label import BLANK, Action, EntryKey
from xeroml_nb.store import queues as stored_queues
from xeroml_nb.store import scores as stored_scores
from xeroml_nb.store.store import Store


@pytest.fixture(scope="module")
def templates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("template")
    return {"experiment": store_with(folder, lambda client: run_of(client, list("abcd")))}


@pytest.fixture
def client(own_folder, templates, request):
    """As everywhere, over a store that holds the experiment for the tests that ask for it."""
    made = client_of_copy(templates, request.fixturenames, own_folder)
    yield made
    made.close()


@pytest.fixture
def experiment(client):
    """Four outputs."""
    return client.get_experiment("run")


@pytest.fixture
def small_parts(monkeypatch):
    """Orders begin with five items, and the others join."""
    monkeypatch.setattr(session_module, "_FIRST", 5)


@pytest.fixture
def session(experiment):
    return session_of(experiment)


@pytest.fixture
def page(session):
    return Page(session)


def everything(session):
    """All that a person sees of how far they are."""
    entries = session.entries(0, session.total)
    return (
        [(entry.key, entry.label, entry.swapped) for entry in entries],
        session.tally.text(),
        session.tally.done,
        session.saved,
        session.next_open(),
        session.left(),
    )


def answers(session):
    return {
        entry.key.item_id: dict(entry.label.answers)
        for entry in session.entries(0, session.total)
        if entry.label.answers
    }


# A decision.


def test_a_decision_is_on_disk_when_it_returns(experiment, session, page):
    receipt = page.set(1, "fail")
    with closing(Store(experiment.store.place)) as other:
        again = session_of(experiment, store=other)
        assert again.entry(1).label.answers == {"verdict": "fail"}
    assert receipt.sequence == 1
    assert receipt.position == 1
    assert receipt.label.answers == {"verdict": "fail"}
    assert not receipt.others


def test_what_is_stored_of_a_decision_is_all_that_led_to_it(experiment, session, page):
    page.set(0, "fail")
    page.set(0, "pass", active_seconds=2.5)
    first, second = events_of(session)
    run = experiment.get_results()[0]
    assert (second.action, second.key, second.annotator) == (Action.SET, ("i0", 0, False), "ann")
    assert (second.value, second.previous, first.previous) == ("pass", "fail", None)
    assert (second.session, second.sequence, second.position) == (page.name, 2, 0)
    assert second.config_id == VERDICT["verdict"].config_id
    assert second.trace_id == run.trace_id
    assert second.content_hash == first.content_hash
    assert (second.blind, second.swapped, second.carried_from) == (True, None, None)
    assert (second.active_seconds, second.id > first.id) == (2.5, True)
    assert second.decided_at is not None
    assert second.tool_version == version("xeroml_nb")


def test_every_kind_of_question_is_answered_and_scored(client, experiment):
    page = Page(session_of(experiment, EVERY_KIND))
    given = {"verdict": "pass", "safe": False, "tone": 4, "cost": 2.5, "why": "Too long."}
    for dimension, value in given.items():
        assert not page.session.is_decided(0) or dimension == "why"
        page.set(0, value, dimension)
    assert page.session.is_decided(0)
    assert page.session.tally.done == 1
    scores = {s.name: s for s in client.get_scores(source="human").itertuples()}
    assert {name: score.value for name, score in scores.items()} == given
    assert {name: score.data_type for name, score in scores.items()} == {
        "verdict": "CATEGORICAL",
        "safe": "BOOLEAN",
        "tone": "NUMERIC",
        "cost": "NUMERIC",
        "why": "CATEGORICAL",
    }


def test_a_question_that_is_not_required_does_not_keep_an_item_open(experiment):
    rubric = Rubric([VERDICT["verdict"], Dimension("why", "text", required=False)])
    page = Page(session_of(experiment, rubric))
    page.set(0, "because", "why")
    assert page.session.next_open() == 0
    page.set(0, "pass")
    assert page.session.next_open() == 1


def test_a_rubric_that_requires_nothing_is_done_with_any_answer_or_skip(experiment):
    page = Page(session_of(experiment, Rubric([Dimension("why", "text", required=False)])))
    page.set(0, "because", "why")
    page.do("skip", 1)
    assert (page.session.tally.done, page.session.next_open()) == (2, 2)


def test_comments_and_corrections_stand_beside_the_answers(client, experiment, page):
    page.set(0, "fail")
    page.do("comment", 0, value="Wrong tone \ud800\x00")
    receipt = page.do("correct", 0, value="A better output.")
    assert receipt.label.comment == "Wrong tone \ud800\x00"
    assert receipt.label.correction == "A better output."
    [score] = client.get_scores(name="verdict", source="human").itertuples()
    assert score.comment == "Wrong tone \\ud800\\x00"
    assert score.metadata["correction"] == "A better output."
    assert session_of(experiment).entry(0).label == receipt.label
    assert page.do("comment", 0, value=None).label.comment == ""
    assert page.do("correct", 0, value=None).label.correction is None


# Coming back.


@pytest.mark.parametrize("mode", ["given", "shuffle"])
def test_after_a_restart_everything_is_as_it_was(client, mode, small_parts):
    experiment = run_of(client, [f"output {n}" for n in range(12)])
    session = session_of(experiment, agreed=terms(Order(mode)))
    session.join()
    page = Page(session)
    page.set(0, "pass")
    page.set(1, "fail")
    page.do("skip", 2)
    page.do("flag", 3)
    page.do("comment", 9, value="odd")
    page.set(10, "pass")
    before = everything(session)

    client.close()
    again = xn.get_client().get_experiment("run")
    resumed = session_of(again)
    assert everything(resumed) == before
    assert resumed.next_open() == 3
    assert everything(session_of(again, agreed=terms(Order("shuffle", seed=99)))) == before


def test_the_seed_of_an_order_is_chosen_once_and_stored(client, experiment):
    session = session_of(experiment, agreed=terms(Order("shuffle")))
    with client.store.reading() as connection:
        stored = stored_queues.by_id(connection, session.queue.id)
    assert isinstance(stored.order["seed"], int)
    assert stored.order == session.queue.order
    assert stored.order["mode"] == "shuffle"
    assert session_of(experiment).queue.order == stored.order


@pytest.mark.parametrize(
    ("order", "team", "repeats", "said"),
    [
        (Order("shuffle"), (), 0.0, "its order;"),
        (None, ("ann", "bob"), 0.0, "its team;"),
        (None, (), 0.5, "its repeats;"),
        (Order("given", seed=3), ("ann",), 0.5, "its order and team and repeats;"),
        (None, (), 0.0, None),
    ],
)
def test_a_queue_that_exists_keeps_its_terms_and_says_so(experiment, order, team, repeats, said):
    session = session_of(experiment)
    asked = terms(order, team, repeats=repeats)
    found = open_for_experiments(experiment.store, [experiment], VERDICT, asked)
    assert found.record.order == session.queue.order
    assert found.record.team == session.queue.team
    if said is None:
        assert found.notices == ()
    else:
        [notice] = found.notices
        assert said in notice


def test_undo_and_redo_go_on_after_a_restart(client, experiment, page):
    page.set_all(["pass", "fail", "pass"])
    page.set(0, "fail")
    page.do("undo", 3)
    client.close()
    again = Page(session_of(xn.get_client().get_experiment("run")))
    changed = [again.do("undo", 0).position for _ in range(4)]
    assert changed == [2, 1, 0, None]
    assert answers(again.session) == {}
    assert [again.do("redo", 0).position for _ in range(5)] == [0, 1, 2, 0, None]
    assert answers(again.session) == {
        "i0": {"verdict": "fail"},
        "i1": {"verdict": "fail"},
        "i2": {"verdict": "pass"},
    }


def test_an_undo_with_nothing_to_undo_changes_nothing_and_the_page_goes_on(session, page):
    receipt = page.do("undo", 2)
    assert (receipt.position, receipt.label) == (None, BLANK)
    assert events_of(session) == []
    assert page.set(0, "pass").position == 0


def test_two_people_undo_only_what_is_theirs(experiment, page):
    other = Page(session_of(experiment, annotator="bob"))
    page.set(0, "pass")
    other.set(0, "fail")
    assert page.do("undo", 0).position == 0
    assert page.do("undo", 0).position is None
    assert other.session.entry(0).label.answers == {"verdict": "fail"}


def test_the_labels_of_another_person_are_not_resumed(experiment, page):
    page.set(0, "pass")
    other = session_of(experiment, annotator="bob")
    assert (other.saved, other.next_open()) == (0, 0)


# Scores.


def test_scores_of_people_stand_in_the_frame_of_the_experiment(experiment, page):
    page.set_all(["pass", None, "fail"])
    frame = experiment.to_frame().set_index("item_id")
    assert list(frame["verdict"].dropna().items()) == [("i0", "pass"), ("i2", "fail")]


def test_a_score_says_who_gave_it_and_under_which_question(client, session, page):
    page.set(0, "pass")
    [score] = client.get_scores(name="verdict").itertuples()
    assert (score.source, score.author, score.value) == ("human", "ann", "pass")
    assert score.metadata == {
        "number": 1.0,
        "direction": "none",
        "config": VERDICT["verdict"].config_id,
        "queue": session.queue.id,
    }


def test_a_score_changes_with_every_decision_and_its_past_is_kept(client, page):
    page.set(0, "pass")
    [score] = client.get_scores(name="verdict").itertuples()
    page.do("comment", 0, value="hm")
    page.set(0, "fail")
    page.do("undo", 0)
    page.do("undo", 0)
    page.do("undo", 0)
    assert client.get_scores(name="verdict").empty
    page.do("redo", 0)
    [now] = client.get_scores(name="verdict").itertuples()
    assert (now.id, now.value, now.comment) == (score.id, "pass", None)
    with client.store.reading() as connection:
        past = stored_scores.history(connection, score.id)
    assert past == [
        ("pass", None),
        ("pass", "hm"),
        ("fail", "hm"),
        ("pass", "hm"),
        ("pass", None),
    ]


def test_an_answer_that_is_cleared_takes_its_score_with_it(client, page):
    page.set(0, "pass")
    assert page.do("clear", 0, "verdict").label.answers == {}
    assert client.get_scores(name="verdict").empty
    assert page.session.next_open() == 0


def test_a_skip_or_a_flag_alone_gives_no_score(client, page):
    page.do("skip", 0)
    page.do("flag", 1)
    page.do("comment", 2, value="later")
    assert client.get_scores(source="human").empty


def test_each_person_has_a_score_of_their_own(client, experiment, page):
    page.set(0, "pass")
    Page(session_of(experiment, annotator="bob")).set(0, "fail")
    found = {s.author: s.value for s in client.get_scores(name="verdict").itertuples()}
    assert found == {"ann": "pass", "bob": "fail"}


def test_an_undo_in_one_queue_leaves_the_score_of_another_queue(client, experiment, page):
    page.set(0, "pass")
    other = Page(session_of(experiment, Rubric(VERDICT.dimensions, name="second look")))
    other.set(0, "fail")
    other.do("undo", 0)
    assert page.session.entry(0).label.answers == {"verdict": "pass"}
    assert human_scores(client, experiment) == {("i0", "verdict"): "pass"}


# Sequence numbers.


def test_a_decision_that_arrives_twice_counts_once(session, page):
    decision = page.decision("set", 0, "verdict", "pass")
    first = session.decide(decision)
    again = session.decide(decision)
    assert again == first
    assert len(events_of(session)) == 1
    assert session.tally.text() == "pass 1"


def test_a_decision_that_arrives_again_after_a_restart_counts_once(experiment, session, page):
    decisions = [page.decision("set", n, "verdict", "pass") for n in range(3)]
    for decision in decisions:
        session.decide(decision)
    resumed = session_of(experiment)
    for decision in decisions:
        assert resumed.decide(decision).label.answers == {"verdict": "pass"}
    assert len(events_of(session)) == 3
    assert resumed.expected(page.name) == 4


def test_a_repeated_decision_far_down_a_long_queue_counts_once_after_a_restart(client, small_parts):
    experiment = run_of(client, list(range(8)))
    session = session_of(experiment)
    session.join()
    decision = Page(session).decision("set", 7, "verdict", "pass")
    session.decide(decision)
    assert session_of(experiment).decide(decision).label.answers == {"verdict": "pass"}


def test_what_is_said_of_an_item_is_known_before_anything_was_shown(experiment, page):
    page.set(3, "pass")
    assert session_of(experiment).label(3).answers == {"verdict": "pass"}
    assert session_of(experiment).is_decided(3)


def test_a_decision_before_an_earlier_one_is_asked_for_in_turn(session, page):
    first = page.decision("set", 0, "verdict", "pass")
    second = page.decision("set", 1, "verdict", "fail")
    with pytest.raises(OutOfTurn) as caught:
        session.decide(second)
    assert caught.value.expected == 1
    assert events_of(session) == []
    session.decide(first)
    session.decide(second)
    assert answers(session) == {"i0": {"verdict": "pass"}, "i1": {"verdict": "fail"}}


def test_pages_count_each_for_themselves(session):
    one, other = Page(session), Page(session)
    one.set(0, "pass")
    one.set(1, "pass")
    other.set(2, "fail")
    assert session.expected(one.name) == 3
    assert session.expected(other.name) == 2
    assert session.expected("a page never heard of") == 1


def test_a_page_that_knows_its_earlier_decisions_settled_goes_on_after_a_restart(experiment, page):
    page.set(0, "pass")
    with pytest.raises(BadInput):
        page.set(1, "no such option")
    page.session = session_of(experiment)
    assert page.set(1, "fail", oldest=3).label.answers == {"verdict": "fail"}


def test_one_decision_that_reaches_two_sessions_of_a_person_counts_once(experiment):
    one, other = session_of(experiment), session_of(experiment)
    page = Page(one)
    assert other.expected(page.name) == 1
    decision = page.decision("set", 0, "verdict", "pass")
    one.decide(decision)
    assert other.decide(decision).label.answers == {"verdict": "pass"}
    assert len(events_of(one)) == 1


# Refusals.


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"title": "i3"}, "A decision on 'i3' arrived for item 1, which is 'i0'"),
        ({"value": "so-so"}, "'verdict' was given 'so-so'. Use one of 'pass', 'fail'."),
        ({"value": None}, "'verdict' was given None"),
        ({"dimension": "tone"}, "no dimension 'tone'. It has 'verdict'"),
        ({"dimension": None}, "no dimension"),
        ({"action": Action.CLEAR, "dimension": "tone"}, "no dimension 'tone'"),
        ({"position": 4}, "There is no item 5. Choose one from 1 to 4."),
        ({"position": 10**9}, "There is no item"),
    ],
)
def test_a_decision_that_cannot_be_accepted_is_refused_and_the_next_one_accepted(
    session, page, parts, said
):
    decision = replace(page.decision("set", 0, "verdict", "pass"), **parts)
    with pytest.raises(BadInput) as caught:
        session.decide(decision)
    assert said in str(caught.value)
    assert caught.value.next_step
    assert events_of(session) == []
    assert page.set(1, "pass").label.answers == {"verdict": "pass"}
    assert answers(session) == {"i1": {"verdict": "pass"}}


WIRE = {
    "session": "page",
    "seq": 1,
    "pos": 0,
    "title": "i0",
    "action": "set",
    "dimension": "verdict",
    "value": "pass",
    "presented": 1_700_000_000_000,
    "decided": 1_700_000_001_500,
    "active": 1.5,
}


def test_a_decision_is_read_from_what_the_page_says(session):
    decision = Decision.from_wire(WIRE)
    assert (decision.decided_at - decision.presented_at).total_seconds() == 1.5
    session.decide(decision)
    [event] = events_of(session)
    assert (event.presented_at, event.decided_at) == (decision.presented_at, decision.decided_at)
    assert event.active_seconds == 1.5


@pytest.mark.parametrize(
    "changed",
    [
        {"session": ""},
        {"session": "x" * 65},
        {"session": None},
        {"seq": "1"},
        {"seq": True},
        {"seq": -1},
        {"pos": None},
        {"pos": 1.5},
        {"title": ""},
        {"title": 3},
        {"action": "explode"},
        {"action": "carry"},
        {"action": None},
        {"active": "long"},
        {"decided": "today"},
        {"value": "x" * 200_001},
    ],
)
def test_a_decision_that_cannot_be_read_is_refused_in_words(changed):
    with pytest.raises(BadInput) as caught:
        Decision.from_wire(WIRE | changed)
    assert caught.value.next_step
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("missing", ["session", "seq", "pos", "title", "action"])
def test_a_decision_without_an_essential_part_is_refused(missing):
    wire = {name: part for name, part in WIRE.items() if name != missing}
    with pytest.raises(BadInput, match=missing):
        Decision.from_wire(wire)


def test_idle_time_and_odd_clocks_do_not_count():
    odd = Decision.from_wire(WIRE | {"active": 1e9, "presented": -5, "decided": 1e300})
    assert (odd.active_seconds, odd.presented_at, odd.decided_at) == (120.0, None, None)
    assert Decision.from_wire(WIRE | {"active": -3}).active_seconds == 0.0


# Labels that were given elsewhere.


def test_a_label_from_elsewhere_is_recorded_like_one_given_here(client, experiment, session):
    session.record(EntryKey("i2"), {"verdict": "fail"}, "from the sheet")
    label = session_of(experiment).label(2)
    assert (dict(label.answers), label.comment) == ({"verdict": "fail"}, "from the sheet")
    assert human_scores(client, experiment) == {("i2", "verdict"): "fail"}
    assert Page(session).do("undo", 0).label.comment == ""


@pytest.mark.parametrize(
    ("key", "given", "said"),
    [
        (EntryKey("i9"), {"verdict": "pass"}, "There is no item 'i9'"),
        (EntryKey("i0", 1), {"verdict": "pass"}, "There is no item 'i0' (repetition 1)"),
        (EntryKey("i0"), {"verdict": "pass", "tone": 3}, "no dimension 'tone'"),
        (EntryKey("i0"), {"verdict": "so-so"}, "'verdict' was given 'so-so'"),
    ],
)
def test_a_label_from_elsewhere_that_does_not_fit_is_refused_whole(session, key, given, said):
    with pytest.raises(BadInput) as caught:
        session.record(key, given)
    assert said in str(caught.value)
    assert events_of(session) == []


# Where one is.


def test_the_next_open_item_is_the_first_undecided_one_from_a_place_on(session, page):
    page.set_all(["pass", None, "fail", None])
    assert [session.next_open(n) for n in range(5)] == [1, 1, 3, 3, None]
    page.do("skip", 1)
    assert session.next_open() == 3
    page.set(3, "pass")
    assert session.next_open() is None


def test_the_next_open_item_is_found_in_a_part_of_the_order_that_was_not_read(client, small_parts):
    experiment = run_of(client, list(range(8)))
    session = session_of(experiment)
    session.join()
    assert session.plan.parts == 2
    page = Page(session)
    page.set_all(["pass"] * 6)
    assert session_of(experiment).next_open() == 6


def test_what_is_left_is_told_by_kind(session, page):
    page.set(0, "pass")
    page.do("flag", 0)
    page.do("skip", 1)
    page.do("flag", 2)
    assert session.left() == {"skipped": [1], "flagged": [0, 2], "open": [2, 3]}
    page.do("unskip", 1)
    page.do("unflag", 2)
    assert session.left() == {"skipped": [], "flagged": [0], "open": [1, 2, 3]}
    page.do("skip", 0)
    assert session.left()["skipped"] == []


def test_an_entry_beyond_the_end_is_refused_with_what_there_is(session):
    for position in (4, -1, 10**6):
        with pytest.raises(BadInput, match="Choose one from 1 to 4"):
            session.entry(position)
    assert [e.position for e in session.entries(2, 10)] == [2, 3]
    assert session.entries(4, 10) == []


def test_only_item_runs_with_an_output_are_labelled(client):
    experiment = run_of(client, ["a", ValueError("no"), "c"])
    assert item_ids(session_of(experiment)) == ["i0", "i2"]


def test_an_input_of_a_loops_own_is_labelled_too_beside_the_items_of_a_dataset(client):
    dataset = make_items(client, 2)
    experiment = client.create_experiment(name="loop", dataset_name="items")
    with experiment.run_item(next(iter(dataset))) as run:
        run.set_output("of the dataset")
    with experiment.run_item_raw(input="one more") as run:
        run.set_output("of the loop")
    outputs = [entry.shown.outputs for entry in session_of(experiment).entries(0, 9)]
    assert outputs == [("of the dataset",), ("of the loop",)]


def test_repetitions_of_an_item_are_labelled_each(client):
    experiment = run_of(client, ["a", "b"], repetitions=2)
    session = session_of(experiment)
    titles = [entry.shown.title for entry in session.entries(0, 9)]
    assert titles == ["i0", "i0 · repetition 1", "i1", "i1 · repetition 1"]
    Page(session).set(1, "fail")
    assert experiment.to_frame()["verdict"].isna().tolist() == [True, False, True, True]


def test_an_item_whose_name_is_as_long_as_can_be_is_labelled(client):
    client.create_dataset(name="long", items=[{"id": "n" * 200, "input": 0}])
    page = Page(session_of(run_of(client, ["a"], dataset="long")))
    wire = WIRE | {"title": page.session.entry(0).shown.title}
    assert page.session.decide(Decision.from_wire(wire)).label.answers == {"verdict": "pass"}


def test_the_pace_is_that_of_the_latest_items(session, page):
    page.set(0, "pass", active_seconds=2)
    page.do("flag", 0, active_seconds=0.5)
    page.set(1, "fail", active_seconds=4)
    assert session.pace() == [2.5, 4]


# Outputs of every sort.


def deep(levels):
    value = "bottom"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "output",
    [
        pytest.param("x" * 1_000_000, id="1 MB of text"),
        pytest.param({"rows": [{"a": n, "b": "y" * 50} for n in range(15_000)]}, id="1 MB of data"),
        pytest.param(bytes(range(256)) * 100, id="binary"),
        pytest.param(deep(10_000), id="10,000 levels"),
        pytest.param("[" * 10_000 + "]" * 10_000, id="text of 10,000 levels"),
        pytest.param("", id="empty"),
        pytest.param(None, id="nothing"),
        pytest.param("half \ud800 and \x00", id="unstorable text"),
        pytest.param(float("nan"), id="not a number"),
        pytest.param(object(), id="no data at all"),
    ],
)
def test_any_output_is_shown_in_bounds_and_labelled(client, output):
    experiment = run_of(client, [output])
    session = session_of(experiment)
    wire = entry_wire(session.entry(0))
    [shown] = wire["outputs"]
    assert "could not be rendered" not in str(shown["nodes"])
    assert len(str(wire)) < 400_000
    assert raw_wire(session.entry(0), 1)
    Page(session).set(0, "pass")
    assert answers(session_of(experiment)) == {"i0": {"verdict": "pass"}}
    assert human_scores(client, experiment) == {("i0", "verdict"): "pass"}


# A rubric that is edited half-way.

EDITED = Rubric([Dimension("verdict", options=["pass", "fail", "defer"])])


def test_after_an_edit_answers_stay_until_they_are_asked_for_again(experiment, page):
    page.set_all(["pass", "fail"])
    edited = session_of(experiment, EDITED)
    assert [name for _, name in edited.stale()] == ["verdict", "verdict"]
    assert (edited.tally.done, edited.next_open()) == (2, 2)
    assert edited.requeue() == 2
    assert (edited.tally.done, edited.next_open()) == (0, 0)
    assert edited.stale() == []
    assert edited.requeue() == 0


def test_requeueing_is_taken_back_item_by_item(client, experiment, page):
    page.set_all(["pass", "fail"])
    edited = session_of(experiment, EDITED)
    edited.requeue()
    assert human_scores(client, experiment) == {}
    again = Page(edited)
    assert {again.do("undo", 0).position for _ in range(2)} == {0, 1}
    assert answers(edited) == {"i0": {"verdict": "pass"}, "i1": {"verdict": "fail"}}
    assert human_scores(client, experiment) == {
        ("i0", "verdict"): "pass",
        ("i1", "verdict"): "fail",
    }


def test_only_answers_to_questions_that_changed_are_asked_for_again(experiment):
    tone = Dimension("tone", "boolean")
    page = Page(session_of(experiment, Rubric([*VERDICT.dimensions, tone])))
    page.set(0, "pass")
    page.set(0, value=True, dimension="tone")
    edited = session_of(experiment, Rubric([*EDITED.dimensions, tone]))
    assert edited.requeue() == 1
    assert answers(edited) == {"i0": {"tone": True}}


def test_an_answer_the_edited_question_has_no_more_leaves_the_item_open(experiment, page):
    page.set_all(["pass", "fail"])
    edited = session_of(experiment, Rubric([Dimension("verdict", options=["pass", "poor"])]))
    assert edited.next_open() == 1
    assert Page(edited).set(1, "poor").label.answers == {"verdict": "poor"}


def test_an_edit_and_its_return_know_the_old_answers_again(experiment, page):
    page.set(0, "pass")
    session_of(experiment, EDITED)
    assert session_of(experiment).stale() == []


def test_an_edit_is_noted_and_every_version_of_a_question_is_kept(client, experiment, session):
    found = open_for_experiments(experiment.store, [experiment], EDITED, None)
    assert found.notices == ("The rubric has changed since the last time.",)
    assert found.record.id == session.queue.id
    with client.store.reading() as connection:
        stored = stored_queues.by_id(connection, session.queue.id)
        versions = stored_queues.configs(connection, "verdict")
    assert stored.definitions == (EDITED["verdict"].definition(),)
    assert [(name, number) for name, number, _ in versions] == [("verdict", 1), ("verdict", 2)]


KINDS = [
    Dimension("verdict", options=["pass", "fail"]),
    Dimension("verdict", "boolean"),
    Dimension("verdict", "scale", minimum=1, maximum=5),
    Dimension("verdict", "number"),
    Dimension("verdict", "text"),
]
GIVEN = {"categorical": "pass", "boolean": True, "scale": 3, "number": 0.5, "text": "good"}


@pytest.mark.parametrize("new", KINDS, ids=lambda d: f"to {d.kind}")
def test_a_question_of_another_kind_stops_nobody_from_going_on(experiment, new):
    for old in KINDS:
        name = f"from {old.kind}"
        page = Page(session_of(experiment, Rubric([old], name=name)))
        page.set(0, GIVEN[old.kind])
        page.set(1, GIVEN[old.kind])
        edited = Page(session_of(experiment, Rubric([new], name=name)))
        assert edited.do("flag", 0).label.flagged
        assert edited.session.requeue() == (0 if new is old else 2)
        assert edited.do("undo", 0).position is not None
        assert edited.set(0, GIVEN[new.kind]).label.answers == {"verdict": GIVEN[new.kind]}


def test_a_question_that_was_taken_away_leaves_no_score_when_its_answer_is_undone(client):
    experiment = run_of(client, ["a"])
    page = Page(session_of(experiment, Rubric([*VERDICT.dimensions, Dimension("tone", "boolean")])))
    page.set(0, "pass")
    page.set(0, value=True, dimension="tone")
    Page(session_of(experiment)).do("undo", 0)
    assert human_scores(client, experiment) == {("i0", "verdict"): "pass"}


# Carrying over.


def test_labels_carry_over_where_the_output_is_the_same(client, experiment, page):
    page.set_all(["pass", "fail", "pass"])
    page.do("skip", 3)
    first_trace = experiment.get_results()[0].trace_id
    following = run_of(client, ["a", "B", "c", "d"], "next")
    session = session_of(following)
    assert item_ids(session) == ["i1", "i3", "i0", "i2"]
    assert [p.drawn for p in session.plan.entries] == ["changed", "given", "carried", "carried"]
    carried = session.entry(2)
    assert (carried.key.item_id, dict(carried.label.answers)) == ("i0", {"verdict": "pass"})
    assert carried.label.carried_from == first_trace
    assert carried.label.trace_id == carried.shown.trace_ids[0] != first_trace
    assert session.tally.carried == session.tally.done == 2
    assert session.saved == 0
    assert session.next_open() == 0
    assert human_scores(client, following) == {("i0", "verdict"): "pass", ("i2", "verdict"): "pass"}
    [score] = client.get_scores(trace_id=carried.label.trace_id).itertuples()
    assert score.metadata["carried_from"] == first_trace


def test_a_carried_label_is_changed_like_any_other_and_undo_brings_it_back(
    client, experiment, page
):
    page.set(0, "pass")
    following = run_of(client, ["a", "b", "c", "d"], "next")
    session = session_of(following)
    place = place_of(session, "i0")
    again = Page(session)
    assert again.do("undo", place).position is None
    assert again.set(place, "fail").label.carried_from is None
    assert session.tally.carried == 0
    assert again.do("undo", place).label.answers == {"verdict": "pass"}
    resumed = session_of(following)
    assert resumed.tally.carried == 1
    assert human_scores(client, following) == {("i0", "verdict"): "pass"}


def test_labels_carry_on_from_experiment_to_experiment(client, experiment, page):
    page.set(0, "pass")
    session_of(run_of(client, ["a", "b", "c", "d"], "next"))
    third = session_of(run_of(client, ["a", "b", "c", "d"], "third"))
    assert answers(third) == {"i0": {"verdict": "pass"}}


def test_labels_carry_over_to_nobody_else(client, experiment, page):
    page.set(0, "pass")
    following = run_of(client, ["a", "b", "c", "d"], "next")
    assert answers(session_of(following, annotator="bob")) == {}


def test_labels_do_not_carry_over_under_another_question_or_rubric(client, experiment, page):
    page.set(0, "pass")
    following = run_of(client, ["a", "b", "c", "d"], "next")
    assert answers(session_of(following, EDITED)) == {}
    other = Rubric(VERDICT.dimensions, name="another rubric")
    assert answers(session_of(following, other)) == {}


def test_labels_do_not_carry_over_where_the_input_is_another(client, experiment, page):
    page.set(0, "pass")
    items = [{"id": "i0", "input": 3}]
    client.create_dataset(name="items", items=items)
    following = client.start(lambda number: "a", "items", name="next", resume=False).wait()
    session = session_of(following)
    assert answers(session) == {}
    assert [p.drawn for p in session.plan.entries] == ["changed"]


def test_only_answers_that_still_fit_carry_over_where_an_optional_question_changed(client):
    def rubric(optional):
        return Rubric([*VERDICT.dimensions, optional], name="with an optional question")

    before = Dimension("why", "text", required=False)
    after = Dimension("why", "scale", minimum=1, maximum=3, required=False)
    page = Page(session_of(run_of(client, ["a"]), rubric(before)))
    page.set(0, "pass")
    page.set(0, "because", "why")
    following = session_of(run_of(client, ["a"], "next"), rubric(after))
    assert answers(following) == {"i0": {"verdict": "pass"}}


def test_items_that_join_later_carry_their_labels_too(client, experiment, page):
    page.set_all(["pass", "fail"])
    following = client.create_experiment(name="next", dataset_name="items")
    session = session_of(following)
    assert session.total == 0
    for item in client.get_dataset("items"):
        with following.run_item(item) as run:
            run.set_output("abcd"[item.input])
        if item.id in ("i0", "i3"):
            assert session.join()
    assert item_ids(session) == ["i0", "i2", "i3", "i1"]
    assert answers(session) == {"i0": {"verdict": "pass"}, "i1": {"verdict": "fail"}}
    assert session.tally.carried == 2


# Teams and repeats.


def test_a_team_shares_the_items_and_everyone_sees_the_overlap(client):
    experiment = run_of(client, list(range(40)))
    agreed = terms(Order("shuffle"), ["ann", "bob"], overlap=0.25)
    ann = session_of(experiment, annotator="ann", agreed=agreed)
    bob = session_of(experiment, annotator="bob")
    mine, others = set(item_ids(ann)), set(item_ids(bob))
    assert mine | others == {f"i{n}" for n in range(40)}
    assert 2 <= len(mine & others) <= 20
    assert item_ids(session_of(experiment, annotator="ann")) == item_ids(ann)


def test_only_members_of_a_team_label_its_queue(experiment):
    session_of(experiment, agreed=terms(team=["ann", "bob"]))
    with pytest.raises(BadInput, match="'cy' is no member of the team 'ann', 'bob'"):
        session_of(experiment, annotator="cy")


def test_a_hidden_repeat_is_labelled_by_itself_and_gives_no_score(client, experiment):
    session = session_of(experiment, agreed=terms(repeats=1.0))
    assert session.total == 8
    page = Page(session)
    first, again = place_of(session, "i0"), place_of(session, "i0", repeat=True)
    assert session.entry(first).shown == session.entry(again).shown
    page.set(first, "pass")
    assert session.label(again) is BLANK
    page.set(again, "fail")
    assert human_scores(client, experiment) == {("i0", "verdict"): "pass"}
    page.do("undo", 0)
    assert human_scores(client, experiment) == {("i0", "verdict"): "pass"}
    assert session.next_open() == 1


@pytest.mark.parametrize("repeats", [-0.1, 1.1, "x", True, None])
def test_a_share_of_repeats_that_is_none_is_refused(repeats):
    with pytest.raises(BadInput, match="repeats is"):
        terms(repeats=repeats)


# Orders over a real experiment.


@xn.evaluator
def quality(output):
    return output / 10


def test_the_worst_come_first_and_uncertain_ones_by_their_threshold(client):
    experiment = run_of(client, [9, 1, 5, 3], evaluators=[quality])

    def ordered(mode, name, **parts):
        order = Order(mode, by="quality", random_share=0, **parts)
        return item_ids(
            session_of(experiment, Rubric(VERDICT.dimensions, name=name), agreed=terms(order))
        )

    assert ordered("worst", "w") == ["i1", "i3", "i2", "i0"]
    assert ordered("uncertain", "u", threshold=0.85) == ["i0", "i2", "i3", "i1"]


def test_where_people_and_a_score_disagree_most_comes_first(client):
    experiment = run_of(client, [9, 1, 5], evaluators=[quality])
    rubric = Rubric([Dimension("good", options=[Option("yes", value=1), Option("no", value=0)])])
    page = Page(session_of(experiment, rubric))
    page.set_all(["no", "no", "yes"], "good")
    order = Order("disagreement", by="quality", against="good", random_share=0)
    other = session_of(experiment, Rubric(rubric.dimensions, name="again"), agreed=terms(order))
    assert item_ids(other) == ["i0", "i2", "i1"]


def test_where_two_experiments_disagree_most_comes_first(client):
    first = run_of(client, [9, 1, 5], evaluators=[quality])
    second = run_of(client, [8, 7, 5], "other", evaluators=[quality])
    order = Order("disagreement", by="quality", against=second, random_share=0)
    session = session_of(first, agreed=terms(order))
    assert item_ids(session) == ["i1", "i0", "i2"]
    assert session.queue.order["against"] == f"experiment:{second.id}"


def test_strata_of_the_metadata_take_turns(client):
    make_items(client, 6, metadata=lambda n: {"lang": "de" if n < 4 else "en"})
    session = session_of(
        run_of(client, list(range(6))), agreed=terms(Order("stratified", by="lang"))
    )
    metadata = [entry.shown.metadata["lang"] for entry in session.entries(0, 6)]
    assert metadata == ["de", "en", "de", "en", "de", "de"]


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (Order("stratified", by="lnag"), "No item has metadata called 'lnag'"),
        (Order("worst", by="qualty"), "No item can be ranked by 'qualty' yet"),
    ],
)
def test_an_order_by_what_no_item_has_says_so_and_is_a_shuffle(client, order, said):
    session = session_of(run_of(client, [9, 1, 5]), agreed=terms(order))
    assert session.note == f"{said}: the order is a shuffle."
    assert sorted(item_ids(session)) == ["i0", "i1", "i2"]


# While a run is still going.


def test_labelling_starts_while_the_run_is_going_and_the_order_only_grows(client):
    make_items(client, 6)
    gates = [threading.Event() for _ in range(6)]

    def task(number):
        assert gates[number].wait(30)
        return f"output {number}"

    live = client.start(task, "items", name="live", concurrency=6)
    session = session_of(live)
    assert (session.total, session.next_open()) == (0, None)
    material = material_of(client.store, session.queue)
    assert material.is_growing()
    seen = []
    for number in (3, 0, 5, 1):
        gates[number].set()
        until(session.join)
        assert item_ids(session)[: len(seen)] == seen
        seen = item_ids(session)
        Page(session).set(session.next_open(), "pass")
    assert seen == ["i3", "i0", "i5", "i1"]
    assert not session.join()
    assert item_ids(session_of(live)) == seen
    for gate in gates:
        gate.set()
    live.wait()
    assert session.join()
    assert item_ids(session)[4:] == ["i2", "i4"]
    assert not material.is_growing()
    assert (session.tally.done, session.next_open()) == (4, 4)


def until(reached, seconds=20):
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


def test_nothing_joins_twice_where_two_sessions_look_at_once(client, small_parts):
    experiment = run_of(client, list(range(8)))
    one, other = session_of(experiment), session_of(experiment)
    assert one.total == other.total == 5
    assert one.join()
    assert other.join()
    assert one.total == other.total == 8
    assert item_ids(one) == item_ids(other) == [f"i{n}" for n in range(8)]


def test_a_session_that_is_resumed_does_not_grow_where_nothing_joined(experiment, session):
    assert not session.join()
    assert not session_of(experiment).join()


def test_an_item_that_failed_and_then_succeeded_joins(client):
    make_items(client, 2)
    broken = [True]

    def task(number):
        if number == 1 and broken[0]:
            raise ValueError(number)
        return number

    experiment = client.start(task, "items", name="run").wait()
    session = session_of(experiment)
    assert item_ids(session) == ["i0"]
    broken[0] = False
    experiment.retry_failed().wait()
    assert session.join()
    assert item_ids(session) == ["i0", "i1"]


# Two sessions of one person.


def test_two_notebooks_of_one_person_see_what_the_other_wrote_and_both_are_kept(experiment):
    one, other = Page(session_of(experiment)), Page(session_of(experiment))
    assert not one.set(0, "pass").others
    assert other.set(1, "fail").others
    assert one.set(2, "pass").others
    assert not one.set(2, "fail").others
    assert other.do("undo", 0).position == 2
    expected = {"i0": {"verdict": "pass"}, "i1": {"verdict": "fail"}, "i2": {"verdict": "pass"}}
    assert answers(other.session) == expected
    one.do("flag", 3)
    assert answers(one.session) == expected
    assert everything(one.session) == everything(session_of(experiment))


def test_two_notebooks_that_write_at_the_same_time_lose_nothing(client):
    experiment = run_of(client, list(range(40)))
    pages = [Page(session_of(experiment)) for _ in range(3)]

    def label(page, start):
        for position in range(start, 40, 3):
            page.set(position, "pass")

    threads = [threading.Thread(target=label, args=[p, n]) for n, p in enumerate(pages)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    session = session_of(experiment)
    assert session.tally.text() == "pass 40"
    assert len(human_scores(client, experiment)) == 40
    positions = [event.position for event in events_of(session)]
    assert Counter(positions) == Counter(range(40))


LABELS_TOO = """
import sys
from labelling import Page, session_of
import xeroml_nb as xn

name, share = sys.argv[1], int(sys.argv[2])
session = session_of(xn.get_client().get_experiment("run"))
session.join()
page = Page(session, name)
print("ready", flush=True)
sys.stdin.readline()
for position in range(share, 60, 2):
    page.set(position, name)
    if position % 10 == share:
        page.do("flag", position)
        page.do("comment", position, value=name)
print(page.sequence)
"""


def python(*arguments, by=()):
    """A process that can import what stands beside this file."""
    folders = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    return subprocess.Popen(
        [*by, sys.executable, "-W", "error", *arguments],
        env=os.environ | {"PYTHONPATH": folders},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_processes_of_one_person_label_at_once_and_lose_nothing(client):
    experiment = run_of(client, list(range(60)))
    workers = [python("-c", LABELS_TOO, name, str(n)) for n, name in enumerate(["pass", "fail"])]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    ends = [worker.communicate("go\n", timeout=60) for worker in workers]
    assert [error for _, error in ends] == ["", ""]
    acknowledged = sum(int(said) for said, _ in ends)

    session = session_of(experiment)
    assert len(events_of(session)) == acknowledged == session.saved
    assert item_ids(session) == [f"i{n}" for n in range(60)]
    wanted = {f"i{n}": {"verdict": ("pass", "fail")[n % 2]} for n in range(60)}
    assert answers(session) == wanted
    assert session.tally.text() == "pass 30 · fail 30 · flagged 12"
    comments = set(client.get_scores(name="verdict")["comment"])
    assert comments == {None, "pass", "fail"}
    page = Page(session)
    for _ in range(acknowledged):
        assert page.do("undo", 0).position is not None
    assert page.do("undo", 0).position is None
    assert human_scores(client, experiment) == {}


def test_two_who_open_a_new_queue_at_once_get_one_order(client, experiment, monkeypatch):
    real = queue_module._put
    others = []

    def beaten(connection, record, rubric):
        # Somebody else's queue is stored between the look and the write.
        if not others:
            rival = replace(record, order=record.order | {"seed": record.order["seed"] + 1})
            others.append(rival)
            real(connection, replace(rival, created_at=clock.now()), rubric)
        return real(connection, record, rubric)

    monkeypatch.setattr(queue_module, "_put", beaten)
    opened = open_for_experiments(client.store, [experiment], VERDICT, terms(Order("shuffle")))
    with client.store.reading() as connection:
        stored = stored_queues.by_id(connection, opened.record.id)
    assert opened.record.order == stored.order


# A store that cannot be written.


def refusing(error):
    def write(work):
        raise error

    return write


@pytest.mark.parametrize(
    "error", [StoreReadOnly("The store cannot be written.", "Free it."), StoreBusy("It is locked.")]
)
def test_a_decision_that_cannot_be_stored_is_expected_again(
    client, experiment, page, error, monkeypatch
):
    session = page.session
    page.set(0, "pass")
    before = everything(session)
    decision = page.decision("set", 1, "verdict", "fail")
    with monkeypatch.context() as patched:
        patched.setattr(session.store, "write", refusing(error))
        for _ in range(2):
            with pytest.raises(type(error)):
                session.decide(decision)
        later = page.decision("set", 2, "verdict", "fail")
        with pytest.raises(OutOfTurn):
            session.decide(later)
        assert everything(session) == before
        assert session.expected(page.name) == decision.sequence

    assert session.decide(decision).label.answers == {"verdict": "fail"}
    assert session.decide(later).label.answers == {"verdict": "fail"}
    assert session.tally.text() == "fail 2 · pass 1"
    assert everything(session_of(experiment)) == everything(session)
    assert len(human_scores(client, experiment)) == 3


def test_a_decision_of_which_the_scores_cannot_be_written_is_not_stored_at_all(
    client, experiment, session, page, monkeypatch
):
    decision = page.decision("set", 0, "verdict", "pass")

    def full(connection, scores):
        raise StoreReadOnly("The store cannot be written.")

    with monkeypatch.context() as patched:
        patched.setattr(stored_scores, "put", full)
        with pytest.raises(StoreReadOnly):
            session.decide(decision)
    assert events_of(session) == []
    assert everything(session) == everything(session_of(experiment))
    session.decide(decision)
    assert human_scores(client, experiment) == {("i0", "verdict"): "pass"}


def test_items_that_cannot_join_now_join_later(client, small_parts, monkeypatch):
    experiment = run_of(client, list(range(8)))
    session = session_of(experiment)
    with monkeypatch.context() as patched:
        patched.setattr(session.store, "write", refusing(StoreReadOnly("No.")))
        with pytest.raises(StoreReadOnly):
            session.join()
    assert session.total == 5
    assert session.join()
    assert session.total == 8


LABELS_WHILE_READ_ONLY = """
import sys
from labelling import Page, session_of
import xeroml_nb as xn

page = Page(session_of(xn.get_client().get_experiment("run")))
decision = page.decision("set", 1, "verdict", "fail")
try:
    page.session.decide(decision)
except xn.XeromlError as error:
    print(type(error).__name__, error, flush=True)
else:
    print("it was stored", flush=True)
sys.stdin.readline()
print(page.session.decide(decision).label.answers["verdict"])
"""


@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may write anywhere"
)
def test_a_store_that_is_read_only_for_a_while_loses_nothing(client, page, own_folder):
    page.set(0, "pass")
    path = own_folder / "store.db"
    drop = "-dac_override,-dac_read_search"
    as_nobody = ["setpriv", f"--bounding-set={drop}", f"--inh-caps={drop}"]
    mode = stat.S_IMODE(path.stat().st_mode)
    path.chmod(mode & ~0o222)
    try:
        worker = python("-c", LABELS_WHILE_READ_ONLY, by=as_nobody if os.geteuid() == 0 else [])
        said = worker.stdout.readline()
    finally:
        path.chmod(mode)
    rest, error = worker.communicate("go\n", timeout=60)
    assert said.startswith(f"StoreReadOnly The store {path} cannot be written")
    assert (rest, error) == ("fail\n", "")
    resumed = session_of(client.get_experiment("run"))
    assert answers(resumed) == {"i0": {"verdict": "pass"}, "i1": {"verdict": "fail"}}


KILLED = """
import sys
from labelling import Page, session_of
import xeroml_nb as xn

page = Page(session_of(xn.get_client().get_experiment("run")))
for round in range(10_000):
    receipt = page.set(round % 50, ("pass", "fail")[round // 50 % 2])
    print(receipt.sequence, flush=True)
"""


def test_a_process_that_is_killed_loses_no_decision_it_had_a_receipt_for(client):
    experiment = run_of(client, list(range(50)))
    worker = python("-c", KILLED)
    while int(worker.stdout.readline()) < 120:
        pass
    worker.kill()
    rest, _ = worker.communicate()
    whole = [line for line in rest.splitlines(keepends=True) if line.endswith("\n")]
    acknowledged = max([120, *map(int, whole)])
    session = session_of(experiment)
    found = [event.sequence for event in events_of(session)]
    assert found == list(range(1, len(found) + 1))
    assert acknowledged <= len(found)
    assert len(human_scores(client, experiment)) == 50


# What cannot be labelled.


def test_two_experiments_over_different_datasets_are_not_compared(client, experiment):
    other = run_of(client, ["a"], "other", dataset="another")
    with pytest.raises(BadInput, match="ran over different datasets"):
        session_of([experiment, other], PREFERENCE)


def test_an_experiment_is_not_compared_with_itself(experiment):
    with pytest.raises(BadInput, match="run #1 was given twice"):
        session_of([experiment, experiment], PREFERENCE)


@pytest.mark.parametrize(("count", "rubric"), [(1, PREFERENCE), (2, VERDICT)])
def test_a_rubric_that_does_not_fit_the_experiments_is_refused(client, experiment, count, rubric):
    chosen = [experiment, run_of(client, ["a", "b", "c", "d"], "other")][:count]
    with pytest.raises(BadInput, match=rf"does not fit {count} experiment"):
        session_of(chosen, rubric)
    with client.store.reading() as connection:
        assert stored_queues.listing(connection) == []


@pytest.fixture
def annotate(monkeypatch):
    from xeroml_nb.widgets import labeller

    monkeypatch.setattr(labeller, "_last_annotator", None)
    return labeller.annotate


def test_an_experiment_without_a_finished_item_is_refused_and_nothing_is_written(client, annotate):
    experiment = run_of(client, [ValueError("no"), ValueError("no")])
    with pytest.raises(BadInput, match="run #1 has no finished item"):
        annotate(experiment, VERDICT, annotator="ann")
    with client.store.reading() as connection:
        assert stored_queues.listing(connection) == []


def test_two_experiments_without_a_common_item_are_refused(client, annotate):
    first = run_of(client, ["a", ValueError("no")])
    second = run_of(client, [ValueError("no"), "b"], "other")
    with pytest.raises(BadInput, match="no item that both finished"):
        annotate(first, second)


def test_a_labeller_goes_on_where_it_was_left(experiment, annotate):
    first = annotate(experiment, VERDICT, annotator="ann")
    Page(first.session).set(0, "pass")
    again = annotate(experiment, VERDICT)
    assert again.session.annotator == "ann"
    assert again.session.next_open() == 1
    assert repr(again) == "Labels of run #1 by ann: 1 of 4 · pass 1"


def test_without_a_name_nobody_labels_yet(experiment, annotate):
    labeller = annotate(experiment, VERDICT)
    with pytest.raises(BadInput, match="annotator='your name'"):
        _ = labeller.session
    assert "nobody labels yet" in repr(labeller)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201])
def test_a_name_that_cannot_be_stored_is_refused(experiment, annotate, name):
    with pytest.raises(BadInput, match="annotator"):
        annotate(experiment, VERDICT, annotator=name)


@pytest.mark.parametrize("others", [(VERDICT, VERDICT), ("rubric",), (3,)])
def test_what_is_neither_experiment_nor_rubric_is_refused(experiment, annotate, others):
    with pytest.raises(BadInput, match=r"annotate\(\) was given Experiment, "):
        annotate(experiment, *others)


def test_what_is_shown_can_be_chosen(client, experiment):
    def show(result):
        return {"question": result.item.input, "output": f"<{result.output}>", "expected": "z"}

    session = session_of(experiment, show=show)
    shown = session.entry(1).shown
    assert (shown.parts, shown.outputs, shown.after) == (
        (("question", 1),),
        ("<b>",),
        (("expected", "z"),),
    )
    wire = entry_wire(session.entry(1))
    assert [part["name"] for part in wire["before"]] == ["question"]
    assert "<b>" in str(wire["outputs"])
    Page(session).set(1, "pass")
    assert labels_of(session).to_frame()["item_id"].tolist() == ["i1"]
