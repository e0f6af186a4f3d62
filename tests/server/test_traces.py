"""Traces, observations and sessions over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import xeroml_nb as xn
from xeroml_nb.records.observation import Observation, ObservationType
from xeroml_nb.records.score import ScoreTarget, new_score
from xeroml_nb.store.rows import Rows
from xeroml_nb.store.scores import history

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_span(trace_id, span_id, *, parent=None, at=0.0, took=1.0, **known):
    start = NOON + timedelta(seconds=at)
    given = {
        "name": span_id,
        "type": ObservationType.SPAN,
        "error": None,
        "input_json": None,
        "output_json": None,
        "attributes": {},
        "user_id": None,
        "session_id": None,
        "tags": (),
        "metadata": {},
        "version": None,
        "release": None,
        "environment": "default",
    }
    return Observation(
        id=span_id,
        trace_id=trace_id,
        parent_id=parent,
        start=start,
        end=start + timedelta(seconds=took),
        **given | known,
    )


def a_call(trace_id, span_id, **known):
    used = {"gen_ai.request.model": "small", "gen_ai.usage.input_tokens": 10}
    cost = {"gen_ai.usage.output_tokens": 5, "gen_ai.usage.cost": 0.25}
    kind = {"type": ObservationType.GENERATION, "attributes": used | cost}
    return a_span(trace_id, span_id, **kind | known)


def record(server, *observations, scores=()):
    server.store.write_rows(Rows(observations=list(observations), scores=list(scores)))


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["data"]]


def test_a_trace_is_shown_with_its_observations_and_the_scores_on_both(server, api):
    root = a_span(
        "t1",
        "root",
        input_json='{"q":"hé"}',
        output_json='"a"',
        user_id="ann",
        session_id="s1",
        tags=("red",),
        metadata={"k": 1},
        environment="production",
    )
    call = a_call("t1", "call", parent="root", at=0.5, took=2, tags=("blue",), error="slow")
    on_trace = new_score(ScoreTarget("t1"), "accuracy", 0.5)
    on_call = new_score(ScoreTarget("t1", "call"), "tone", "kind")
    record(server, root, call, scores=[on_trace, on_call])

    found = api.get("/traces/t1").json()
    assert (found["id"], found["name"], found["timestamp"]) == (
        "t1",
        "root",
        "2026-03-01T12:00:00.000000Z",
    )
    assert (found["input"], found["output"]) == ({"q": "hé"}, "a")
    assert (found["userId"], found["sessionId"], found["environment"]) == (
        "ann",
        "s1",
        "production",
    )
    assert (found["tags"], found["metadata"]) == (["blue", "red"], {"k": 1})
    assert (found["latency"], found["totalCost"]) == (2.5, 0.25)
    shown = {one["id"]: one for one in found["observations"]}
    assert shown["call"]["parentObservationId"] == "root"
    assert (shown["call"]["type"], shown["call"]["model"]) == ("generation", "small")
    assert shown["call"]["usageDetails"] == {"input": 10, "output": 5, "total": 15}
    assert shown["call"]["costDetails"] == {"total": 0.25}
    assert (shown["call"]["level"], shown["call"]["statusMessage"]) == ("ERROR", "slow")
    assert {s["name"]: (s["value"], s["observationId"]) for s in found["scores"]} == {
        "accuracy": (0.5, None),
        "tone": ("kind", "call"),
    }


def test_traces_are_listed_newest_first_page_by_page(server, api):
    record(server, *(a_span(f"t{n}", "root", at=n) for n in range(5)))
    record(server, a_span("t1", "child", parent="root", at=9))

    assert ids(api.get("/traces")) == ["t4", "t3", "t2", "t1", "t0"]
    assert ids(api.get("/traces?orderBy=timestamp.asc&limit=2")) == ["t0", "t1"]
    assert ids(api.get("/traces?limit=2&page=3")) == ["t0"]
    beyond = api.get("/traces?limit=2&page=4").json()
    assert beyond["data"] == []
    assert beyond["meta"] == {
        "page": 4,
        "limit": 2,
        "totalItems": 5,
        "totalPages": 3,
        "total": 5,
    }
    listed = {one["id"]: one for one in api.get("/traces").json()["data"]}
    assert listed["t1"]["observations"] == ["root", "child"]
    assert listed["t1"]["name"] == "root"


def test_traces_are_found_by_what_is_said_of_them(server, api):
    record(
        server,
        a_span("t1", "r", name="chat", user_id="ann", tags=("a", "b c"), session_id="s"),
        a_span("t2", "r", at=10, name="Chat", user_id="Ann", tags=("a", "ü"), version="1"),
        a_span("t3", "r", at=20, tags=("A", 'say "b"'), environment="production", release="r1"),
        a_span("t3", "inner", parent="r", at=21, name="chat", user_id="bob"),
    )
    for asked, expected in {
        "name=chat": ["t1"],
        "userId=ann": ["t1"],
        "userId=bob": ["t3"],
        "sessionId=s": ["t1"],
        "tags=a": ["t2", "t1"],
        "tags=a&tags=b c": ["t1"],
        "tags=a&tags=none": [],
        "tags=ü": ["t2"],
        'tags=say "b"': ["t3"],
        "environment=production": ["t3"],
        "version=1": ["t2"],
        "release=r1": ["t3"],
        "fromTimestamp=2026-03-01T12:00:10Z": ["t3", "t2"],
        "toTimestamp=2026-03-01T13:00:10%2B01:00": ["t1"],
        "userId=ann&tags=ü": [],
    }.items():
        assert ids(api.get(f"/traces?{asked}")) == expected, asked


def test_what_is_said_of_a_trace_as_a_whole_stands_over_what_its_root_says(server, api):
    record(server, a_span("t1", "root", input_json='"from the root"', user_id="root", took=3))
    said = {"id": "t1", "name": "feedback", "userId": "ann", "tags": ["x"], "metadata": {"a": 1}}
    assert api.post("/traces", json=said).json() == {"id": "t1"}
    assert api.post("/traces", json={"id": "t1", "output": [1], "tags": ["y"]}).status_code == 200

    found = api.get("/traces/t1").json()
    assert (found["name"], found["userId"], found["input"]) == ("feedback", "ann", "from the root")
    assert (found["output"], found["tags"], found["metadata"]) == ([1], ["x", "y"], {"a": 1})
    assert [one["id"] for one in found["observations"]] == ["root"]
    assert (found["latency"], found["timestamp"]) == (3, "2026-03-01T12:00:00.000000Z")
    [listed] = api.get("/traces?name=feedback").json()["data"]
    assert (listed["input"], listed["output"]) == ("from the root", [1])
    assert listed["observations"] == ["root"]
    assert ids(api.get("/observations")) == ["root"]


def test_a_trace_that_is_only_described_gets_an_id_and_can_be_read(api):
    made = api.post("/traces", json={"name": "by hand", "timestamp": "2026-01-02T03:04:05Z"})
    trace_id = made.json()["id"]
    found = api.get(f"/traces/{trace_id}").json()

    assert len(trace_id) == 32
    assert (found["name"], found["timestamp"]) == ("by hand", "2026-01-02T03:04:05.000000Z")
    assert (found["observations"], found["latency"]) == ([], 0)


def test_a_trace_of_which_only_a_score_is_stored_is_shown_with_it(api):
    api.post("/scores", json={"traceId": "a/b ü", "name": "thumb", "value": 1})

    found = api.get("/traces/a%2Fb%20%C3%BC").json()
    assert [s["name"] for s in found["scores"]] == ["thumb"]
    assert (found["name"], found["observations"]) == (None, [])
    assert ids(api.get("/traces")) == []


def test_a_deleted_trace_takes_its_observations_and_scores_with_it(server, api):
    score = new_score(ScoreTarget("t1"), "accuracy", 0.5)
    other = new_score(ScoreTarget("t2"), "accuracy", 0.7)
    record(server, a_span("t1", "r"), a_span("t2", "r"), a_span("t3", "r"), scores=[score, other])

    assert api.delete("/traces/t1").status_code == 200
    assert api.get("/traces/t1").status_code == 404
    assert api.delete("/traces/t1").status_code == 404
    assert ids(api.get("/scores")) == [other.id]
    with server.store.reading() as connection:
        assert history(connection, score.id) == [(0.5, None)]
    gone = api.request("DELETE", "/traces", json={"traceIds": ["t2", "none", "t2"]})
    assert gone.json() == {"message": "1 of 2 traces are deleted."}
    assert ids(api.get("/traces")) == ["t3"]
    assert ids(api.get("/scores")) == []


def test_what_the_server_stored_is_seen_by_a_client(server, api, client):
    api.post("/traces", json={"id": "t1", "name": "by hand", "input": {"a": 1}, "tags": ["x"]})
    api.post("/scores", json={"traceId": "t1", "name": "thumb", "value": True})

    trace = client.get_trace("t1")
    assert [(o.name, o.input, o.tags) for o in trace] == [("by hand", {"a": 1}, ("x",))]
    assert [(s.name, s.value) for s in trace.scores] == [("thumb", True)]
    assert list(client.get_traces(tags="x")["trace_id"]) == ["t1"]


def test_what_a_client_recorded_is_shown_by_the_server(api, client):
    trace_id = xn.create_trace_id(seed="mine")
    with (
        xn.propagate_attributes(trace_id=trace_id, user_id="ann", session_id="s"),
        client.start_as_current_observation(name="work", type="generation") as work,
    ):
        work.update(output={"done": True}, model="small", usage={"input": 3, "output": 4})
    client.flush()

    found = api.get(f"/traces/{trace_id}").json()
    assert (found["name"], found["userId"], found["output"]) == ("work", "ann", {"done": True})
    assert found["observations"][0]["usageDetails"] == {"input": 3, "output": 4, "total": 7}
    assert api.get("/sessions/s").json()["traces"][0]["id"] == trace_id


# Observations.


def test_observations_are_found_one_by_one_and_by_what_they_have(server, api):
    record(
        server,
        a_span("t1", "r", name="chat"),
        a_call("t1", "c", parent="r", at=1, user_id="ann"),
        a_span("t2", "r", at=5, name="other", session_id="s"),
    )

    for asked, expected in {
        "": ["r", "c", "r"],
        "traceId=t1": ["c", "r"],
        "type=generation": ["c"],
        "parentObservationId=r": ["c"],
        "name=chat&traceId=t1": ["r"],
        "userId=ann": ["c"],
        "sessionId=s": ["r"],
        "fromStartTime=2026-03-01T12:00:05Z": ["r"],
        "toStartTime=2026-03-01T12:00:01Z": ["r"],
        "limit=1&page=2": ["c"],
    }.items():
        assert ids(api.get(f"/observations?{asked}")) == expected, asked
    assert api.get("/observations/c").json()["model"] == "small"
    assert api.get("/observations/r").json()["traceId"] == "t2"
    assert api.get("/observations/r?traceId=t1").json()["name"] == "chat"
    assert api.get("/observations/none").status_code == 404


def test_an_odd_usage_of_another_tool_is_left_out(server, api):
    odd = {
        "gen_ai.usage.input_tokens": "7",
        "gen_ai.usage.odd": {"deep": 1},
        "gen_ai.usage.flag": True,
        "gen_ai.usage.cost": "free",
    }
    record(server, a_span("t", "o", attributes=odd))

    found = api.get("/observations/o").json()
    assert (found["usageDetails"], found["costDetails"]) == ({"input": 7, "total": 7}, {})


# Sessions.


def test_sessions_are_what_traces_and_scores_name(server, api):
    score = new_score(ScoreTarget(session_id="scored only"), "mood", "good")
    record(
        server,
        *(a_span(f"t{n}", "r", at=n, session_id="s/1") for n in range(3)),
        a_span("t9", "r", at=60, session_id="s2", environment="production"),
        scores=[score],
    )

    listed = api.get("/sessions").json()["data"]
    assert [(one["id"], one["countTraces"]) for one in listed] == [
        ("scored only", 0),
        ("s2", 1),
        ("s/1", 3),
    ]
    assert ids(api.get("/sessions?toTimestamp=2026-03-01T12:00:30Z")) == ["s/1"]
    found = api.get("/sessions/s%2F1?limit=2").json()
    assert [one["id"] for one in found["traces"]] == ["t2", "t1"]
    assert (found["meta"]["total"], found["createdAt"]) == (3, "2026-03-01T12:00:00.000000Z")
    assert api.get("/sessions/scored only").json()["traces"] == []
    assert api.get("/sessions/none").status_code == 404
