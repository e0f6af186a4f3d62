"""The comparison with peers: its protocol, its installing, and what it says of what went wrong."""

from __future__ import annotations

import json
import sys
import threading
from http.server import ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import pytest

from tests.benchmarks.peers import environments, report, rounds
from tests.benchmarks.peers.drivers import stub
from tests.benchmarks.peers.drivers.protocol import JOBS, Job, received
from tests.benchmarks.peers.environments import NotInstalledError, python_of
from tests.benchmarks.peers.killing import Killed, kill
from tests.benchmarks.peers.processes import DRIVERS, DriverFailedError, Ready, variables
from tests.benchmarks.peers.rounds import Measuring, Row
from tests.benchmarks.peers.runners import QUICK, RUNNERS, Runner

if TYPE_CHECKING:
    from collections.abc import Iterator

FLOOR, OWN = RUNNERS[:2]
STRANGER = Runner("stranger", "Stranger 1.0", "nowhere", ("stranger==1.0",))


@pytest.fixture(params=[FLOOR.name, OWN.name])
def driver(request, tmp_path, monkeypatch) -> Iterator:
    """Does a job in this process, as a script would in its own."""
    monkeypatch.syspath_prepend(DRIVERS)
    module = import_module(f"with_{request.param}")
    (kind,) = (
        k for k in vars(module).values() if isinstance(k, type) and k.__module__ == module.__name__
    )

    def do(what, **how):
        job = Job(what, str(tmp_path), **how)
        driven = kind(job)
        driven.load()
        return JOBS[what](driven, job)

    yield do
    for name in (module.__name__, "protocol"):
        sys.modules.pop(name)


def test_a_driver_runs_scores_and_keeps_every_item(driver):
    found = driver("overhead", items=10)
    assert found["kept"] == (10, 10)
    assert found["right"] == pytest.approx(0.8)
    assert found["first"] > 0
    assert found["seconds"] > 0


def test_a_driver_runs_tasks_that_wait_at_once(driver):
    found = driver("concurrency", items=10, pause=0.001, at_once=5)
    assert found["right"] == pytest.approx(0.8)


def test_a_driver_reads_its_runs_as_one_table(driver):
    driver("fill", items=5, runs=2)
    found = driver("read", items=5, runs=2)
    assert found["rows"] == 10
    assert found["right"] == pytest.approx(0.8)


def test_what_a_killed_run_kept_is_looked_at_in_another_process_and_resumed(tmp_path):
    ready = Ready(FLOOR, Path(sys.executable), Path(sys.executable))
    job = Job("begin", str(tmp_path), 10, pause=0.0, at_once=1)
    assert kill(ready, job) == Killed(done=5, outputs=4, scores=4, repeated=1)


def test_a_peer_that_cannot_be_installed_is_a_row_that_says_so(tmp_path, monkeypatch):
    def refuse(*_):
        raise NotInstalledError("ERROR: No matching distribution found for stranger==1.0")

    monkeypatch.setenv(environments.PLACE, str(tmp_path))
    monkeypatch.setattr(environments, "_called", refuse)
    rows = Measuring(tmp_path, quick=True).run([STRANGER])
    assert "| Stranger 1.0 | could not be installed: ERROR: No matching" in report.markdown(rows)
    (figure,) = report.figures(rows)
    assert (figure.what, figure.value) == ("runners measured in full; not Stranger 1.0", 0)


def test_pips_own_words_say_why_it_failed():
    code = "import sys; sys.exit('looking\\nERROR: No such thing\\nhint: try another')"
    with pytest.raises(NotInstalledError, match=r"^ERROR: No such thing$"):
        environments._called(sys.executable, "-c", code)


def test_an_environment_is_made_once_for_the_same_requirements(tmp_path, monkeypatch):
    commands = []

    def note(*command):
        commands.append(command)
        (tmp_path / "peer").mkdir(exist_ok=True)

    monkeypatch.setenv(environments.PLACE, str(tmp_path))
    monkeypatch.setattr(environments, "_called", note)
    python = python_of("peer", ("peer==1",))
    assert python.is_relative_to(tmp_path)
    assert python_of("peer", ("peer==1",)) == python
    assert len(commands) == 2
    python_of("peer", ("peer==2",))
    assert commands[-1][-1] == "peer==2"


def test_every_runner_has_its_driver_and_is_pinned():
    for runner in RUNNERS:
        assert (DRIVERS / f"with_{runner.name}.py").exists()
        pinned = [one for one in runner.requirements if "==" in one]
        assert pinned == list(runner.requirements)


def test_what_needs_nothing_is_run_by_this_python():
    assert python_of("sqlite3", ()) == Path(sys.executable)


def test_a_driver_that_fails_costs_its_cell_and_is_asked_once(tmp_path, monkeypatch):
    asked = []

    def fail(_, job):
        asked.append(job.what)
        raise DriverFailedError("KeyError: 'output'")

    monkeypatch.setattr(rounds, "ask", fail)
    monkeypatch.setattr(rounds, "kill", fail)
    (row,) = Measuring(tmp_path, quick=False).run([FLOOR])
    assert asked == ["overhead", "concurrency", "fill", "begin"]
    assert set(row.failed) == {"overhead", "concurrency", "read", "kill"}
    written = report.markdown([row])
    assert "| sqlite3 loop | a SQLite file | failed | – | failed | failed | failed |" in written
    assert "sqlite3 loop, kill: KeyError: 'output'." in written


def test_a_runner_that_loses_items_has_failed(tmp_path, monkeypatch):
    def lose(_, job):
        answer = {"import": 0.1, "first": 0.1, "seconds": 1.0, "right": 0.8}
        return answer | {"kept": [9, 10], "rows": 9}

    monkeypatch.setattr(rounds, "ask", lose)
    monkeypatch.setattr(rounds, "kill", lambda *_: None)
    (row,) = Measuring(tmp_path, quick=True).run([FLOOR])
    assert row.failed == {"overhead": "kept [9, 10] of 10 items", "read": "read 9 of 10 rows"}
    assert row.value("concurrency") == pytest.approx(0.1)


def test_rows_stand_beside_the_floor_and_tell_what_only_stays_in_memory():
    floor, own, peer = Row(FLOOR, QUICK), Row(OWN, QUICK), Row(STRANGER, QUICK)
    for row, seconds in ((floor, 0.001), (own, 0.004), (peer, 0.008)):
        row.found["overhead"] += [seconds, 9.0, seconds]
        row.killed = Killed(20, 19, 18, None)
    own.killed = Killed(20, None, None, None)
    written = report.markdown([floor, own, peer])
    assert "| Stranger 1.0 | nowhere | 8 | 8 | – | – | 19, 18 of 20 | – | – |" in written
    assert "nothing: memory only" in written


def test_our_overhead_stands_beside_the_least_of_the_peers_that_keep_runs():
    own, peer, forgetful = (Row(runner, QUICK) for runner in (OWN, STRANGER, RUNNERS[5]))
    for row, seconds in ((own, 0.004), (peer, 0.008), (forgetful, 0.001)):
        row.found["overhead"].append(seconds)
        row.killed = Killed(20, 19, 18, None)
    forgetful.killed = Killed(20, None, None, None)
    ratio = report.figures([own, peer, forgetful])[1]
    assert ratio.value == pytest.approx(0.5)
    assert "stranger" in ratio.what


def test_the_stub_keeps_what_it_is_sent(tmp_path, monkeypatch):
    monkeypatch.setattr(stub.Taking, "file", tmp_path / "received.jsonl", raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), stub.Taking) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        address = f"http://127.0.0.1:{server.server_port}"
        session = json.loads(_post(f"{address}/sessions", b'{"id": "s", "name": "n"}'))
        _post(f"{address}/api/public/scores?page=1", b'[{"traceId": "t"}]')
        server.shutdown()
    assert (session["id"], session["name"]) == ("s", "n")
    (request,) = received(tmp_path, "/api/public/scores")
    assert json.loads(request.body) == [{"traceId": "t"}]


def test_no_key_reaches_a_peer_and_nothing_leaves_the_machine(monkeypatch, tmp_path):
    monkeypatch.setenv("LANGFUSE_SECRET_KEY", "sk-lf-real")
    given = variables(STRANGER, str(tmp_path))
    assert "sk-lf-real" not in given.values()
    assert given["HOME"] == str(tmp_path)
    assert given["HTTPS_PROXY"].startswith("http://127.0.0.1")
    assert "PYTHONPATH" not in given


def _post(url, body):
    request = Request(url, data=body, headers={"Content-Type": "application/json"})
    with urlopen(request, timeout=10) as answer:
        return answer.read()
