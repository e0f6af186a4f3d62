"""Two people and one server: what one of them pushes the other pulls, and nobody loses anything."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pytest
from server.running import running

import xeroml_nb as xn
from sync.conftest import person
from sync.faulty_server import FaultyServer, Reply
from xeroml_nb.errors import BadInput, NoServer, NotFound, NotReachable, ServerFault
from xeroml_nb.records.score import ScoreTarget, new_score
from xeroml_nb.store import experiments, scores
from xeroml_nb.store.rows import Rows
from xeroml_nb.sync.pull.datasets import KeptVersionWarning

NAME = "support/Überblick #1"
ITEMS = [{"id": f"q{n}", "input": f"question {n}", "expected_output": n} for n in range(4)]


def answer(input):  # noqa: A002 - the word of the field
    if input == "question 3":
        raise ValueError("no answer to question 3")
    return {"text": input.upper(), "length": len(input)}


def is_long(output):
    return output["length"] > 9


def run_of(client, name="triage", **options):
    return client.run(answer, NAME, name=name, evaluators=[is_long], **options)


def with_dataset(client, items=ITEMS, name=NAME):
    return client.create_dataset(name=name, items=items, metadata=[])


def label(client, trace_id, value, author="ann", comment=None):
    details = {"source": "human", "author": author, "comment": comment}
    return client.score(trace_id=trace_id, name="helpful", value=value, **details)


def kept(client, trace_id=None):
    """Value and comment of the scores of one's own store, by id."""
    with client.store.reading() as connection:
        found = scores.find(connection, trace_id=trace_id)
    return {score.id: (score.value, score.comment) for score in found}


def to_send(client):
    """How many objects a push would create, update and delete."""
    total = client.preview().total
    return total.creates, total.updates, total.deletes


def same_scores(client, other, experiment):
    found = [one.get_scores(experiment=experiment.id) for one in (client, other)]
    pd.testing.assert_frame_equal(*found)
    return found[0]


def test_a_pulled_experiment_and_its_scores_are_those_that_were_pushed(ann, ben):
    with_dataset(ann)
    mine = run_of(ann, metadata={"model": "small"})
    first = mine.to_frame()["trace_id"][0]
    label(ann, first, value=True, comment="schön")
    ann.score_session(session_id="s", name="tone", value="polite")
    ann.push()
    pulled = ben.pull("triage #1")
    theirs = ben.get_experiment("triage", 1)
    pd.testing.assert_frame_equal(theirs.to_frame(), mine.to_frame())
    assert set(same_scores(ann, ben, mine)["author"]) == {"is_long", "ann"}
    assert theirs.record.task == mine.record.task
    assert theirs.record.metadata == {"model": "small"}
    assert (theirs.record.dataset_name, theirs.record.content_hash) == (
        NAME,
        mine.record.content_hash,
    )
    assert (pulled.count("new", "experiment"), pulled.count("new", "item run")) == (1, 4)
    assert pulled.count("new", "score") == 4
    assert repr(pulled).startswith("pulled triage #1 from http://127.0.0.1:")
    assert "1 experiment, 4 item runs and 4 scores new" in repr(pulled)


def test_what_was_pulled_is_not_sent_back_and_pulling_again_changes_nothing(ann, ben):
    with_dataset(ann)
    run_of(ann)
    ann.push()
    ben.pull()
    assert to_send(ben) == (0, 0, 0)
    again = ben.pull()
    assert (again.new, again.changed, again.removed, again.conflicts) == (0, 0, 0, ())
    assert again.count("unchanged", "score") == 3
    assert to_send(ben) == (0, 0, 0)
    assert ann.pull().new == 0


def test_everything_is_pulled_that_others_made_page_by_page(ann, ben):
    given = [
        new_score(ScoreTarget(trace_id=xn.create_trace_id(seed=f"{n}")), "x", n / 110)
        for n in range(110)
    ]
    ann.store.write_rows(Rows(scores=given))
    with_dataset(ann, [{"id": f"{n:03}", "input": f"question {n}"} for n in range(110)])
    run_of(ann)
    ann.push()
    pulled = ben.pull()
    assert pulled.count("new", "item run") == 110
    assert pulled.count("new", "score") == 110 + 109
    assert kept(ben) == kept(ann)
    assert "triage #1" in [record.label for record in ben.experiments()]


def test_a_score_that_was_changed_there_is_changed_here_with_its_past_kept(ann, ben):
    given = label(ann, "t", 1.0, comment="first")
    ann.push()
    ben.pull()
    label(ann, "t", 2.0, comment="second")
    ann.push()
    pulled = ben.pull()
    assert pulled.changed == 1
    assert kept(ben) == {given.id: (2.0, "second")}
    with ben.store.reading() as connection:
        assert scores.history(connection, given.id) == [(1.0, "first")]


def test_a_score_that_was_changed_here_and_there_stays_as_here_and_is_listed(ann, ben):
    given = label(ann, "t", 1.0)
    ann.push()
    ben.pull()
    label(ben, "t", 3.0)
    assert ben.pull().conflicts == ()  # the server has nothing new
    assert kept(ben)[given.id][0] == 3.0
    label(ann, "t", 2.0)
    ann.push()
    pulled = ben.pull()
    assert [str(one) for one in pulled.conflicts] == [
        "helpful on t: here 3.0, on the server 2.0",
    ]
    assert "1 score in conflict (kept as here)" in repr(pulled)
    assert kept(ben)[given.id][0] == 3.0
    ben.push()
    assert ann.pull().changed == 1
    assert kept(ann) == kept(ben)


def test_what_was_pulled_is_shown_as_a_table_in_which_no_text_is_markup(ann, ben):
    label(ann, "t", "good")
    ann.push()
    ben.pull()
    label(ben, "t", "better")
    label(ann, "t", "<b>best</b>")
    ann.push()
    page_of_it = ben.pull()._repr_html_()
    assert "here better, on the server &lt;b&gt;best&lt;/b&gt;" in page_of_it
    assert '<td style="text-align:left">score</td>' in page_of_it


def test_a_score_taken_back_here_does_not_come_back(ann, ben):
    given = label(ann, "t", 1.0)
    ann.push()
    ben.pull()
    ben.store.write(lambda connection: scores.retract(connection, [given.id]))
    assert ben.pull().unchanged == 1
    assert kept(ben) == {}
    assert to_send(ben) == (0, 0, 1)


def test_a_score_deleted_there_is_taken_back_here_unless_it_was_changed_here(ann, ben):
    gone = label(ann, "t", 1.0)
    edited = label(ann, "u", 1.0)
    label(ann, "v", 1.0)
    ann.push()
    ben.pull()
    label(ben, "u", 2.0)
    never_sent = label(ben, "w", 2.0)
    ids = [gone.id, edited.id]
    ann.store.write(lambda connection: scores.retract(connection, ids))
    ann.push()
    pulled = ben.pull()
    assert pulled.removed == 1
    assert [str(one) for one in pulled.conflicts] == [
        "helpful on u: here 2.0, on the server deleted"
    ]
    assert gone.id not in kept(ben)
    assert {edited.id, never_sent.id} <= kept(ben).keys()


def test_the_labels_of_a_queue_are_pulled_alone(ann, ben):
    rubric = xn.Rubric([xn.Dimension("helpful", "boolean")])
    queue = ben.create_annotation_queue(name="mine", rubric=rubric)
    ben.add_to_annotation_queue(queue_id=queue.id, trace_id="t")
    given = label(ann, "t", value=True)
    label(ann, "another trace", value=True)
    ann.push()
    pulled = ben.pull(queue)
    assert pulled.new == 1
    assert kept(ben) == {given.id: (True, None)}
    ann.store.write(lambda connection: scores.retract(connection, [given.id]))
    ann.push()
    assert ben.pull(queue).removed == 1


def test_an_experiment_whose_number_is_taken_gets_the_next_one_and_says_so(ann, ben):
    for client in (ann, ben):
        with_dataset(client)
        run_of(client)
    ann.push()
    pulled = ben.pull("triage #1")
    assert "triage #1 of the server is triage #2 here: the number was taken" in repr(pulled)
    assert ben.pull("triage #1").notices == ()
    assert sorted(one.label for one in ben.experiments()) == ["triage #1", "triage #2"]
    assert ben.get_experiment("triage", 2).id == ann.get_experiment("triage", 1).id


def test_a_failure_is_replaced_by_what_the_server_has_and_a_success_stays(ann, ben):
    broken = True

    def flaky(input):  # noqa: A002 - the word of the field
        if broken and input == "question 3":
            raise ValueError("not yet")
        return input

    with_dataset(ann)
    mine = ann.run(flaky, NAME, name="flaky")
    ann.push()
    ben.pull()
    broken = False
    mine.retry_failed().wait()
    ann.push()
    pulled = ben.pull(mine.label)
    assert (pulled.count("changed", "item run"), pulled.count("unchanged", "item run")) == (1, 3)
    theirs = ben.get_experiment(mine.id)
    pd.testing.assert_frame_equal(theirs.to_frame(), mine.to_frame())
    assert theirs.to_frame()["attempts"].tolist() == [1, 1, 1, 2]
    assert ben.pull(mine.label).changed == 0


def test_what_changed_of_an_experiment_here_is_still_to_be_sent_after_a_pull(ann, ben):
    with_dataset(ann)
    mine = ann.create_experiment(name="by hand", dataset_name=NAME)
    ann.push()
    with mine.run_item(mine_item := ann.get_dataset(NAME)["q0"]) as run:
        run.set_output("first")
    ann.store.write(lambda c: experiments.set_environment(c, mine.id, {"python": "4"}))
    pulled = ann.pull(mine)
    assert (pulled.changed, pulled.conflicts) == (0, ())
    assert mine.record.environment == {"python": "4"}
    ann.push()
    ben.pull("by hand")
    theirs = ben.get_experiment("by hand")
    assert theirs.record.environment == {"python": "4"}
    frame = theirs.to_frame()
    assert frame[frame["item_id"] == mine_item.id]["output"].tolist() == ["first"]


def test_an_experiment_over_local_inputs_is_pulled_with_them(ann, ben):
    mine = ann.create_experiment(name="by hand")
    for text in ("a", "b"):
        with mine.run_item(xn.DatasetItem(text, {"text": text})) as run:
            run.set_output(text.upper())
    ann.push()
    ben.pull(mine.id)
    pd.testing.assert_frame_equal(ben.get_experiment("by hand").to_frame(), mine.to_frame())


def test_an_experiment_over_a_version_that_is_no_more_the_newest_shows_its_own_items(ann, ben):
    with_dataset(ann)
    first = run_of(ann)
    ann.push()
    newer = with_dataset(ann, [item | {"input": item["input"] + "?"} for item in ITEMS])
    second = ann.run(answer, newer, name="triage")
    ann.push()
    ben.pull()
    for mine in (first, second):
        theirs = ben.get_experiment(mine.id)
        pd.testing.assert_frame_equal(theirs.to_frame(), mine.to_frame())
        assert theirs.record.dataset_name == NAME
    assert ben.get_dataset(NAME).content_hash == second.record.content_hash
    # The other way round: the newest first, the older one beside it.
    assert ben.get_experiment(first.id).record.dataset_version < ben.get_dataset(NAME).version


def test_what_the_server_does_not_have_cannot_be_pulled(ann, client):
    with_dataset(ann)
    mine = run_of(ann)
    with pytest.raises(NotFound, match=r"experiment on http://127\.0\.0\.1:"):
        ann.pull("triage #7")
    with pytest.raises(NotFound, match="'triage #1'"):
        ann.pull(mine)
    with pytest.raises(BadInput, match="given a int"):
        ann.pull(3)
    with pytest.raises(NoServer):
        client.pull()


# Datasets.


@pytest.fixture
def asked(monkeypatch):
    """The requests that were made, as "GET /path"."""
    from xeroml_nb.sync.transport.exchange import Exchange

    found = []
    once = Exchange.once

    def noted(self, request):
        found.append(request.title.partition(" at ")[0])
        return once(self, request)

    monkeypatch.setattr(Exchange, "once", noted)
    return found


def test_a_dataset_is_fetched_once_and_then_asked_for_with_one_request(ann, ben, asked):
    items = [{"id": f"{n}", "input": f"question {n}"} for n in range(250)]
    mine = with_dataset(ann, items)
    ann.push()
    asked.clear()
    theirs = ben.get_dataset(NAME)
    assert theirs.items == mine.items
    assert theirs.content_hash == mine.content_hash
    assert len(asked) == 1 + 3  # the dataset, and three pages of items
    shown = ben._remote.connection.get("dataset", dataset=NAME)
    assert datetime.fromisoformat(shown["version"]) == theirs.version
    asked.clear()
    assert ben.get_dataset(NAME).version == theirs.version
    assert asked == ["GET /api/public/v2/datasets/support%2F%C3%9Cberblick%20%231"]
    assert to_send(ben) == (0, 0, 0)


def test_a_dataset_that_another_changed_is_fetched_again_with_its_earlier_versions_kept(ann, ben):
    with_dataset(ann)
    ann.push()
    first = ben.get_dataset(NAME)
    ann.get_dataset(NAME).upsert_item(id="q1", input="changed", expected_output=1)
    ann.push()
    second = ben.get_dataset(NAME)
    assert [item.input for item in second] == ["question 0", "changed", "question 2", "question 3"]
    assert [item.input for item in first] == [item["input"] for item in ITEMS]
    assert ben.get_dataset(NAME, version=first.version).content_hash == first.content_hash
    # The one who sent it first has nothing to fetch, and after a change of the other one has.
    second.upsert_item(id="q9", input="added by ben")
    ben.push()
    assert [item.id for item in ann.get_dataset(NAME)][-1] == "q9"


def test_a_version_is_fetched_as_it_was_and_the_newest_stays_the_newest(ann, ben, asked):
    with_dataset(ann)
    ann.push()
    old = datetime.fromisoformat(
        ann._remote.connection.get("dataset", dataset=NAME)["version"],
    )
    ann.get_dataset(NAME).upsert_item(id="q4", input="question 4")
    ann.push()
    newest = ben.get_dataset(NAME)
    then = ben.get_dataset(NAME, version=old.isoformat())
    assert (len(newest), len(then)) == (5, 4)
    assert then.version == old
    assert ben.get_dataset(NAME).version == newest.version
    asked.clear()
    assert len(ben.get_dataset(NAME, version=old)) == 4
    assert asked == []  # the past does not change
    in_future = newest.version + timedelta(days=1)
    assert ben.get_dataset(NAME, version=in_future).version == newest.version
    with pytest.raises(BadInput, match="did not exist"):
        ben.get_dataset(NAME, version="2020-01-01T00:00:00+00:00")
    with pytest.raises(BadInput, match="no time zone"):
        ben.get_dataset(NAME, version="2020-01-01T00:00:00")


def test_changes_here_win_with_a_warning_that_says_how_to_get_the_other_version(ann, ben):
    with_dataset(ann)
    ann.push()
    ben.get_dataset(NAME).upsert_item(id="q9", input="by ben")
    ann.get_dataset(NAME).upsert_item(id="q8", input="by ann")
    ann.push()
    with pytest.warns(KeptVersionWarning, match="has another one") as caught:
        here = ben.get_dataset(NAME)
    assert caught[0].filename == __file__
    assert [item.id for item in here][-1] == "q9"
    there = str(caught[0].message).rpartition("version='")[2].partition("'")[0]
    other = ben.get_dataset(NAME, version=there)
    assert [item.id for item in other][-1] == "q8"
    assert other.content_hash == ann.get_dataset(NAME).content_hash
    with pytest.warns(KeptVersionWarning):
        assert [item.id for item in ben.get_dataset(NAME)][-1] == "q9"
    assert [item.id for item in other][-1] == "q8"
    ben.push()
    assert [item.id for item in ben.get_dataset(NAME)][-2:] == ["q8", "q9"]
    assert {item.id for item in ann.get_dataset(NAME)} >= {"q8", "q9"}


def test_a_dataset_that_the_server_does_not_have_is_the_one_here(ann, ben):
    mine = with_dataset(ann)
    assert ann.get_dataset(NAME).version == mine.version
    with pytest.raises(NotFound, match="There is no dataset"):
        ben.get_dataset(NAME)


def test_the_same_dataset_made_by_two_people_is_one(ann, ben):
    with_dataset(ann)
    mine = with_dataset(ben)
    ann.push()
    assert ben.get_dataset(NAME).version == mine.version
    assert to_send(ben) == (0, 0, 0)


def test_without_the_server_the_kept_version_is_used_with_a_warning(own_folder, asked):
    with running(own_folder / "there.db") as there:
        ann, ben = (person(name, there, own_folder) for name in ("ann", "ben"))
        with_dataset(ann)
        ann.push()
        mine = ben.get_dataset(NAME)
    try:
        asked.clear()
        with pytest.warns(KeptVersionWarning, match="Nothing answers") as caught:
            kept_here = ben.get_dataset(NAME)
        assert mine.version.isoformat() in str(caught[0].message)
        assert kept_here.items == mine.items
        with pytest.warns(KeptVersionWarning):
            ben.get_dataset(NAME)
        assert len(asked) == 1  # after a failure it is not asked again at once
        assert ben.get_dataset(NAME, version=mine.version).items == mine.items
        ben._remote._connection._patience = 0
        with pytest.raises(NotReachable):
            ben.get_dataset("another")
        with pytest.raises(NotReachable):
            ben.get_dataset(NAME, version=mine.version - timedelta(microseconds=1))
    finally:
        ann.close()
        ben.close()


# What no such server would show.


def shows(**paths):
    """A reply for the end of each path; the rest is empty lists."""

    def reply(request):
        for end, body in paths.items():
            if request.path.endswith(end.replace("_", "-")):
                return Reply(body=body)
        return Reply(body={"data": [], "meta": {"totalPages": 1}})

    return reply


def page(*rows):
    return {"data": rows, "meta": {"totalPages": 1, "totalItems": len(rows)}}


SCORE = {"id": "s1", "traceId": "t", "name": "x", "value": 1.0, "timestamp": "2026-01-02T10:00:00Z"}
EXPERIMENT = {"id": "e1", "name": "x", "status": "finished", "createdAt": "2026-01-02T10:00:00Z"}
RUN = {"itemId": "q", "traceId": "t", "status": "ok", "startedAt": "2026-01-02T10:00:00Z"}
DATASET = {"name": "d", "createdAt": "2026-01-02T10:00:00Z", "version": "2026-01-02T10:00:00Z"}
ITEM = {"id": "q", "input": "question"}


def without(body, name):
    return {key: value for key, value in body.items() if key != name}


@pytest.mark.parametrize(
    "row",
    [
        without(SCORE, "id"),
        without(SCORE, "name"),
        without(SCORE, "value"),
        without(SCORE, "timestamp"),
        without(SCORE, "traceId"),
        SCORE | {"id": 7},
        SCORE | {"value": []},
        SCORE | {"timestamp": "yesterday"},
        SCORE | {"dataType": "BOOLEAN", "value": 0.5},
        SCORE | {"updatedAt": {}},
    ],
)
def test_a_score_that_cannot_be_read_is_the_servers_fault_and_nothing_is_stored(odd, row):
    server, client = odd
    server.otherwise = shows(scores=page(SCORE | {"id": "good"}, row))
    with pytest.raises(ServerFault, match=r"shows the score .* cannot be read"):
        client.pull()
    assert kept(client) == {}


@pytest.mark.parametrize(
    ("experiment", "run"),
    [
        (without(EXPERIMENT, "id"), RUN),
        (without(EXPERIMENT, "status"), RUN),
        (without(EXPERIMENT, "createdAt"), RUN),
        (EXPERIMENT | {"status": "asleep"}, RUN),
        (EXPERIMENT | {"itemIds": "q"}, RUN),
        (EXPERIMENT, without(RUN, "itemId")),
        (EXPERIMENT, without(RUN, "traceId")),
        (EXPERIMENT, without(RUN, "startedAt")),
        (EXPERIMENT, RUN | {"repetition": "first"}),
        (EXPERIMENT, RUN | {"latency": -1}),
    ],
)
def test_an_experiment_that_cannot_be_read_is_the_servers_fault(odd, experiment, run):
    server, client = odd
    server.otherwise = shows(experiments=page(experiment), experiment_items=page(run, RUN))
    with pytest.raises(ServerFault, match=r"shows the (experiment|item run) .* cannot be read"):
        client.pull()
    if run is RUN:
        assert client.experiments() == []
    else:
        assert len(client.get_experiment("x").to_frame()) == 0


@pytest.mark.parametrize(
    ("dataset", "item"),
    [
        (without(DATASET, "name"), ITEM),
        (DATASET | {"name": "another"}, ITEM),
        (without(DATASET, "version"), ITEM),
        (DATASET | {"inputSchema": "text"}, ITEM),
        ([], ITEM),
        (DATASET, without(ITEM, "id")),
        (DATASET, without(ITEM, "input")),
        (DATASET, ITEM | {"id": ["q"]}),
        (DATASET, "no item"),
        (DATASET, ITEM | {"id": "twice"}),
    ],
)
def test_a_dataset_that_cannot_be_read_is_the_servers_fault(odd, dataset, item):
    server, client = odd
    twice = ITEM | {"id": "twice"}
    server.otherwise = shows(**{"datasets/d": dataset, "items": page(twice, item)})
    with pytest.raises(ServerFault):
        client.get_dataset("d")
    assert client.datasets() == []


def test_a_langfuse_server_shows_scores_and_datasets_in_its_own_shape(own_folder):
    score = {
        "id": "s1",
        "traceId": "t",
        "name": "safe",
        "value": 1,
        "stringValue": "True",
        "dataType": "BOOLEAN",
        "source": "ANNOTATION",
        "timestamp": "2026-01-02T10:00:00.000Z",
        "updatedAt": "2026-01-02T10:00:01.000Z",
        "metadata": {"xeroml": {"author": "ann", "source": "human"}, "why": "read twice"},
    }
    dataset = {"id": "cuid", "name": "d", "createdAt": SCORE["timestamp"]}
    later = "2026-01-03T10:00:00Z"
    server = FaultyServer(
        otherwise=shows(
            **{
                "/v2/scores": page(score),
                "/datasets/d": dataset | {"updatedAt": SCORE["timestamp"]},
                "/dataset-items": page(ITEM | {"updatedAt": later}),
            }
        )
    )
    keys = {"public_key": "pk", "secret_key": "sk", "api": "langfuse"}
    with server:
        client = xn.get_client(own_folder / "odd.db", host=server.url, **keys)
        client._flow.stop()
        pulled = client.pull()
        assert "shows no experiments, only scores" in repr(pulled)
        row = client.get_scores().iloc[0]
        assert (row["value"], row["source"], row["author"]) == (True, "human", "ann")
        assert row["metadata"] == {"why": "read twice"}
        mine = client.get_dataset("d")
        assert mine.version == datetime.fromisoformat(later)
        assert [item.input for item in mine] == ["question"]
        assert to_send(client) == (0, 0, 0)
        server.otherwise = Reply(404, {"message": "no"})
        client.close()
