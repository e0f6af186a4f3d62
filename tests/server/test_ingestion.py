"""Batches: many scores, traces and observations in one request."""

from __future__ import annotations

from contextlib import closing

import pytest

import xeroml_nb as xn
from xeroml_nb.errors import StoreFull
from xeroml_nb.server.events import MOST_EVENTS
from xeroml_nb.store import observations, scores
from xeroml_nb.store.ingest import TRACE_RECORD, record_id

AT = "2026-01-02T10:00:00Z"


@pytest.fixture
def ingest(emptied):
    """Sends events; gives the ids taken in, and status and message of those refused by id."""
    client = emptied.http(base="/api/public")

    def send(*events):
        answer = client.post("/ingestion", json={"batch": events})
        assert answer.status_code == 207, answer.text
        body = answer.json()
        assert {taken["status"] for taken in body["successes"]} <= {201}
        refused = {e["id"]: (e["status"], e["message"]) for e in body["errors"]}
        return [taken["id"] for taken in body["successes"]], refused

    return send


def event(kind, body, event_id=None, at=AT):
    return {"id": event_id or f"{kind} {body.get('id')}", "type": kind, "timestamp": at} | {
        "body": body
    }


def score(score_id, **body):
    said = {"id": score_id, "traceId": "t", "name": "accuracy", "value": 0.5} | body
    return event("score-create", said, score_id)


def stored_scores(server):
    with server.store.reading() as connection:
        return {s.id: s for s in scores.find(connection)}


def stored_trace(server, trace_id):
    """The observations of a trace by id, and what was said of it as a whole."""
    with server.store.reading() as connection:
        found = {o.id: o for o in observations.of_trace(connection, trace_id)}
    return found, found.pop(record_id(trace_id), None)


def test_one_bad_event_does_not_stop_the_others(emptied, ingest):
    taken, refused = ingest(
        score("a"),
        score("b", value=None),
        event("no-such-type", {}, "c"),
        score("d", value="x", dataType="NUMERIC"),
        {"id": "e", "type": "score-create", "timestamp": AT},
        {"type": "score-create", "body": {}},
        "text",
        event("span-create", {"id": "s"}, "f"),
        event("sdk-log", {"log": "hello"}, "g"),
        score("h"),
    )
    assert taken == ["a", "g", "h"]
    assert set(stored_scores(emptied)) == {"a", "h"}
    assert {name: status for name, (status, _) in refused.items()} == dict.fromkeys(
        "bcdef", 400
    ) | {"": 400}
    assert "Use a number, a bool or a text." in refused["b"][1]
    assert "The event's type is 'no-such-type'. Use one of trace-create" in refused["c"][1]
    assert "The body of the event is None" in refused["e"][1]
    assert "Send its traceId" in refused["f"][1]


def test_a_score_is_the_same_however_it_is_sent(emptied, ingest):
    body = {"traceId": "t", "name": "n", "value": 1, "source": "human", "author": "ann"}
    made = emptied.http().post("/scores", json=body).json()["id"]
    ingest(event("score-create", body, "1"))
    assert set(stored_scores(emptied)) == {made}


def test_a_score_keeps_the_moment_it_was_given(emptied, ingest):
    ingest(score("own", timestamp="2026-01-01T00:00:00Z"), score("event", name="other"))
    found = stored_scores(emptied)
    assert f"{found['own'].created_at:%F %T}" == "2026-01-01 00:00:00"
    assert f"{found['event'].created_at:%F %T}" == "2026-01-02 10:00:00"


def test_an_id_of_another_score_is_refused_alone(emptied, ingest):
    taken, refused = ingest(score("a"), score("a", name="other"), score("b", name="other"))
    assert taken == ["a", "b"]
    assert refused["a"][0] == 409
    assert stored_scores(emptied)["a"].name == "accuracy"


def test_the_same_batch_again_changes_nothing(emptied, ingest):
    batch = [score("a"), event("span-create", {"id": "s", "traceId": "t", "name": "x"})]
    batch.append(event("trace-create", {"id": "t", "name": "whole"}))
    ingest(*batch)
    first = (stored_scores(emptied), stored_trace(emptied, "t"))
    ingest(*batch)
    assert (stored_scores(emptied), stored_trace(emptied, "t")) == first
    with emptied.store.reading() as connection:
        assert scores.history(connection, "a") == []


def test_events_happen_in_their_order(emptied, ingest):
    gone = event("score-delete", {"id": "a"}, "gone")
    assert ingest(score("a"), gone, score("b"), gone)[1] == {}
    assert set(stored_scores(emptied)) == {"b"}
    ingest(gone, score("a", value=0.9))
    assert stored_scores(emptied)["a"].value == 0.9


def test_a_deletion_has_to_say_of_what(ingest):
    _, refused = ingest(event("score-delete", {}, "1"), event("span-update", {"traceId": "t"}, "2"))
    assert {status for status, _ in refused.values()} == {400}
    assert "names no id" in refused["1"][1]


def test_an_observation_grows_bit_by_bit(emptied, ingest):
    ingest(
        event(
            "generation-create",
            {
                "id": "g",
                "traceId": "t",
                "name": "answer",
                "parentObservationId": "s",
                "startTime": "2026-01-02T10:00:00Z",
                "input": {"q": 1},
                "model": "m-1",
                "modelParameters": {"temperature": 0},
                "metadata": {"a": 1, "b": 1},
                "usage": {"input": 3, "unit": "TOKENS"},
            },
        )
    )
    ingest(
        event(
            "generation-update",
            {
                "id": "g",
                "traceId": "t",
                "endTime": "2026-01-02T10:00:02Z",
                "output": "forty-two",
                "name": None,
                "metadata": {"b": 2},
                "usageDetails": {"output": 5, "cache": 1},
                "costDetails": {"total": 0.25},
                "level": "ERROR",
                "statusMessage": "cut off",
            },
        )
    )
    found, _ = stored_trace(emptied, "t")
    one = found["g"]
    assert (one.name, one.type, one.parent_id, one.error) == (
        "answer",
        "generation",
        "s",
        "cut off",
    )
    assert (one.input, one.output, one.metadata) == ({"q": 1}, "forty-two", {"a": 1, "b": 2})
    assert (one.end - one.start).total_seconds() == 2
    assert {n.removeprefix("gen_ai."): v for n, v in one.attributes.items() if "gen_ai" in n} == {
        "request.model": "m-1",
        "usage.input_tokens": 3,
        "usage.output_tokens": 5,
        "usage.cache": 1,
        "usage.cost": 0.25,
    }


def test_an_update_may_come_before_what_it_updates(emptied, ingest):
    ingest(event("span-update", {"id": "s", "traceId": "t", "output": 1, "endTime": AT}))
    ingest(event("span-create", {"id": "s", "traceId": "t", "startTime": "2026-01-02T09:59:00Z"}))
    one = stored_trace(emptied, "t")[0]["s"]
    assert (one.output, (one.end - one.start).total_seconds()) == (1, 60)


@pytest.mark.parametrize("kind", ["event", "agent", "tool", "observation"])
def test_every_kind_of_observation_is_taken_in(emptied, ingest, kind):
    body = {"id": "o", "traceId": "t", "name": kind, "type": "RETRIEVER"}
    assert ingest(event(f"{kind}-create", body))[1] == {}
    one = stored_trace(emptied, "t")[0]["o"]
    known = {"event": "event"}.get(kind, "span")
    remembered = {"observation": "retriever"}.get(kind, kind)
    assert one.type == known
    assert one.attributes.get("xeroml.observation.kind", "event") == remembered


def test_a_trace_is_told_of_bit_by_bit(emptied, ingest, monkeypatch):
    trace_id = "5b8efff798038103d269b633813fc60c"
    ingest(
        event(
            "trace-create",
            {
                "id": trace_id,
                "name": "chat",
                "userId": "ann",
                "input": "hi",
                "tags": ["b", "a"],
                "metadata": {"x": 1},
                "timestamp": "2026-01-01T00:00:00Z",
            },
        )
    )
    later = {"id": trace_id, "output": {"said": "hello"}, "tags": ["c"], "metadata": {"y": 2}}
    ingest(event("trace-create", later | {"sessionId": "s-1", "environment": "production"}))
    _, whole = stored_trace(emptied, trace_id)
    assert (whole.name, whole.user_id, whole.session_id) == ("chat", "ann", "s-1")
    assert (whole.input, whole.output, whole.metadata) == (
        "hi",
        {"said": "hello"},
        {"x": 1, "y": 2},
    )
    assert (whole.tags, whole.environment) == (("a", "b", "c"), "production")
    assert whole.attributes == {TRACE_RECORD: True}
    assert f"{whole.start:%F}" == "2026-01-01"
    monkeypatch.setenv("XEROML_STORE", emptied.place)
    with closing(xn.get_client()) as client:
        assert list(client.get_traces()["name"]) == ["chat"]


@pytest.mark.parametrize(
    "body",
    [
        {"tags": "a,b"},
        {"tags": [1]},
        {"sessionId": 5},
        {"name": ["x"]},
        {"timestamp": "soon"},
        {"userId": ""},
    ],
    ids=str,
)
def test_a_trace_that_cannot_be_is_refused(ingest, body):
    _, refused = ingest(event("trace-create", {"id": "t"} | body, "1"))
    assert refused["1"][0] == 400


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, 'Send {"batch": [...]}'),
        ([], 'Send {"batch": [...]}'),
        ({"batch": {}}, 'Send {"batch": [...]}'),
        ({"batch": [{}] * (MOST_EVENTS + 1)}, "Send at most 1000"),
    ],
    ids=["empty", "list", "object", "too many"],
)
def test_a_body_that_is_no_batch_is_a_400(shared, body, said):
    answer = shared.http(base="/api/public").post("/ingestion", json=body)
    assert answer.status_code == 400
    assert said in answer.json()["message"]


def test_an_empty_batch_is_fine(ingest):
    assert ingest() == ([], {})


def test_a_batch_is_stored_whole_or_not_at_all(emptied, monkeypatch):
    def fail(*_):
        raise StoreFull("The store is full.", "Free space.")

    monkeypatch.setattr("xeroml_nb.server.events.put_partials", fail)
    batch = [score("a"), event("trace-create", {"id": "t"})]
    answer = emptied.http(base="/api/public").post("/ingestion", json={"batch": batch})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert stored_scores(emptied) == {}
