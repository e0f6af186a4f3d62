"""Virtual environments of the peers: made at first use, then kept in the user's cache."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from xeroml_nb.scoring.sandbox.cache import private_folder

PLACE = "XEROML_BENCHMARK_PEERS"


class NotInstalledError(Exception):
    """An environment could not be made; the message says why."""


def python_of(name: str, requirements: tuple[str, ...]) -> Path:
    """The Python of an environment that has the requirements, which is made if it is not there.

    Environments are in the folder that `XEROML_BENCHMARK_PEERS` names, or in the user's cache.

    Raises:
        NotInstalledError: If pip or venv fails.
    """
    if not requirements:
        return Path(sys.executable)
    folder = _place() / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    made_of = folder / "made-of.txt"
    wanted = "\n".join([platform.python_version(), *requirements])
    if not made_of.exists() or made_of.read_text() != wanted:
        print(f"installing {', '.join(requirements)} ...", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _called(sys.executable, "-m", "venv", str(folder))
        _called(str(python), "-m", "pip", "install", "--quiet", *requirements)
        made_of.write_text(wanted)
    return python


def _place() -> Path:
    if given := os.environ.get(PLACE):
        return Path(given).absolute()
    return private_folder() / "benchmark-peers"


def _called(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")]
        raise NotInstalledError((errors or lines or ["no reason given"])[-1])
