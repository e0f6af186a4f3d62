"""What the child does with what it is handed, seen from within, where nothing really ends."""

from __future__ import annotations

import io
import os
import signal
import sys
import types

import pytest

from xeroml_nb.scoring.sandbox import inside
from xeroml_nb.scoring.sandbox.ended import Status

WORKERS = "tests.sandbox.odd_workers"


class Ended(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def ended(monkeypatch):
    """The exit statuses; no clock runs."""
    found = []

    def end(status):
        found.append(status)
        raise Ended

    monkeypatch.setattr(inside.os, "_exit", end)
    monkeypatch.setattr(inside, "_end_after", lambda seconds: None)
    monkeypatch.setattr(inside, "_end_with_parent", lambda source: None)
    return found


def said(*parts):
    sizes = [inside.LENGTH.pack(len(part)) + part for part in parts]
    return inside.LENGTH.pack(len(parts)) + b"".join(sizes)


def told(monkeypatch, text, *arguments):
    """What a child that hears this text answers."""
    answer = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=io.BytesIO(text)))
    monkeypatch.setattr(sys, "stdout", types.SimpleNamespace(buffer=answer))
    with pytest.raises(Ended):
        inside.main(WORKERS, "5", *arguments)
    return answer.getvalue()


def test_the_parts_go_to_the_worker_and_its_answer_out(ended, monkeypatch):
    assert told(monkeypatch, said(b"a", b""), "give_back", "b") == b"a||b"
    assert ended == [Status.ANSWERED]


def test_a_fault_of_the_worker_is_told_in_whole_with_status_1(ended, monkeypatch, capsys):
    assert told(monkeypatch, said(), "fail") == b""
    assert ended == [1]
    assert "RuntimeError: a fault of the worker" in capsys.readouterr().err


@pytest.mark.parametrize("size", [0, 8, 16, 17])
def test_a_parent_that_ends_in_the_middle_of_its_words_ends_the_child(size, ended, monkeypatch):
    assert told(monkeypatch, said(b"abc")[:size], "give_back") == b""
    assert ended == [1]


def test_a_pipe_that_closes_ends_the_child(monkeypatch):
    ended = []
    monkeypatch.setattr(inside.os, "_exit", ended.append)
    reading, writing = os.pipe()
    os.close(writing)
    with os.fdopen(reading, "rb") as source:
        inside._end_with_parent(source)
    assert ended == [1]


def test_the_clock_is_the_kernels(monkeypatch):
    set_to = []
    monkeypatch.setattr(inside.signal, "signal", lambda *said: set_to.append(said))
    monkeypatch.setattr(inside.signal, "setitimer", lambda *said: set_to.append(said))
    inside._end_after(2.5)
    assert set_to == [(signal.SIGALRM, signal.SIG_DFL), (signal.ITIMER_REAL, 2.5)]


def test_where_the_kernel_has_no_clock_a_thread_keeps_the_time(monkeypatch):
    ended = []
    monkeypatch.delattr(inside.signal, "setitimer")
    monkeypatch.setattr(inside.os, "_exit", ended.append)
    monkeypatch.setattr(inside.threading, "Timer", AtOnce)
    inside._end_after(0.5)
    assert ended == [Status.OUT_OF_TIME]
    assert AtOnce.seconds == 0.5


class AtOnce:
    """A timer whose time is over when it starts; it must not keep the process alive."""

    daemon = False

    def __init__(self, seconds, done, arguments):
        AtOnce.seconds = seconds
        self.done, self.arguments = done, arguments

    def start(self):
        assert self.daemon
        self.done(*self.arguments)
