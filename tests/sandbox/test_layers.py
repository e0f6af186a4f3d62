"""Each layer of the confinement asks the kernel for what it should, on every system."""

from __future__ import annotations

import ctypes
import errno
import resource
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from xeroml_nb.scoring.sandbox import confinement, kernel, landlock, seccomp

ALLOWED, REFUSED = 0x7FFF_0000, 0x0005_0000 | errno.EPERM
PROCESSORS = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
# read, getrandom; openat, socket, execve, clone; mmap: from the tables of the kernel.
CALLS = {
    "x86_64": ([0, 318], [257, 41, 59, 56], 9),
    "aarch64": ([63, 278], [56, 198, 221, 220], 222),
}


@pytest.fixture
def asked(monkeypatch):
    """What the kernel is asked for; it agrees to all, and does nothing."""
    found = []

    def call(number, *arguments):
        found.append((number, *arguments))
        return answers.get(number, 0)

    answers = {}
    monkeypatch.setattr(kernel, "call", call)
    monkeypatch.setattr(kernel, "gain_nothing_more", lambda: found.append("no more rights"))
    return SimpleNamespace(calls=found, answers=answers)


def verdict(steps, processor, call, third=0):
    """What the kernel's machine makes of a call by a filter."""
    words = {0: call, 4: processor, 32: third}
    at = held = 0
    while True:
        step = steps[at]
        if step.code == 0x06:
            return step.operand
        if step.code == 0x20:
            held = words[step.operand]
        elif step.code == 0x15:
            at += step.if_so if held == step.operand else step.if_not
        else:
            assert step.code == 0x45
            at += step.if_so if held & step.operand else step.if_not
        at += 1


@pytest.mark.parametrize("machine", PROCESSORS)
def test_the_filter_lets_compute_and_refuses_the_rest(machine, asked, monkeypatch):
    steps = handed_over(machine, asked, monkeypatch)
    own = PROCESSORS[machine]
    allowed, refused, mapping = CALLS[machine]
    assert {verdict(steps, own, call) for call in allowed} == {ALLOWED}
    assert {verdict(steps, own, call) for call in refused} == {REFUSED}
    assert verdict(steps, own, mapping, third=3) == ALLOWED
    assert verdict(steps, own, mapping, third=5) == REFUSED
    (other,) = set(PROCESSORS.values()) - {own}
    assert {verdict(steps, other, call) for call in allowed} == {REFUSED}


def handed_over(machine, asked, monkeypatch):
    """The filter that the kernel is given on such a machine."""
    monkeypatch.setattr(seccomp.platform, "machine", lambda: machine)
    seccomp.forbid_all_but_computing()
    promise, (_, operation, threads, program) = asked.calls
    assert (promise, operation, threads) == ("no more rights", 1, 1)
    held = program._obj
    return held.steps[: held.length]


def test_a_thread_that_cannot_be_confined_is_an_error(asked, monkeypatch):
    monkeypatch.setattr(seccomp.platform, "machine", lambda: "x86_64")
    asked.answers[317] = 4321
    with pytest.raises(OSError, match="confined in another way"):
        seccomp.forbid_all_but_computing()


@pytest.mark.parametrize(("platform", "machine"), [("darwin", "x86_64"), ("linux", "riscv64")])
def test_elsewhere_there_is_no_seccomp(platform, machine, monkeypatch):
    monkeypatch.setattr(seccomp.sys, "platform", platform)
    monkeypatch.setattr(seccomp.platform, "machine", lambda: machine)
    assert not seccomp.is_there()


def refuse(number, *arguments):
    raise OSError(errno.ENOSYS, "Function not implemented")


def test_a_kernel_without_the_calls_has_neither_layer(monkeypatch):
    monkeypatch.setattr(kernel, "call", refuse)
    monkeypatch.setattr(seccomp.platform, "machine", lambda: "x86_64")
    assert not seccomp.is_there()
    assert landlock.version() == 0


def test_elsewhere_there_is_no_landlock(monkeypatch):
    monkeypatch.setattr(landlock.sys, "platform", "win32")
    assert landlock.version() == 0


RIGHTS = {1: (13, 0, 0), 3: (15, 0, 0), 4: (15, 3, 0), 5: (16, 3, 0), 6: (16, 3, 3), 9: (16, 3, 3)}


@pytest.mark.parametrize("version", RIGHTS)
def test_landlock_takes_every_right_that_its_version_knows(version, asked, monkeypatch):
    files, network, scopes = RIGHTS[version]
    closed = []
    monkeypatch.setattr(landlock, "version", lambda: version)
    monkeypatch.setattr(landlock.os, "close", closed.append)
    asked.answers[444] = 77
    landlock.forbid_all()
    promise, (_, taken, _, flags), restrict = asked.calls
    rights = taken._obj
    assert promise == "no more rights"
    assert (rights.files, rights.network, rights.scopes) == (2**files - 1, network, scopes)
    assert (flags, restrict, closed) == (0, (446, 77, 0), [77])


@pytest.mark.skipif(landlock.version() == 0, reason="this system has no Landlock")
def test_landlock_binds_the_thread_that_asks_and_no_other(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    found = []

    def confined():
        landlock.forbid_all()
        try:
            secret.read_text()
        except OSError as error:
            found.append(error.errno)

    thread = threading.Thread(target=confined)
    thread.start()
    thread.join()
    assert found == [errno.EACCES]
    assert secret.read_text() == "secret"


@pytest.mark.skipif(sys.platform != "linux", reason="calls the Linux kernel")
def test_what_the_kernel_refuses_is_an_error_with_its_words(monkeypatch):
    with pytest.raises(OSError, match="Function not implemented"):
        kernel.call(100_000)

    def refusing(*words):
        ctypes.set_errno(errno.EINVAL)
        return -1

    monkeypatch.setattr(kernel.ctypes, "CDLL", lambda *_, **__: SimpleNamespace(prctl=refusing))
    with pytest.raises(OSError, match="Invalid argument"):
        kernel.gain_nothing_more()


@pytest.fixture
def limits(monkeypatch):
    """The limits that are set; nothing else can be given up either."""
    found = {}
    monkeypatch.setattr(landlock, "forbid_all", lambda: pytest.fail("not here"))
    monkeypatch.setattr(seccomp, "forbid_all_but_computing", lambda: pytest.fail("not here"))
    monkeypatch.setattr(
        confinement.resource, "setrlimit", lambda limit, pair: found.update({limit: pair})
    )
    return found


@pytest.mark.parametrize("there", [True, False])
def test_confining_leaves_out_the_layers_that_are_missing(there, limits, monkeypatch):
    done = []
    monkeypatch.setattr(landlock, "version", lambda: int(there))
    monkeypatch.setattr(landlock, "forbid_all", lambda: done.append("Landlock"))
    monkeypatch.setattr(seccomp, "is_there", lambda: there)
    monkeypatch.setattr(seccomp, "forbid_all_but_computing", lambda: done.append("seccomp"))
    confinement.confine()
    assert done == (["Landlock", "seccomp"] if there else [])
    assert set(limits.values()) == {(0, 0)}
    assert resource.RLIMIT_FSIZE in limits
    assert confinement.layers() == ["rlimits", *done]


def test_windows_has_no_limits_of_a_process(limits, monkeypatch):
    monkeypatch.setattr(confinement.sys, "platform", "win32")
    confinement.confine()
    confinement.limit_memory(1)
    assert limits == {}
    assert confinement.layers() == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts it")
def test_memory_is_limited_beyond_what_the_process_has(limits):
    confinement.limit_memory(100 * 2**20)
    has = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    most, hard = limits[resource.RLIMIT_AS]
    assert most == hard
    assert 0 <= most - 164 * 2**20 <= has + 2**24
