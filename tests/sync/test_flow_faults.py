"""Whatever goes wrong: a score is on the server exactly once, or a dead letter that says why."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from server.running import running

from sync.conftest import client_to, environment
from sync.faulty_server import Fault, FaultyServer, Reply
from sync.test_push import give_scores, numbers, scores_here, values_there
from xeroml_nb.errors import (
    AccessDenied,
    NotAllSent,
    NotReachable,
    ServerBusy,
    ServerError,
    ServerFault,
    StoreFull,
)
from xeroml_nb.store.deliveries import push_listing
from xeroml_nb.sync.transport.connection import Connection

HTML = Reply(502, "<html><title>Bad Gateway</title></html>", {"Content-Type": "text/html"})
PASSED_ON = ("authorization", "content-type", "content-encoding", "accept")


class Bent:
    """A way to a real server that bends the first answers.

    Args:
        there: The server.
        bend: Makes the answer of a request from the real one, which it may ask for or not.
        times: How many answers are bent.
    """

    def __init__(self, there, bend, times=2):
        self.http = there.http(auth=None, base="")
        self.bend = bend
        self.left = times
        self.asked = 0
        self._lock = threading.Lock()

    def __call__(self, request):
        with self._lock:
            self.asked += 1
            bent, self.left = self.left > 0, self.left - 1
        return self.bend(lambda: self.real(request)) if bent else self.real(request)

    def real(self, request):
        headers = {n: v for n, v in request.headers.items() if n in PASSED_ON}
        query = [(name, value) for name, values in request.query.items() for value in values]
        answer = self.http.request(
            request.method, request.path, params=query, content=request.body, headers=headers
        )
        return Reply(answer.status_code, answer.content, {"Content-Type": "application/json"})


def with_fault(fault):
    """The real answer, broken on its way."""
    return lambda real: Reply(200, real().body, fault=fault)


def only(*reply, **details):
    """An answer in place of the real one."""
    return lambda _: Reply(*reply, **details)


PASSING = {
    "reset in the middle of the answer": with_fault(Fault.RESET),
    "closed before the answer": with_fault(Fault.CLOSE),
    "closed before it was understood": only(fault=Fault.CLOSE),
    "408": only(408),
    "429": only(429, {"message": "slow down"}),
    "429 with Retry-After": only(429, {"message": "slow down"}, {"Retry-After": "0"}),
    "500": only(500, {"message": "oops"}),
    "503": only(503, {"message": "restarting"}, {"Retry-After": "0"}),
    "a page of a proxy": lambda _: HTML,
}


@pytest.mark.parametrize("bend", PASSING.values(), ids=PASSING.keys())
def test_trouble_that_passes_is_not_noticed_by_a_push(client, there, bend):
    ids = give_scores(client, 30)
    with FaultyServer(otherwise=Bent(there, bend)) as way:
        sender = client_to(there, host=way.url)
        assert numbers(sender.push()) == (30, 0, 0, 0)
        assert sorted(values_there(there)) == sorted(ids)
        assert numbers(sender.push()) == (0, 0, 0, 30)
        sender.close()


def test_trouble_that_passes_is_not_noticed_by_the_flow(there):
    bends = iter(PASSING.values())

    def next_bend(real):
        return next(bends)(real)

    with FaultyServer(otherwise=Bent(there, next_bend, len(PASSING))) as way:
        sender = client_to(there, host=way.url)
        give_scores(sender, 30)
        sender.flush()
        assert values_there(there) == scores_here(sender)
        sender.close()


LASTING = {
    "401": (only(401, {"message": "no such key"}), AccessDenied, "no such key"),
    "403": (only(403, {"message": "may only read"}), AccessDenied, "may only read"),
    "429": (only(429, {"message": "slow down"}, {"Retry-After": "90"}), ServerBusy, "in 90 s"),
    "500": (only(500, {"message": "oops"}), ServerFault, "oops"),
    "503": (only(503, {"message": "restarting"}), ServerBusy, "restarting"),
    "a page": (lambda _: HTML, ServerFault, "Bad Gateway"),
    "a page that succeeds": (
        only(200, "<html>hello</html>", {"Content-Type": "text/html"}),
        ServerFault,
        "HTML",
    ),
    "a reset": (with_fault(Fault.RESET), NotReachable, "broke off"),
    "silence": (only(200, {}, delay=60), NotReachable, "in time"),
}


@pytest.mark.parametrize("case", LASTING.values(), ids=LASTING.keys())
def test_trouble_that_lasts_is_told_and_nothing_is_lost(client, there, case):
    bend, error, words = case
    ids = give_scores(client, 30)
    bent = Bent(there, bend, times=1_000)
    with FaultyServer(otherwise=bent) as way:
        sender = client_to(there, host=way.url)
        hurry(sender)
        with pytest.raises(error, match=words) as told:
            sender.push()
        assert told.value.next_step
        sender.score(trace_id="later", name="accuracy", value=1.0)
        with pytest.raises(NotAllSent, match="1 score could not be sent"):
            sender.flush(timeout=0.5)

        bent.left = 0
        sender._flow._not_before = 0.0
        sender.push()
        sender.flush()
        assert len(values_there(there)) == len(ids) + 1
        assert sender.dead_letters().empty
        sender.close()


def hurry(sender):
    """Let a client give up soon."""
    server = sender.settings.server
    sender._remote._connection = Connection(server, patience=0.3, read_timeout=1.5)


REFUSALS = {
    400: {"message": "the value is no number"},
    404: {"message": "no such trace"},
    409: {"message": "it is on another trace"},
    413: {"message": "the comment is too long"},
    422: {"message": "not with this config", "error": [{"path": "value", "message": "> 1"}]},
}


@pytest.mark.parametrize("status", REFUSALS)
def test_one_score_that_is_refused_is_a_dead_letter_and_the_others_arrive(client, there, status):
    ids = give_scores(client, 30)
    unwanted = ids[7]

    class Picky(Bent):
        def __call__(self, request):
            if request.method != "POST":
                return self.real(request)
            if request.path.endswith("/ingestion"):
                return Reply(404)
            if request.json["id"] == unwanted:
                return Reply(status, REFUSALS[status])
            return self.real(request)

    with FaultyServer(otherwise=Picky(there, None, 0)) as way:
        sender = client_to(there, host=way.url)
        push = sender.push()
        assert (push.total.created, push.total.refused) == (29, 1)
        assert sorted(values_there(there)) == sorted(set(ids) - {unwanted})
        [letter] = sender.dead_letters().to_dict("records")
        assert (letter["key"], letter["status"]) == (unwanted, status)
        assert letter["said"].startswith(REFUSALS[status]["message"])
        assert letter["next_step"]
        sender.close()


def test_a_server_that_goes_away_in_the_middle_gets_the_rest_later(client, there):
    give_scores(client, 700)
    sender = client_to(there)

    def leave(done, total):
        if done >= 300 and address.host != "gone":
            address.host = "gone"
            raise KeyboardInterrupt

    address = type("Address", (), {"host": there.url})
    with pytest.raises(KeyboardInterrupt):
        sender.push(progress=leave)
    assert 0 < len(values_there(there)) < 700
    sender.push()
    assert values_there(there) == scores_here(sender)
    assert sender.pushes()["finished_at"].notna().tolist() == [True, False]
    sender.close()


# Kernels that are killed, and kernels that push at once.

PUSHES = """
import sys
import xeroml_nb as xn
client = xn.get_client()
client._flow.stop()
print(client.push(progress=lambda done, total: print(done, flush=True)).total, flush=True)
"""


def pushing(url, there):
    """A process that pushes everything and prints how far it is."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PUSHES],
        env=os.environ | environment(there, url),
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_kernel_killed_in_the_middle_of_a_push_leaves_nothing_twice(client, there):
    ids = give_scores(client, 1_000)
    slow = Bent(there, lambda real: Reply(207, real().body, delay=0.2), times=1_000)
    with FaultyServer(otherwise=slow) as way:
        process = pushing(way.url, there)
        while int(process.stdout.readline()) < 500:
            pass
        # The third batch is on the server, and its answer on the way, when the process ends.
        end = time.monotonic() + 20
        while len(values_there(there)) < 750:
            assert time.monotonic() < end
            time.sleep(0.005)
        process.kill()
        process.communicate()
        assert len(values_there(there)) < 1_000

        sender = client_to(there, host=way.url)
        sender._flow.stop()
        slow.left = 0
        push = sender.push()
        assert numbers(push) in [(500, 0, 0, 500), (250, 0, 0, 750)]
        assert sorted(values_there(there)) == sorted(ids)
        listed = sender.pushes()
        assert listed["finished_at"].notna().tolist() == [True, False]

        # Both can be taken back, also what was sent but not noted any more.
        undone = [sender.undo_push(push_id) for push_id in listed["id"]]
        assert [one.left for one in undone] == [[], []]
        assert values_there(there) == {}
        sender.close()


def test_two_kernels_that_push_at_once_send_everything_once(client, there):
    ids = give_scores(client, 1_000)
    bodies = Counter()
    lock = threading.Lock()

    class Counting(Bent):
        def __call__(self, request):
            if request.path.endswith("/ingestion"):
                with lock:
                    bodies.update(event["body"]["id"] for event in request.json["batch"])
            return self.real(request)

    with FaultyServer(otherwise=Counting(there, None, 0)) as way:
        other = pushing(way.url, there)
        assert other.stdout.readline()  # it is in the middle
        sender = client_to(there, host=way.url)
        sender._flow.stop()
        assert numbers(sender.push()) == (0, 0, 0, 1_000)
        said, _ = other.communicate(timeout=60)
        assert said.splitlines()[-1] == "1,000 created, 0 updated, 0 deleted, 0 unchanged"
        sender.close()
    assert sorted(values_there(there)) == sorted(ids)
    assert set(bodies.values()) == {1}


def test_who_sends_already_is_named(client, there, monkeypatch):
    sender = client_to(there)
    sender._flow.stop()
    other = "another-host:77"

    def claim(connection):
        connection.execute(
            sa.text("UPDATE remotes SET owner = :owner, lease_until = :until"),
            {"owner": other, "until": 4_000_000_000_000_000},
        )

    sender.store.write(claim)
    monkeypatch.setattr("xeroml_nb.sync.sending.leasing._PATIENCE", 0.2)
    with pytest.raises(NotAllSent, match="Process 77 on another-host is sending"):
        sender.push()
    sender.close()


# Disks.


@pytest.fixture
def disk():
    """Limits the pages that the SQLite file of a name may have, where it is opened from now on."""
    limit = {}

    def set_limit(connection, _record):
        [[_, _, path]] = connection.execute("PRAGMA database_list").fetchall()
        pages = limit.get(Path(path).name)
        if pages:
            connection.execute(f"PRAGMA max_page_count={pages}").close()

    sa.event.listen(sa.Engine, "connect", set_limit)
    yield limit
    sa.event.remove(sa.Engine, "connect", set_limit)


def pages_of(store):
    with store.reading() as connection:
        return connection.exec_driver_sql("PRAGMA page_count").scalar_one()


def test_a_full_disk_here_is_told_and_nothing_is_sent_twice(client, there, disk):
    ids = give_scores(client, 800)
    client.close()
    disk["store.db"] = pages_of(client.store) + 40
    full = client_to(there)
    full._flow.stop()
    with pytest.raises(StoreFull, match=r"store\.db.*Free some space"):
        full.push()
    assert 0 < len(values_there(there)) < 800
    full.close()

    disk.clear()
    sender = client_to(there)
    sender.push()
    assert sorted(values_there(there)) == sorted(ids)
    sender.close()


def test_a_full_disk_there_is_told_and_the_rest_arrives_later(client, own_folder, disk):
    give_scores(client, 1_500)
    with running(own_folder / "small.db") as there:
        disk["small.db"] = pages_of(there.store) + 60
        there.store._writer._drop_connection()
        sender = client_to(there)
        hurry(sender)
        with pytest.raises(ServerError) as told:
            sender.push()
        assert told.value.next_step
        some = len(values_there(there))
        assert 0 < some < 1_500

        disk.clear()
        there.store._writer._drop_connection()
        sender.push()
        assert values_there(there) == scores_here(sender)
        sender.close()


def test_a_push_that_failed_is_listed_as_cut_short(client, there):
    give_scores(client, 3)
    with FaultyServer(otherwise=Reply(500)) as broken:
        sender = client_to(there, host=broken.url)
        hurry(sender)
        with pytest.raises(ServerFault):
            sender.push()
        with sender.store.reading() as connection:
            [row] = push_listing(connection, sender._remote.id)
        assert (row.what, row.finished_at) == ("everything", None)
        sender.close()
