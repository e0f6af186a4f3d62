"""Pulling from a server that shows something unexpected: nothing here is lost or made up."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from labelling import session_of

import xeroml_nb as xn
from sync.conftest import person
from sync.faulty_server import FaultyServer, Reply
from sync.test_pull import (
    DATASET,
    EXPERIMENT,
    ITEM,
    RUN,
    SCORE,
    kept,
    label,
    page,
    run_of,
    shows,
    to_send,
    with_dataset,
    without,
)
from xeroml_nb.annotation.labels import Labels
from xeroml_nb.errors import NotFound, Refused, ServerFault
from xeroml_nb.experiments.dataset import hash_of_items
from xeroml_nb.records.dataset import DatasetItem
from xeroml_nb.store import experiments, schema, scores
from xeroml_nb.sync.pull import keeping
from xeroml_nb.sync.pull.datasets import Datasets, KeptVersionWarning
from xeroml_nb.sync.pull.fetching import fetch_dataset, fetch_state
from xeroml_nb.sync.pull.pulled import Conflict, Gathered

LATER = "2026-01-03T10:00:00Z"
KEYS = {"public_key": "pk", "secret_key": "sk", "api": "langfuse"}


def told(pulled):
    """The conflicts of a pull, as people read them."""
    return [str(one) for one in pulled.conflicts]


def spoil(client, kind):
    """Make unreadable what the store keeps of what a server had."""
    table = schema.deliveries
    known = sa.update(table).where(table.c.kind == kind).values(payload="{}")
    client.store.write(lambda connection: connection.execute(known))


# Scores.


def test_a_score_given_here_and_there_alike_is_not_sent_any_more(ann, ben):
    label(ann, "t", 1.0)
    label(ben, "t", 1.0, author="ann")
    ann.push()
    assert to_send(ben) == (1, 0, 0)
    assert ben.pull().unchanged == 1
    assert to_send(ben) == (0, 0, 0)


def test_a_score_given_here_and_there_otherwise_is_a_conflict(ann, ben):
    given = label(ann, "t", 1.0)
    label(ben, "t", 2.0)
    ann.push()
    assert told(ben.pull()) == ["helpful on t: here 2.0, on the server 1.0"]
    assert kept(ben) == {given.id: (2.0, None)}


def test_a_score_whose_past_cannot_be_read_is_a_conflict_and_stays(odd):
    server, client = odd
    server.otherwise = shows(scores=page(SCORE))
    client.pull()
    client.score(trace_id="t", name="x", value=2.0)
    client.store.write(lambda connection: scores.retract(connection, ["s1"]))
    spoil(client, "score")
    assert told(client.pull()) == ["x on t: here taken back, on the server 1.0"]
    assert "s1" not in kept(client)


def test_only_scores_changed_here_are_no_removals_when_they_are_deleted_there(ann, ben):
    given = label(ann, "t", 1.0)
    ann.push()
    ben.pull()
    label(ben, "t", 2.0)
    ann.store.write(lambda connection: scores.retract(connection, [given.id]))
    ann.push()
    pulled = ben.pull()
    assert (pulled.removed, told(pulled)) == (0, ["helpful on t: here 2.0, on the server deleted"])


def test_a_score_that_the_list_missed_is_asked_for_before_it_is_taken_back(odd):
    server, client = odd
    moved, comma, gone = (SCORE | {"id": one, "name": one} for one in ("moved", "a,b", "gone"))
    server.otherwise = shows(scores=page(moved, comma, gone))
    client.pull()
    assert set(kept(client)) == {"moved", "a,b", "gone"}

    server.otherwise = lambda request: (
        Reply(body=page(moved)) if "scoreIds" in request.query else Reply(body=page())
    )
    assert client.pull().removed == 1
    # One cannot be asked for in a list of ids: it stays.
    assert set(kept(client)) == {"moved", "a,b"}
    assert server.received[-1].query["scoreIds"] == ["gone,moved"]

    server.received.clear()
    server.otherwise = shows(scores=page(moved))
    assert client.pull().removed == 0
    assert [r for r in server.received if "scoreIds" in r.query] == []


# Experiments and item runs.


def test_an_experiment_changed_here_and_there_stays_as_here_and_is_listed(odd):
    server, client = odd
    server.otherwise = shows(experiments=page(EXPERIMENT))
    client.pull()
    mine = client.get_experiment("x")
    client.store.write(lambda c: experiments.set_environment(c, mine.id, {"python": "4"}))
    server.otherwise = shows(experiments=page(EXPERIMENT | {"status": "stopped"}))
    assert told(client.pull()) == ["experiment x #1: here finished, on the server stopped"]
    assert client.get_experiment("x").record.environment == {"python": "4"}

    # What the server had cannot be read: nobody can tell who changed it.
    spoil(client, "experiment")
    server.otherwise = shows(experiments=page(EXPERIMENT))
    assert told(client.pull()) == ["experiment x #1: here finished, on the server finished"]


def test_an_experiment_that_was_never_sent_and_differs_is_a_conflict(odd):
    server, client = odd
    mine = client.create_experiment(name="by hand")
    there = EXPERIMENT | {"id": mine.id, "name": "by hand", "metadata": {"model": "large"}}
    server.otherwise = shows(experiments=page(there))
    assert told(client.pull()) == ["experiment by hand #1: here open, on the server finished"]
    assert client.get_experiment(mine.id).record.metadata == {}


def test_a_success_here_stays_when_the_server_has_another(odd):
    server, client = odd
    first = [RUN | {"output": "a"}, RUN | {"repetition": 1, "traceId": "u", "output": "a"}]
    server.otherwise = shows(experiment_items=page(*first), experiments=page(EXPERIMENT))
    client.pull()
    other = [run | {"output": "b"} for run in first]
    server.otherwise = shows(experiment_items=page(*other), experiments=page(EXPERIMENT))
    pulled = client.pull("x")
    assert told(pulled) == [
        "item run q: here a, on the server b",
        "item run q (repetition 1): here a, on the server b",
    ]
    spoil(client, "item run")
    failed = [run | {"status": "failed", "error": "too long"} for run in first]
    server.otherwise = shows(
        experiment_items=page(*failed), **{"experiments/e1": EXPERIMENT, "experiments": page()}
    )
    assert told(client.pull("e1"))[0] == "item run q: here a, on the server too long"
    assert client.get_experiment("x").to_frame()["output"].tolist() == ["a", "a"]


def test_what_another_key_sent_from_this_store_is_known_to_be_there(ann, there, own_folder):
    with_dataset(ann)
    run_of(ann)
    ann.push()
    public, secret = there.key()
    again = person("ann", there, own_folder, public_key=public, secret_key=secret)
    assert to_send(again)[0] > 0
    pulled = again.pull("triage #1")
    assert (pulled.new, pulled.changed, pulled.conflicts) == (0, 0, ())
    kinds = again.preview().counts
    assert {kind: kinds[kind].creates for kind in ("experiment", "item run", "score")} == {
        "experiment": 0,
        "item run": 0,
        "score": 0,
    }
    again.close()


def test_an_experiment_over_a_version_that_is_gone_keeps_its_items_with_its_runs(odd):
    server, client = odd
    ran = EXPERIMENT | {"datasetName": "d", "contentHash": "0" * 64, "datasetVersion": LATER}
    run = RUN | {"input": "question", "expectedOutput": "answer", "output": "a"}
    lists = {"experiment_items": page(run), "experiments": page(ran)}
    server.otherwise = shows(**lists, **{"datasets/d": DATASET, "items": page(ITEM)})
    pulled = client.pull()
    [notice] = pulled.notices
    assert notice == (
        "x ran over a version of dataset 'd' that the server does not have: "
        "its items are kept with the item runs"
    )
    frame = client.get_experiment("x").to_frame()
    assert frame[["input", "expected_output"]].to_numpy().tolist() == [["question", "answer"]]
    # As it is where the server has not even the dataset.
    server.otherwise = lambda request: (
        Reply(404) if request.path.endswith("/d") else shows(**lists)(request)
    )
    other = xn.get_client("other.db", host=server.url, public_key="pk", secret_key="sk")
    other._flow.stop()
    assert other.pull().notices == pulled.notices
    other.close()


def test_an_experiment_over_some_items_is_linked_to_the_dataset_that_holds_them(odd):
    server, client = odd
    items = [ITEM, ITEM | {"id": "r", "input": "another"}]
    some = hash_of_items([DatasetItem("r", "another")])
    over = {"datasetName": "d", "contentHash": some, "itemIds": ["r", "gone"]}
    unsure = EXPERIMENT | {"id": "e2", "name": "unsure", "datasetName": "d"}
    server.otherwise = shows(
        experiment_items=page(),
        experiments=page(EXPERIMENT | over, unsure),
        **{"datasets/d": DATASET, "items": page(*items)},
    )
    pulled = client.pull()
    assert pulled.notices == ()
    dataset = client.get_dataset("d")
    # Of the other one the server does not say what it ran over: the newest version is taken.
    for name in ("x", "unsure"):
        record = client.get_experiment(name).record
        assert (record.dataset_id, record.dataset_version) == (dataset.id, dataset.version)


def test_what_is_asked_for_in_vain_is_told_with_what_there_is(ann):
    with_dataset(ann)
    run_of(ann)
    ann.push()
    with pytest.raises(NotFound, match=r"triage #1"):
        ann.pull("triage #7")


def test_a_server_that_refuses_an_experiment_is_told_in_its_words(odd):
    server, client = odd
    server.otherwise = lambda request: (
        Reply(body=page()) if request.query else Reply(422, {"message": "ids have 26 letters"})
    )
    with pytest.raises(Refused, match="ids have 26 letters"):
        client.pull("e1")


def test_the_scores_of_an_experiments_queue_are_those_on_its_traces(ann, ben):
    with_dataset(ann)
    mine = run_of(ann)
    ann.push()
    ben.pull("triage")
    rubric = xn.Rubric([xn.Dimension("helpful", "boolean")])
    labels = Labels(ben.store, session_of(ben.get_experiment(mine.id), rubric).queue)
    given = label(ann, mine.to_frame()["trace_id"][0], value=True)
    ann.push()
    assert ben.pull(labels).new == 1
    assert given.id in kept(ben)


def test_langfuse_shows_the_scores_on_the_traces_of_an_experiment_alone(own_folder):
    with FaultyServer() as server:
        client = xn.get_client(own_folder / "odd.db", host=server.url, **KEYS)
        client._flow.stop()
        mine = client.create_experiment(name="local")
        with mine.run_item_raw(input="hi") as run:
            run.set_output("ho")
        server.otherwise = shows(scores=page(SCORE | {"traceId": run.trace_id}))
        pulled = client.pull(mine)
        assert pulled.notices == ("the Langfuse API shows no experiments, only scores",)
        assert list(client.get_scores(experiment=mine)["id"]) == ["s1"]
        asked = [request.query.get("traceId") for request in server.received]
        assert asked == [[run.trace_id]]
        with pytest.raises(NotFound, match="called 'another'"):
            client.pull("another")
        client.close()


# Datasets.


def dataset_at(version, *items):
    """A server that shows a version of a dataset."""
    return shows(**{"datasets/d": DATASET | {"version": version}, "items": page(*items)})


def test_a_refusal_is_told_and_does_not_keep_the_next_dataset_waiting(odd):
    server, client = odd
    server.otherwise = dataset_at(LATER, ITEM)
    mine = client.get_dataset("d")
    server.otherwise = Reply(422, {"message": "not today"})
    for _ in range(2):
        asked = len(server.received)
        with pytest.warns(KeptVersionWarning, match="not today"):
            assert client.get_dataset("d").version == mine.version
        assert len(server.received) == asked + 1
    with pytest.raises(Refused, match="not today"):
        client.get_dataset("another")


def test_a_server_that_went_back_to_an_earlier_version_is_followed(odd):
    server, client = odd
    server.otherwise = dataset_at(DATASET["version"], ITEM)
    first = client.get_dataset("d")
    server.otherwise = dataset_at(LATER, ITEM, ITEM | {"id": "r"})
    assert len(client.get_dataset("d")) == 2
    server.otherwise = dataset_at(DATASET["version"], ITEM)
    again = client.get_dataset("d")
    assert (len(again), again.content_hash) == (1, first.content_hash)
    # The item that is gone there is not known to be there any more.
    assert again["q"].input == "question"
    again.upsert_item(id="r", input="question")
    assert to_send(client) == (1, 0, 0)


def test_a_change_made_here_while_a_version_is_fetched_is_not_written_over(odd, monkeypatch):
    server, client = odd
    server.otherwise = dataset_at(DATASET["version"], ITEM)
    mine = client.get_dataset("d")
    server.otherwise = dataset_at(LATER, ITEM, ITEM | {"id": "r"})
    is_sent = Datasets._is_sent

    def meanwhile(self, here):
        found = is_sent(self, here)
        mine.upsert_item(id="mine", input="written at this moment")
        return found

    link = client._remote.link()
    shown = fetch_dataset(link.connection, "d")
    state = fetch_state(link, shown, None)
    datasets = Datasets(client._remote, client.settings.server)
    monkeypatch.setattr(Datasets, "_is_sent", meanwhile)
    past = datasets.keep(link, shown, state, is_newest=True)
    assert {item.id for item in past} == {"q", "r"}
    newest = datasets.newest_here("d")
    assert {item.id for item in newest} == {"q", "mine"}
    assert keeping.keep_newest(link, shown, state, past) is None


def test_an_item_of_langfuse_keeps_the_id_that_it_has_here(own_folder):
    with FaultyServer() as server:
        client = xn.get_client(own_folder / "odd.db", host=server.url, **KEYS)
        client._flow.stop()
        mine = client.create_dataset(name="d", items=[{"id": "q", "input": "question"}])
        sent = {}

        def answer(request):
            if request.method == "POST" and request.path.endswith("/dataset-items"):
                sent.update(request.json)
                return Reply(body=request.json)
            if request.path.endswith("/datasets/d"):
                at = {"createdAt": LATER, "updatedAt": LATER}
                return Reply(body={"id": "cuid", "name": "d"} | at)
            if request.path.endswith("/dataset-items"):
                return Reply(body=page(sent | {"input": "changed there", "updatedAt": LATER}))
            if request.path.endswith("/datasets"):
                return Reply(body={"id": "cuid", "name": "d"})
            return Reply(body=sent)

        server.otherwise = answer
        client.push()
        assert sent["id"] == f"{mine.id}-q"
        assert [(item.id, item.input) for item in client.get_dataset("d")] == [
            ("q", "changed there")
        ]
        client.close()


def test_of_many_conflicts_all_are_counted_and_the_first_are_kept():
    gathered, part = Gathered(), Gathered()
    for n in range(101):
        gathered.conflict(Conflict("score", str(n), f"x on {n}", "1", "2"))
    part.conflict(Conflict("score", "more", "x on more", "1", "2"))
    gathered.extend(part)
    pulled = gathered.finished("everything", "http://there")
    assert (pulled.count("conflict"), len(pulled.conflicts)) == (102, 100)
    assert repr(pulled).endswith(": 102 scores in conflict (kept as here)")
    assert repr(Gathered().finished("all", "http://there")).endswith(": nothing there")


def test_what_has_no_id_is_named_by_its_beginning(odd):
    server, client = odd
    server.otherwise = shows(experiments=page(without(EXPERIMENT, "id")))
    with pytest.raises(ServerFault, match="shows the experiment name: x"):
        client.pull()
