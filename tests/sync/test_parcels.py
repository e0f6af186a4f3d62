"""Each kind of object on its way to a server: sent, sent again, changed, removed, read back."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest
from labelling import Page, session_of, session_of_queue

import xeroml_nb as xn
from xeroml_nb.annotation.dimension import Dimension
from xeroml_nb.annotation.rubric import Rubric
from xeroml_nb.errors import AccessDenied, NotReachable
from xeroml_nb.records.access import Role, Secret
from xeroml_nb.records.experiment import ExperimentStatus, ItemStatus
from xeroml_nb.records.score import ScoreTarget, new_score
from xeroml_nb.settings import ServerAddress
from xeroml_nb.store import datasets, experiments, observations, queues, scores
from xeroml_nb.store.rows import Rows
from xeroml_nb.store.store import Store
from xeroml_nb.sync.parcels.base import Link, Scope
from xeroml_nb.sync.parcels.kinds import KINDS, kind_named
from xeroml_nb.sync.sending.carrying_out import carry_out
from xeroml_nb.sync.sending.planning import Action, steps
from xeroml_nb.sync.transport.connection import Connection, OutcomeState

from .faulty_server import FaultyServer, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERYTHING = Scope("everything", everything=True)


def link_to(url, store, *, public="pk-xm-1", secret="sk-xm-1", api="xeroml", **options):
    address = ServerAddress(url, public, Secret(secret), api)
    return Link(Connection(address, patience=0.0, **options), store, "there")


@pytest.fixture
def link(client, there) -> Iterator[Link]:
    """The way from the client's store to a real server."""
    made = link_to(there.url, client.store, public=there.public, secret=there.secret)
    yield made
    made.connection.close()


def push(link, scope=EVERYTHING, names=None):
    """Bring the server to what is meant: the action on each key, and what became of it."""
    done, outcomes = {}, {}
    for kind in [kind for kind in KINDS if names is None or kind.name in names]:
        for step in steps(link.store, link.remote_id, kind, scope):
            done |= {(kind.name, change.key): change.action for change in step.changes}
            found = carry_out(link, step)
            outcomes |= {(kind.name, key): outcome for key, outcome in found.items()}
    return done, outcomes


def read_back(link, scope=EVERYTHING):
    """What the server does not show as it is here, and how much there is in all."""
    missing, count = [], 0
    for kind in KINDS:
        with link.store.reading() as connection:
            parcels = kind.load(connection, kind.keys(connection, scope))
        seen = kind.read_back(link, parcels)
        missing += [(kind.name, parcel.key) for parcel in parcels if parcel.key not in seen]
        count += len(parcels)
    return missing, count


def delivered(link, kind):
    with link.store.reading() as connection:
        keys = kind_named(kind).keys(connection, EVERYTHING)
    return link.delivered(kind, keys)


def sent_of(done, kind):
    return {key: action for (name, key), action in done.items() if name == kind}


STARS = Rubric([Dimension("stars of the answer, in all", "scale", minimum=1, maximum=5)])


@pytest.fixture
def work(client):
    """A dataset, an experiment with scores of all types, labels, and a queue of two traces."""
    rows = [{"id": f"q/{n}", "input": {"n": n}, "expected_output": n * 2} for n in range(4)]
    client.create_dataset(name="qa/small", items=rows)

    @xn.evaluator
    def exact(output, expected_output):
        return output == expected_output

    @xn.evaluator
    def size(output):
        return {"value": float(output), "comment": "the output itself"}

    def task(given):
        if given["n"] == 3:
            raise ValueError("three is too much")
        with xn.get_client().start_as_current_observation(name="think", type="generation") as one:
            one.update(output="…", usage={"input": 3, "output": 5})
        return given["n"] * 2

    made = client.start(task, "qa/small", name="doubling", evaluators=[exact, size]).wait()
    page = Page(session_of(made, STARS))
    page.set(0, 4, "stars of the answer, in all")
    page.set(1, 2, "stars of the answer, in all")
    runs = made.get_results()
    client.score(trace_id=runs[0].trace_id, name="tone", value="warm", data_type="CATEGORICAL")
    client.score_session(session_id="s-1", name="calm", value=True)
    with client.store.reading() as connection:
        span = observations.of_trace(connection, runs[0].trace_id)[-1]
    client.score(trace_id=span.trace_id, observation_id=span.id, name="part", value=0.25)
    whole = new_score(ScoreTarget(experiment_id=made.id), "accuracy", 0.75)
    client.store.write_rows(Rows(scores=[whole]))
    queue = client.create_annotation_queue(
        name="look at these", rubric=Rubric.thumbs(), description="soon"
    )
    for run in runs[:2]:
        client.add_to_annotation_queue(queue_id=queue.id, trace_id=run.trace_id)
    Page(session_of_queue(client.store, queue.id)).set(0, value=True, dimension="thumb")
    client.flush()
    return made


def test_everything_is_on_the_server_as_it_is_here(client, there, link, work):
    done, outcomes = push(link)
    assert {outcome.state for outcome in outcomes.values()} == {OutcomeState.SENT}
    assert set(done.values()) == {Action.CREATE}
    with client.store.reading() as here, there.store.reading() as connection:
        assert scores.find(connection) == scores.find(here)
        for run in experiments.item_runs(here, work.id):
            stored = observations.of_trace(connection, run.trace_id)
            assert stored == observations.of_trace(here, run.trace_id)
        runs = experiments.item_runs(connection, work.id)
        assert sorted(runs, key=str) == sorted(experiments.item_runs(here, work.id), key=str)
        made, own = (experiments.by_id(c, work.id) for c in (connection, here))
        assert (made.label, made.task, made.status) == (own.label, own.task, own.status)
        stored = datasets.by_name(connection, "qa/small")
        own = datasets.by_name(here, "qa/small")
        there_items = datasets.items(connection, stored.id, stored.updated_at)
        assert there_items == datasets.items(here, own.id, own.updated_at)
        assert queues.configs(connection) == queues.configs(here)
    reader = xn.get_client(there.place)
    queue = next(iter(reader.annotation_queues()))
    assert (queue.name, queue.rubric, queue.description) == (
        "look at these",
        Rubric.thumbs(),
        "soon",
    )
    with there.store.reading() as connection:
        assert queues.traces(connection, queue.id) == [r.trace_id for r in work.get_results()[:2]]
    reader.close()


def test_what_was_sent_is_read_back(link, work):
    push(link)
    missing, count = read_back(link)
    assert missing == []
    assert count == sum(len(delivered(link, kind.name)) for kind in KINDS) > 30


def test_what_was_not_sent_is_not_read_back(link, work):
    push(link, names=["dataset"])
    missing, count = read_back(link)
    assert len(missing) == count - 1


def test_sending_again_changes_nothing(there, link, work):
    push(link)
    with there.store.reading() as connection:
        before = scores.find(connection)
    assert push(link) == ({}, {})
    # Also where nothing is known of the first time, as in another notebook over a copy.
    other = dataclasses.replace(link, remote_id="there again")
    _, outcomes = push(other)
    assert {outcome.state for outcome in outcomes.values()} == {OutcomeState.SENT}
    with there.store.reading() as connection:
        assert scores.find(connection) == before
        history = [h for score in before for h in scores.history(connection, score.id)]
        assert history == []
        assert len(experiments.item_runs(connection, work.id)) == 4
        record = datasets.by_name(connection, "qa/small")
        assert len(datasets.versions(connection, record.id)) == 1


def test_what_changed_is_changed_there_and_nothing_else(client, there, link, work):
    push(link)
    client.get_dataset("qa/small").upsert_item(id="q/1", input={"n": 1}, expected_output="two")
    page = Page(session_of(work, STARS))
    page.set(0, 5, "stars of the answer, in all")
    done, _ = push(link)
    assert set(done.values()) == {Action.UPDATE}
    assert {kind for kind, _ in done} == {"item", "score"}
    assert len(done) == 2
    with there.store.reading() as connection:
        record = datasets.by_name(connection, "qa/small")
        items = datasets.items(connection, record.id, record.updated_at)
        assert [item.expected_output for item in items] == [0, "two", 4, 6]
        given = scores.find(connection, name="stars of the answer, in all")
    assert sorted(score.value for score in given) == [2, 5]
    assert read_back(link)[0] == []


def test_a_label_that_is_taken_back_is_deleted_there(there, link, work):
    push(link)
    scope = Scope("labels", experiment_ids=(work.id,))
    page = Page(session_of(work, STARS))
    page.do("clear", 0, "stars of the answer, in all")
    done, outcomes = push(link, scope)
    assert list(done.values()) == [Action.DELETE]
    assert [outcome.state for outcome in outcomes.values()] == [OutcomeState.SENT]
    with there.store.reading() as connection:
        assert len(scores.find(connection, name="stars of the answer, in all")) == 1
    assert push(link) == ({}, {})


def test_what_was_taken_back_is_no_part_of_another_scope(client, link, work):
    push(link)
    page = Page(session_of(work, STARS))
    page.do("clear", 0, "stars of the answer, in all")
    other = Scope("another", experiment_ids=("nothing",))
    assert push(link, other) == ({}, {})


def test_what_is_not_there_counts_as_removed(link, work):
    push(link)
    for name in ("score", "item", "queue item"):
        known = list(delivered(link, name).values())
        kind = kind_named(name)
        for _ in range(2):
            outcomes = kind.remove(link, known)
            assert {outcome.state for outcome in outcomes} == {OutcomeState.SENT}
            assert {outcome.key for outcome in outcomes} == {one.key for one in known}


def test_an_experiment_is_removed_with_its_item_runs_and_can_be_sent_again(there, link, work):
    push(link)
    experiment = kind_named("experiment")
    experiment.remove(link, list(delivered(link, "experiment").values()))
    with there.store.reading() as connection:
        assert experiments.by_id(connection, work.id) is None
    assert delivered(link, "item run") == {}
    done, _ = push(link, names=["item run"])
    assert set(done.values()) == {Action.CREATE}


@pytest.mark.parametrize("name", ["dataset", "trace", "item run", "score config", "queue"])
def test_what_the_api_cannot_remove_says_so(link, work, name):
    push(link)
    known = list(delivered(link, name).values())
    outcomes = kind_named(name).remove(link, known)
    assert {outcome.state for outcome in outcomes} == {OutcomeState.REFUSED}
    assert all(outcome.said and outcome.next_step for outcome in outcomes)
    assert not kind_named(name).undoable


def test_a_scope_holds_what_belongs_to_it(client, link, work):
    client.create_dataset(name="other", items=[{"id": "a", "input": 1}])
    other = client.start(lambda n: n, "other", name="other").wait()
    scope = Scope(other.label, experiment_ids=(other.id,))
    done, _ = push(link, scope)
    (trace_id,) = [run.trace_id for run in other.get_results()]
    with client.store.reading() as connection:
        record = datasets.by_name(connection, "other")
    assert set(done) == {
        ("dataset", record.id),
        ("item", f"{record.id}/a"),
        ("trace", trace_id),
        ("experiment", other.id),
        ("item run", f"{other.id}/a/0"),
    }


def test_the_labels_of_a_queue_go_with_their_traces_and_questions(client, there, link, work):
    queue = next(iter(client.annotation_queues()))
    scope = Scope("labels", queue_ids=(queue.id,))
    done, _ = push(link, scope)
    kinds = {kind: len(sent_of(done, kind)) for kind, _ in done}
    assert kinds == {"trace": 2, "score config": 1, "score": 1, "queue": 1, "queue item": 2}
    with there.store.reading() as connection:
        (label,) = scores.find(connection)
    assert (label.name, label.value, label.author) == ("thumb", True, "ann")
    shown = there.http().get(f"/scores/{label.id}").json()
    assert shown["queueId"] == queue.id
    assert shown["configId"] == queue.rubric.dimensions[0].config_id


def test_the_labels_of_an_experiments_queue_go_without_a_queue(client, link, work):
    queue = session_of(work, STARS).queue
    done, _ = push(link, Scope("labels", queue_ids=(queue.id,)))
    assert {kind for kind, _ in done} == {"trace", "score config", "score"}
    assert len(sent_of(done, "score")) == 2


def test_traces_of_other_ids_are_known_by_their_scores_alone(client, there, link):
    client.score(trace_id="trace_abc123", name="user-feedback", value=1, comment="helpful")
    done, outcomes = push(link)
    assert [kind for kind, _ in done] == ["score"]
    assert {outcome.state for outcome in outcomes.values()} == {OutcomeState.SENT}
    with there.store.reading() as connection:
        (score,) = scores.find(connection, trace_id="trace_abc123")
    assert score.comment == "helpful"


def test_a_trace_that_grew_is_sent_again(client, there, link):
    with client.start_as_current_observation(name="first") as one:
        trace_id = one.trace_id
    client.flush()
    assert len(sent_of(push(link)[0], "trace")) == 1
    with client.store.reading() as connection:
        (span,) = observations.of_trace(connection, trace_id)
    later = dataclasses.replace(span, id="00000000000000ff", parent_id=span.id, name="later")
    client.store.write_rows(Rows(observations=[later]))
    assert list(sent_of(push(link)[0], "trace").values()) == [Action.UPDATE]
    with there.store.reading() as connection:
        names = [o.name for o in observations.of_trace(connection, trace_id)]
    assert sorted(names) == ["first", "later"]


def test_one_refusal_does_not_stop_the_others(client, there, link):
    """The server has these ids already, on other traces."""
    good = [new_score(ScoreTarget(f"t{n}"), "n", n) for n in range(5)]
    taken = dataclasses.replace(new_score(ScoreTarget("elsewhere"), "n", 9), id=good[2].id)
    there.store.write_rows(Rows(scores=[taken]))
    client.store.write_rows(Rows(scores=good))
    _, outcomes = push(link)
    states = {key: outcome for (_, key), outcome in outcomes.items()}
    bad = states.pop(good[2].id)
    assert (bad.state, bad.status) == (OutcomeState.REFUSED, 409)
    assert bad.said
    assert bad.next_step
    assert {outcome.state for outcome in states.values()} == {OutcomeState.SENT}
    with there.store.reading() as connection:
        assert len(scores.find(connection)) == 5


def test_one_item_that_does_not_fit_the_schema_does_not_stop_the_others(client, there, link):
    there.http(timeout=30).post("/datasets", json={"name": "d", "inputSchema": {"type": "integer"}})
    client.create_dataset(name="d", items=[{"id": str(n), "input": n} for n in range(3)])
    client.get_dataset("d").upsert_item(id="text", input="four")
    _, outcomes = push(link, names=["item"])
    refused = [o for o in outcomes.values() if o.state is OutcomeState.REFUSED]
    assert [outcome.key.split("/")[1] for outcome in refused] == ["text"]
    assert "four" in refused[0].said or "integer" in refused[0].said
    with there.store.reading() as connection:
        record = datasets.by_name(connection, "d")
        items = datasets.items(connection, record.id, record.updated_at)
    assert [item.id for item in items] == ["0", "1", "2"]


def test_keys_that_may_not_write_end_it(client, there, work):
    public, secret = there.key(Role.READ_ONLY)
    link = link_to(there.url, client.store, public=public, secret=secret)
    for kind in KINDS:
        with client.store.reading() as connection:
            parcels = kind.load(connection, kind.keys(connection, EVERYTHING))
        if kind.name == "queue":
            continue  # its questions were never sent: that is said first
        if kind.name == "queue item":
            continue
        with pytest.raises(AccessDenied):
            kind.send(link, parcels)
    link.connection.close()


def test_a_server_that_is_away_ends_it(client, work):
    link = link_to("http://127.0.0.1:9", client.store)
    for name in ("dataset", "item", "trace", "experiment", "item run", "score"):
        kind = kind_named(name)
        with client.store.reading() as connection:
            parcels = kind.load(connection, kind.keys(connection, EVERYTHING))
        with pytest.raises(NotReachable):
            kind.send(link, parcels)
    link.connection.close()


def events_in(request):
    return [event["body"]["id"] for event in request.json["batch"]]


def give(store, number):
    made = [new_score(ScoreTarget(f"t{n}"), "n", n) for n in range(number)]
    store.write_rows(Rows(scores=made))
    return {score.id for score in made}


def test_scores_go_in_batches_of_250(client):
    ids = give(client.store, 600)
    with FaultyServer(otherwise=Reply(207, {"successes": [], "errors": []})) as server:
        link = link_to(server.url, client.store)
        push(link)
        link.connection.close()
        batches = [events_in(request) for request in server.received]
    assert [len(batch) for batch in batches] == [250, 250, 100]
    assert {one for batch in batches for one in batch} == ids


def test_a_server_without_batches_gets_scores_one_by_one_and_is_asked_once(client):
    ids = give(client.store, 300)

    def answer(request):
        is_batch = request.path.endswith("/ingestion")
        return Reply(404, {"message": "no such route"}) if is_batch else Reply(200, {"id": "x"})

    with FaultyServer(otherwise=answer) as server:
        link = link_to(server.url, client.store)
        _, outcomes = push(link)
        link.connection.close()
        paths = [request.path for request in server.received]
        bodies = [r.json for r in server.received if r.path.endswith("/v2/scores")]
    assert paths.count("/api/public/ingestion") == 1
    assert {body["id"] for body in bodies} == ids
    assert all(body["timestamp"].endswith("Z") for body in bodies)
    assert {outcome.state for outcome in outcomes.values()} == {OutcomeState.SENT}
    assert {outcome.remote_key for outcome in outcomes.values()} == {"x"}


def test_each_event_of_a_batch_has_its_own_fate(client):
    give(client.store, 4)

    def answer(request):
        ids = [event["id"] for event in request.json["batch"]]
        errors = [
            {"id": ids[0], "status": 400, "message": "bad", "error": "value out of range"},
            {"id": ids[1], "status": 429, "message": "slow down"},
            {"id": ids[2], "status": 500},
        ]
        return Reply(207, {"successes": [{"id": ids[3], "status": 201}], "errors": errors})

    with FaultyServer(otherwise=answer) as server:
        link = link_to(server.url, client.store)
        _, outcomes = push(link)
        link.connection.close()
    found = list(outcomes.values())
    assert [outcome.state for outcome in found] == [
        OutcomeState.REFUSED,
        OutcomeState.LEFT,
        OutcomeState.LEFT,
        OutcomeState.SENT,
    ]
    assert found[0].said == "bad: value out of range"
    assert found[0].status == 400


def test_a_batch_that_is_refused_whole_goes_one_by_one(client):
    ids = give(client.store, 5)

    def answer(request):
        if request.path.endswith("/ingestion"):
            return Reply(413, {"message": "too large"})
        return Reply(422, {"message": "no"}) if request.json["value"] == 3 else Reply(200)

    with FaultyServer(otherwise=answer) as server:
        link = link_to(server.url, client.store)
        _, outcomes = push(link)
        link.connection.close()
    refused = [o for o in outcomes.values() if o.state is OutcomeState.REFUSED]
    assert [(o.status, o.said) for o in refused] == [(422, "no")]
    assert len(outcomes) == len(ids)


def test_a_trace_that_is_refused_does_not_stop_the_others(client):
    for n in range(3):
        with client.start_as_current_observation(name=f"n{n}", input="!" if n == 1 else "ok"):
            pass
    client.flush()

    def answer(request):
        import gzip

        is_bad = b'"!"' in gzip.decompress(request.body)
        return Reply(400, {"error": "cannot read this"}) if is_bad else Reply(200, {})

    with FaultyServer(otherwise=answer) as server:
        link = link_to(server.url, client.store)
        _, outcomes = push(link, names=["trace"])
        link.connection.close()
        assert {r.headers["content-type"] for r in server.received} == {"application/x-protobuf"}
    states = [outcome.state for outcome in outcomes.values()]
    assert states == [OutcomeState.SENT, OutcomeState.REFUSED, OutcomeState.SENT]


def test_spans_that_a_server_rejects_in_a_success_are_refusals(client):
    with client.start_as_current_observation(name="n"):
        pass
    client.flush()
    said = {"partialSuccess": {"rejectedSpans": "1", "errorMessage": "too old"}}
    with FaultyServer(otherwise=Reply(200, said)) as server:
        link = link_to(server.url, client.store)
        _, outcomes = push(link, names=["trace"])
        link.connection.close()
    assert [(o.state, o.said) for o in outcomes.values()] == [(OutcomeState.REFUSED, "too old")]


def test_large_traces_go_in_requests_of_bounded_size(client):
    import random

    noise = random.Random(0)
    for _ in range(5):
        with client.start_as_current_observation(name="n", input=noise.randbytes(450_000).hex()):
            pass
    client.flush()
    with FaultyServer(otherwise=Reply(200)) as server:
        link = link_to(server.url, client.store)
        push(link, names=["trace"])
        link.connection.close()
        assert len(server.received) == 3


def test_items_and_item_runs_keep_to_bounded_requests(client):
    rows = [{"id": str(n), "input": "x" * 900_000} for n in range(5)]
    client.create_dataset(name="large", items=rows)
    with FaultyServer(otherwise=Reply(200)) as server:
        link = link_to(server.url, client.store)
        push(link, names=["item"])
        link.connection.close()
        assert [len(r.json.get("items", [1])) for r in server.received] == [2, 2, 1]


def test_parcels_hold_no_moment_of_their_own(client, work):
    def loaded():
        found = []
        for kind in KINDS:
            with client.store.reading() as connection:
                found += kind.load(connection, kind.keys(connection, EVERYTHING))
        return found

    first = loaded()
    assert first == loaded()
    assert len({(parcel.kind, parcel.key) for parcel in first}) == len(first)
    assert [p.kind for p in first if p.payload is None] == ["trace"] * 4
    for parcel in first:
        assert parcel.title
        assert parcel.payload is None or json.loads(parcel.payload)


def test_another_process_reads_the_same_hash(client, own_folder, work):
    with client.store.reading() as connection:
        kind = kind_named("trace")
        first = kind.load(connection, kind.keys(connection, EVERYTHING))
    other = Store(str(own_folder / "store.db"))
    with other.reading() as connection:
        assert kind.load(connection, kind.keys(connection, EVERYTHING)) == first
    other.close()


def test_unfinished_and_failed_item_runs_are_sent_as_they_are(there, link, work):
    push(link)
    with there.store.reading() as connection:
        runs = {run.item_id: run for run in experiments.item_runs(connection, work.id)}
        record = experiments.by_id(connection, work.id)
    assert runs["q/3"].status is ItemStatus.FAILED
    assert "three is too much" in runs["q/3"].error
    assert record.status is ExperimentStatus.FINISHED


def test_local_items_go_with_their_item_runs(client, there, link):
    made = client.create_experiment(name="local")
    with made.run_item_raw(input={"q": "hi"}, expected_output="ho", metadata={"k": 1}) as run:
        run.set_output("ho")
        run.score("ok", value=True)
    client.flush()
    _, outcomes = push(link)
    assert {outcome.state for outcome in outcomes.values()} == {OutcomeState.SENT}
    with there.store.reading() as connection:
        (stored,) = experiments.item_runs(connection, made.id)
    assert stored.local_item.input == {"q": "hi"}
    assert stored.local_item.expected_output == "ho"
    assert read_back(link)[0] == []


def test_an_item_run_keeps_its_url_and_the_experiment_its_own(link, work):
    push(link)
    known = delivered(link, "experiment")[work.id]
    assert known.url.endswith(f"/experiments/{work.id}")


def test_kinds_come_in_the_order_in_which_they_refer_to_each_other():
    order = [kind.name for kind in KINDS]
    before = [
        ("dataset", "item"),
        ("item", "experiment"),
        ("trace", "item run"),
        ("experiment", "item run"),
        ("score config", "score"),
        ("score config", "queue"),
        ("queue", "queue item"),
        ("queue", "score"),
        ("item run", "score"),
    ]
    assert [pair for pair in before if order.index(pair[0]) > order.index(pair[1])] == []
    with pytest.raises(KeyError):
        kind_named("stars")
