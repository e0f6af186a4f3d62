"""What events add up to: the same as a model that begins again after every event."""

from __future__ import annotations

import itertools
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from labelling import EVERY_KIND, Page, events_of, human_scores, run_of, session_of

from xeroml_nb.annotation.fold import Fold
from xeroml_nb.annotation.tally import Tally
from xeroml_nb.records.label import BLANK, Action, EntryKey, LabelEvent
from xeroml_nb.store import labels
from xeroml_nb.store.store import Store

calm = settings(deadline=None, database=None, max_examples=100)
calm_on_disk = settings(
    calm, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
_runs = itertools.count()

PEOPLE = ("ann", "bob")
ENTRIES = [EntryKey("i0"), EntryKey("i1"), EntryKey("i0", 1), EntryKey("i0", 0, repeat=True)]
START = datetime(2024, 5, 1, tzinfo=UTC)
BARE = {
    "answers": {},
    "configs": {},
    "skipped": False,
    "flagged": False,
    "comment": "",
    "correction": None,
    "carried_from": None,
    "trace_id": None,
    "content_hash": None,
    "swapped": None,
    "decided_at": None,
    "active_seconds": 0.0,
}


# The model.


def model(log):
    """What one person's log adds up to: the events that count, taken in from the beginning."""
    carried, done, undone = [], [], []
    for event in log:
        if event.action == "undo":
            undone += [done.pop()] if done else []
        elif event.action == "redo":
            done += [undone.pop()] if undone else []
        elif event.action == "carry":
            carried.append(event)
        else:
            done.append(event)
            undone = []
    entries = {}
    for event in carried + done:
        entries[event.key] = after(entries.get(event.key, BARE), event)
    return entries


def after(entry, event):
    """An entry after one event that counts."""
    answers, configs = dict(entry["answers"]), dict(entry["configs"])
    changed = {}
    if event.action in ("set", "carry"):
        answers[event.dimension] = event.value
        configs[event.dimension] = event.config_id
        changed = {"skipped": False, "carried_from": event.carried_from}
    elif event.action == "clear":
        answers.pop(event.dimension, None)
        configs.pop(event.dimension, None)
        changed = {"carried_from": None}
    elif event.action in ("skip", "unskip"):
        changed = {"skipped": event.action == "skip"}
    elif event.action in ("flag", "unflag"):
        changed = {"flagged": event.action == "flag"}
    elif event.action == "comment":
        changed = {"comment": event.value or ""}
    elif event.action == "correct":
        changed = {"correction": event.value or None}
    known = ("trace_id", "content_hash", "swapped", "decided_at")
    changed |= {name: v for name in known if (v := getattr(event, name)) is not None}
    spent = entry["active_seconds"] + (event.active_seconds or 0.0)
    return entry | {"answers": answers, "configs": configs, "active_seconds": spent} | changed


def as_plain(label):
    plain = {name: getattr(label, name) for name in BARE}
    return plain | {"answers": dict(label.answers), "configs": dict(label.configs)}


def said(fold):
    """All that a fold holds, without the entries of which nothing is said any more."""
    plain = {key: as_plain(label) for key, label in fold.labels.items()}
    return {key: entry for key, entry in plain.items() if entry != BARE}


# Logs.


@st.composite
def logs(draw, people=PEOPLE, most=30):
    """What people did, as the store would give it back; carried labels come first of all."""
    makers = st.lists(st.tuples(st.sampled_from(people), steps), max_size=most)
    touched, found = set(), []
    for annotator, (action, key, dimension, value, seconds) in draw(makers):
        if action is Action.CARRY and (annotator, key) in touched:
            continue
        if action not in (Action.UNDO, Action.REDO):
            touched.add((annotator, key))
        found.append(an_event(len(found) + 1, annotator, (action, key, dimension, value, seconds)))
    return found


steps = st.tuples(
    st.sampled_from([*Action, Action.SET, Action.SET, Action.UNDO, Action.UNDO, Action.REDO]),
    st.sampled_from(ENTRIES),
    st.sampled_from(["verdict", "tone"]),
    st.sampled_from(["pass", "fail", "", "so-so"]),
    st.sampled_from([None, 0.0, 0.5, 2.0]),
)


def an_event(number, annotator, step):
    action, key, dimension, value, seconds = (*step, *("verdict", "pass", None)[len(step) - 2 :])
    with_dimension = action in (Action.SET, Action.CLEAR, Action.CARRY)
    with_value = action in (Action.SET, Action.CARRY, Action.COMMENT, Action.CORRECT)
    return LabelEvent(
        queue_id="q",
        annotator=annotator,
        session=f"page of {annotator}",
        sequence=number,
        action=action,
        key=key,
        trace_id=f"trace of {key.item_id}",
        content_hash=None if action is Action.CLEAR else "hash",
        dimension=dimension if with_dimension else None,
        value=value if with_value else None,
        config_id=f"config of {dimension}" if with_dimension else None,
        swapped=True if action is Action.SET and key.repeat else None,
        carried_from="an earlier trace" if action is Action.CARRY else None,
        decided_at=START + timedelta(seconds=number),
        active_seconds=seconds,
        id=number,
    )


def of(log, annotator):
    return [event for event in log if event.annotator == annotator]


# The fold equals the model.


@calm
@given(logs())
def test_after_any_events_of_two_people_each_ones_labels_are_those_of_the_model(log):
    folds = {name: Fold() for name in PEOPLE}
    for count, event in enumerate(log, 1):
        folds[event.annotator].apply(event)
        so_far = of(log[:count], event.annotator)
        assert said(folds[event.annotator]) == model(so_far)
    for name in PEOPLE:
        assert said(Fold.of(of(log, name))) == model(of(log, name))


@calm
@given(logs(people=("ann",)))
def test_a_change_tells_what_an_entry_was_before_and_is_after(log):
    fold = Fold()
    for event in log:
        before = dict(fold.labels)
        foreseen = fold.preview(event)
        change = fold.apply(event)
        assert foreseen == change
        if change is None:
            assert fold.labels == before
            continue
        assert change.before == before.get(change.key, BLANK)
        assert change.after == fold.label(change.key)
        others = {key: label for key, label in fold.labels.items() if key != change.key}
        assert others == {key: label for key, label in before.items() if key != change.key}


@calm
@given(logs(people=("ann",)))
def test_undoing_everything_leaves_what_was_carried_and_redoing_brings_all_back(log):
    fold = Fold.of(log)
    whole = said(fold)
    undo = an_event(1_000, "ann", (Action.UNDO, ENTRIES[0]))
    redo = replace(undo, action=Action.REDO)
    times = 0
    while fold.apply(undo) is not None:
        times += 1
    assert said(fold) == model([event for event in log if event.action == "carry"])
    for _ in range(times):
        assert fold.apply(redo) is not None
    assert said(fold) == whole


@calm
@given(logs(people=("ann",)))
def test_the_counts_are_those_of_counting_again(log):
    fold, tally = Fold(), Tally(EVERY_KIND)
    for event in log:
        change = fold.apply(event)
        if change is not None:
            tally.move(change)
    fresh = list(fold.labels.values())
    assert tally.flagged == sum(label.flagged for label in fresh)
    assert tally.carried == sum(label.carried_from is not None for label in fresh)
    assert tally.skipped == sum(label.skipped and not tally.is_done(label) for label in fresh)
    assert tally.done == sum(map(tally.is_done, fresh))
    assert fold.count == sum(event.action != "carry" for event in log)
    assert fold.last_id == len(log)


# Undo and redo, one by one.


def folded(*actions):
    """The fold of some events of one person on one entry: names of actions, or values set."""
    made = [
        an_event(n, "ann", (Action(a), ENTRIES[0]) if a in set(Action) else set_to(a))
        for n, a in enumerate(actions, 1)
    ]
    return Fold.of(made)


def set_to(value):
    return Action.SET, ENTRIES[0], "verdict", value


@pytest.mark.parametrize(
    ("actions", "answer"),
    [
        (["pass", "undo"], None),
        (["pass", "fail", "undo"], "pass"),
        (["pass", "fail", "undo", "undo"], None),
        (["pass", "fail", "undo", "undo", "undo"], None),
        (["pass", "undo", "redo"], "pass"),
        (["pass", "fail", "undo", "undo", "redo", "redo"], "fail"),
        (["pass", "undo", "fail", "redo"], "fail"),
        (["pass", "undo", "flag", "undo", "redo", "redo"], None),
        (["undo", "redo", "pass"], "pass"),
        (["pass", "clear", "undo"], "pass"),
        (["carry", "fail", "undo"], "pass"),
        (["carry", "undo"], "pass"),
        (["carry", "clear"], None),
    ],
)
def test_undo_takes_back_the_latest_and_redo_does_it_again(actions, answer):
    assert folded(*actions).label(ENTRIES[0]).answers.get("verdict") == answer


def test_a_thousand_decisions_are_taken_back_one_by_one():
    decided = [an_event(n, "ann", (Action.SET, EntryKey(f"i{n}"))) for n in range(1_000)]
    fold = Fold.of(decided)
    changed = [
        fold.apply(an_event(1_000 + n, "ann", (Action.UNDO, ENTRIES[0]))).key for n in range(1_000)
    ]
    assert changed == [event.key for event in reversed(decided)]
    assert said(fold) == {}


def test_a_carried_label_that_is_changed_is_no_longer_carried_until_that_is_undone():
    assert folded("carry").label(ENTRIES[0]).carried_from == "an earlier trace"
    assert folded("carry", "fail").label(ENTRIES[0]).carried_from is None
    assert folded("carry", "clear").label(ENTRIES[0]).carried_from is None
    assert folded("carry", "flag").label(ENTRIES[0]).carried_from == "an earlier trace"
    assert folded("carry", "fail", "undo").label(ENTRIES[0]).carried_from == "an earlier trace"


@pytest.mark.parametrize("before", [["pass"], ["pass", "undo"], ["skip"], ["comment"]])
def test_what_somebody_decided_is_not_overwritten_by_a_carried_label(before):
    assert said(folded(*before, "carry")) == said(folded(*before))


def test_an_answer_takes_a_skip_back():
    assert folded("skip").label(ENTRIES[0]).skipped
    assert not folded("skip", "pass").label(ENTRIES[0]).skipped
    assert folded("skip", "pass", "undo").label(ENTRIES[0]).skipped


# On disk.


@calm_on_disk
@given(logs())
def test_a_log_read_from_the_store_adds_up_to_the_same(own_folder, log):
    with closing(Store(str(own_folder / f"{next(_runs)}.db"))) as store:
        numbered = store.write(lambda connection: labels.append(connection, log))
        with store.reading() as connection:
            whole = list(labels.of_queue(connection, "q"))
            found = {n: list(labels.of_queue(connection, "q", n)) for n in PEOPLE}
    assert numbered == sorted(numbered)
    assert [replace(event, id=0) for event in whole] == [replace(event, id=0) for event in log]
    for name in PEOPLE:
        assert said(Fold.of(found[name])) == model(of(log, name))


VALUES = {
    "verdict": st.sampled_from(["pass", "fail"]),
    "safe": st.booleans(),
    "tone": st.integers(1, 5),
    "cost": st.sampled_from([0, 0.5, 10]),
    "why": st.text(min_size=1).filter(str.strip),
}
deeds = st.one_of(
    *(st.tuples(st.just("set"), st.just(name), value) for name, value in VALUES.items()),
    st.tuples(st.sampled_from(["undo", "undo", "redo"]), st.none(), st.none()),
    st.tuples(st.sampled_from(["skip", "unskip", "flag", "unflag"]), st.none(), st.none()),
    st.tuples(st.just("clear"), st.sampled_from(sorted(VALUES)), st.none()),
    st.tuples(st.sampled_from(["comment", "correct"]), st.none(), st.text(max_size=4) | st.none()),
)
done_by = st.lists(st.tuples(st.sampled_from([0, 0, 1, 2]), st.integers(0, 2), deeds), max_size=25)


@pytest.fixture
def experiment(client):
    return run_of(client, ["a", "b", "c"])


@calm_on_disk
@given(done_by)
def test_live_sessions_the_stored_log_and_the_scores_say_the_same(client, experiment, done):
    # Pages 0 and 1 are two notebooks of one person, page 2 is somebody else's.
    number = next(_runs)
    names = [f"ann {number}", f"ann {number}", f"bob {number}"]
    sessions = [session_of(experiment, EVERY_KIND, name) for name in names]
    pages = [Page(session) for session in sessions]
    for who, position, (action, dimension, value) in done:
        pages[who].do(action, position, dimension, value)

    for who in (1, 2):
        pages[who].do("flag", 0)  # so that this session has seen all that the others wrote
        live, again = sessions[who], session_of(experiment, EVERY_KIND, names[who])
        assert len(again.entries(0, 3)) == 3
        everything = model(events_of(live, names[who]))
        shown = {live.plan.key(n): as_plain(live.label(n)) for n in range(3)}
        assert shown == {key: everything.get(key, BARE) for key in shown}
        assert [again.label(n) for n in range(3)] == [live.label(n) for n in range(3)]
        assert again.tally.text() == live.tally.text()
        assert (again.tally.done, again.saved) == (live.tally.done, live.saved)
        assert (again.next_open(), again.left()) == (live.next_open(), live.left())
        answered = {
            (key.item_id, name): value
            for key, entry in everything.items()
            for name, value in entry["answers"].items()
        }
        assert human_scores(client, experiment, names[who]) == answered
