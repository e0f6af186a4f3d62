"""What the process that sends much does with what it is told, tried inside this one."""

from __future__ import annotations

import io
import json
import sys
import threading
from types import SimpleNamespace

import pytest

from sync.conftest import client_to
from sync.test_push import give_scores, values_there
from xeroml_nb.sync.parcels.base import Scope
from xeroml_nb.sync.sending import beside, worker


class Pipe(io.StringIO):
    """The input of a process: a line, and no end before `ended` is set."""

    def __init__(self):
        super().__init__()
        self.ended = threading.Event()

    def read(self, size=-1):
        self.ended.wait(20)
        return ""


@pytest.fixture
def process(monkeypatch):
    """What a process of its own would do to itself: how nice it became, how it ended."""
    done = SimpleNamespace(nice=[], statuses=[], ended=threading.Event(), pipe=Pipe())

    def leave(status):
        done.statuses.append(status)
        done.ended.set()

    monkeypatch.setattr(worker.os, "nice", done.nice.append)
    monkeypatch.setattr(worker.os, "_exit", leave)
    monkeypatch.setattr(sys, "stdin", done.pipe)
    yield done
    done.pipe.ended.set()
    assert done.ended.wait(20)


def told_by(remote, job, process, monkeypatch, scope=None):
    """What the process says, line by line."""
    beside._ask(SimpleNamespace(stdin=process.pipe), remote, job, scope)
    process.pipe.seek(0)
    said = io.StringIO()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", said)
        worker.main()
    return [json.loads(line) for line in said.getvalue().splitlines()]


def test_it_pushes_and_tells_what_came_of_it(client, there, process, monkeypatch):
    ids = give_scores(client, 30)
    sender = client_to(there)
    sender._flow.stop()
    scope = Scope("everything", everything=True)
    *progress, last = told_by(sender._remote, "push", process, monkeypatch, scope)
    assert progress[-1] == {"progress": [30, 30]}
    assert last["result"]["counts"]["score"]["created"] == 30
    assert sorted(values_there(there)) == sorted(ids)
    assert process.nice == [10]  # who sits at the notebook comes first
    assert process.statuses == []
    process.pipe.ended.set()
    assert process.ended.wait(20)
    assert process.statuses == [1]  # nobody listens any more
    sender.close()


def test_it_sends_all_that_is_noted(client, there, process, monkeypatch):
    sender = client_to(there)
    sender._flow.stop()
    ids = give_scores(sender, 700)
    told = told_by(sender._remote, "noted", process, monkeypatch)
    assert told == [{"result": {"done": 700}}]
    assert sorted(values_there(there)) == sorted(ids)
    sender.close()


def test_it_tells_what_went_wrong(client, there, process, monkeypatch):
    sender = client_to(there, secret_key="sk-xm-of-somebody-else")
    sender._flow.stop()
    give_scores(sender, 1)
    [told] = told_by(sender._remote, "noted", process, monkeypatch)
    assert told["error"]["kind"] == "AccessDenied"
    assert told["error"]["text"]
    assert "sk-xm-of-somebody-else" not in json.dumps(told)
    sender.close()


def test_progress_is_told_at_the_end_and_not_more_often_than_people_can_read():
    said = io.StringIO()
    progress = worker._Progress(said)
    for done in range(1, 1_001):
        progress(done, 1_000)
    told = [json.loads(line)["progress"][0] for line in said.getvalue().splitlines()]
    assert told[0] == 1
    assert told[-1] == 1_000
    assert len(told) < 100
