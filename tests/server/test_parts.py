"""Parts of the server by themselves: what no client can bring about at will."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from starlette.requests import Request

from server.test_experiments import EXPERIMENT
from xeroml_nb.errors import NotFound, StoreBusy
from xeroml_nb.experiments.dataset import hash_of_items
from xeroml_nb.records.access import Role
from xeroml_nb.records.score import ScoreTarget, new_score
from xeroml_nb.server import access, desk, limits
from xeroml_nb.server.access import Caller, KeyRing
from xeroml_nb.server.failures import ApiError, Guard, as_api_error
from xeroml_nb.server.limits import BodyLimit, Gate
from xeroml_nb.server.options import ServerOptions
from xeroml_nb.server.signing import signed
from xeroml_nb.server.spans import _gather_metadata
from xeroml_nb.store import scores
from xeroml_nb.store.store import Store
from xeroml_nb.tracing import attributes as names

HTTP = {"type": "http", "method": "POST", "path": "/api/public/v2/scores", "headers": []}


@pytest.fixture
def store(own_folder):
    opened = Store(str(own_folder / "store.db"))
    yield opened
    opened.close()


def passed_on(layer, scope, *messages):
    """What a layer hands to the app, and what the app receives through it."""
    found = []

    async def app(scope, receive, _send):
        found.append((scope["type"], [await receive() for _ in messages]))

    waiting = list(messages)

    async def receive():
        return waiting.pop(0)

    asyncio.run(layer(app)(scope, receive, None))
    return found


# Who makes a request.


def test_the_keys_that_are_remembered_do_not_grow_without_end(store, monkeypatch):
    monkeypatch.setattr(access, "_REMEMBERED_KEYS", 2)
    ring = KeyRing(store, ServerOptions())

    async def guess():
        return [await ring.caller(f"Bearer pk-xm-{n}") for n in range(5)]

    assert asyncio.run(guess()) == [None] * 5
    assert list(ring._known) == ["pk-xm-4"]


def test_a_route_lets_nobody_in_whom_no_gate_let_in():
    door = access._Door("basic", frozenset(Role))
    with pytest.raises(ApiError) as refused:
        asyncio.run(door(Request(dict(HTTP))))
    assert refused.value.status == 401


def test_a_web_page_may_not_name_an_author_that_is_no_text():
    caller = Caller("pk-xm-1", Role.SCORES_ONLY)
    assert signed(caller, {"author": 7}) == {"author": 7}  # refused later, as from anybody
    assert signed(caller, {"author": "ann"}) == {"author": "pk-xm-1/ann"}
    assert signed(caller, {}) == {"author": "pk-xm-1"}


# Limits.


def test_what_is_no_request_passes_every_layer(store):
    lifespan = {"type": "lifespan"}
    ring = KeyRing(store, ServerOptions())
    for layer in (lambda app: Gate(app, ring, 1), BodyLimit, Guard):
        assert passed_on(layer, lifespan, {"type": "lifespan.startup"}) == [
            ("lifespan", [{"type": "lifespan.startup"}])
        ]


def test_after_the_body_the_app_hears_that_the_sender_left():
    body = {"type": "http.request", "body": b"{}", "more_body": False}
    gone = {"type": "http.disconnect"}
    assert passed_on(BodyLimit, HTTP, body, gone) == [("http", [body, gone])]


def test_counts_that_are_over_are_dropped_when_there_are_many(store, monkeypatch):
    monkeypatch.setattr(limits, "_MOST_COUNTS", 2)
    clock = SimpleNamespace(now=1_000.0)
    monkeypatch.setattr(limits, "time", SimpleNamespace(time=lambda: clock.now))
    gate = Gate(None, KeyRing(store, ServerOptions()), 10)
    for clock.now, who in ((1_000.0, "a"), (1_050.0, "b"), (1_061.0, "c"), (1_062.0, "c")):
        count = gate._counted(who)
    assert count.used == 2
    assert set(gate._counts) == {"b", "c"}
    # Over a socket of this machine alone nobody has an address.
    assert limits._who({"type": "http", "client": None}, None) == "@"


def test_a_failure_in_the_middle_of_an_answer_is_raised():
    async def breaks(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("in the middle")

    said = []

    async def send(message):
        said.append(message["type"])

    with pytest.raises(RuntimeError, match="in the middle"):
        asyncio.run(Guard(breaks)(HTTP, None, send))
    assert said == ["http.response.start"]


def test_what_is_not_found_is_a_404():
    error = as_api_error(NotFound("report", "7", []))
    assert error.status == 404
    assert str(error).startswith("There is no report '7'.")


def test_a_store_that_cannot_be_read_is_not_healthy(server, monkeypatch):
    def fail():
        raise StoreBusy("The store is locked.", "Wait.")

    monkeypatch.setattr(server.store, "reading", fail)
    answer = server.http(auth=None, base="").get("/api/public/health")
    assert answer.status_code == 503
    assert "The store cannot be read" in answer.text
    assert "locked" not in answer.text


# Scores that come in together.


def test_a_desk_at_which_somebody_always_comes_in_stores_all_the_same(store, monkeypatch):
    monkeypatch.setattr(desk, "_LONGEST_GATHERING", 2)
    monkeypatch.setattr(desk, "_LULL_SECONDS", 0.001)
    here = desk.ScoreDesk(store)

    async def gathered():
        made = new_score(ScoreTarget("t"), "n", 1.0)
        future = asyncio.get_running_loop().create_future()
        here._waiting = [(made, future)]
        sleep = asyncio.sleep

        async def comes_in(seconds):
            here._waiting.append((made, future))
            await sleep(seconds)

        monkeypatch.setattr(desk.asyncio, "sleep", comes_in)
        await here._gather()

    asyncio.run(gathered())
    assert len(here._waiting) == 3


def test_who_does_not_wait_any_more_is_not_told(store):
    async def leaves():
        here = desk.ScoreDesk(store)
        score = new_score(ScoreTarget("t"), "n", 1.0)
        waiting = asyncio.create_task(here.take(score))
        await asyncio.sleep(0)
        waiting.cancel()
        await here._at_work
        return waiting.cancelled()

    assert asyncio.run(leaves())
    with store.reading() as connection:
        assert [score.value for score in scores.find(connection)] == [1.0]


# What experiments ran over.


def dataset(api, *items):
    answer = api.post("/datasets/d/items", json={"items": list(items)})
    assert answer.status_code == 200, answer.text
    return api.get("/datasets/d").json()["version"]


def test_an_experiment_is_linked_to_the_version_whose_items_it_ran_over(client, api):
    assert api.post("/datasets", json={"name": "d"}).status_code == 200
    first = dataset(api, {"id": "a", "input": 1}, {"id": "b", "input": 2})
    some = hash_of_items([client.get_dataset("d")["b"]])
    second = dataset(api, {"id": "b", "input": 3})

    def ran(its_id, **parts):
        body = EXPERIMENT | {"id": its_id, "name": its_id, "datasetName": "d"} | parts
        assert api.post("/experiments", json=body).status_code == 200
        return api.get(f"/experiments/{its_id}").json()["datasetVersion"]

    # By the hash of some of its items; where no version has the hash, the newest it may be.
    assert ran("e1", contentHash=some, itemIds=["b", "gone"]) == first
    assert ran("e2", contentHash="0" * 64) == second
    assert ran("e3", contentHash="0" * 64, datasetVersion=first) == first
    assert ran("e4", datasetVersion="2020-01-01T00:00:00Z") == second


# Metadata of spans.


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ({names.METADATA: {"a": 1}}, '{"a":1}'),
        ({names.METADATA: '{"a": 1}', "xeroml.trace.metadata.b": 2}, '{"a":1,"b":2}'),
        ({names.METADATA: "no json", "xeroml.trace.metadata.b": 2}, '{"b":2}'),
        ({names.METADATA: "[1]", "xeroml.trace.metadata.b": 2}, '{"b":2}'),
    ],
)
def test_metadata_that_comes_in_parts_is_put_together(found, kept):
    _gather_metadata(found)
    assert found == {names.METADATA: kept}
