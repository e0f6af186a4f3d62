"""A child process of the sandbox gives one answer and never outlives its run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from types import SimpleNamespace

import psutil
import pytest

from tests.sandbox.conftest import contained
from xeroml_nb.scoring.sandbox import child
from xeroml_nb.scoring.sandbox.child import run_child, run_worker
from xeroml_nb.scoring.sandbox.limits import Limits

WORKERS = "tests.sandbox.odd_workers"


def run(*arguments, parts=(), seconds=5.0):
    return run_worker(WORKERS, list(arguments), list(parts), seconds)


@pytest.fixture
def short_grace(monkeypatch):
    monkeypatch.setattr(child, "GRACE", 0.2)


def test_parts_and_arguments_come_to_the_worker_as_they_are():
    parts = [b"", b"\x00\xff\n", "ä".encode()]
    assert run("give_back", "one", "", parts=parts).answer == b"|\x00\xff\n|\xc3\xa4|one|"


def test_many_megabytes_go_in_and_come_out():
    much = os.urandom(1024) * 8_000
    assert run("give_back", parts=[much]).answer == much


def test_a_worker_sees_no_variable_runs_no_start_file_and_has_a_session_of_its_own(monkeypatch):
    monkeypatch.setenv("XEROML_SECRET_KEY", "hush")
    variables, has_site, leads_session = run("say_surroundings").answer.decode().split("|")
    assert set(variables.split()) <= {"LD_LIBRARY_PATH"}
    assert (has_site, leads_session) == ("False", "True")


def test_a_fault_of_the_worker_is_said_as_python_says_it():
    ended = run("fail")
    assert ended.status == 1
    assert "RuntimeError: a fault of the worker" in ended.complaint


@pytest.mark.parametrize(("worker", "status"), [(["end", "11"], 11), (["end_by_signal"], -9)])
def test_how_a_child_ended_is_known(worker, status):
    ended = run(*worker)
    assert (ended.status, ended.answer) == (status, b"")
    assert ended.ran_out_of_time is (status == 11)


def test_a_child_ends_itself_at_its_time():
    with contained(0.5):
        assert run("sleep", seconds=0.5).ran_out_of_time


def test_a_child_that_puts_its_clock_off_is_killed(short_grace):
    with contained(0.5):
        ended = run("sleep_on", seconds=0.5)
    assert ended.status is None
    assert ended.ran_out_of_time


def test_what_a_child_started_ends_with_it(short_grace, monkeypatch):
    # The child's own clock would end only itself.
    monkeypatch.setattr("xeroml_nb.scoring.sandbox.child._START", CLOCKLESS)
    with contained(0.5):
        assert run("leave_another", seconds=0.5).status is None


def test_a_system_without_sessions_ends_the_child_alone(monkeypatch):
    done = []
    monkeypatch.delattr(child.os, "killpg")
    started = SimpleNamespace(
        poll=lambda: None,
        kill=lambda: done.append("killed"),
        wait=lambda: done.append("gone"),
        stdin=None,
        stdout=None,
        stderr=None,
    )
    child._kill(started)
    assert done == ["killed", "gone"]


CLOCKLESS = (
    "import sys; sys.path += sys.argv[1].split(chr(10)); "
    "from xeroml_nb.scoring.sandbox import inside; inside._end_after = lambda seconds: None; "
    "inside.main(*sys.argv[2:])"
)


def test_an_answer_without_end_is_cut_off():
    with contained(1):
        ended = run("talk_on")
    assert ended.answered_too_much
    assert len(ended.answer) < 12_000_000


def test_of_a_long_complaint_the_end_is_kept():
    ended = run("complain_much")
    assert ended.status == 3
    assert ended.complaint.endswith("xthe end")
    assert len(ended.complaint) == 4_000


def test_a_child_that_reads_nothing_holds_nobody_up():
    with contained(1):
        assert run("end", "7", parts=[bytes(20_000_000)]).status == 7


def test_no_more_run_at_once_than_have_turns(monkeypatch):
    monkeypatch.setattr(child, "_turns", threading.BoundedSemaphore(1))
    most = []
    arguments = (WORKERS, ["sleep"], [], Limits(seconds=1))
    runs = [threading.Thread(target=run_child, args=arguments) for _ in range(2)]
    before = len(psutil.Process().children())
    for thread in runs:
        thread.start()
    while any(thread.is_alive() for thread in runs):
        most.append(len(psutil.Process().children()) - before)
        time.sleep(0.02)
    assert max(most) == 1


PARENT = """
from xeroml_nb.scoring.sandbox.limits import Limits
from xeroml_nb.scoring.sandbox.running import run_code
print("begins", flush=True)
run_code("while True: pass", "[]", "PYTHON", Limits(seconds=60), "endless")
"""


@pytest.fixture
def parent(interpreter):
    """A process that runs an endless score card, and the child that the card runs in."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout.readline() == "begins\n"
            started = psutil.Process(process.pid)
            while not (children := started.children()):
                time.sleep(0.01)
            # Until it has been handed its parts, it could end for another reason.
            while psutil.Process(children[0].pid).num_threads() < 2:
                time.sleep(0.01)
            yield process, children[0]
        finally:
            process.kill()
            with suppress(NameError, psutil.NoSuchProcess):
                children[0].kill()


def test_interrupting_the_parent_ends_the_child(parent):
    process, started = parent
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate(timeout=10)[1]
    assert not started.is_running()


def test_a_child_does_not_outlive_a_parent_that_is_killed(parent):
    process, started = parent
    process.kill()
    process.wait()
    gone, _ = psutil.wait_procs([started], timeout=5)
    assert gone or started.status() == psutil.STATUS_ZOMBIE
