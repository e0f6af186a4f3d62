"""Send from a process of its own, so that nothing in this one waits for it.

Python runs one thread at a time: while one packs thousands of objects, a label that takes 4 ms
takes 20. Much is therefore sent by a second process over the same store; little is not worth
starting one, which takes half a second.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import xeroml_nb.errors as errors_module
from xeroml_nb.errors import ServerFault, XeromlError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xeroml_nb.sync.parcels.base import Scope
    from xeroml_nb.sync.sending.remotes import Remote

# So many objects are worth a process.
MANY = 2_000
_LAST_WORDS = 2_000
_END_SECONDS = 5
_PACKAGES = Path(errors_module.__file__).parents[1]


def beside(
    remote: Remote,
    job: str,
    *,
    scope: Scope | None = None,
    progress: Callable[[int, int], None] | None = None,
    started: Callable[[subprocess.Popen[str]], None] | None = None,
) -> dict[str, Any]:
    """Let a process of its own do something, and wait for it.

    Args:
        remote: The server.
        job: "push" or "noted".
        scope: What of the store is meant, for a push.
        progress: Told how far it is.
        started: Told of the process, so that another thread can end it.

    Returns:
        What came of it, as JSON has it.

    Raises:
        XeromlError: What went wrong in the process, as if it had happened here.
        ServerFault: If the process ended without a word.
    """
    with tempfile.TemporaryFile() as words, _process(words) as process:
        if started is not None:
            started(process)
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        _ask(process, remote, job, scope)
        for line in process.stdout:
            told = json.loads(line)
            if "result" in told:
                result: dict[str, Any] = told["result"]
                return result
            if "error" in told:
                raise as_error(told["error"])
            if progress is not None:
                progress(*told["progress"])
        raise _silent(process, words)


def _ask(process: subprocess.Popen[str], remote: Remote, job: str, scope: Scope | None) -> None:
    """Say what is to be done.

    The keys go through the pipe alone, since other users of the machine see arguments; and no
    variable holds them, since a traceback may show those.
    """
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    with suppress(BrokenPipeError):  # it ended already: what it said last tells why
        process.stdin.write(
            json.dumps(
                {
                    "store": remote.store.address,
                    "server": remote.spelled_out(),
                    "job": job,
                    "scope": None if scope is None else asdict(scope),
                }
            )
        )
        process.stdin.write("\n")
        process.stdin.flush()


def error_told(error: XeromlError) -> dict[str, Any]:
    """An error, to be raised again in another process."""
    return {"kind": type(error).__name__, "text": str(error), "known": vars(error)}


def as_error(told: dict[str, Any]) -> XeromlError:
    """The error that another process tells of."""
    kind: type[XeromlError] = getattr(errors_module, told["kind"], XeromlError)
    error = kind.__new__(kind, told["text"])
    error.args = (told["text"],)
    vars(error).update(told["known"])
    return error


@contextmanager
def _process(words: IO[bytes]) -> Iterator[subprocess.Popen[str]]:
    """The process; when it is not needed any more, or this one ends, it ends too."""
    paths = [str(_PACKAGES), os.environ.get("PYTHONPATH", "")]
    process = subprocess.Popen(
        [sys.executable, "-m", "xeroml_nb.sync.sending.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=words,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
    )
    try:
        yield process
    finally:
        for pipe in filter(None, (process.stdin, process.stdout)):
            with suppress(OSError):  # what was written to it is not read any more
                pipe.close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _silent(process: subprocess.Popen[str], words: IO[bytes]) -> ServerFault:
    status = process.wait()
    words.seek(0, os.SEEK_END)
    words.seek(max(0, words.tell() - _LAST_WORDS))
    said = words.read().decode(errors="replace").strip()
    return ServerFault(
        f"The process that sends ended with status {status}: {said or 'it said nothing'}.",
        "Push again: what it sent is noted and not sent twice.",
    )
