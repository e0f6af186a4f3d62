"""What surrounded a run: Python, packages, the git commit."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib import metadata
from typing import Any


def snapshot() -> dict[str, Any]:
    """Python's version, the installed packages with their versions, and the git commit if any."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": _packages(),
        "git": _git_state(),
    }


@cache
def _packages() -> dict[str, str]:
    found = {d.name: d.version for d in metadata.distributions()}
    return dict(sorted(found.items(), key=lambda pair: pair[0].lower()))


def _git_state() -> dict[str, Any] | None:
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return None
    return {
        "commit": commit,
        "changed": bool(_git("--no-optional-locks", "status", "--porcelain", "-uno")),
    }


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            ["git", *words],  # noqa: S607 - the user's own git
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
