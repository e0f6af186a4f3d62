"""Pushing to a server of our own: what is there afterwards, and what a person is told."""

from __future__ import annotations

import json
import logging
import pickle
import re
import sqlite3
import traceback
from datetime import timedelta
from html import escape

import pytest
import sqlalchemy as sa
from labelling import Page, labels_of, session_of

import xeroml_nb as xn
from sync.conftest import client_to
from sync.faulty_server import FaultyServer, Reply
from xeroml_nb.errors import BadInput, NoServer, NotFound
from xeroml_nb.records import clock
from xeroml_nb.records.score import ScoreTarget, new_score
from xeroml_nb.store import scores
from xeroml_nb.store.rows import Rows
from xeroml_nb.store.schema import metadata
from xeroml_nb.sync.parcels.kinds import KINDS

HERE = "everything"


def trace_ids(number):
    """Ids of so many traces that were recorded elsewhere."""
    return [xn.create_trace_id(seed=f"trace {n}") for n in range(number)]


def give_scores(client, number, name="accuracy"):
    """One score on each of so many traces."""
    given = [
        new_score(ScoreTarget(trace_id=trace), name, n / number)
        for n, trace in enumerate(trace_ids(number))
    ]
    client.store.write_rows(Rows(scores=given))
    return [score.id for score in given]


def take_back(client, ids):
    client.store.write(lambda connection: scores.retract(connection, ids))


def values_there(there, **columns):
    """The values of the scores on the server, by id."""
    with there.store.reading() as connection:
        return {s.id: s.value for s in scores.find(connection, **columns)}


def scores_here(client):
    with client.store.reading() as connection:
        return {s.id: s.value for s in scores.find(connection)}


def dump(there, *without):
    """All rows of the server's store as text."""
    with there.store.reading() as connection:
        return {
            table.name: sorted(repr(tuple(row)) for row in connection.execute(sa.select(table)))
            for table in metadata.sorted_tables
            if table.name not in without
        }


def numbers(push):
    done = push.total
    return done.created, done.updated, done.deleted, done.unchanged


def foreseen(preview):
    counts = preview.total
    return counts.creates, counts.updates, counts.deletes, counts.unchanged


@pytest.fixture
def triage(client):
    """A finished experiment of six item runs with one score each."""
    items = [{"id": f"m{n}", "input": n, "expected_output": 2 * n} for n in range(6)]
    client.create_dataset(name="support/triage", items=items)

    @xn.evaluator
    def exact(output, expected_output):
        return output == expected_output

    def double(number):
        with client.start_as_current_observation(name="think", type="generation") as step:
            step.update(output=number)
        return 2 * number

    return client.start(double, "support/triage", name="triage", evaluators=[exact]).wait()


# Nothing set.


@pytest.mark.parametrize("act", ["push", "preview", "pushes", "dead_letters"])
def test_without_a_server_sending_says_how_to_set_one(client, act):
    with pytest.raises(NoServer, match=r"Set XEROML_HOST, .* xeroml-nb serve"):
        getattr(client, act)()
    assert "No server is set. Set XEROML_HOST" in repr(client.check())


def test_without_a_server_nothing_is_noted_and_later_all_of_it_is_sent(client, there):
    ids = give_scores(client, 3)
    client.flush()

    sender = client_to(there)
    assert sender is not client
    assert sender is client_to(there)
    assert xn.get_client() is client
    assert numbers(sender.push()) == (3, 0, 0, 0)
    assert sorted(values_there(there)) == sorted(ids)
    sender.close()
    assert client_to(there) is not sender
    client_to(there).close()


# What arrives.


def test_an_experiment_arrives_whole(sender, there, triage):
    preview = sender.preview(triage.label)
    push = sender.push(triage)

    assert numbers(push) == foreseen(preview)
    assert push.refused == push.not_seen == []
    arrived = {kind: done.created for kind, done in push.counts.items()}
    assert arrived == {
        "dataset": 1,
        "item": 6,
        "trace": 6,
        "experiment": 1,
        "item run": 6,
        "score": 6,
    }
    reader = xn.get_client(there.place)
    again = reader.get_experiment("triage #1")
    assert [(r.item.id, r.output, r.score("exact")) for r in again.get_results()] == [
        (r.item.id, r.output, True) for r in triage.get_results()
    ]
    for result in triage.get_results():
        names = [(o.name, o.type, o.output) for o in reader.get_trace(result.trace_id)]
        assert names == [(o.name, o.type, o.output) for o in sender.get_trace(result.trace_id)]
    reader.close()


def test_pushing_again_changes_nothing_also_tomorrow(sender, there, triage, monkeypatch):
    give_scores(sender, 300)
    sender.push()
    there_now = dump(there)

    again = sender.push()
    assert again.total.unchanged == 326
    assert numbers(again)[:3] == (0, 0, 0)
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(days=1))
    assert foreseen(sender.preview())[:3] == (0, 0, 0)
    assert numbers(sender.push(triage))[:3] == (0, 0, 0)
    assert numbers(sender.push())[:3] == (0, 0, 0)
    assert dump(there) == there_now


def test_another_store_with_the_same_scores_adds_none_to_the_server(sender, there, own_folder):
    give_scores(sender, 5)
    sender.push()
    other = xn.get_client(
        own_folder / "other.db",
        host=there.url,
        public_key=there.public,
        secret_key=there.secret,
    )
    give_scores(other, 5)
    other.push()
    assert len(values_there(there)) == 5
    other.close()


def test_an_edited_label_is_updated_and_a_withdrawn_one_deleted(sender, there, triage):
    session = session_of(triage)
    page = labelled(session, ["pass", "fail", "pass"])
    labels = labels_of(session)
    sender.push(triage)
    first = sender.push(labels)
    assert first.counts["score"].unchanged == 3
    assert set(values_there(there, source="human").values()) == {"pass", "fail"}

    page.set(0, "fail")
    page.do("clear", 1, "verdict")
    preview = sender.preview(labels)
    assert foreseen(preview)[:3] == (0, 1, 1)
    assert re.search(r"~ verdict on .*value: pass → fail", repr(preview))
    push = sender.push(labels)
    assert numbers(push)[:3] == (0, 1, 1)
    assert values_there(there, source="human") == {
        i: v for i, v in scores_here(sender).items() if isinstance(v, str)
    }
    assert numbers(sender.push(labels))[:3] == (0, 0, 0)


def labelled(session, values):
    page = Page(session)
    page.set_all(values)
    return page


def test_an_object_that_the_server_refuses_does_not_stop_the_others(sender, there):
    ids = give_scores(sender, 4)
    elsewhere = new_score(ScoreTarget(trace_id="another"), "accuracy", 1.0)
    with_its_id = type(elsewhere)(
        ids[2], *(getattr(elsewhere, name) for name in elsewhere.__slots__[1:])
    )
    there.store.write_rows(Rows(scores=[with_its_id]))

    push = sender.push()
    assert numbers(push) == (3, 0, 0, 0)
    assert push.total.refused == 1
    [refused] = push.refused
    assert refused.title.startswith("accuracy on trace ")
    assert f"refused: {refused.title}: {refused.said}" in repr(push)
    assert escape(refused.said) in push._repr_html_()

    letters = sender.dead_letters()
    assert letters[["what", "kind", "key", "status", "said"]].to_dict("records") == [
        {
            "what": refused.title,
            "kind": "score",
            "key": ids[2],
            "status": 409,
            "said": refused.said,
        }
    ]
    assert letters.loc[0, "next_step"]
    preview = sender.preview()
    assert (preview.total.creates, preview.total.refused_before) == (1, 1)

    # With the obstacle out of the way, the next push takes it along.
    there.store.write(lambda connection: scores.retract(connection, [ids[2]]))
    assert numbers(sender.push()) == (1, 0, 0, 3)
    assert sender.dead_letters().empty


def test_what_the_server_lost_is_named_and_sent_once_more(sender, there):
    ids = give_scores(sender, 3)
    sender.score(trace_id=trace_ids(1)[0], name="lost", value=1.0)
    losing = sqlite3.connect(there.place)
    losing.execute(
        "CREATE TRIGGER loses AFTER INSERT ON scores WHEN NEW.name = 'lost' "
        "BEGIN DELETE FROM scores WHERE id = NEW.id; END"
    )
    losing.commit()
    push = sender.push()
    assert push.total.not_seen == 1
    [title] = push.not_seen
    assert title.startswith("lost on trace ")
    assert "1 not seen on the server" in repr(push)

    losing.execute("DROP TRIGGER loses")
    losing.commit()
    losing.close()
    assert foreseen(sender.preview()) == (0, 1, 0, 3)
    assert numbers(sender.push()) == (0, 1, 0, 3)
    assert len(values_there(there)) == len(ids) + 1


# Taking back.


def test_an_undone_push_leaves_the_server_as_it_was(sender, there):
    ids = give_scores(sender, 4)
    sender.push()
    before = values_there(there)
    traces = trace_ids(2)
    sender.score(trace_id=traces[0], name="accuracy", value=0.99, comment="edited")
    take_back(sender, [ids[1]])
    sender.score(trace_id=traces[0], name="new", value="yes")
    push = sender.push()
    assert numbers(push) == (1, 1, 1, 2)
    after = values_there(there)

    undone = push.undo()
    assert (undone.removed, undone.restored, undone.left) == (1, 2, [])
    assert values_there(there) == before
    assert numbers(sender.push()) == (1, 1, 1, 2)
    assert values_there(there) == after
    with pytest.raises(BadInput, match="undone already"):
        push.undo()


def test_a_push_is_undone_in_another_session_and_what_changed_since_stays(client, there, triage):
    sender = client_to(there)
    sender._flow.stop()
    push = sender.push(triage)
    first = triage.get_results()[0].trace_id
    sender.score(trace_id=first, name="exact", value=False, author="exact")
    sender.push()
    sender.close()

    later = client_to(there)
    later._flow.stop()
    listed = later.pushes()
    assert list(listed["what"]) == [HERE, "triage #1"]
    assert list(listed["creates"])[1] == 26
    assert listed["finished_at"].notna().all()
    undone = later.undo_push(listed["id"][1])
    assert len(undone.left) == 1
    assert "changed since" in undone.left[0]
    undoable = {kind.name for kind in KINDS if kind.undoable}
    stays = [done.created for kind, done in push.counts.items() if kind not in undoable]
    assert undone.stays == sum(stays) > 0
    assert list(values_there(there).values()) == [False]
    assert later.pushes()["undone_at"].notna().tolist() == [False, True]
    with pytest.raises(NotFound, match="There is no push 'nonsense'"):
        later.undo_push("nonsense")
    later.close()


# What a person is told.


def test_a_preview_is_exact_shows_a_sample_and_sends(sender, there):
    ids = give_scores(sender, 600)
    sender.push()
    sender.score(trace_id=trace_ids(1)[0], name="accuracy", value=0.5, comment="<script>")
    take_back(sender, ids[100:103])
    give_scores(sender, 7, name="new")

    preview = sender.preview()
    assert foreseen(preview) == (7, 1, 3, 596)
    assert len(preview.sample["score"]) == 5
    assert "would create 7, update 1, delete 3, leave 596 unchanged" in repr(preview)
    assert "<script>" not in preview._repr_html_()
    assert foreseen(sender.preview()) == (7, 1, 3, 596)
    seen = []
    push = preview.send(progress=lambda done, total: seen.append((done, total)))
    assert numbers(push) == (7, 1, 3, 596)
    assert "7 created, 1 updated, 3 deleted, 596 unchanged" in repr(push)
    assert seen == sorted(seen)
    assert seen[-1] == (607, 607)
    assert len(values_there(there)) == 604


def test_several_things_are_sent_together_and_wrong_ones_refused(sender, there, triage, own_folder):
    queue = sender.create_annotation_queue(name="hard ones", rubric=session_of(triage).rubric)
    sender.add_to_annotation_queue(queue_id=queue.id, trace_id=trace_ids(1)[0])
    push = sender.push([triage, queue])
    assert push.title == "triage #1 and queue hard ones"
    assert {"experiment", "queue", "queue item"} <= push.counts.keys()
    assert push.total.refused == 0

    with pytest.raises(NotFound, match="no experiment 'triag'"):
        sender.push("triag")
    with pytest.raises(BadInput, match="given a int"):
        sender.push(3)
    with pytest.raises(BadInput, match="empty list"):
        sender.push([])
    other = xn.get_client(own_folder / "other.db")
    with pytest.raises(BadInput, match="lives in another store"):
        sender.push(other.create_experiment(name="elsewhere"))
    other.close()


def test_an_experiment_that_was_sent_has_its_address_on_the_server(sender, there, triage):
    sender.push(triage)
    assert triage.url == f"{there.url}/experiments/{triage.id}"


# Keys.


def test_the_secret_shows_nowhere(sender, there, triage, own_folder, caplog):
    caplog.set_level(logging.DEBUG)
    give_scores(sender, 3)
    preview, push = sender.preview(), sender.push()
    sender.score(trace_id="t", name="accuracy", value=1.0)
    denied = client_to(there, secret_key="sk-xm-which-is-wrong")
    with pytest.raises(xn.XeromlError) as refused:
        denied.push()
    shown = [
        repr(sender),
        repr(sender.settings),
        repr(vars(sender)),
        repr(preview),
        preview._repr_html_(),
        repr(push),
        push._repr_html_(),
        repr(vars(push)),
        repr(sender.check()),
        repr(denied.check()),
        sender.dead_letters().to_csv(),
        sender.pushes().to_csv(),
        "".join(traceback.format_exception(refused.value)),
        str(vars(refused.value)),
        caplog.text,
        triage.url,
        repr(push.undo()),
        json.dumps(list(push.counts)),
    ]
    denied.close()
    for secret in (there.secret, "sk-xm-which-is-wrong"):
        assert [text for text in shown if secret in text] == []
        for file in own_folder.glob("store.db*"):
            assert secret.encode() not in file.read_bytes()
    for holder in (sender.settings, push, preview):
        with pytest.raises(TypeError):
            pickle.dumps(holder)


def test_paths_of_the_users_own_are_used_in_place_of_ours(client, there):
    give_scores(client, 3)
    http = there.http(base="")

    def moved(request):
        path = request.path.replace("/moved", "/api/public")
        known = {"content": request.body, "headers": {"Content-Type": "application/json"}}
        real = http.request(request.method, path, params=request.query, **known)
        return Reply(real.status_code, real.content, {"Content-Type": "application/json"})

    with FaultyServer(otherwise=moved) as way:
        sender = client_to(there, host=way.url, paths={"ingestion": "/moved/ingestion"})
        sender._flow.stop()
        assert numbers(sender.push()) == (3, 0, 0, 0)
        sender.close()
        assert ("POST", "/moved/ingestion") in [(r.method, r.path) for r in way.received]
    assert len(values_there(there)) == 3


def test_a_path_for_what_nothing_is_known_of_is_refused_at_once(there):
    with pytest.raises(BadInput, match="no path 'nothing' to replace"):
        client_to(there, paths={"nothing": "/x"})
    with pytest.raises(BadInput, match="Start it with /"):
        client_to(there, paths={"scores": "x"})
