"""The commands: serve a store, make keys, take them back; and who may listen where."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
from itertools import pairwise

import httpx
import pytest
from typer.testing import CliRunner

import xeroml_nb as xn
from xeroml_nb.cli import app
from xeroml_nb.errors import BadInput
from xeroml_nb.records.access import Role
from xeroml_nb.server import serving as serving_module
from xeroml_nb.server.serving import address_of, is_loopback, listening, refuse_wide
from xeroml_nb.store import api_keys
from xeroml_nb.store.store import Store

from .running import API

COMMAND = (sys.executable, "-W", "error", "-c", "from xeroml_nb.cli import app; app()")
SCORE = {"traceId": "t", "name": "n", "value": 1}


@pytest.fixture
def command():
    """Runs `xeroml-nb` with some words; gives its status, and what it printed on both ways."""

    def run(*words):
        done = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
        return done.exit_code, done.stdout, done.stderr

    return run


@contextmanager
def serving(*words, **variables):
    """`xeroml-nb serve` as a process of its own: the process, its address, what it said before."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables, "PYTHONUNBUFFERED": "1"},
    )
    try:
        said = []
        while not (
            found := re.search(r"Serving .* at (http\S+)", (line := process.stdout.readline()))
        ):
            assert line, process.stderr.read()
            said.append(line)
        yield process, found[1], "".join(said)
    finally:
        process.kill()
        process.communicate()


def keys_in(text):
    return tuple(re.search(rf"XEROML_{kind}_KEY=(\S+)", text)[1] for kind in ("PUBLIC", "SECRET"))


def stored_keys(own_folder):
    with closing(Store(str(own_folder / "store.db"))) as store, store.reading() as connection:
        return api_keys.listing(connection)


def test_the_first_start_makes_a_pair_and_shows_it_once(own_folder):
    with serving() as (process, url, said):
        public, secret = keys_in(said)
        with httpx.Client(base_url=url + API, auth=(public, secret)) as http:
            assert http.post("/scores", json=SCORE).status_code == 200
            assert http.get("/health").json()["status"] == "OK"
        process.send_signal(signal.SIGINT)
        printed, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert secret not in printed
    assert secret.encode() not in (own_folder / "store.db").read_bytes()

    with serving() as (_, url, said):
        assert said == "", "the pair is still there"
        with httpx.Client(base_url=url + API, auth=(public, secret)) as http:
            assert http.get("/scores").json()["meta"]["total"] == 1


def test_what_was_answered_survives_a_kill(own_folder):
    keys = {"XEROML_PUBLIC_KEY": "pk-own", "XEROML_SECRET_KEY": "sk-own"}
    with serving(**keys) as (process, url, said):
        assert "sk-own" not in said
        with httpx.Client(base_url=url + API, auth=("pk-own", "sk-own")) as http:
            made = http.post("/scores", json=SCORE).json()["id"]
        process.kill()
        process.wait()
    with closing(xn.Client(xn.get_client().settings)) as client:
        assert list(client.get_scores()["id"]) == [made]
    xn.get_client().close()


def test_without_keys_nobody_listens_wider_than_this_machine(own_folder, command):
    status, _, said = command("serve", "--host", "0.0.0.0", "--port", "0")
    assert status == 2
    assert said == (
        "The server has no keys, and 0.0.0.0 can be reached from other machines. "
        "Make keys with: xeroml-nb keys add\n"
    )
    assert stored_keys(own_folder) == []


def test_revoked_keys_are_none(own_folder, command):
    public, _ = keys_in(command("keys", "add")[1])
    assert command("keys", "revoke", public)[0] == 0
    assert command("serve", "--host", "0.0.0.0", "--port", "0")[0] == 2


def test_with_keys_a_server_listens_wider_and_as_it_is_told(own_folder, command):
    keys = keys_in(command("keys", "add")[1])
    words = ("--allow-origin", "https://a.example", "--allow-origin", "https://b.example")
    with (
        serving("--host", "0.0.0.0", *words, "--rate-limit", "7") as (_, url, said),
        httpx.Client(base_url=url.replace("0.0.0.0", "127.0.0.1") + API, auth=keys) as http,
    ):
        assert said == ""
        for page in ("https://a.example", "https://b.example"):
            answer = http.get("/scores", headers={"Origin": page})
            assert answer.headers["access-control-allow-origin"] == page
        assert answer.headers["x-ratelimit-limit"] == "7"


@pytest.mark.parametrize("given", ["PUBLIC", "SECRET"])
def test_half_a_pair_in_the_environment_is_refused(own_folder, command, monkeypatch, given):
    monkeypatch.setenv(f"XEROML_{given}_KEY", "half")
    status, _, said = command("serve", "--port", "0")
    assert status == 2
    assert said.startswith(f"XEROML_{given}_KEY is set, but not XEROML_")


def test_a_port_that_is_taken_is_named(own_folder, command):
    with listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        status, _, said = command("serve", "--port", str(port))
    assert status == 2
    assert f"Nothing can listen on port {port} of 127.0.0.1" in said
    assert stored_keys(own_folder) == [], "no pair was made whose secret nobody saw"


def test_a_store_that_cannot_be_opened_is_named(own_folder, command):
    (own_folder / "text.db").write_text("no database at all, " * 100)
    status, _, said = command("serve", "--store", str(own_folder / "text.db"), "--port", "0")
    assert status == 1
    assert "is damaged or is no store" in said


@pytest.mark.parametrize(
    ("host", "alone"),
    [("127.0.0.1", True), ("127.0.0.2", True), ("localhost", True), ("0.0.0.0", False)],
)
def test_which_addresses_only_this_machine_reaches(host, alone):
    assert is_loopback(host) is alone
    if not alone:
        with pytest.raises(BadInput, match="Make keys with"):
            refuse_wide(host)


def test_a_host_that_nobody_knows_is_named():
    with pytest.raises(BadInput, match=r"The host 'no\.such\.invalid' is not known"):
        listening("no.such.invalid", 0)


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_address_of_ipv6_is_written_in_brackets():
    assert is_loopback("::1")
    assert not is_loopback("::")
    with listening("::1", 0) as here:
        assert address_of(here) == f"http://[::1]:{here.getsockname()[1]}"


# Keys.


def test_keys_are_made_listed_and_revoked(own_folder, command):
    made = {}
    for role in Role:
        status, printed, said = command("keys", "add", "--role", role, "--label", f"for {role}")
        assert (status, said) == (
            0,
            f"These keys are {role}. The secret is not shown again: keep it now.\n",
        )
        made[role] = keys_in(printed)
    assert all(a[0] != b[0] and a[1] != b[1] for a, b in pairwise(made.values()))

    public, _ = made[Role.READ_ONLY]
    assert command("keys", "revoke", public)[1] == f"{public} is revoked.\n"
    lines = command("keys", "list")[1].splitlines()
    assert [(line.split()[0], line.split()[1]) for line in lines] == [
        (made[role][0], str(role)) for role in Role
    ]
    assert ["revoked" in line for line in lines] == [role is Role.READ_ONLY for role in Role]
    assert all(f"for {role}" in line for role, line in zip(Role, lines, strict=True))
    assert not any(secret in "".join(lines) for _, secret in made.values())
    assert [k.is_opened_by(made[k.role][1]) for k in stored_keys(own_folder)] == [True] * 3


def test_a_store_without_keys_says_how_to_make_some(command):
    refused = command("keys", "list")
    assert refused[:2] == (2, "")
    assert refused[2].startswith("There is no store ")
    xn.get_client().close()
    said = "There are no keys. Make a pair with: xeroml-nb keys add\n"
    assert command("keys", "list") == (0, "", said)
    assert command("keys", "list", "--json") == (0, "[]\n", said)


def test_programs_are_told_of_keys_and_of_a_secret_once(command):
    made = json.loads(command("keys", "add", "--label", "ci", "--json")[1])
    assert made.keys() == {"public_key", "secret_key", "role", "label"}
    assert (made["role"], made["label"]) == ("read-write", "ci")
    [listed] = json.loads(command("keys", "list", "--json")[1])
    assert listed.keys() == {"public_key", "role", "label", "created_at", "revoked_at"}
    assert (listed["public_key"], listed["revoked_at"]) == (made["public_key"], None)
    revoked = json.loads(command("keys", "revoke", made["public_key"], "--json")[1])
    assert revoked == listed | {"revoked_at": revoked["revoked_at"]}
    assert revoked["revoked_at"]


@pytest.fixture
def begun(command, monkeypatch):
    """Runs `xeroml-nb serve` until it would wait for requests; gives what it printed."""

    class Server:
        def run(self, sockets):
            assert sockets

    def start(*words):
        monkeypatch.setattr(serving_module, "configured", lambda _: Server())
        monkeypatch.setattr(serving_module.gc, "freeze", lambda: None)
        status, printed, said = command("serve", "--port", "0", *words)
        assert (status, said) == (0, "")
        return printed

    return start


def test_programs_are_told_of_a_start_in_one_line(begun, command, own_folder):
    first = begun("--json")
    told = json.loads(first)
    assert first.count("\n") == 1
    assert told.keys() == {"url", "store", "roles", "public_key", "secret_key"}
    assert (told["store"], told["roles"]) == (str(own_folder / "store.db"), ["read-write"])
    assert told["url"].startswith("http://127.0.0.1:")
    [key] = stored_keys(own_folder)
    assert key.is_opened_by(told["secret_key"])

    command("keys", "add", "--role", "scores-only")
    again = json.loads(begun("--json"))
    assert again.keys() == {"url", "store", "roles"}
    assert again["roles"] == ["read-write", "scores-only"]


def test_a_key_that_is_mistyped_is_told_apart(own_folder, command):
    public, _ = keys_in(command("keys", "add")[1])
    status, _, said = command("keys", "revoke", public[:-1])
    assert status == 2
    assert f"There is no key '{public[:-1]}'. Did you mean '{public}'?" in said


def test_the_store_is_chosen_on_the_command_line(own_folder, command):
    elsewhere = str(own_folder / "elsewhere.db")
    command("keys", "add", "--store", elsewhere)
    assert len(command("keys", "list", "--store", elsewhere)[1].splitlines()) == 1
    assert command("keys", "list")[0] == 2, "there is no other store"
