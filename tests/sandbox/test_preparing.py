"""The sandbox's interpreter is built once for each user, in a folder that is closed to others."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
import threading
import time

import pytest

from xeroml_nb.errors import CardFailed, MissingExtra, XeromlError
from xeroml_nb.scoring.sandbox import cache
from xeroml_nb.scoring.sandbox.cache import alone, cache_folder, private_folder
from xeroml_nb.scoring.sandbox.ended import Ended, Status
from xeroml_nb.scoring.sandbox.limits import Limits
from xeroml_nb.scoring.sandbox.python import preparing
from xeroml_nb.scoring.sandbox.python.preparing import interpreter_file, prepared
from xeroml_nb.scoring.sandbox.running import run_code


@pytest.fixture
def own_cache(interpreter, tmp_path, monkeypatch):
    """A cache with nothing in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "xeroml_nb"


@pytest.fixture
def builds(interpreter, own_cache, monkeypatch):
    """The builds that are asked for; each is quick, for it takes over what was built before."""
    made = []

    def build(worker, arguments, payload, seconds):
        made.append(arguments[0])
        time.sleep(0.1)
        shutil.copyfile(interpreter.file, arguments[0])
        return Ended(Status.ANSWERED, b"")

    monkeypatch.setattr(preparing, "run_worker", build)
    return made


def answer():
    return run_code("return 42", "[]", "PYTHON", Limits(), "card").value


def test_a_first_use_says_that_it_prepares_and_a_second_says_nothing(builds, capsys):
    assert answer() == answer() == 42
    assert builds == [str(interpreter_file())]
    assert capsys.readouterr().err.count("Preparing the scoring sandbox, on first use only") == 1


def test_the_folder_is_closed_to_others(builds, own_cache):
    own_cache.mkdir(parents=True, mode=0o755)
    own_cache.chmod(0o777)
    prepared()
    assert stat.S_IMODE(own_cache.stat().st_mode) == 0o700


def test_many_first_uses_at_once_build_once(builds):
    uses = [threading.Thread(target=prepared, args=[lambda line: None]) for _ in range(4)]
    for use in uses:
        use.start()
    for use in uses:
        use.join()
    assert len(builds) == 1


HOLDER = """
import sys
from pathlib import Path
from xeroml_nb.scoring.sandbox.cache import alone
with alone(Path(sys.argv[1])):
    print("holds", flush=True)
    sys.stdin.read()
"""


def test_another_process_that_builds_is_waited_for(tmp_path):
    lock = tmp_path / "lock"
    entered = threading.Event()

    def enter():
        with alone(lock):
            entered.set()

    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"holds\n"
        waiting = threading.Thread(target=enter)
        waiting.start()
        assert not entered.wait(0.2)
        holder.stdin.close()
        assert entered.wait(10)
        waiting.join()


def test_where_the_system_has_no_locks_two_may_do_the_same_work(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with alone(tmp_path / "lock"), alone(tmp_path / "lock"):
        assert not (tmp_path / "lock").exists()


def test_an_interpreter_that_was_built_since_is_not_discarded(builds):
    damaged = prepared()
    damaged.discard()
    built_since = prepared()
    damaged.discard()
    assert prepared() == built_since
    assert len(builds) == 2


@pytest.mark.parametrize("left", [0, 1000, 20_000_000])
def test_a_damaged_interpreter_is_built_anew(interpreter, builds, left):
    private_folder()
    interpreter_file().write_bytes(interpreter.file.read_bytes()[:left])
    assert answer() == 42
    assert len(builds) == 1


def test_an_interpreter_that_stays_damaged_is_an_error_and_not_another_build(builds, monkeypatch):
    def build(worker, arguments, payload, seconds):
        interpreter_file().write_bytes(b"nothing")
        return Ended(Status.ANSWERED, b"")

    monkeypatch.setattr(preparing, "run_worker", build)
    with pytest.raises(CardFailed, match="sandbox of score card 'card' ended with status 15"):
        answer()


def test_a_build_that_fails_says_why(builds, monkeypatch):
    failed = Ended(1, b"", "OSError: [Errno 28] No space left on device")
    monkeypatch.setattr(preparing, "run_worker", lambda *_: failed)
    with pytest.raises(XeromlError, match=r"could not be built in .*: OSError: .* No space left"):
        prepared()


def test_a_build_that_was_killed_leaves_nothing_for_long(builds, own_cache):
    (private_folder() / "building-1234").mkdir()
    prepared()
    assert not list(own_cache.glob("building-*"))


def test_a_folder_that_cannot_be_made_says_what_to_set(own_cache):
    own_cache.parent.write_text("a file where the folder should be")
    with pytest.raises(XeromlError, match=r"cannot be written.*Set XDG_CACHE_HOME"):
        prepared()


def test_a_folder_of_somebody_else_is_not_used(own_cache, monkeypatch):
    private_folder()
    monkeypatch.setattr(cache.os, "geteuid", lambda: 4321)
    with pytest.raises(XeromlError, match="belongs to somebody else"):
        prepared()


@pytest.mark.parametrize(
    ("platform", "expected"),
    [("linux", ".cache"), ("darwin", "Library/Caches"), ("win32", "AppData/Local")],
)
def test_the_cache_is_where_the_system_has_it(platform, expected, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(cache.sys, "platform", platform)
    assert cache_folder() == tmp_path / expected / "xeroml_nb"


def test_without_the_packages_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(preparing, "PACKAGES", ("no-such-package",))
    preparing._key.cache_clear()
    try:
        with pytest.raises(MissingExtra, match=r"Score cards with code.*xeroml_nb\[sandbox\]"):
            answer()
    finally:
        preparing._key.cache_clear()
