"""Much is sent by a process of its own, which is as safe as sending it here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from sync.conftest import client_to, environment
from sync.faulty_server import FaultyServer, Reply
from sync.test_push import give_scores, numbers, values_there
from xeroml_nb import errors
from xeroml_nb.errors import AccessDenied, NotReachable, Refused, ServerBusy, ServerFault
from xeroml_nb.sync.sending import beside, flow, push

SLOW = Reply(207, json.dumps({"successes": [], "errors": []}), delay=30)


@pytest.fixture
def always(monkeypatch):
    """However little is sent, a process of its own does it."""
    for module in (push, flow):
        monkeypatch.setattr(module, "MANY", 1)


def helpers_of(pid):
    """The processes that send for another."""
    try:
        children = psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        return []
    return [child for child in children if "xeroml_nb.sync.sending.worker" in child.cmdline()]


def until(holds, seconds=20):
    """Wait for something, and give what it is then."""
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


def test_what_came_of_it_is_the_same_as_if_it_had_been_sent_here(client, there, always):
    ids = give_scores(client, 30)
    sender = client_to(there)
    sender._flow.stop()
    seen = []
    pushed = sender.push(progress=lambda done, total: seen.append((done, total)))
    assert numbers(pushed) == (30, 0, 0, 0)
    assert sorted(values_there(there)) == sorted(ids)
    assert seen[-1] == (30, 30)
    assert numbers(sender.push()) == (0, 0, 0, 30)
    assert pushed.undo().left == []
    assert values_there(there) == {}
    sender.close()


def test_what_the_server_refuses_is_told_with_its_words(client, there, always):
    client.score(trace_id="t" * 300, name="accuracy", value=1)
    client.score(trace_id="t", name="accuracy", value=1)
    sender = client_to(there)
    sender._flow.stop()
    pushed = sender.push()
    assert (pushed.total.created, pushed.total.refused) == (1, 1)
    assert "300 characters" in pushed.refused[0].said
    assert sender.dead_letters()["said"].tolist() == [pushed.refused[0].said]
    sender.close()


def test_an_error_there_is_raised_here_and_shows_no_key(client, there, always):
    give_scores(client, 3)
    sender = client_to(there, secret_key="sk-xm-of-somebody-else")
    sender._flow.stop()
    with pytest.raises(AccessDenied, match="keys are missing or wrong") as caught:
        sender.push()
    assert caught.value.next_step
    seen = traceback.TracebackException(
        type(caught.value), caught.value, caught.tb.tb_next, capture_locals=True
    )
    assert "sk-xm-of-somebody-else" not in "".join(seen.format())
    sender.close()


@pytest.mark.parametrize(
    "error",
    [
        Refused("No.", "Do this.", status=422, said="because"),
        ServerBusy("Later.", "Wait.", wait=7.0),
        NotReachable("Away.", "Look."),
        errors.NotAllSent("Left.", "Again."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_arrives_as_it_was(error):
    arrived = beside.as_error(json.loads(json.dumps(beside.error_told(error))))
    assert type(arrived) is type(error)
    assert (str(arrived), vars(arrived)) == (str(error), vars(error))


def test_nobody_else_can_read_the_keys_and_a_kill_loses_nothing(client, there, always):
    ids = give_scores(client, 30)
    with FaultyServer(otherwise=SLOW) as way, ThreadPoolExecutor(1) as pool:
        held = client_to(there, host=way.url)
        held._flow.stop()
        pushed = pool.submit(held.push)
        [helper] = until(lambda: helpers_of(os.getpid()))
        until(lambda: way.received)
        assert there.secret not in " ".join(helper.cmdline())
        assert there.secret not in " ".join(helper.environ().values())
        helper.kill()
        with pytest.raises(ServerFault, match="ended with status -9"):
            pushed.result(timeout=20)
        held.close()
    sender = client_to(there)
    sender._flow.stop()
    assert numbers(sender.push()) == (30, 0, 0, 0)
    assert sorted(values_there(there)) == sorted(ids)
    sender.close()


PUSHES = """
import xeroml_nb as xn
from xeroml_nb.sync.sending import push
push.MANY = 1
client = xn.get_client()
client._flow.stop()
client.push()
"""


def test_it_ends_with_the_kernel_that_started_it(client, there):
    give_scores(client, 3)
    with FaultyServer(otherwise=SLOW) as way:
        kernel = subprocess.Popen(
            [sys.executable, "-c", PUSHES], env=os.environ | environment(there, way.url)
        )
        [helper] = until(lambda: helpers_of(kernel.pid))
        until(lambda: way.received)
        kernel.kill()
        kernel.wait()
        until(lambda: not helper.is_running() or helper.status() == psutil.STATUS_ZOMBIE)


def test_what_flows_by_itself_goes_the_same_way(client, there, always):
    sender = client_to(there)
    ids = give_scores(sender, 20)
    sender.flush()
    assert sorted(values_there(there)) == sorted(ids)
    sender.close()


def test_closing_ends_what_still_sends(client, there, always):
    with FaultyServer(otherwise=SLOW) as way:
        sender = client_to(there, host=way.url)
        give_scores(sender, 5)
        [helper] = until(lambda: helpers_of(os.getpid()))
        until(lambda: way.received)
        sender.close()
        until(lambda: not helper.is_running())
    assert Path("store.db").exists()


def test_a_process_that_says_nothing_is_told_of(client, there, always, monkeypatch):
    give_scores(client, 1)
    sender = client_to(there)
    sender._flow.stop()
    monkeypatch.setattr(beside.sys, "executable", "/bin/false")
    with pytest.raises(ServerFault, match="ended with status 1: it said nothing"):
        sender.push()
    sender.close()
