"""Processes of drivers: each job in one of its own, which cannot reach another machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.harness import ROOT

if TYPE_CHECKING:
    from tests.benchmarks.peers.drivers.protocol import Job
    from tests.benchmarks.peers.runners import Runner

DRIVERS = Path(__file__).parent / "drivers"
_SECONDS = 600
# How the one line begins that every driver prints.
_ANSWER = '{"import": '
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
# A proxy where nothing listens takes what is meant for other machines.
_NOWHERE = "http://127.0.0.1:9"
_QUIET = {
    "HTTP_PROXY": _NOWHERE,
    "HTTPS_PROXY": _NOWHERE,
    "ALL_PROXY": _NOWHERE,
    "NO_PROXY": "127.0.0.1,localhost",
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PHOENIX_TELEMETRY_ENABLED": "false",
    "NO_COLOR": "1",
}


class DriverFailedError(Exception):
    """A driver or a server ended with an error; the message is its last line."""


class KilledError(DriverFailedError):
    """A driver was killed."""


@dataclass(frozen=True)
class Ready:
    """A runner that can be driven: its Python, and its server's if it has one of its own."""

    runner: Runner
    python: Path
    server_python: Path


def ask(ready: Ready, job: Job) -> dict[str, Any]:
    """What a driver answers, in a process of its own.

    Raises:
        KilledError: If it is killed.
        DriverFailedError: If it fails or takes too long.
    """
    try:
        done = subprocess.run(
            command(ready, job),
            cwd=job.folder,
            env=variables(ready.runner, job.folder),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DriverFailedError(f"not done after {_SECONDS} s") from None
    if done.returncode == -signal.SIGKILL:
        raise KilledError("was killed")
    if done.returncode:
        raise DriverFailedError(last_line(done.stderr))
    return _answer(done.stdout)


def _answer(printed: str) -> dict[str, Any]:
    """What the driver printed, among what the peer printed."""
    answers = [line for line in printed.splitlines() if line.startswith(_ANSWER)]
    if not answers:
        raise DriverFailedError("gave no answer")
    return json.loads(answers[-1])


def command(ready: Ready, job: Job) -> list[str]:
    """The command that has a driver do a job."""
    script = DRIVERS / f"with_{ready.runner.name}.py"
    return [str(ready.python), str(script), json.dumps(asdict(job))]


def variables(runner: Runner, folder: str) -> dict[str, str]:
    """The environment of a process: no keys of the user, and all its files in a folder."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    ours = {} if runner.requirements else {"PYTHONPATH": str(ROOT)}
    return kept | _QUIET | ours | {"HOME": folder}


def last_line(text: str) -> str:
    """The last line that says something."""
    return next((line for line in reversed(text.splitlines()) if line.strip()), "no reason given")
