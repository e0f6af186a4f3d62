"""Talking to a server that fails in every way, over real sockets."""

from __future__ import annotations

import base64
import gzip
import logging
import os
import socket
import ssl
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from email.utils import format_datetime

import httpx
import pytest
import stamina
import trustme

from tests.server.running import running
from tests.sync.faulty_server import Fault, FaultyServer, Reply
from xeroml_nb.errors import (
    AccessDenied,
    BadInput,
    NotReachable,
    Refused,
    ServerBusy,
    ServerError,
    ServerFault,
)
from xeroml_nb.records import clock
from xeroml_nb.records.access import Role, Secret
from xeroml_nb.settings import ServerAddress
from xeroml_nb.sync.transport.apis import LANGFUSE, XEROML, api_for
from xeroml_nb.sync.transport.checking import check
from xeroml_nb.sync.transport.connection import Connection

PUBLIC = "pk-xm-0123456789abcdef"
SECRET = "sk-xm-fedcba9876543210"
TOKEN = base64.b64encode(f"{PUBLIC}:{SECRET}".encode()).decode()
PAGE = Reply(
    502, "<!doctype html><title>502 Bad &amp; Gone</title><p>nginx", {"Content-Type": "text/html"}
)


def address_of(url, api="xeroml"):
    return ServerAddress(url, PUBLIC, Secret(SECRET), api)


@contextmanager
def connected(*script, otherwise=None, tls=None, api="xeroml", patience=0.0, **options):
    """A faulty server and a connection to it."""
    with FaultyServer(*script, otherwise=otherwise, tls=tls) as server:
        made = Connection(address_of(server.url, api), patience=patience, **options)
        with closing(made):
            yield server, made


def everything_told(error):
    """All that a notebook may show of an error, with the values of variables."""
    full = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "\n".join((str(error), repr(error), *full.format()))


def http_date(moment):
    return format_datetime(moment, usegmt=True)


@pytest.fixture
def waits():
    """How long was waited between the attempts, in seconds."""
    found = []
    stamina.instrumentation.set_on_retry_hooks([lambda details: found.append(details.wait_for)])
    yield found
    stamina.instrumentation.set_on_retry_hooks(None)


# What is asked, and what comes back.


def test_a_request_carries_the_keys_the_version_and_its_body():
    with connected(Reply(body={"id": "s1"})) as (server, connection):
        answer = connection.post("score", {"name": "ok", "value": True, "comment": "é"})

    [asked] = server.received
    assert answer == {"id": "s1"}
    assert (asked.method, asked.path) == ("POST", "/api/public/v2/scores")
    assert asked.headers["authorization"] == f"Basic {TOKEN}"
    assert asked.headers["user-agent"].startswith("xeroml_nb/")
    assert asked.headers["content-type"] == "application/json"
    assert asked.json == {"name": "ok", "value": True, "comment": "é"}


def test_parts_of_a_path_are_encoded_wholly_and_cannot_climb():
    with connected() as (server, connection):
        for name in ("support/triage v2", "..", "?a#b", "é"):
            connection.get("dataset items", dataset=name)
        connection.delete("score by id", score_id="a/b")

    assert [asked.path.removeprefix("/api/public/v2") for asked in server.received] == [
        "/datasets/support%2Ftriage%20v2/items",
        "/datasets/%2E%2E/items",
        "/datasets/%3Fa%23b/items",
        "/datasets/%C3%A9/items",
        "/scores/a%2Fb",
    ]


def test_a_query_leaves_out_what_is_none_and_repeats_lists():
    with connected() as (server, connection):
        connection.get("scores", query={"name": "a b", "tags": ["x", "y"], "since": None})

    assert server.received[0].query == {"name": ["a b"], "tags": ["x", "y"]}


@pytest.mark.parametrize("status", [200, 201, 202, 204, 207])
def test_any_2xx_is_a_success_also_without_a_body(status):
    with connected(Reply(status, b"")) as (_, connection):
        assert connection.delete("score by id", score_id="s") is None


def test_bytes_are_sent_as_they_are_and_unpacked_when_they_come_back():
    packed = Reply(body=gzip.compress(b"\x0a\x00"), headers={"Content-Encoding": "gzip"})
    with connected(packed) as (server, connection):
        answer = connection.send(
            "POST",
            "traces otlp",
            content=gzip.compress(b"spans"),
            headers={"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"},
        )

    [asked] = server.received
    assert (answer.status, answer.content) == (200, b"\x0a\x00")
    assert asked.path == "/api/public/otel/v1/traces"
    assert gzip.decompress(asked.body) == b"spans"
    assert asked.headers["content-type"] == "application/x-protobuf"
    assert asked.headers["authorization"] == f"Basic {TOKEN}"


def test_many_threads_share_at_most_four_connections():
    with (
        connected(otherwise=Reply(delay=0.02)) as (server, connection),
        ThreadPoolExecutor(16) as p,
    ):
        list(p.map(lambda i: connection.get("scores", query={"page": i}), range(64)))

    assert len(server.received) == 64
    assert 1 < server.most_open <= 4


def test_a_forked_process_opens_connections_of_its_own(monkeypatch):
    with connected() as (server, connection):
        connection.get("scores")
        mine = connection._exchange._client
        with monkeypatch.context() as child:
            child.setattr(os, "getpid", lambda: -1)
            connection.get("scores")
            connection._exchange._client.close()
        mine.close()

    assert server.most_open == 2


# Lists.


@pytest.mark.parametrize(
    "meta",
    [
        lambda page: {"page": page, "limit": 2, "totalItems": 5, "totalPages": 3},
        lambda page: {"page": page, "total": 5},
        lambda page: {},
    ],
    ids=["totalPages", "total", "nothing told"],
)
def test_a_list_is_read_to_its_end_whatever_the_server_tells_of_it(meta):
    rows = [{"id": i} for i in range(5)]

    def page(request):
        number = int(request.query["page"][0])
        part = rows[2 * number - 2 : 2 * number]
        return Reply(body={"data": part, "meta": meta(number)})

    with connected(otherwise=page) as (server, connection):
        found = list(connection.pages("scores", query={"name": "ok"}, limit=2))

    assert [len(part) for part in found] == [2, 2, 1]
    assert [row for part in found for row in part] == rows
    assert server.received[0].query == {"name": ["ok"], "page": ["1"], "limit": ["2"]}


def test_a_server_that_ignores_pages_is_read_once():
    with connected(otherwise=Reply(body={"datasets": [{"name": "a"}]})) as (_, connection):
        assert list(connection.pages("datasets")) == [[{"name": "a"}]]


@pytest.mark.parametrize("body", [[], {"data": None}, {"a": [], "b": []}, "[1]", 1])
def test_what_is_no_list_is_a_fault_of_the_server(body):
    with connected(Reply(body=body)) as (_, connection), pytest.raises(ServerFault, match="list"):
        list(connection.pages("scores"))


# Refusals.


@pytest.mark.parametrize("status", [400, 404, 405, 409, 413, 422])
def test_a_refusal_names_the_request_the_servers_words_and_the_next_step(status):
    body = {"message": "Invalid data", "error": [{"path": ["value"], "message": "no number"}]}
    with (
        connected(Reply(status, body), patience=5) as (server, connection),
        pytest.raises(Refused) as raised,
    ):
        connection.post("score", {})

    error = raised.value
    assert (error.status, error.said) == (status, "Invalid data: value: no number")
    assert f"POST /api/public/v2/scores at {server.url}" in str(error)
    assert error.said in error.problem
    assert error.next_step
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"message": "no"}, "no"),
        ({"error": "no"}, "no"),
        ({"error": {"message": "no"}}, "no"),
        ({"message": "no", "error": "no"}, "no"),
        ({"code": 7}, '{"code":7}'),
        ("no\nnever\x1b[31m", "no never [31m"),
        (b"\xff\x00", "�"),
        (b"", "Unprocessable Entity"),
        ("[" * 100_000, "[" * 299 + "…"),
        ("x" * 1000, "x" * 299 + "…"),
    ],
    ids=[
        "message",
        "error",
        "nested",
        "twice",
        "other",
        "control",
        "bytes",
        "none",
        "deep",
        "long",
    ],
)
def test_the_servers_words_are_one_short_line(body, said):
    with connected(Reply(422, body)) as (_, connection), pytest.raises(Refused) as raised:
        connection.post("score", {})

    assert raised.value.said == said


@pytest.mark.parametrize("status", [401, 403])
def test_keys_that_are_not_accepted_are_told_with_the_servers_words(status):
    with (
        connected(Reply(status, {"message": "Invalid credentials"}), patience=5) as (server, made),
        pytest.raises(AccessDenied, match=rf"{status}: Invalid credentials.* keys|KEY"),
    ):
        made.get("scores")

    assert len(server.received) == 1


# Trouble that may pass.


@pytest.mark.parametrize(
    "trouble",
    [
        Reply(408),
        Reply(429),
        Reply(500),
        Reply(503),
        PAGE,
        Reply(body={"data": ["x"] * 99}, fault=Fault.RESET),
        Reply(fault=Fault.CLOSE),
    ],
    ids=["408", "429", "500", "503", "502 page", "reset", "closed"],
)
def test_trouble_that_passes_is_not_noticed(trouble):
    with connected(trouble, Reply(body={"id": "s"}), patience=20) as (server, connection):
        assert connection.post("score", {"id": "s"}) == {"id": "s"}

    assert [asked.json for asked in server.received] == [{"id": "s"}] * 2


@pytest.mark.parametrize(
    ("reply", "kind", "told"),
    [
        (Reply(408), ServerBusy, "408"),
        (Reply(429, {"message": "slow down"}), ServerBusy, "429: slow down"),
        (Reply(503, {"status": "down"}), ServerBusy, "503"),
        (Reply(500, {"message": "oops"}), ServerFault, "500: oops"),
        (Reply(501), ServerFault, "501"),
        (PAGE, ServerFault, '502: an HTML page titled "502 Bad & Gone"'),
        (Reply(body="<html>Log in", headers={"Content-Type": "text/html"}), ServerFault, "200: an"),
        (Reply(body="ok"), ServerFault, "no JSON"),
        (Reply(304, b""), ServerFault, "304"),
        (Reply(body={"a": "b"}, fault=Fault.RESET), NotReachable, "broke off"),
        (Reply(fault=Fault.CLOSE), NotReachable, "broke off"),
        (Reply(delay=30), NotReachable, "in time"),
        (Reply(body="[1, 2, 3, 4, 5, 6]", delay=0.15, fault=Fault.DRIP), NotReachable, "in time"),
        (Reply(body="[]", headers={"Content-Encoding": "gzip"}), NotReachable, "broke off"),
    ],
    ids=str,
)
def test_trouble_that_stays_is_an_error_with_a_next_step(reply, kind, told):
    with (
        connected(reply, read_timeout=0.3, answer_timeout=0.4) as (server, connection),
        pytest.raises(kind) as raised,
    ):
        connection.get("scores")

    error = raised.value
    assert told in error.problem
    assert server.url in error.problem
    assert "GET /api/public/v2/scores" in error.problem
    assert error.next_step
    assert "<" not in str(error)
    assert len(server.received) == 1


def test_a_server_that_is_down_is_named():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with (
            closing(Connection(address_of(url), patience=0)) as connection,
            pytest.raises(NotReachable, match=rf"Nothing answers at {url}: .*XEROML_HOST"),
        ):
            connection.get("scores")


def test_a_host_that_does_not_exist_is_named():
    def unknown(request):
        raise httpx.ConnectError("unknown") from socket.gaierror(-2, "Name not known")

    transport = httpx.MockTransport(unknown)
    made = Connection(address_of("https://no.such"), patience=0, transport=transport)
    with closing(made), pytest.raises(NotReachable, match=r"no host https://no\.such.*XEROML_HOST"):
        made.get("scores")


def test_a_connection_that_is_never_taken_up_ends_in_time():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        place = full.getsockname()
        # The queue of the listening socket takes one or two; the next waits for ever.
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.settimeout(0)
            one.connect_ex(place)
        url = f"http://127.0.0.1:{place[1]}"
        with (
            closing(Connection(address_of(url), patience=0, connect_timeout=0.2)) as connection,
            pytest.raises(NotReachable, match="did not answer in time"),
        ):
            connection.get("scores")
        for one in waiting:
            one.close()


# How long to wait.


def test_the_wait_a_server_asks_for_is_kept(waits):
    later = Reply(429, headers={"Retry-After": "1"})
    with connected(later, patience=5) as (server, connection):
        connection.get("scores")

    assert waits == [1.0]
    assert len(server.received) == 2


def test_a_date_is_measured_against_the_servers_own_clock(waits):
    there = clock.now().replace(microsecond=0) - timedelta(days=4000)
    later = {
        "Date": http_date(there),
        "Retry-After": http_date(there + timedelta(seconds=1)),
    }
    with connected(Reply(503, headers=later), patience=5) as (_, connection):
        connection.get("scores")

    assert waits == [1.0]


def test_a_date_without_a_servers_clock_is_measured_against_ours():
    until = clock.now() + timedelta(hours=2)
    reply = Reply(429, headers={"Retry-After": http_date(until), "Date": "?"})
    with connected(reply, patience=5) as (_, connection), pytest.raises(ServerBusy) as raised:
        connection.get("scores")

    assert 7100 < raised.value.wait <= 7200


@pytest.mark.parametrize("asked", ["", "soon", "-5", "1.5.2", "99999999999999999999 GMT"])
def test_a_wait_that_makes_no_sense_counts_as_none(asked, waits):
    with connected(Reply(429, headers={"Retry-After": asked}), patience=5) as (_, connection):
        connection.get("scores")

    assert len(waits) == 1
    assert 0.25 <= waits[0] <= 0.5


def test_a_wait_longer_than_the_patience_is_not_begun():
    reply = Reply(429, {"message": "minute used up"}, {"Retry-After": "3600"})
    with (
        connected(reply, patience=5) as (server, connection),
        pytest.raises(ServerBusy, match=r"minute used up\. Try again in 3600 s") as raised,
    ):
        connection.get("scores")

    assert raised.value.wait == 3600
    assert len(server.received) == 1


def test_patience_ends_and_the_last_trouble_is_told():
    with connected(otherwise=Reply(500, {"message": "oops"})) as (server, connection):
        with pytest.raises(ServerFault, match="500: oops"):
            connection.with_patience(0.3).get("scores")
        tried = len(server.received)
        with pytest.raises(ServerFault, match="500: oops"):
            connection.get("scores")

    assert tried > 1
    assert len(server.received) == tried + 1


def test_a_closed_connection_sends_nothing_more():
    asked = threading.Event()

    def busy(request):
        asked.set()
        return Reply(503)

    with connected(otherwise=busy, patience=60) as (server, connection):
        with ThreadPoolExecutor(1) as pool:
            trying = pool.submit(connection.get, "scores")
            assert asked.wait(10)
            connection.close()
            with pytest.raises(ServerError):
                trying.result(30)
        with pytest.raises(NotReachable, match="connection is closed"):
            connection.with_patience(5).get("scores")

    assert len(server.received) == 1


# Redirects.


@pytest.mark.parametrize(
    ("status", "method"),
    [(301, "POST"), (302, "POST"), (303, "GET"), (307, "POST"), (308, "POST")],
)
def test_a_redirect_to_the_same_host_is_followed_with_method_keys_and_body(status, method):
    moved = Reply(status, b"", {"Location": "/elsewhere?a=1"})
    with connected(moved, Reply(body={"id": "s"})) as (server, connection):
        assert connection.post("score", {"id": "s"}) == {"id": "s"}

    _, asked = server.received
    assert (asked.method, asked.path, asked.query) == (method, "/elsewhere", {"a": ["1"]})
    assert asked.headers["authorization"] == f"Basic {TOKEN}"
    assert asked.body == (b'{"id":"s"}' if method == "POST" else b"")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_an_error_naming_both_and_nothing_arrives_there(status):
    with FaultyServer() as other:
        moved = Reply(status, b"", {"Location": f"{other.url}/api/public/v2/scores"})
        with (
            connected(moved, patience=5) as (server, connection),
            pytest.raises(NotReachable) as raised,
        ):
            connection.post("score", {"id": "s"})

    assert server.url in str(raised.value)
    assert other.url in str(raised.value)
    assert "keys were not sent" in str(raised.value)
    assert len(server.received) == 1
    assert other.received == []


@pytest.mark.parametrize(
    "place",
    ["https://127.0.0.1:{port}/", "//u:p@evil.test/", "http://127.0.0.1:{port}@evil.test/"],
)
def test_another_scheme_or_a_disguised_host_is_another_host(place):
    moved = Reply(307, b"", {"Location": "?"})
    with connected(moved) as (server, connection):
        place = place.format(port=server.server_port)
        server.script[0] = Reply(307, b"", {"Location": place})
        with pytest.raises(NotReachable, match="another host") as raised:
            connection.get("scores")

    assert "u:p" not in str(raised.value)


def test_a_user_name_in_a_redirect_does_not_replace_the_keys():
    with connected(Reply(), Reply()) as (server, connection):
        place = f"http://eve:pw@127.0.0.1:{server.server_port}/there"
        server.script[0] = Reply(307, b"", {"Location": place})
        connection.get("scores")

    assert server.received[1].headers["authorization"] == f"Basic {TOKEN}"


@pytest.mark.parametrize("place", ["/again", "http://[/", "http://127.0.0.1:99999/"])
def test_a_redirect_that_leads_nowhere_is_a_fault(place):
    moved = Reply(302, b"", {"Location": place})
    with connected(otherwise=moved) as (_, connection), pytest.raises(ServerFault, match="sent on"):
        connection.get("scores")


# TLS.


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def speaking_tls(authority, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_a_certificate_that_is_not_trusted_is_told_and_nothing_is_sent(authority):
    with (
        connected(tls=speaking_tls(authority, "127.0.0.1"), patience=5) as (server, connection),
        pytest.raises(NotReachable, match=r"certificate of https.* not trusted.*SSL_CERT_FILE"),
    ):
        connection.get("scores")

    assert server.received == []


def test_a_certificate_of_an_authority_named_by_the_user_is_trusted(
    authority, tmp_path, monkeypatch
):
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    with connected(tls=speaking_tls(authority, "127.0.0.1")) as (_, connection):
        assert connection.get("scores") == {}

    with (
        connected(tls=speaking_tls(authority, "other.test")) as (server, connection),
        pytest.raises(NotReachable, match="not trusted"),
    ):
        connection.get("scores")
    assert server.received == []


def test_a_server_that_does_not_speak_tls_is_told():
    with FaultyServer() as server:
        url = server.url.replace("http://", "https://")
        with (
            closing(Connection(address_of(url), patience=5)) as connection,
            pytest.raises(NotReachable, match="does not speak TLS"),
        ):
            connection.get("scores")


# The keys.


# Kept here, since a variable of a test would show in the traceback with what it holds.
ANSWERS = {
    "401": Reply(401),
    "422": Reply(422),
    "500": Reply(500),
    "page": PAGE,
    "closed": Reply(fault=Fault.CLOSE),
    "reset": Reply(body={"a": "b"}, fault=Fault.RESET),
    "slow": Reply(delay=30),
    "redirect": Reply(307, b"", {"Location": "https://evil.test/"}),
    "echo": Reply(418, {"message": f"{'x' * 250} you sent Basic {TOKEN}, which is {SECRET}"}),
    "echo in a page": Reply(418, f"<title>Basic {TOKEN} {SECRET}</title>"),
    "escaped echo": Reply(418, '{"message": "' + TOKEN.replace("z", "\\u007a") + '"}'),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_error_log_or_traceback_shows_the_keys(answer, caplog):
    caplog.set_level(logging.DEBUG)
    with connected(otherwise=ANSWERS[answer], read_timeout=0.2, patience=0.1) as (_, connection):
        with pytest.raises(ServerError) as raised:
            connection.post("score", {"id": "s"})
        shown = [everything_told(raised.value), repr(connection), caplog.text]
        shown += [repr(record.__dict__) for record in caplog.records]

    assert raised.value.__context__ is None
    assert any("httpcore" in record.name for record in caplog.records)
    for text in shown:
        assert SECRET not in text
        assert TOKEN not in text
        assert TOKEN[:20] not in text


@pytest.mark.parametrize("user", ["eve:hunter2", ":hunter2"])
def test_a_password_in_the_address_is_refused_and_not_repeated(user):
    with pytest.raises(BadInput, match="address") as raised:
        address_of(f"https://{user}@cloud.test")

    assert "hunter2" not in str(raised.value)


def test_an_interrupt_in_the_middle_of_a_request_does_not_show_the_keys():
    class Interrupted(httpx.BaseTransport):
        def handle_request(self, request):
            header = request.headers["authorization"]
            raise KeyboardInterrupt from OSError(header)

    made = Connection(address_of("https://cloud.test"), transport=Interrupted())
    with closing(made), pytest.raises(KeyboardInterrupt) as raised:
        made.get("scores")

    assert TOKEN not in everything_told(raised.value)


# Paths.


def test_both_apis_know_the_same_words():
    assert XEROML.paths.keys() == LANGFUSE.paths.keys()


def test_a_user_replaces_a_path_or_takes_it_away():
    paths = {"dataset items": "/mine/{dataset}", "ingestion": None}
    with connected(paths=paths) as (server, connection):
        connection.get("dataset items", dataset="a/b")
        assert not connection.offers("ingestion")
        with pytest.raises(BadInput, match="XeroML API has no ingestion"):
            connection.post("ingestion", {})

    assert [asked.path for asked in server.received] == ["/mine/a%2Fb"]


def test_a_path_found_missing_is_remembered_by_all_who_share_the_connection():
    with connected() as (_, connection):
        other = connection.with_patience(9)
        assert other.offers("ingestion")
        connection.note_missing("ingestion")
        assert not other.offers("ingestion")
        assert not connection.offers("projects")


@pytest.mark.parametrize(
    "paths", [{"scorse": "/x"}, {"scores": "x"}, {"dataset": "/{nam}"}, {"dataset": "/{}"}], ids=str
)
def test_a_path_that_cannot_be_used_is_refused(paths):
    with pytest.raises(BadInput, match="path"):
        api_for("xeroml", paths)


def test_the_langfuse_paths_are_langfuses():
    with connected(api="langfuse") as (server, connection):
        connection.post("score", {})
        connection.get("dataset", dataset="a/b")
        connection.get("dataset items", dataset="a/b", query={"datasetName": "a/b"})
        connection.delete("dataset run", dataset="a", run="r 1")

    assert [asked.path.removeprefix("/api/public") for asked in server.received] == [
        "/scores",
        "/v2/datasets/a%2Fb",
        "/dataset-items",
        "/datasets/a/runs/r%201",
    ]


# The check.


@pytest.mark.parametrize(
    ("role", "rights", "asked"),
    [
        ("read-write", "read and write", 2),
        ("read-only", "read only", 2),
        ("scores-only", "scores only", 1),
    ],
)
def test_a_check_tells_server_version_key_and_rights_in_one_line(role, rights, asked):
    health = Reply(body={"status": "OK", "version": "0.1.0", "role": role})
    with connected(health, Reply(body={"data": []})) as (server, connection):
        found = check(connection)

    assert found.ok
    assert repr(found) == (
        f"reached {server.url} (XeroML API, own server 0.1.0) as pk-xm-0123…: {rights}"
    )
    assert len(server.received) == asked


def test_a_check_of_a_server_of_our_own_tells_what_each_pair_may_do(own_folder):
    found = {}
    with running(own_folder / "server.db") as there:
        for role in Role:
            public, secret = there.key(role)
            with closing(Connection(ServerAddress(there.url, public, Secret(secret)))) as made:
                found[role] = check(made).text.rpartition(": ")[2]
        with closing(Connection(ServerAddress(there.url, public, Secret("wrong")))) as made:
            wrong = check(made)

    assert found == {
        Role.READ_WRITE: "read and write",
        Role.READ_ONLY: "read only",
        Role.SCORES_ONLY: "scores only",
    }
    assert not wrong.ok
    assert "401" in wrong.text


@pytest.mark.parametrize(("api", "read"), [("xeroml", "v2/scores"), ("langfuse", "projects")])
def test_a_check_of_another_server_reads_a_little(api, read):
    with connected(Reply(404), api=api) as (server, connection):
        found = check(connection)

    assert found.ok
    assert found.text.endswith("as pk-xm-0123…: keys accepted")
    assert [asked.path for asked in server.received][1] == f"/api/public/{read}"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ((Reply(), Reply(401, {"message": "unknown key"})), "unknown key. Check XEROML_PUBLIC_KEY"),
        ((Reply(403, {"message": "no"}),), "403: no. Use keys that may"),
        ((Reply(), Reply(body="<html>", headers={"Content-Type": "text/html"})), "HTML page"),
        ((Reply(), Reply(429, headers={"Retry-After": "600"})), "Try again in 600 s"),
    ],
    ids=["401", "403", "page", "429"],
)
def test_a_check_that_fails_says_what_is_wrong_and_what_to_do(script, told):
    with connected(*script) as (_, connection):
        found = check(connection)

    assert not found.ok
    assert told in repr(found)
    assert "\n" not in repr(found)


def test_a_check_without_a_server_or_with_one_that_is_down_raises_nothing():
    with FaultyServer() as server:
        gone = server.url
    with closing(Connection(address_of(gone))) as connection:
        found = check(connection)

    assert not found.ok
    assert f"Nothing answers at {gone}" in found.text
    assert "xeroml-nb serve" in repr(check(None))


@pytest.mark.parametrize(
    ("hours", "told"), [(3, "180 min behind"), (-3, "180 min ahead of"), (0.01, None)]
)
def test_a_check_says_by_how_much_the_clocks_differ(hours, told):
    there = http_date(clock.now() + timedelta(hours=hours))
    with connected(Reply(headers={"Date": there})) as (_, connection):
        found = check(connection)

    assert found.ok
    assert (told in found.text) if told else ("clock" not in found.text)


def test_a_check_warns_of_a_connection_that_others_can_read():
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={}))
    for url, warned in (("http://scores.test", True), ("https://scores.test", False)):
        with closing(Connection(address_of(url), transport=transport)) as connection:
            assert ("not encrypted" in check(connection).text) is warned
