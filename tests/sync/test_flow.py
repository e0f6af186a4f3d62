"""New scores and traces reach the server by themselves; `flush` waits for them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import httpx
import pytest
from opentelemetry import trace

import xeroml_nb as xn
from sync.conftest import client_to, environment
from sync.faulty_server import FaultyServer, Reply
from sync.test_push import scores_here, take_back, values_there
from xeroml_nb.errors import NotAllSent
from xeroml_nb.store import outbox

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def flowing(there, own_folder):
    """A client whose scores and traces flow to the server."""
    made = client_to(there)
    yield made
    made.close()


def waiting(client):
    with client.store.reading() as connection:
        return outbox.count(connection, client._remote.id)


def until(reached, seconds=20):
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def test_scores_and_traces_arrive_without_being_pushed(flowing, there):
    with flowing.start_as_current_observation(name="ask", input="why?") as root:
        root.update(output="because")
    score = flowing.score(trace_id=root.trace_id, name="helpful", value=True)
    until(lambda: values_there(there) == {score.id: True})
    flowing.flush()

    assert waiting(flowing) == {}
    reader = xn.get_client(there.place)
    [span] = reader.get_trace(root.trace_id)
    assert (span.name, span.input, span.output) == ("ask", "why?", "because")
    reader.close()


def test_flush_waits_until_everything_is_on_the_server(flowing, there):
    for n in range(600):
        flowing.score(trace_id=f"t{n}", name="n", value=n)
    flowing.flush()
    assert values_there(there) == scores_here(flowing)

    flowing.score(trace_id="t0", name="n", value=7)
    ids = list(scores_here(flowing))
    take_back(flowing, ids[1:3])
    flowing.flush()
    assert values_there(there) == scores_here(flowing)
    assert len(values_there(there)) == 598


def test_what_flowed_is_not_pushed_again(flowing, there):
    flowing.score(trace_id="t", name="n", value=1)
    flowing.flush()
    push = flowing.push()
    assert (push.total.created, push.total.unchanged) == (0, 1)


def test_an_undone_push_does_not_flow_back(flowing, there):
    flowing.score(trace_id="t", name="n", value=1)
    push = flowing.push()
    push.undo()
    flowing.flush()
    assert len(values_there(there)) == 1 - push.total.created
    assert waiting(flowing) == {}


def test_a_server_that_is_down_holds_nothing_up_and_gets_all_of_it_later(there, monkeypatch):
    away = client_to(there, host=NOBODY)
    score = away.score(trace_id="t", name="n", value=1)
    with away.start_as_current_observation(name="work"):
        pass
    with monkeypatch.context() as patched:
        patched.setattr(away._flow, "flush", lambda _: pytest.fail("it waits for the server"))
        assert list(away.get_scores()["id"]) == [score.id]
        assert len(away.get_trace("t").scores) == 1
    with pytest.raises(NotAllSent) as error:
        away.flush(timeout=0.3)
    assert str(error.value).startswith(f"1 score and 1 trace could not be sent to {NOBODY} yet.")
    assert "They stay in the outbox" in error.value.next_step
    assert waiting(away) == {"score": 1, "trace": 1}
    away.close()

    # The notes are the address's own: its next client finds them.
    again = client_to(there, host=NOBODY)
    assert waiting(again) == {"score": 1, "trace": 1}
    again.close()


def test_flush_names_what_the_server_refused_once(there):
    body = {"successes": [], "errors": []}

    def refuse(request):
        errors = [
            {"id": event["id"], "status": 400, "message": "no such name", "error": "unknown n"}
            for event in request.json["batch"]
        ]
        return Reply(207, body | {"errors": errors})

    with FaultyServer(otherwise=refuse) as refusing:
        client = client_to(there, host=refusing.url)
        client.score(trace_id="t", name="n", value=1)
        with pytest.raises(NotAllSent, match="refused 1 object, the first with: no such name"):
            client.flush()
        client.flush()
        assert list(client.dead_letters()["said"]) == ["no such name: unknown n"]
        client.close()


def test_wrong_keys_end_a_flush_at_once(there):
    denied = client_to(there, secret_key="sk-xm-wrong")
    denied.score(trace_id="t", name="n", value=1)
    with pytest.raises(NotAllSent, match=r"1 score could not be sent .* XEROML_PUBLIC_KEY"):
        denied.flush(timeout=60)
    denied.close()


def test_closing_does_not_wait_for_a_slow_server_and_the_next_client_goes_on(there):
    with FaultyServer(otherwise=Reply(207, delay=30)) as slow:
        client = client_to(there, host=slow.url)
        client.score(trace_id="t", name="n", value=1)
        until(lambda: slow.received)
        client.close()
        assert client._flow._thread.is_alive()  # it hangs in its request, but nobody waits for it
    again = client_to(there, host=slow.url)
    assert waiting(again) == {"score": 1}
    again.close()


def test_two_processes_over_one_store_send_everything_once(flowing, there):
    script = (
        "import xeroml_nb as xn\n"
        "client = xn.get_client()\n"
        "for n in range(200):\n"
        "    client.score(trace_id=f'a {n}', name='n', value=n)\n"
        "client.flush()\n"
    )
    command = [sys.executable, "-W", "error", "-c", script]
    with subprocess.Popen(command, env=os.environ | environment(there)) as other:
        for n in range(200):
            flowing.score(trace_id=f"b {n}", name="n", value=n)
        assert other.wait(timeout=60) == 0
    flowing.flush()
    assert len(values_there(there)) == 400
    assert values_there(there) == scores_here(flowing)
    assert waiting(flowing) == {}


def test_where_http_is_traced_sending_makes_nothing_to_send(flowing, there, monkeypatch):
    send = httpx.Client.send

    def traced(self, *args, **options):
        with trace.get_tracer("instrumented").start_as_current_span("POST"):
            return send(self, *args, **options)

    monkeypatch.setattr(httpx.Client, "send", traced)
    flowing.score(trace_id="t", name="n", value=1)
    flowing.flush()
    flowing.push()
    assert len(values_there(there)) == 1
    assert list(flowing.get_traces()["observations"]) == [0]


LAZY = """
import sys, threading
importers = {}

class Watch:
    def find_spec(self, name, path=None, target=None):
        importers.setdefault(name, threading.current_thread().name)

sys.meta_path.insert(0, Watch())
import xeroml_nb as xn
client = xn.get_client()
with client.start_as_current_observation(name="first"):
    pass
client.score(trace_id="t", name="n", value=1)
client.flush()
print(importers["httpx"])
"""


def test_the_first_score_does_not_wait_for_the_http_client_to_load(there, own_folder):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LAZY],
        env=os.environ | environment(there),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("xeroml-flow\n", "")
    assert len(values_there(there)) == 1


ENDS = """
import os
import xeroml_nb as xn
client = xn.get_client(host="http://127.0.0.1:9", public_key="pk", secret_key="sk")
client.score(trace_id="t", name="n", value=1)
if child := os.fork():
    os.waitpid(child, 0)
else:
    client.close()
    print("closed", flush=True)
"""


def test_neither_a_fork_nor_the_end_of_a_process_hangs_or_loses_a_note(own_folder):
    command = [sys.executable, "-c", ENDS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("closed\n", "")
    again = xn.get_client(host=NOBODY, public_key="pk", secret_key="sk")
    assert waiting(again) == {"score": 1}
    again.close()


def test_a_closed_client_has_no_thread_left(flowing):
    flow = flowing._flow
    assert flow._thread in threading.enumerate()
    flowing.close()
    assert flow._thread not in threading.enumerate()
    assert repr(flow) == f"Flow({flowing._remote.record.host})"
