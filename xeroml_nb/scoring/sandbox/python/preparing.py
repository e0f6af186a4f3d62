"""The sandbox's interpreter, ready to run: built at first use, then kept in the user's cache."""

from __future__ import annotations

import hashlib
import platform
import shutil
import sys
import threading
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from xeroml_nb.errors import MissingExtra, XeromlError
from xeroml_nb.scoring.sandbox.cache import alone, cache_folder, private_folder
from xeroml_nb.scoring.sandbox.child import run_worker
from xeroml_nb.scoring.sandbox.ended import Status
from xeroml_nb.scoring.sandbox.python import building

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PACKAGES = ("wasmtime", "componentize-py")
_LONGEST_BUILD = 900.0
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Interpreter:
    """A built interpreter.

    Args:
        file: Machine code, for this kind of machine only.
        made: When, in nanoseconds, by the clock of its disk.
    """

    file: Path
    made: int

    def discard(self) -> None:
        """Remove it, so that it is built anew; one built since then stays."""
        with _one_at_a_time:
            if _found(self.file) == self:
                self.file.unlink(missing_ok=True)


def tell(line: str) -> None:
    """Say something to whoever waits."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def prepared(say: Callable[[str], None] = tell) -> Interpreter:
    """The interpreter, built now if it is not there: ten seconds to a minute, once.

    Args:
        say: Is told before a build.

    Raises:
        MissingExtra: If the packages for it are not installed.
        XeromlError: If the build fails, or its folder cannot be used.
    """
    file = interpreter_file()
    with _one_at_a_time:
        if found := _found(file):
            return found
        private_folder()
        say("Preparing the scoring sandbox, on first use only; this can take a minute.")
        with alone(file.parent / "building.lock"):
            return _found(file) or _built(file)


def interpreter_file() -> Path:
    """Where the interpreter is, or will be; another guest, tool or machine has another file.

    Raises:
        MissingExtra: If the packages for it are not installed.
    """
    return cache_folder() / f"python-{_key()}.compiled"


@cache
def _key() -> str:
    try:
        versions = [version(package) for package in PACKAGES]
    except PackageNotFoundError as error:
        raise MissingExtra("Score cards with code", "sandbox") from error
    parts = [*versions, sys.platform, platform.machine(), *map(_text, building.SOURCES)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _text(source: Path) -> str:
    return source.read_text(encoding="utf-8")


def _found(file: Path) -> Interpreter | None:
    try:
        return Interpreter(file, file.stat().st_mtime_ns)
    except OSError:  # a folder that cannot be used says so when it is to be written
        return None


def _built(file: Path) -> Interpreter:
    for left in file.parent.glob(f"{building.PREFIX}*"):  # by builds that were killed
        shutil.rmtree(left, ignore_errors=True)
    ended = run_worker(building.__name__, [str(file)], [], _LONGEST_BUILD)
    found = _found(file)
    if ended.status != Status.ANSWERED or found is None:
        raise XeromlError(
            f"The scoring sandbox could not be built in {file.parent}: "
            f"{ended.complaint.strip() or f'it ended with status {ended.status}'}",
            "Mend that, then build it with: xeroml-nb doctor --prepare",
        )
    return found
