"""How much one key and one request may use, and how each failure looks."""

from __future__ import annotations

import gzip
import json
import socket
import time
import zlib

import pytest

from xeroml_nb.errors import StoreBusy, StoreError, StoreFull
from xeroml_nb.server.limits import BODY_LIMIT, TRACES_LIMIT
from xeroml_nb.store import score_pages

from .running import API, running

JSON = {"Content-Type": "application/json"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}
SCORE = {"traceId": "trace_abc123", "name": "accuracy", "value": 0.5}


@pytest.fixture
def api(shared):
    return shared.http()


def envelope(answer):
    """The message and the error of a failure, which has nothing else in it."""
    body = answer.json()
    assert set(body) == {"message", "error"}
    assert isinstance(body["message"], str)
    assert answer.headers["content-type"] == "application/json"
    return body["message"], body["error"]


# Rates.


def test_every_answer_says_how_many_requests_are_left(own_folder):
    with running(own_folder / "s.db", rate_limit=3) as server:
        client = server.http(base="")
        answers = [client.get(p) for p in ("/api/public/health", "/none", f"{API}/scores?page=0")]
    assert [a.status_code for a in answers] == [200, 404, 400]
    assert [a.headers["x-ratelimit-limit"] for a in answers] == ["3"] * 3
    assert [a.headers["x-ratelimit-remaining"] for a in answers] == ["2", "1", "0"]
    assert {0 < int(a.headers["x-ratelimit-reset"]) - time.time() <= 62 for a in answers} == {True}


def test_too_many_requests_are_told_when_to_come_back(own_folder):
    with running(own_folder / "s.db", rate_limit=2) as server:
        client = server.http()
        answers = [client.post("/scores", json=SCORE) for _ in range(3)]
        other = server.http(auth=server.key())
        assert other.get("/scores").status_code == 200, "each key has its own"
        assert other.get("/scores").json()["meta"]["total"] == 1
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 61
    assert answers[-1].headers["x-ratelimit-remaining"] == "0"
    message, error = envelope(answers[-1])
    assert message.startswith("More than 2 requests in a minute. Come back in ")
    assert error == "rate_limited"


def test_guessing_keys_is_counted_too(own_folder):
    with running(own_folder / "s.db", rate_limit=2) as server:
        tried = [server.http(auth=(f"pk-{n}", "x")).get("/scores").status_code for n in range(3)]
        assert tried == [401, 401, 429]
        assert server.http().get("/scores").status_code == 200


def test_a_minute_later_the_count_begins_anew(own_folder, monkeypatch):
    with running(own_folder / "s.db", rate_limit=1) as server:
        client = server.http()
        assert [client.get("/scores").status_code for _ in range(2)] == [200, 429]
        later = time.time() + 61
        monkeypatch.setattr("xeroml_nb.server.limits.time.time", lambda: later)
        assert client.get("/scores").status_code == 200


def test_a_limit_of_0_counts_nothing(own_folder):
    with running(own_folder / "s.db", rate_limit=0) as server:
        assert "x-ratelimit-limit" not in server.http().get("/scores").headers


# Bodies.


def test_a_body_that_is_too_large_is_refused(api):
    large = json.dumps(SCORE | {"comment": "x" * BODY_LIMIT})
    answer = api.post("/scores", content=large, headers=JSON)
    assert answer.status_code == 413
    message, _ = envelope(answer)
    assert message == "The body is larger than 4,500,000 bytes. Send it in smaller parts."


def test_a_body_that_does_not_say_its_size_is_refused_all_the_same(api):
    parts = (b"x" * 500_000 for _ in range(10))
    assert api.post("/scores", content=parts, headers=JSON).status_code == 413


def test_a_small_body_that_unpacks_to_a_huge_one_is_refused(shared):
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = bytes(1_000_000)
    packed = b"".join(packing.compress(piece) for _ in range(50)) + packing.flush()
    assert len(packed) < 60_000
    root = shared.http(base="/api/public", headers={"Content-Encoding": "gzip"})
    for path, kind in (("/otel/v1/traces", PROTOBUF), ("/ingestion", JSON)):
        answer = root.post(path, content=packed, headers=kind)
        assert answer.status_code == 413
        envelope(answer)


def test_traces_may_be_larger_than_other_bodies(shared):
    spans = {"resourceSpans": [], "padding": "x" * (BODY_LIMIT + 1)}
    assert len(json.dumps(spans)) < TRACES_LIMIT
    packed = gzip.compress(json.dumps(spans).encode())
    root = shared.http(base="/api/public", headers=JSON | {"Content-Encoding": "gzip"})
    assert root.post("/otel/v1/traces", content=packed).json() == {}
    assert root.post("/ingestion", content=packed).status_code == 413


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("gzip", b"no gzip", 400),
        ("gzip", gzip.compress(b"{}" * 1000)[:-9], 400),
        ("br", b"x", 415),
        ("deflate", zlib.compress(json.dumps(SCORE).encode()), 200),
        ("GZIP", gzip.compress(json.dumps(SCORE).encode()), 200),
    ],
    ids=["no gzip", "cut off", "unknown", "deflate", "capitals"],
)
def test_a_packed_body_is_unpacked_or_refused(api, encoding, body, status):
    answer = api.post("/scores", content=body, headers=JSON | {"Content-Encoding": encoding})
    assert answer.status_code == status
    assert status == 200 or envelope(answer)


def test_who_goes_away_while_sending_leaves_nothing_behind(shared, api):
    host, port = shared.url.removeprefix("http://").split(":")
    head = f"POST {API}/scores HTTP/1.1\r\nHost: x\r\nAuthorization: {api.auth._auth_header}\r\n"
    begun = json.dumps(SCORE | {"traceId": "gone"})
    with socket.create_connection((host, int(port))) as away:
        away.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 99".encode())
        away.sendall(f"\r\n\r\n{begun}".encode())
    assert api.get("/scores", params={"traceId": "gone"}).json()["data"] == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "The body is no JSON"),
        (b"{", "The body is no JSON"),
        (b"\xff\xfe", "The body is no JSON"),
        (b'{"traceId": "t", "name": "n", "value": NaN}', "NaN is no number of JSON"),
        (b'{"value": 1' + b"0" * 5000 + b"}", "The body is no JSON"),
        (b"[" * 200_000, "The body is nested too deeply"),
        (b"[]", "Send a JSON object"),
        (b'"text"', "Send a JSON object"),
    ],
    ids=["empty", "cut off", "no text", "nan", "huge number", "deep", "list", "text"],
)
def test_a_body_that_is_no_json_object_is_a_400(api, body, said):
    answer = api.post("/scores", content=body, headers=JSON)
    assert answer.status_code == 400
    assert said in envelope(answer)[0]


# Failures.


def test_every_failure_comes_in_the_same_envelope(shared, api):
    root = shared.http(base="")
    found = {
        "unknown path": root.get("/no/such"),
        "unknown method": api.put("/scores"),
        "unknown score": api.get("/scores/none"),
        "wrong type": api.post("/scores", content="{}", headers={"Content-Type": "text/plain"}),
        "no type": api.post("/scores", content="{}"),
        "bad query": api.get("/scores", params={"limit": 0}),
    }
    assert {name: (a.status_code, envelope(a)[0]) for name, a in found.items()} == {
        "unknown path": (404, "There is nothing at /no/such."),
        "unknown method": (405, f"PUT is not possible at {API}/scores."),
        "unknown score": (404, "There is no score 'none'."),
        "wrong type": (415, "Send JSON, with the header Content-Type: application/json."),
        "no type": (415, "Send JSON, with the header Content-Type: application/json."),
        "bad query": (
            400,
            "The request is not valid: limit: Input should be greater than or equal to 1",
        ),
    }
    assert found["unknown method"].headers["allow"] == "GET, POST"
    assert envelope(found["bad query"])[1] == [
        {"path": "limit", "message": "Input should be greater than or equal to 1"}
    ]


@pytest.mark.parametrize(
    "query",
    ["limit=101", "page=0", "page=99999999999999999999", "limit=x", "fromTimestamp=1", "source=me",
     "traceId=", "name=%00", "scoreIds=%00", "fromTimestamp=0001-01-01T00:00:00%2B23:59"],
)  # fmt: skip
def test_a_query_that_cannot_be_is_a_400(api, query):
    answer = api.get(f"/scores?{query}")
    assert answer.status_code == 400
    envelope(answer)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (StoreBusy("The store /secret/place is locked.", "Wait."), (503, "5")),
        (StoreFull("The store /secret/place is full.", "Free space."), (503, "5")),
        (StoreError("The store /secret/place failed.", ""), (500, None)),
        (RuntimeError("a bug in /secret/place"), (500, None)),
    ],
    ids=["busy", "full", "broken", "bug"],
)
def test_what_fails_inside_stays_inside(api, monkeypatch, caplog, error, expected):
    def fail(*_):
        raise error

    monkeypatch.setattr(score_pages, "page", fail)
    answer = api.get("/scores")
    assert (answer.status_code, answer.headers.get("retry-after")) == expected
    assert answer.headers["x-ratelimit-limit"] == "6000"
    envelope(answer)
    assert "secret" not in answer.text
    assert "secret" in caplog.text


def test_keys_that_cannot_be_read_are_a_503(server, monkeypatch):
    def fail(*_):
        raise StoreBusy("The store is locked.", "Wait.")

    monkeypatch.setattr("xeroml_nb.server.access.api_keys.by_public_key", fail)
    answer = server.http().get("/scores")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    envelope(answer)
