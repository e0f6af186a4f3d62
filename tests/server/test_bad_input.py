"""What no route accepts, and that it leaves nothing behind."""

from __future__ import annotations

import json

import pytest

from xeroml_nb.store.schema import metadata

from .running import running

HUGE = 10**30
DEEP = "[" * 3000 + "]" * 3000
BODIES = {
    "/datasets": ("name", {"name": "d"}),
    "/datasets/d/items": ("id", {"id": "a", "input": 1}),
    "/dataset-items": ("datasetName", {"datasetName": "d", "input": 1}),
    "/experiments": ("name", {"name": "e"}),
    "/experiments/e/items": ("itemId", {"itemId": "a", "status": "ok", "traceId": "t"}),
    "/score-configs": ("name", {"name": "c", "dataType": "TEXT"}),
    "/annotation-queues": ("name", {"name": "q", "scoreConfigIds": ["c"]}),
    "/annotation-queues/q/items": ("objectId", {"objectId": "t"}),
    "/prompts": ("name", {"name": "p", "prompt": "text"}),
    "/traces": ("id", {"id": "t"}),
    "/reports": ("name", {"name": "r"}),
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One server for all of these, since none of them changes anything."""
    with running(tmp_path_factory.mktemp("bad") / "store.db") as there:
        yield there


@pytest.fixture(scope="module")
def shared_api(shared):
    return shared.http()


def post(api, path, text):
    headers = {"Content-Type": "application/json"}
    content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return api.post(path, content=content, headers=headers)


def wrapped(path, body):
    return {"items": [body]} if path.endswith("experiments/e/items") else body


def refused(answer):
    assert answer.status_code in (400, 422), (answer.status_code, answer.text[:300])
    body = answer.json()
    assert set(body) == {"message", "error"}
    assert body["message"]


@pytest.mark.parametrize("path", BODIES)
def test_a_body_of_another_shape_is_refused(shared_api, path):
    name, good = BODIES[path]
    for text in ("", "{", "null", "[]", '"text"', "5", "NaN", DEEP, b'{"\xff": 1}'):
        refused(post(shared_api, path, text))
    for value in (None, 5, True, [], {}, "", "a\x00b", "a\nb", "\ud800", "x" * 256, HUGE):
        if value is None and name == "id":
            continue
        refused(post(shared_api, path, json.dumps(wrapped(path, good | {name: value}))))


def test_numbers_and_moments_beyond_all_bounds_are_refused(shared_api):
    run = {"itemId": "a", "status": "ok", "traceId": "t"}
    for path, given in (
        ("/experiments", {"name": "e", "number": HUGE}),
        ("/experiments", {"name": "e", "number": -1}),
        ("/experiments", {"name": "e", "planned": 1.5}),
        ("/experiments", {"name": "e", "repetitions": 0}),
        ("/experiments", {"name": "e", "status": "lost"}),
        ("/experiments", {"name": "e", "createdAt": "soon"}),
        ("/experiments", {"name": "e", "createdAt": "0001-01-01T00:00:00+14:00"}),
        ("/experiments", {"name": "e", "finishedAt": 5}),
        ("/experiments", {"name": "e", "environment": []}),
        ("/experiments", {"name": "e", "evaluators": ["a", 5]}),
        ("/experiments", {"name": "e", "itemIds": [""]}),
        ("/experiments", {"name": "e", "task": "source"}),
        ("/experiments/e/items", {"items": []}),
        ("/experiments/e/items", {"items": [run | {"status": "pending"}]}),
        ("/experiments/e/items", {"items": [run | {"repetition": HUGE}]}),
        ("/experiments/e/items", {"items": [run | {"latency": -1}]}),
        ("/experiments/e/items", {"items": [run | {"latency": float("nan")}]}),
        ("/experiments/e/items", {"items": [run | {"latency": float("inf")}]}),
        ("/experiments/e/items", {"items": [run | {"output": float("nan")}]}),
        ("/experiments/e/items", {"items": [run | {"startedAt": "x"}]}),
        ("/experiments/e/items", {"items": [run | {"evaluatorErrors": {"a": 5}}]}),
        ("/experiments/e/items", {"items": [run | {"local": "maybe"}]}),
        ("/datasets", {"name": "d", "metadata": float("inf")}),
        ("/datasets", {"name": "d", "inputSchema": [1]}),
        ("/datasets/d/items", {"items": []}),
        ("/datasets/d/items", {"id": "a", "input": 1, "status": "GONE"}),
        ("/traces", {"timestamp": "0001-01-01T00:00:00+14:00"}),
        ("/traces", {"tags": "one"}),
        ("/prompts", {"name": "p", "prompt": "x", "config": float("nan")}),
        ("/annotation-queues", {"name": "q", "scoreConfigIds": []}),
        ("/score-configs", {"name": "c", "dataType": "NUMERIC", "minValue": float("nan")}),
    ):
        refused(post(shared_api, path, json.dumps(given)))


def test_a_body_that_is_no_json_by_its_header_is_refused(shared_api):
    for path in BODIES:
        for headers in ({"Content-Type": "text/plain"}, {}):
            answer = shared_api.post(path, content=b"{}", headers=headers)
            assert answer.status_code == 415, path


@pytest.mark.parametrize(
    "asked",
    [
        "/traces?page=0",
        "/traces?page=99999999999999999999999",
        "/traces?limit=101",
        "/traces?limit=x",
        "/traces?orderBy=name.asc",
        "/traces?fromTimestamp=yesterday",
        "/traces?toTimestamp=0001-01-01T00:00:00%2B14:00",
        "/traces?userId=a%00b",
        "/traces?tags=",
        "/traces/a%00b",
        "/traces/" + "x" * 256,
        "/observations?type=agent",
        "/observations?traceId=%0A",
        "/sessions?page=-1",
        "/sessions/a%00b",
        "/datasets?limit=1000",
        "/datasets/a%00b",
        "/datasets/",
        "/datasets/" + "x" * 201,
        "/datasets/d/items?version=now",
        "/dataset-items",
        "/dataset-items/a%00b",
        "/experiments?name=",
        "/experiments/a%00b",
        "/experiment-items?experimentId=",
        "/score-configs?page=0",
        "/score-configs/a%00",
        "/annotation-queues/q%00",
        "/annotation-queues/q/items?status=LOST",
        "/prompts?label=Not A Label",
        "/prompts/p?version=0",
        "/prompts/p?version=99999999999",
        "/metrics/daily?startDate=1.1.2026",
    ],
)
def test_a_path_or_query_that_makes_no_sense_is_refused(shared_api, asked):
    refused(shared_api.get(asked))


def test_traces_to_delete_have_to_be_named(shared_api):
    for given in ({}, {"traceIds": []}, {"traceIds": [""]}, {"traceIds": ["t"] * 1001}):
        refused(shared_api.request("DELETE", "/traces", json=given))


def test_what_was_refused_left_nothing_behind(shared):
    with shared.store.reading() as connection:
        filled = {t.name for t in metadata.sorted_tables if connection.execute(t.select()).first()}
    assert filled == {"store_meta", "api_keys"}
