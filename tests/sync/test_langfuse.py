"""Sending to Langfuse: every request is one that its published OpenAPI document allows."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from labelling import Page, session_of, session_of_queue

import xeroml_nb as xn
from xeroml_nb.annotation.dimension import Dimension
from xeroml_nb.annotation.rubric import Rubric
from xeroml_nb.records.score import ScoreTarget, new_score
from xeroml_nb.store import observations
from xeroml_nb.store.rows import Rows
from xeroml_nb.sync.parcels.kinds import KINDS, kind_named
from xeroml_nb.sync.transport.connection import OutcomeState

from .langfuse_mock import Langfuse
from .test_parcels import delivered, link_to, push, read_back

if TYPE_CHECKING:
    from collections.abc import Iterator

# Read before a fixture takes such variables away.
DOCUMENT = os.environ.get("LANGFUSE_OPENAPI")

pytestmark = pytest.mark.skipif(
    DOCUMENT is None,
    reason="LANGFUSE_OPENAPI does not name Langfuse's OpenAPI document (openapi.yml)",
)


@pytest.fixture
def langfuse() -> Iterator[Langfuse]:
    """Langfuse, as far as its document goes; no request may be against the document."""
    with Langfuse(DOCUMENT) as server:
        yield server
        assert server.faults == []


@pytest.fixture
def link(client, langfuse):
    made = link_to(langfuse.url, client.store, api="langfuse")
    yield made
    made.connection.close()


RUBRIC = Rubric(
    [
        Dimension("verdict", options=["pass", "fail"]),
        Dimension("safe", "boolean"),
        Dimension("tone", "scale", minimum=1, maximum=5),
        Dimension("why?", "text", required=False),
    ]
)


@pytest.fixture
def work(client):
    """An experiment with scores of all types, labels of all kinds, and a queue."""
    rows = [{"id": str(n), "input": {"n": n}, "expected_output": n * 2} for n in range(3)]
    client.create_dataset(name="qa/small", items=rows, input_schema={"type": "object"})

    @xn.evaluator
    def exact(output, expected_output):
        return output == expected_output

    def task(given):
        with xn.get_client().start_as_current_observation(name="think", type="generation") as one:
            one.update(output="…", usage={"input": 3, "output": 5})
        return given["n"] * 2

    made = client.start(task, "qa/small", name="doubling", evaluators=[exact]).wait()
    page = Page(session_of(made, RUBRIC))
    answers = {"verdict": "pass", "safe": True, "tone": 4, "why?": "short and right"}
    for dimension, value in answers.items():
        page.set(0, value, dimension)
    first = made.get_results()[0]
    client.score_session(session_id="s-1", name="calm", value=0.5, comment="so far")
    with client.store.reading() as connection:
        span = observations.of_trace(connection, first.trace_id)[-1]
    client.score(trace_id=span.trace_id, observation_id=span.id, name="part", value=0.25)
    whole = new_score(ScoreTarget(experiment_id=made.id), "accuracy", 0.75, metadata="all")
    client.store.write_rows(Rows(scores=[whole]))
    queue = client.create_annotation_queue(name="look at these", rubric=Rubric.thumbs())
    for run in made.get_results()[:2]:
        client.add_to_annotation_queue(queue_id=queue.id, trace_id=run.trace_id)
    Page(session_of_queue(client.store, queue.id)).set(0, value=True, dimension="thumb")
    client.flush()
    return made


def held(langfuse, collection):
    return [row["body"] for row in langfuse.held[collection]]


def test_everything_is_sent_in_valid_requests_and_read_back(langfuse, link, work):
    _, outcomes = push(link)
    assert [(key, o.said) for key, o in outcomes.items() if o.state is not OutcomeState.SENT] == []
    assert langfuse.faults == []
    missing, count = read_back(link)
    assert missing == []
    assert count == len(outcomes) > 25
    assert push(link) == ({}, {})


def test_what_arrives_says_all_that_langfuse_has_fields_for(client, langfuse, link, work):
    push(link)
    scores = {body["name"]: body for body in held(langfuse, "scores")}
    configs = {
        body["name"]: row["shown"]["id"]
        for row in langfuse.held["score-configs"]
        for body in [row["body"]]
    }
    (queue,) = langfuse.held["annotation-queues"]
    assert (scores["exact"]["value"], scores["exact"]["dataType"]) == (1, "BOOLEAN")
    assert scores["verdict"]["configId"] == configs["verdict"]
    assert scores["thumb"]["queueId"] == queue["shown"]["id"]
    assert "queueId" not in scores["verdict"]  # of the notebook alone
    assert "configId" not in scores["why?"]  # it would take over the name that it has there
    assert scores["why?"]["metadata"]["xeroml"]["author"] == "ann"
    assert scores["accuracy"]["datasetRunId"] == "run of doubling #1"
    assert scores["accuracy"]["metadata"]["value"] == "all"
    items = held(langfuse, "dataset-items")
    linked = held(langfuse, "dataset-run-items")
    assert {body["datasetItemId"] for body in linked} == {body["id"] for body in items}
    assert {body["runName"] for body in linked} == {"doubling #1"}
    assert {b["traceId"] for b in linked} == {run.trace_id for run in work.get_results()}


def test_the_roots_of_traces_say_which_experiment_they_are_of(langfuse, link, work):
    push(link)
    spans = langfuse.held["spans"]
    roots = [span for span in spans if span["root"]]
    (dataset,) = [row["shown"]["id"] for row in langfuse.held["datasets"]]
    assert len(roots) == 3
    assert len(spans) == 6
    for root in roots:
        said = {k.removeprefix("langfuse.experiment."): v for k, v in root["said"].items()}
        assert said["id"] == work.id
        assert said["name"] == "doubling #1"
        assert said["dataset.id"] == dataset
        assert said["item.root_observation_id"]
        assert json.loads(said["item.expected_output"]) in (0, 2, 4)
    assert not any(name.startswith("xeroml.") for span in spans for name in span["said"])


def test_a_second_store_finds_what_is_there_and_makes_nothing_twice(langfuse, link, work):
    push(link)
    before = {name: len(rows) for name, rows in langfuse.held.items() if name != "spans"}
    del before["dataset-run-items"]  # which the server itself keeps apart by item and trace
    link.store.write(lambda connection: None)
    other = type(link)(link.connection, link.store, "another")
    push(other)
    after = {name: len(rows) for name, rows in langfuse.held.items() if name in before}
    assert after == before


def test_what_was_sent_is_removed_in_valid_requests(langfuse, link, work):
    push(link)
    for kind in reversed(KINDS):
        known = list(delivered(link, kind.name).values())
        outcomes = kind.remove(link, known)
        if kind.undoable:
            assert {outcome.state for outcome in outcomes} == {OutcomeState.SENT}
    assert held(langfuse, "scores") == []
    assert held(langfuse, "dataset-items") == []
    assert langfuse.held["annotation-queues/{queueId}/items"] == []
    asked = {template for method, template in langfuse.seen if method == "DELETE"}
    assert "/api/public/datasets/{datasetName}/runs/{runName}" in asked


def test_a_server_that_links_by_traces_is_asked_for_links_once(client, work):
    without = ("/api/public/dataset-run-items", "/api/public/v2/scores")
    with Langfuse(DOCUMENT, without) as server:
        link = link_to(server.url, client.store, api="langfuse")
        _, outcomes = push(link)
        assert {outcome.state for outcome in outcomes.values()} == {OutcomeState.SENT}
        assert 1 <= server.seen.count(("POST", without[0])) <= 4
        scores = {body["name"]: body for body in held(server, "scores")}
        assert scores["accuracy"]["datasetRunId"] == work.id
        # Its newer list of scores shows what was sent.
        assert read_back(link)[0] == []
        assert server.seen.count(("GET", without[1])) == 1
        assert server.faults == []
        link.connection.close()


def test_a_score_on_an_experiment_without_a_run_is_refused_here(client, langfuse, link):
    made = client.create_experiment(name="local")
    with made.run_item_raw(input="hi") as run:
        run.set_output("ho")
    whole = new_score(ScoreTarget(experiment_id=made.id), "accuracy", 0.75)
    client.store.write_rows(Rows(scores=[whole]))
    client.flush()
    _, outcomes = push(link)
    outcome = outcomes["score", whole.id]
    assert outcome.state is OutcomeState.REFUSED
    assert "dataset" in outcome.said
    assert outcome.next_step
    others = {o.state for (kind, _), o in outcomes.items() if kind != "score"}
    assert others == {OutcomeState.SENT}


def test_scores_go_over_four_connections(client, langfuse, link):
    made = [new_score(ScoreTarget(f"t{n}"), "n", n) for n in range(40)]
    client.store.write_rows(Rows(scores=made))
    push(link)
    assert {body["id"] for body in held(langfuse, "scores")} == {score.id for score in made}
    assert langfuse.most_open <= 4
    assert kind_named("score").read_back(link, []) == set()
