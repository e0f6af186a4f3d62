"""Servers that do not take, keep or show what they are sent, and what is made of it."""

from __future__ import annotations

import json
import os
import sys
import time
from types import SimpleNamespace

import httpx
import pytest
import sqlalchemy as sa

import xeroml_nb as xn
from sync.conftest import client_to
from sync.faulty_server import FaultyServer, Reply
from sync.test_flow_faults import Bent
from sync.test_parcels import EVERYTHING, delivered, give, link_to, push
from sync.test_push import give_scores, numbers, take_back, values_there
from xeroml_nb.errors import NotAllSent, NotReachable, Refused, ServerBusy, ServerFault
from xeroml_nb.experiments.patience import Passing
from xeroml_nb.records.access import Secret
from xeroml_nb.settings import ServerAddress
from xeroml_nb.store import outbox
from xeroml_nb.sync.parcels.batches import batches
from xeroml_nb.sync.parcels.kinds import kind_named
from xeroml_nb.sync.sending import beside
from xeroml_nb.sync.sending.carrying_out import carry_out
from xeroml_nb.sync.sending.leasing import Lease, leased
from xeroml_nb.sync.sending.planning import Action, Step, steps
from xeroml_nb.sync.sending.progress import ProgressLine
from xeroml_nb.sync.sending.undo import Undone
from xeroml_nb.sync.transport.checking import check
from xeroml_nb.sync.transport.connection import OutcomeState
from xeroml_nb.sync.transport.credentials import Credentials
from xeroml_nb.sync.transport.request import Request
from xeroml_nb.sync.transport.unreachable import unreachable

TAKES_ALL = Reply(207, {"successes": [], "errors": []})


@pytest.fixture
def way(client):
    """A server that does as it is told, and the way to it."""
    with FaultyServer() as server:
        link = link_to(server.url, client.store)
        yield server, link
        link.connection.close()


def loaded(link, kind, keys):
    with link.store.reading() as connection:
        return kind_named(kind).load(connection, keys)


def states(outcomes):
    return [outcome.state for outcome in outcomes.values()]


def span(client, name="n", **parts):
    with client.start_as_current_observation(name=name, **parts) as one:
        pass
    client.flush()
    return one.trace_id


# Scores.


def test_where_batches_cannot_delete_scores_are_deleted_one_by_one(client, way):
    server, link = way
    ids = give(client.store, 300)
    server.otherwise = TAKES_ALL
    push(link, names=["score"])
    take_back(client, ids)

    def answer(request):
        if request.method == "POST":
            return Reply(404, {"message": "no such route"})
        its_id = request.path.rpartition("/")[2]
        return Reply(409, {"message": "it is locked"}) if its_id == locked else Reply(204, b"")

    locked = min(ids)
    server.received.clear()
    server.otherwise = answer
    done, outcomes = push(link, names=["score"])
    assert set(done.values()) == {Action.DELETE}
    assert [r.method for r in server.received].count("POST") == 1
    assert {r.path.rpartition("/")[2] for r in server.received if r.method == "DELETE"} == ids
    bad = {key: o for (_, key), o in outcomes.items() if o.state is not OutcomeState.SENT}
    assert {key: (o.status, o.said) for key, o in bad.items()} == {locked: (409, "it is locked")}
    # It is there still, as it was: the next push tries to delete it again.
    assert [c.action for c in steps_left(link)] == [Action.DELETE]


def steps_left(link):
    found = steps(link.store, link.remote_id, kind_named("score"), EVERYTHING)
    return [change for step in found for change in step.changes]


def test_a_deletion_that_a_batch_refuses_is_tried_by_itself(client, way):
    server, link = way
    [its_id] = give(client.store, 1)
    server.otherwise = TAKES_ALL
    push(link, names=["score"])
    take_back(client, [its_id])
    errors = [{"id": "", "status": 400, "message": "not in a batch"}]

    def answer(request):
        if request.method == "DELETE":
            return Reply(204, b"")
        named = [error | {"id": event["id"]} for error in errors for event in request.json["batch"]]
        return Reply(207, {"successes": [], "errors": named})

    server.otherwise = answer
    _, outcomes = push(link, names=["score"])
    assert states(outcomes) == [OutcomeState.SENT]
    assert server.received[-1].method == "DELETE"


def test_an_update_that_is_refused_leaves_what_the_server_had(client, way):
    server, link = way
    client.score(trace_id="t", name="n", value=1)
    server.otherwise = TAKES_ALL
    push(link, names=["score"])
    before = next(iter(delivered(link, "score").values()))
    client.score(trace_id="t", name="n", value=2)
    server.otherwise = Reply(422, {"message": "no longer"})
    _, outcomes = push(link, names=["score"])
    assert states(outcomes) == [OutcomeState.REFUSED]
    [after] = delivered(link, "score").values()
    assert (after.said, after.payload) == ("no longer", before.payload)
    assert [c.action for c in steps_left(link)] == [Action.UPDATE]


def test_what_was_refused_and_is_not_here_any_more_is_forgotten(client, way):
    server, link = way
    [its_id] = give(client.store, 1)
    server.otherwise = Reply(422, {"message": "no"})
    push(link, names=["score"])
    take_back(client, [its_id])
    known = link.delivered("score", [its_id])
    assert known[its_id].said == "no"
    carry_out(link, Step(kind_named("score"), (), unchanged=0, forgotten=(its_id,)))
    assert link.delivered("score", [its_id]) == {}


def test_where_scores_are_not_listed_nothing_is_said_against_them(client, way):
    server, link = way
    ids = give(client.store, 3)
    parcels = loaded(link, "score", list(ids))
    server.otherwise = Reply(404, {"message": "no such route"})
    assert kind_named("score").read_back(link, parcels) == ids
    asked = len(server.received)
    assert kind_named("score").read_back(link, parcels) == ids
    assert len(server.received) == asked  # it is known that there is no list


def test_a_list_of_scores_that_is_refused_is_told(client, way):
    server, link = way
    parcels = loaded(link, "score", list(give(client.store, 3)))
    server.otherwise = Reply(422, {"message": "too many ids"})
    with pytest.raises(Refused, match="too many ids"):
        kind_named("score").read_back(link, parcels)


# Traces.


@pytest.mark.parametrize(
    ("content", "kind", "state"),
    [
        (b"\x0a\x09\x08\x01\x12\x05small", "application/x-protobuf", OutcomeState.REFUSED),
        (b"\xff\xff\xff", "application/x-protobuf", OutcomeState.SENT),
        (b"[thanks", "application/json", OutcomeState.SENT),
        (b"ok", "text/plain", OutcomeState.SENT),
    ],
)
def test_any_answer_that_rejects_no_span_is_a_success(client, way, content, kind, state):
    server, link = way
    span(client)
    server.otherwise = Reply(200, content, {"Content-Type": kind})
    _, outcomes = push(link, names=["trace"])
    assert states(outcomes) == [state]
    assert [o.said for o in outcomes.values()] == ["small" if state == "refused" else None]


def lists_nothing(request):
    """A server that answers for a trace by its id alone."""
    if request.path.endswith("/traces"):
        return Reply(404, {"message": "no list"})
    return Reply(200, {"id": request.path.rpartition("/")[2]})


def test_a_trace_is_looked_for_by_its_id_where_no_list_shows_it(client, way):
    server, link = way
    parcels = loaded(link, "trace", [span(client), span(client)])
    keys = {parcel.key for parcel in parcels}
    server.otherwise = lists_nothing
    assert kind_named("trace").read_back(link, parcels) == keys
    paths = [request.path.rpartition("/")[2] for request in server.received]
    assert paths.count("traces") == 2  # by ids, and by time
    assert keys < set(paths)


def test_a_list_that_does_not_know_ids_is_read_by_time_instead(client, way):
    server, link = way
    parcels = loaded(link, "trace", [span(client), span(client)])
    keys = {parcel.key for parcel in parcels}
    every = [{"id": key} for key in [*keys, "0" * 32]]
    server.otherwise = Reply(body={"data": every, "meta": {"totalPages": 1}})
    assert kind_named("trace").read_back(link, parcels) == keys
    assert "fromTimestamp" in server.received[-1].query
    server.received.clear()
    server.otherwise = lambda request: (
        Reply(body={"data": [{"id": min(keys)}, {"id": "0" * 32}], "meta": {"totalPages": 1}})
        if request.path.endswith("/traces")
        else Reply(404)
    )
    assert kind_named("trace").read_back(link, parcels) == {min(keys)}


@pytest.mark.parametrize(("status", "seen"), [(404, False), (422, False), (405, True), (410, True)])
def test_where_traces_are_never_shown_none_is_missing(client, way, status, seen):
    server, link = way
    parcels = loaded(link, "trace", [span(client)])
    server.otherwise = Reply(status, {"message": "no"})
    assert bool(kind_named("trace").read_back(link, parcels)) is seen


# Queues, experiments, items.


@pytest.fixture
def queue(client):
    made = client.create_annotation_queue(name="look", rubric=xn.Rubric.thumbs())
    client.add_to_annotation_queue(queue_id=made.id, trace_id="t")
    return made


def test_a_queue_whose_questions_the_server_refused_is_refused_with_what_is_in_it(queue, way):
    server, link = way
    server.otherwise = Reply(422, {"message": "no such type"})
    _, outcomes = push(link, names=["score config", "queue", "queue item"])
    said = [(kind, outcome.said) for (kind, _), outcome in outcomes.items()]
    assert said == [
        ("score config", "no such type"),
        ("queue", "The server has nothing that it asks."),
        ("queue item", "The server does not have its queue."),
    ]
    assert [request.method for request in server.received] == ["GET", "POST"]


def test_what_the_server_refuses_to_show_counts_as_missing(client, queue, way):
    server, link = way
    client.create_dataset(name="d", items=[{"id": "q", "input": 1}])
    made = client.create_experiment(name="local")
    with made.run_item_raw(input="hi") as run:
        run.set_output("ho")
    client.flush()
    server.otherwise = lambda request: Reply(body={"data": []} if request.method == "GET" else {})
    push(link)
    server.otherwise = Reply(422, {"message": "not shown"})
    kinds = {"dataset", "item", "experiment", "item run", "queue", "queue item", "score config"}
    for kind in kinds:
        parcels = loaded(link, kind, list(delivered(link, kind)))
        assert parcels, kind
        assert kind_named(kind).read_back(link, parcels) == set(), kind


def test_a_long_list_is_read_on_until_everything_is_found(client, way):
    server, link = way
    rows = [{"id": str(n), "input": n} for n in range(3)]
    client.create_dataset(name="d", items=rows)
    with client.store.reading() as connection:
        kind = kind_named("item")
        parcels = kind.load(connection, kind.keys(connection, EVERYTHING))

    def answer(request):
        number = int(request.query["page"][0])
        shown = rows[number - 1] | {"expectedOutput": None, "metadata": None}
        return Reply(body={"data": [shown], "meta": {"totalPages": 9}})

    server.otherwise = answer
    found = kind.read_back(link, parcels)
    assert {key.partition("/")[2] for key in found} == {"0", "1", "2"}
    assert len(server.received) == 3


NO_PATHS = dict.fromkeys(("experiments", "experiment", "run items", "experiment items", "health"))


def test_what_the_server_has_no_path_for_is_not_sent_and_not_missed(client):
    made = client.create_experiment(name="local")
    with made.run_item_raw(input="hi") as run:
        run.set_output("ho")
    client.flush()
    with FaultyServer(otherwise=Reply(body={"data": []})) as server:
        link = link_to(server.url, client.store, paths=NO_PATHS)
        for name in ("experiment", "item run"):
            _, outcomes = push(link, names=[name])
            assert states(outcomes) == [OutcomeState.SENT]
            parcels = loaded(link, name, list(delivered(link, name)))
            assert kind_named(name).read_back(link, parcels) == {parcels[0].key}
        # Nor can it be taken back there.
        known = list(delivered(link, "experiment").values())
        assert [o.state for o in kind_named("experiment").remove(link, known)] == ["sent"]
        assert server.received == []
        told = check(link.connection)
        assert told.ok
        assert "keys accepted" in told.text
        assert [request.path for request in server.received] == ["/api/public/v2/scores"]
        link.connection.close()


def test_an_answer_that_is_no_json_is_none_where_nothing_was_asked(way):
    server, link = way
    server.otherwise = Reply(200, "thanks", {"Content-Type": "text/plain"})
    assert link.connection.post("score", {"value": 1}) is None
    with pytest.raises(ServerFault, match="no JSON"):
        link.connection.get("scores")


def test_the_keys_show_no_secret():
    address = ServerAddress("http://there", "pk-xm-0123456789", Secret("sk-xm-1"), "xeroml")
    assert repr(Credentials(address)) == "Credentials(pk-xm-0123…)"


def test_things_are_cut_into_no_empty_request():
    assert list(batches([], most=2)) == []


# Pushes and what is told of them.


def test_what_shows_up_a_little_later_is_not_missing(client, there, monkeypatch):
    monkeypatch.setattr("xeroml_nb.sync.sending.reading_back._PAUSES", (0.0, 0.0))
    ids = give_scores(client, 2)
    asked = []

    class Late(Bent):
        """The first list misses both scores, each later one of them."""

        def __call__(self, request):
            real = self.real(request)
            if request.method != "GET" or not request.path.endswith("/scores"):
                return real
            asked.append(request)
            shown = json.loads(real.content)
            some = [row for row in shown["data"] if len(asked) > 1 and row["id"] == ids[0]]
            return Reply(body=shown | {"data": some})

    with FaultyServer(otherwise=Late(there, None, 0)) as server:
        sender = client_to(there, host=server.url)
        sender._flow.stop()
        push_done = sender.push()
        assert push_done.total.not_seen == 1
        assert len(push_done.not_seen) == 1
        assert len(asked) == 3
        sender.close()


def test_a_score_that_cannot_be_taken_back_is_named_by_the_undo(client, there):
    give_scores(client, 2)

    class Keeps(Bent):
        def __call__(self, request):
            if request.method == "DELETE" or b"score-delete" in request.body:
                return Reply(409, {"message": "it is locked"})
            return self.real(request)

    with FaultyServer(otherwise=Keeps(there, None, 0)) as server:
        sender = client_to(there, host=server.url)
        sender._flow.stop()
        undone = sender.push().undo()
        assert undone.removed == 0
        assert sorted({one.partition(": ")[2] for one in undone.left}) == ["it is locked"]
        assert "2 left as they are now" in repr(undone)
        assert undone._repr_html_().count("<li>left: score ") == 2
        sender.close()
    assert len(values_there(there)) == 2


def test_what_is_put_off_or_refused_changes_nothing_that_could_be_undone(client):
    client.score(trace_id="t", name="n", value=1)

    def answer(request):
        if request.method == "GET":
            return Reply(404, {"message": "no list"})
        if status is None:
            return TAKES_ALL
        event = request.json["batch"][0] if "batch" in request.json else {}
        errors = [{"id": event.get("id"), "status": status, "message": "not now"}]
        return Reply(207, {"successes": [], "errors": errors}) if event else Reply(status)

    with FaultyServer(otherwise=answer) as server:
        keys = {"public_key": "pk", "secret_key": "sk"}
        sender = xn.get_client(host=server.url, **keys)
        sender._flow.stop()
        status = 500
        assert sender.preview().total.changes == 1
        put_off = sender.push()
        assert (put_off.total.left, put_off.total.created) == (1, 0)
        status = None
        assert numbers(sender.push()) == (1, 0, 0, 0)
        sender.score(trace_id="t", name="n", value=2)
        sender.store.flush()
        status = 422
        refused = sender.push()
        assert (refused.total.refused, refused.total.updated) == (1, 0)
        undone = sender.undo_push(refused.id)
        assert (undone.removed, undone.restored, undone.left) == (0, 0, [])
        sender.close()


def test_an_undo_that_left_nothing_shows_no_list():
    page = Undone("everything", "http://there", removed=3, stays=2)._repr_html_()
    assert "Undid the push of everything to http://there: 3 removed, 0 restored; 2 cannot" in page
    assert "<ul>" not in page


def test_a_terminal_shows_one_line_that_goes_away_and_a_log_few(monkeypatch, capsys):
    class Terminal:
        said = ""

        def isatty(self):
            return True

        def write(self, text):
            self.said += text

        def flush(self):
            pass

    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(
        "xeroml_nb.sync.sending.progress.time", SimpleNamespace(monotonic=lambda: clock.now)
    )
    log = ProgressLine("pushing")
    for clock.now in (1.0, 11.0, 12.0):
        log(int(clock.now), 1_000)
    log.close()
    assert capsys.readouterr().err == "pushing · 11/1,000\n"
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    line = ProgressLine("pushing")
    for clock.now in (12.1, 12.6, 12.7):
        line(int(clock.now * 100), 2_000)
    line.close()
    assert terminal.said == "\r\x1b[Kpushing · 1,260/2,000\r\x1b[K"


# The right to send.


@pytest.fixture
def sender(client, there):
    made = client_to(there)
    made._flow.stop()
    yield made
    made.close()


def test_of_two_threads_one_sends_and_the_other_is_told_who(sender, monkeypatch):
    remote = sender._remote
    monkeypatch.setattr("xeroml_nb.sync.sending.leasing._PATIENCE", 0.0)
    with leased(remote.store, remote.record):
        assert not Lease(remote.store, remote.record).take(patience=0.0)
        with (
            pytest.raises(NotAllSent, match=f"Process {os.getpid()} on .* is sending"),
            leased(remote.store, remote.record),
        ):
            pass
    again = Lease(remote.store, remote.record)
    assert again.take(patience=0.0)
    again.give_up()


def test_a_right_that_cannot_be_asked_for_is_nobodys(sender, monkeypatch):
    lease = Lease(sender.store, sender._remote.record)

    def broken():
        raise OSError("no disk")

    with monkeypatch.context() as patched:
        patched.setattr(lease, "_claim", broken)
        with pytest.raises(OSError, match="no disk"):
            lease.take(patience=0.0)
    assert lease.take(patience=0.0)
    lease.give_up()


def test_a_right_that_another_process_took_meanwhile_ends_the_sending(sender):
    lease = Lease(sender.store, sender._remote.record)
    assert lease.take(patience=0.0)
    lease.renew()  # it is young: nobody is asked

    def taken(connection):
        connection.execute(
            sa.text("UPDATE remotes SET owner = 'another:77', lease_until = 4000000000000000")
        )

    sender.store.write(taken)
    lease.renew()
    lease._until = time.monotonic() - 1
    with pytest.raises(NotAllSent, match="Process 77 on another is sending"):
        lease.renew()
    lease.give_up()


# The flow.


def test_the_flow_leaves_a_busy_server_alone_for_as_long_as_it_says(sender, monkeypatch):
    flow = sender._flow
    give_scores(sender, 1)
    asked = []

    def busy(*_):
        asked.append(1)
        raise ServerBusy("Busy.", "Wait.", wait=900.0)

    monkeypatch.setattr(sender._remote, "link", busy)
    assert not flow._attempt()
    assert not flow._attempt()
    assert len(asked) == 1
    assert 0 < flow._not_before - time.monotonic() <= 60.0
    with pytest.raises(NotAllSent, match=r"1 score could not be sent to .* yet\. Busy\."):
        flow.flush(timeout=0.0)


def test_what_nobody_foresaw_is_logged_and_told_by_flush(sender, monkeypatch, caplog):
    flow = sender._flow
    give_scores(sender, 2)
    flow._stopping.clear()
    monkeypatch.setattr(sender._remote, "link", lambda *_: 1 / 0)
    assert not flow._attempt()
    assert f"Sending to {sender._remote.record.host} failed" in caplog.text
    monkeypatch.setattr(flow, "start", lambda: None)
    with pytest.raises(NotAllSent, match=r"2 scores could not be sent .* division by zero"):
        flow.flush(timeout=0.0)


def test_a_flush_that_was_too_short_says_so(sender, monkeypatch):
    give_scores(sender, 1)
    monkeypatch.setattr(sender._flow, "start", lambda: None)
    with pytest.raises(NotAllSent, match=r"yet\. Time was up\. Wait longer"):
        sender._flow.flush(timeout=0.0)


def test_the_flow_waits_while_somebody_else_sends(sender, there):
    give_scores(sender, 1)
    lease = Lease(sender.store, sender._remote.record)
    assert lease.take(patience=0.0)
    assert not sender._flow._attempt()
    assert values_there(there) == {}
    lease.give_up()
    assert sender._flow._attempt()
    assert len(values_there(there)) == 1
    assert not sender._flow._attempt()  # nothing is left
    with sender.store.reading() as connection:
        assert outbox.count(connection, sender._remote.id) == {}


def test_a_process_begun_while_the_flow_ends_is_ended(sender):
    ended = []
    process = SimpleNamespace(terminate=lambda: ended.append(1))
    sender._flow._note_helper(process)
    assert ended == [1]


def test_a_process_that_does_not_end_is_killed(sender, own_folder, monkeypatch):
    script = own_folder / "stays"
    script.write_text(
        '#!/bin/sh\necho \'{"progress": [1, 3]}\'\necho \'{"result": {"done": 3}}\'\n'
        "exec sleep 60\n"
    )
    script.chmod(0o755)
    monkeypatch.setattr(beside.sys, "executable", str(script))
    monkeypatch.setattr(beside, "_END_SECONDS", 0.05)
    begun = []
    assert beside.beside(sender._remote, "noted", started=begun.append) == {"done": 3}
    assert begun[0].returncode == -9


# Why no answer came.


@pytest.mark.parametrize(
    ("error", "words", "passes"),
    [
        (httpx.UnsupportedProtocol("no ftp"), "cannot be asked: no ftp", False),
        (httpx.ProxyError("407 Proxy"), "was stopped by a proxy: 407 Proxy", True),
        (httpx.ConnectTimeout("slow"), "did not answer in time", True),
        (httpx.ReadTimeout("slow"), "was not answered in time", True),
    ],
)
def test_why_no_answer_came_is_told_in_words(error, words, passes):
    told = unreachable(Request("GET", "http://there/path", None, {}), error)
    assert isinstance(told, Passing) is passes
    inner = told.error if isinstance(told, Passing) else told
    assert isinstance(inner, NotReachable)
    assert words in str(inner)
    assert inner.next_step
