"""A throw-away child process: it gets its parts, gives one answer, and never outlives its run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from xeroml_nb.scoring.sandbox.ended import Ended
from xeroml_nb.scoring.sandbox.inside import LENGTH
from xeroml_nb.scoring.sandbox.limits import GRACE, LONGEST_ANSWER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

    from xeroml_nb.scoring.sandbox.limits import Limits

_HOME = str(Path(__file__).parents[3])
# Beside the interpreter's own, only what an interpreter may need to start at all.
_KEPT_VARIABLES = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_START = (
    "import sys; sys.path += sys.argv[1].split(chr(10)); "
    "from xeroml_nb.scoring.sandbox.inside import main; main(*sys.argv[2:])"
)
# What the envelope adds to an answer: what was printed, escaped, and a few words.
_MOST_READ = LONGEST_ANSWER + 1024 * 1024
_MOST_COMPLAINT = 4_000
_PIECE = 1024 * 1024
_turns = threading.BoundedSemaphore(os.cpu_count() or 1)


def run_child(worker: str, arguments: list[str], payload: list[bytes], limits: Limits) -> Ended:
    """Do a worker's work in a process of its own, which is gone when this returns or raises.

    At most as many run at once as there are cores; others wait their turn. The calling thread
    only waits, so that other threads go on.

    Args:
        worker: Module with a `work` function, see `inside.py`.
        arguments: For it.
        payload: Its parts.
        limits: Of which the time is kept here, and the memory is for the worker to keep.
    """
    with _turns:
        return run_worker(worker, arguments, payload, limits.seconds)


def run_worker(worker: str, arguments: list[str], payload: list[bytes], seconds: float) -> Ended:
    """As `run_child`, but at once.

    Args:
        worker: Module with a `work` function.
        arguments: For it.
        payload: Its parts.
        seconds: After which the child ends itself; `GRACE` later it is killed from here.
    """
    with _started(worker, arguments, seconds) as process:
        return _talk(process, payload, seconds + GRACE)


@contextmanager
def _started(
    worker: str, arguments: list[str], seconds: float
) -> Iterator[subprocess.Popen[bytes]]:
    folders = "\n".join(str(Path(folder).absolute()) for folder in [_HOME, *sys.path])
    # Isolated and without site: no start-up file of the user's runs, and starting takes less.
    command = [sys.executable, "-I", "-S", "-W", "ignore", "-c", _START, folders, worker]
    process = subprocess.Popen(  # noqa: S603
        [*command, str(seconds), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
        # Interrupting a cell interrupts the kernel's group: the child is ended from here instead.
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the child if it still runs, with all that it started, and leave no open pipe."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):  # the second on macOS, if it just ended
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        with suppress(OSError):
            if pipe is not None:
                pipe.close()


def _talk(process: subprocess.Popen[bytes], payload: list[bytes], seconds: float) -> Ended:
    deadline = time.monotonic() + seconds
    answer = _Listener(process.stdout, _MOST_READ)
    complaint = _Listener(process.stderr, _MOST_COMPLAINT, keeps_the_end=True)
    threading.Thread(target=_hand_over, args=(process.stdin, payload), daemon=True).start()
    answer.thread.join(seconds)
    ended = not answer.thread.is_alive() and not answer.too_much
    if ended:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
    if process.returncode is not None:
        complaint.thread.join(1)
    return Ended(
        process.returncode,
        bytes(answer.heard),
        complaint.heard.decode(errors="replace"),
        answer.too_much,
    )


def _hand_over(pipe: IO[bytes], payload: list[bytes]) -> None:
    """Write the parts; the pipe stays open, for the child ends when it closes."""
    with suppress(OSError, ValueError):  # the child may have ended before it read all
        pipe.write(LENGTH.pack(len(payload)))
        for part in payload:
            pipe.write(LENGTH.pack(len(part)))
            pipe.write(part)
        pipe.flush()


class _Listener:
    """Reads a pipe in a thread of its own, and keeps no more of it than told.

    Args:
        pipe: To read.
        most: Bytes.
        keeps_the_end: Whether of more bytes the last are kept; otherwise it stops at them.
    """

    def __init__(self, pipe: IO[bytes] | None, most: int, *, keeps_the_end: bool = False) -> None:
        self.heard = bytearray()
        self.too_much = False
        self._pipe = cast("BufferedReader", pipe)
        self._most = most
        self._keeps_the_end = keeps_the_end
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self) -> None:
        with suppress(OSError, ValueError):  # closed from here when the child was killed
            while not self.too_much and (piece := self._pipe.read1(_PIECE)):
                self.heard += piece
                if self._keeps_the_end:
                    del self.heard[: -self._most]
                else:
                    self.too_much = len(self.heard) > self._most
