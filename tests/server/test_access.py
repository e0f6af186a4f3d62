"""Who is let in, what they may do, and which web pages may ask."""

from __future__ import annotations

import time

import httpx
import pytest

from xeroml_nb.errors import NotFound
from xeroml_nb.records.access import Role, Secret
from xeroml_nb.server import access
from xeroml_nb.server.keys import revoke_key

from .running import API, running

THUMB = {"traceId": "trace_abc123", "name": "thumbs", "value": True}
PAGE = "https://app.example"


def status(client, method, path, **given):
    return client.request(method, path, **given).status_code


@pytest.mark.parametrize(
    "auth",
    [None, ("pk-xm-nobody", "sk"), ("", ""), ("pk\x00", "x"), ("pä", "sö")],
    ids=["none", "unknown", "empty", "control", "not ascii"],
)
def test_without_keys_that_are_known_nothing_is_served(shared, auth):
    client = shared.http(auth=auth)
    for path in ("/scores", "/no/such/path"):
        answer = client.get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Basic realm="xeroml"'
        assert answer.json()["message"].startswith("The keys are missing or wrong.")
    assert status(client, "POST", "/scores", json=THUMB) == 401


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !!!", "Basic /w==", "Bearer", "Digest abc", "Bearer \xff", "basic :"]
)
def test_a_header_that_is_no_authentication_is_a_401(shared, header):
    headers = {"Authorization": header.encode("latin-1")}
    assert status(shared.http(auth=None, headers=headers), "GET", "/scores") == 401


def test_a_wrong_secret_is_refused(shared):
    assert status(shared.http(auth=(shared.public, "sk-xm-wrong")), "GET", "/scores") == 401
    assert status(shared.http(auth=(shared.public, "")), "POST", "/scores", json=THUMB) == 401


def test_health_needs_no_keys(shared):
    client = shared.http(auth=None, base="/api/public")
    for path in ("/health", "/v2/health"):
        assert client.get(path).json()["status"] == "OK"


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.READ_WRITE, {"read", "give", "write"}),
        (Role.READ_ONLY, {"read"}),
        (Role.SCORES_ONLY, {"give"}),
    ],
    ids=["read and write", "read", "give scores"],
)
def test_a_role_allows_what_it_says_and_no_more(shared, role, allowed):
    known = shared.http().post("/scores", json=THUMB | {"name": "known"}).json()["id"]
    client = shared.http(auth=shared.key(role), base="")
    batch = {"batch": [{"id": "1", "type": "score-create", "body": THUMB}]}
    asked = {
        ("GET", f"{API}/scores"): ("read", 200, None),
        ("POST", f"{API}/scores"): ("give", 200, THUMB),
        ("DELETE", f"{API}/scores/{known}"): ("write", 202, None),
        ("POST", "/api/public/ingestion"): ("write", 207, batch),
        ("POST", "/api/public/otel/v1/traces"): ("write", 200, {"resourceSpans": []}),
    }
    for (method, path), (what, success, body) in asked.items():
        expected = success if what in allowed else 403
        assert status(client, method, path, json=body) == expected, path


def test_a_refusal_names_the_key_and_its_role(shared):
    public, secret = shared.key(Role.READ_ONLY)
    answer = shared.http(auth=(public, secret)).post("/scores", json=THUMB)
    assert answer.json() == {
        "message": f"The key {public} may not do this: it is read-only.",
        "error": None,
    }


@pytest.mark.parametrize("role", Role, ids=str)
def test_a_public_key_alone_gives_scores_only_if_its_role_says_so(shared, role):
    public, _ = shared.key(role)
    client = shared.http(auth=None, headers={"Authorization": f"Bearer {public}"})
    gives = role is Role.SCORES_ONLY
    assert status(client, "POST", "/scores", json=THUMB) == (200 if gives else 401)
    assert status(client, "GET", "/scores") == (403 if gives else 401)
    without = shared.http(auth=(public, ""))
    assert status(without, "POST", "/scores", json=THUMB) == (200 if gives else 401)


def test_a_revoked_key_is_let_in_no_more_within_5_seconds(server, monkeypatch):
    public, secret = server.key()
    client = server.http(auth=(public, secret))
    assert status(client, "GET", "/scores") == 200

    revoke_key(server.store, public)
    later = time.monotonic() + access._REMEMBERED_SECONDS + 0.01
    monkeypatch.setattr(access.time, "monotonic", lambda: later)
    assert status(client, "GET", "/scores") == 401


def test_a_key_that_does_not_exist_cannot_be_revoked(shared):
    with pytest.raises(NotFound, match="There is no key 'pk-xm-none'"):
        revoke_key(shared.store, "pk-xm-none")


def test_the_pair_of_the_environment_reads_and_writes(own_folder):
    with running(own_folder / "s.db", own_key=("pk-own", Secret("sk-own"))) as server:
        client = server.http(auth=("pk-own", "sk-own"))
        assert status(client, "POST", "/scores", json=THUMB) == 200
        assert client.get("/scores").json()["meta"]["total"] == 1
        assert status(server.http(auth=("pk-own", "sk")), "GET", "/scores") == 401


def preflight(client, origin):
    return client.options(
        "/scores",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )


def test_only_pages_of_allowed_addresses_may_ask(own_folder):
    with running(own_folder / "s.db", allowed_origins=(PAGE,)) as server:
        public, _ = server.key(Role.SCORES_ONLY)
        client = server.http(auth=None, headers={"Authorization": f"Bearer {public}"})
        allowed = preflight(client, PAGE)
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == PAGE
        assert "access-control-allow-origin" not in preflight(client, "https://b.example").headers

        answer = client.post("/scores", json=THUMB, headers={"Origin": PAGE})
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert "X-RateLimit-Remaining" in answer.headers["access-control-expose-headers"]
        other = client.post("/scores", json=THUMB, headers={"Origin": "https://b.example"})
        assert "access-control-allow-origin" not in other.headers


def test_a_page_can_read_why_it_is_refused(own_folder):
    with running(own_folder / "s.db", allowed_origins=(PAGE,), rate_limit=1) as server:
        client = server.http(auth=None, headers={"Origin": PAGE})
        answers = [client.get("/scores") for _ in range(2)]
        assert [a.status_code for a in answers] == [401, 429]
        assert {a.headers["access-control-allow-origin"] for a in answers} == {PAGE}


def test_without_an_allow_list_no_page_may_ask(shared):
    assert "access-control-allow-origin" not in preflight(shared.http(), PAGE).headers


def test_no_answer_and_no_log_shows_a_secret(shared, caplog):
    public, secret = shared.key(Role.READ_ONLY)
    with httpx.Client(base_url=shared.url + API, auth=(public, secret)) as client:
        said = [client.post("/scores", json=THUMB), client.get("/scores"), client.get("/nope")]
    shown = " ".join([*(f"{a.text} {a.headers}" for a in said), caplog.text])
    assert secret not in shown
