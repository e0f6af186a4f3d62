"""Scores over HTTP: given, found, changed, taken back."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import threading
from urllib.parse import quote

import httpx
import pytest

import xeroml_nb as xn
from xeroml_nb.records.access import Role
from xeroml_nb.store import scores

from .running import API

TRACE = xn.create_trace_id(seed="session-1-msg-1")
THUMB = {"traceId": TRACE, "name": "user-feedback", "value": True}


def given(api, **body):
    """The stored form of a score that is posted."""
    answer = api.post("/scores", json={"traceId": TRACE, "name": "accuracy", "value": 0.5} | body)
    assert answer.status_code == 200, answer.text
    return api.get(f"/scores/{quote(answer.json()['id'], safe='')}").json()


def refused(api, **body):
    answer = api.post("/scores", json={"traceId": TRACE, "name": "accuracy", "value": 0.5} | body)
    return answer.status_code, answer.json()["message"]


def listed(api, **query):
    """The values of the scores found, in their order."""
    return [s["value"] for s in api.get("/scores", params=query).json()["data"]]


def test_a_score_is_stored_with_all_that_was_said(api):
    said = {
        "traceId": "trace_abc123",
        "observationId": "obs_xyz789",
        "name": "retrieval-relevance",
        "value": 0.92,
        "dataType": "NUMERIC",
        "comment": "User clicked helpful",
        "source": "llm",
        "author": "judge-1",
        "metadata": {"model": "m", "parts": [1, None, {"deep": True}]},
        "timestamp": "2026-01-02T10:00:00+01:00",
        "configId": "config-1",
        "queueId": "queue-1",
        "environment": "production",
    }
    found = given(api, **said)
    assert found.pop("updatedAt") > "2026"
    moment = "2026-01-02T09:00:00.000000Z"
    assert found == {
        **{name: said[name] for name in said if name != "environment"},
        "id": found["id"],
        "sessionId": None,
        "experimentId": None,
        "metadata": {"config": "config-1", "queue": "queue-1", **said["metadata"]},
        "timestamp": moment,
        "createdAt": moment,
    }


@pytest.mark.parametrize(
    ("value", "kind", "stored", "found"),
    [
        (1, None, 1.0, "NUMERIC"),
        (1, "BOOLEAN", True, "BOOLEAN"),
        (0, "BOOLEAN", False, "BOOLEAN"),
        (False, None, False, "BOOLEAN"),
        ("pass", None, "pass", "CATEGORICAL"),
        ("pass", "TEXT", "pass", "CATEGORICAL"),
    ],
    ids=str,
)
def test_a_value_is_stored_in_its_type(shared, value, kind, stored, found):
    score = given(shared.http(), name="typed", value=value, dataType=kind, id=f"{value}-{kind}")
    assert (score["value"], score["dataType"]) == (stored, found)
    assert type(score["value"]) is type(stored)


@pytest.mark.parametrize(
    ("spelt", "stored"),
    [("api", "api"), ("API", "api"), ("ANNOTATION", "human"), ("EVAL", "llm"), (None, "api")],
)
def test_both_spellings_of_the_source_are_understood(shared, spelt, stored):
    found = given(shared.http(), source=spelt, id=f"source-{spelt}", author=str(spelt))
    assert found["source"] == stored


def test_a_session_and_an_experiment_can_be_scored(api):
    session = given(api, traceId=None, sessionId="s-1", name="solved", value=True)
    assert (session["sessionId"], session["traceId"]) == ("s-1", None)
    for spelt in ("experimentId", "datasetRunId"):
        assert given(api, traceId=None, **{spelt: "e-1"})["experimentId"] == "e-1"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"value": None}, "Use a number, a bool or a text."),
        ({"value": [1]}, "Use a number, a bool or a text."),
        ({"value": 10**400}, "Use a finite number"),
        ({"value": "high", "dataType": "NUMERIC"}, "Use a finite number"),
        ({"value": 2, "dataType": "BOOLEAN"}, "Use True or False"),
        ({"value": 1, "dataType": "CATEGORICAL"}, "Use a text"),
        ({"dataType": "STARS"}, "Use one of 'NUMERIC', 'BOOLEAN', 'CATEGORICAL'."),
        ({"source": "me"}, "Use one of 'api', 'human', 'llm'."),
        ({"name": ""}, "Give it a name of text."),
        ({"name": None}, "Give it a name of text."),
        ({"name": "x" * 201}, "Use at most 200."),
        ({"name": "a\x00b"}, "Use plain text."),
        ({"traceId": None}, "A score needs exactly one of"),
        ({"sessionId": "s"}, "A score needs exactly one of"),
        ({"traceId": ""}, "Use a text without control characters."),
        ({"traceId": "x" * 256}, "Use at most 255."),
        ({"id": "a\nb"}, "Use a text without control characters."),
        ({"comment": 5}, "Send a text."),
        ({"timestamp": "yesterday"}, "Send a moment in ISO 8601"),
        ({"timestamp": 1700000000}, "Send a moment in ISO 8601"),
    ],
    ids=lambda part: "" if isinstance(part, str) else str(part)[:30],
)
def test_a_score_that_cannot_be_is_refused_and_not_stored(shared, body, said):
    status, message = refused(shared.http(), **{"name": "refused"} | body)
    assert status == 400
    assert said in message
    assert listed(shared.http(), name="refused") == []


def test_text_that_no_database_holds_is_written_out(api):
    body = (
        '{"traceId":"t","name":"n","value":1,"comment":"a\\u0000\\ud800","metadata":{"\\ud800":1}}'
    )
    made = api.post("/scores", content=body, headers={"Content-Type": "application/json"})
    found = api.get(f"/scores/{made.json()['id']}")
    assert found.json()["comment"] == "a\\x00\\ud800"
    assert found.json()["metadata"] == {"\ud800": 1}


def test_the_same_score_again_changes_nothing_also_tomorrow(server, api):
    first = given(api, timestamp="2026-01-02T09:00:00Z")
    again = given(api, timestamp="2026-05-05T09:00:00Z")
    assert first == again
    with server.store.reading() as connection:
        assert scores.history(connection, first["id"]) == []


def test_another_value_updates_the_score_and_keeps_its_past(server, api):
    first = given(api, value=0.5, comment="so so")
    better = given(api, value=1, comment=None)
    assert first["id"] == better["id"]
    assert better["createdAt"] == first["createdAt"]
    assert better["updatedAt"] > first["updatedAt"]
    with server.store.reading() as connection:
        assert scores.history(connection, first["id"]) == [(0.5, "so so")]


def test_an_id_is_used_as_it_is_given(api):
    assert given(api, id="score/1 é")["id"] == "score/1 é"
    assert given(api, id="score/1 é", value=0.75)["value"] == 0.75
    assert listed(api) == [0.75]


@pytest.mark.parametrize(
    "other",
    [{"traceId": "another"}, {"name": "another"}, {"author": "another"}, {"source": "human"}],
    ids=lambda other: next(iter(other)),
)
def test_an_id_that_is_taken_by_another_score_is_a_409(shared, other):
    client, taken = shared.http(), f"taken-{next(iter(other))}"
    before = given(client, id=taken)
    status, message = refused(client, **{"id": taken, "value": 0.9} | other)
    assert status == 409
    assert message.startswith(f"A score with the id '{taken}' has another target")
    assert client.get(f"/scores/{taken}").json() == before


def test_a_score_taken_back_is_gone_and_its_past_is_kept(server, api):
    score_id = given(api)["id"]
    answer = api.delete(f"/scores/{score_id}")
    assert (answer.status_code, answer.json()) == (
        202,
        {"message": f"The score {score_id} is deleted."},
    )
    assert api.get(f"/scores/{score_id}").status_code == 404
    assert api.delete(f"/scores/{score_id}").status_code == 404
    with server.store.reading() as connection:
        assert scores.history(connection, score_id) == [(0.5, None)]


def test_scores_are_found_by_what_they_have(api):
    given(api, value=1, traceId="a", timestamp="2026-01-01T00:00:00Z")
    given(api, value=2, traceId="a", observationId="o", timestamp="2026-01-02T00:00:00Z")
    given(api, value="x", traceId="b", name="tone", source="human", author="ann", id="s3")
    given(api, value=True, traceId=None, sessionId="s", name="solved", id="s4")
    given(api, value=4, traceId=None, experimentId="e", id="s5")

    assert listed(api) == [1, 2, "x", True, 4]
    assert listed(api, traceId="a") == [1, 2]
    assert listed(api, observationId="o") == [2]
    assert listed(api, sessionId="s") == [True]
    assert listed(api, experimentId="e") == [4]
    assert listed(api, name="tone") == ["x"]
    assert listed(api, source="ANNOTATION") == listed(api, source="human") == ["x"]
    assert listed(api, dataType="BOOLEAN") == [True]
    assert listed(api, author="ann") == ["x"]
    assert listed(api, scoreIds="s3,s5,none") == ["x", 4]
    assert listed(api, scoreIds="") == []
    assert listed(api, fromTimestamp="2026-01-02T00:00:00Z", toTimestamp="2026-02-01") == [2]
    assert listed(api, toTimestamp="2026-01-02T00:00:00Z") == [1]
    assert listed(api, traceId="none") == []


def test_scores_changed_after_a_moment_are_found(api):
    old = given(api, traceId="old")
    given(api, traceId="new", value=0.7)
    assert listed(api, updatedAfter=old["updatedAt"]) == [0.7]
    given(api, traceId="old", value=0.6)
    assert listed(api, updatedAfter=old["updatedAt"]) == [0.6, 0.7]


def test_the_scores_of_an_experiment_are_those_on_its_item_runs_too(client, server, api):
    dataset = client.create_dataset(name="d", items=[{"input": 1}, {"input": 2}])
    run = xn.run(lambda n: n, dataset, name="r", evaluators=[lambda output: output > 1])
    client.flush()
    given(api, traceId=None, experimentId=run.id, value="whole")
    assert sorted(map(str, listed(api, experimentId=run.id))) == ["False", "True", "whole"]


def test_pages_cover_a_list_once(api):
    for n in range(7):
        given(api, traceId=f"t{n}", value=n, timestamp=f"2026-01-0{n + 1}T00:00:00Z")
    pages = [api.get("/scores", params={"page": n, "limit": 3}).json() for n in (1, 2, 3, 4)]
    assert [[s["value"] for s in p["data"]] for p in pages] == [[0, 1, 2], [3, 4, 5], [6], []]
    assert pages[1]["meta"] == {"page": 2, "limit": 3, "totalItems": 7, "totalPages": 3, "total": 7}


async def post_at_once(server, count):
    """The statuses of many scores that as many people post in the same moment."""
    limits = httpx.Limits(max_connections=count)
    auth = (server.public, server.secret)
    async with httpx.AsyncClient(auth=auth, limits=limits, timeout=30) as http:
        bodies = [THUMB | {"author": f"user {n}"} for n in range(count)]
        posts = (http.post(f"{server.url}{API}/scores", json=body) for body in bodies)
        return [answer.status_code for answer in await asyncio.gather(*posts)]


def test_scores_that_100_people_post_at_once_are_all_stored(server, api, monkeypatch):
    commits = []
    write = server.store.write
    monkeypatch.setattr(server.store, "write", lambda work: commits.append(1) or write(work))
    assert asyncio.run(post_at_once(server, 100)) == [200] * 100

    found = api.get("/scores", params={"limit": 100}).json()
    assert found["meta"]["total"] == 100
    assert {s["author"] for s in found["data"]} == {f"user {n}" for n in range(100)}
    assert len(commits) < 50, "scores that come together share a commit"


def test_one_score_that_cannot_be_stored_does_not_stop_the_others(server, monkeypatch):
    put = scores.put

    def failing(connection, some):
        if any(s.author == "user 3" for s in some):
            raise RuntimeError("a bug that one score meets")
        put(connection, some)

    monkeypatch.setattr(scores, "put", failing)
    statuses = asyncio.run(post_at_once(server, 10))
    assert statuses == [500 if n == 3 else 200 for n in range(10)]
    assert server.http().get("/scores").json()["meta"]["total"] == 9


def test_a_person_sees_here_what_a_web_page_posted(client, server):
    public, _ = server.key(Role.SCORES_ONLY)
    page = server.http(auth=None, headers={"Authorization": f"Bearer {public}"})
    assert page.post("/scores", json=THUMB).status_code == 200

    [found] = client.get_scores(trace_id=TRACE).itertuples()
    assert (found.name, found.value, found.source) == ("user-feedback", True, "api")


def test_the_server_reads_what_is_written_beside_it(client, api):
    threads = [
        threading.Thread(target=client.score, kwargs={"trace_id": "t", "name": f"n{n}", "value": n})
        for n in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(listed(api, traceId="t")) == [0, 1, 2, 3, 4]


def curl(server, *words, keys=True):
    """What the command prints, as JSON."""
    auth = ("-u", f"{server.public}:{server.secret}") if keys else ()
    done = subprocess.run(
        ["curl", "--silent", "--show-error", *auth, *words],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return json.loads(done.stdout)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_gives_finds_and_takes_back_scores(server):
    base, json_header = server.url + API, "Content-Type: application/json"
    body = '{"traceId": "trace_abc123", "name": "accuracy", "value": 0.95, "dataType": "NUMERIC"}'
    made = curl(server, "-X", "POST", f"{base}/scores", "-H", json_header, "-d", body)

    found = curl(server, f"{base}/scores?traceId=trace_abc123&page=1&limit=50")
    assert [(s["id"], s["value"]) for s in found["data"]] == [(made["id"], 0.95)]
    assert (found["meta"]["total"], found["meta"]["page"]) == (1, 1)

    gone = curl(server, "-X", "DELETE", f"{base}/scores/{quote(made['id'])}")
    assert gone == {"message": f"The score {made['id']} is deleted."}
    assert curl(server, f"{base}/scores")["data"] == []
    assert curl(server, f"{base}/scores", keys=False)["message"].startswith("The keys are missing")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_with_a_public_key_alone_gives_a_thumb(server):
    public, _ = server.key(Role.SCORES_ONLY)
    words = ("-H", f"Authorization: Bearer {public}", "--json", json.dumps(THUMB))
    made = curl(server, *words, f"{server.url}{API}/scores", keys=False)
    assert curl(server, f"{server.url}{API}/scores/{made['id']}")["value"] is True


def test_what_a_web_page_sends_never_stands_in_the_place_of_other_scores(server, client):
    client.score(trace_id="t", name="accuracy", value=0.2)
    client.score(trace_id="t", name="accuracy", value=0.3, author="exact")
    public, _ = server.key(Role.SCORES_ONLY)
    page = server.http(auth=None, headers={"Authorization": f"Bearer {public}"})
    score = {"traceId": "t", "name": "accuracy", "value": 1}
    for author in ({}, {"author": ""}, {"author": "exact"}):
        assert page.post("/scores", json=score | author).status_code == 200
    for more in ({"id": "x"}, {"source": "human"}, {"source": "ANNOTATION"}, {"source": "llm"}):
        refused = page.post("/scores", json=score | more)
        assert refused.status_code == 403
        assert "for web pages" in refused.json()["message"]

    found = client.get_scores(trace_id="t").set_index("author")["value"]
    assert dict(found) == {"": 0.2, "exact": 0.3, public: 1.0, f"{public}/exact": 1.0}
