"""What the environment decides, read once per client."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from xeroml_nb.errors import BadInput

PROJECT_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")
_ENVIRONMENT_LABEL = re.compile(r"(?!xeroml)[a-z0-9_-]{1,40}")


@dataclass(frozen=True)
class Settings:
    """Where the store is and how traces are labelled.

    Args:
        store: Path of an SQLite file, or an SQLAlchemy URL; not in the repr, since a URL may hold
            a password.
        environment: Label on every trace and score, such as "production".
        release: Release on every trace of this process.
    """

    store: str = field(repr=False)
    environment: str = "default"
    release: str | None = None

    @classmethod
    def from_environment(cls, store: str | Path | None = None) -> Settings:
        """Read the environment variables; `store` given in code wins.

        Args:
            store: Path of an SQLite file, or an SQLAlchemy URL.

        Raises:
            BadInput: If `XEROML_TRACING_ENVIRONMENT` is no valid label.
        """
        label = os.environ.get("XEROML_TRACING_ENVIRONMENT", "default")
        if not _ENVIRONMENT_LABEL.fullmatch(label):
            raise BadInput(
                f"XEROML_TRACING_ENVIRONMENT is {label!r}.",
                "Use at most 40 of a-z, 0-9, '-' and '_', not starting with 'xeroml'.",
            )
        place = store or os.environ.get("XEROML_STORE") or default_store_path(Path.cwd())
        return cls(
            store=store_place(place),
            environment=label,
            release=os.environ.get("XEROML_RELEASE"),
        )


def store_place(place: str | Path) -> str:
    """A store's place in its one form: a URL as it is, a path made absolute."""
    text = str(place)
    return text if "://" in text else str(Path(text).expanduser().absolute())


def default_store_path(start: Path) -> Path:
    """Find the store's file for a working directory.

    The nearest ancestor with a `.xeroml` folder wins, then the project's root, then `start`.
    """
    folders = (start, *start.parents)
    home = next((f for f in folders if (f / ".xeroml").is_dir()), None)
    if home is None:
        marked = (f for f in folders if any((f / mark).exists() for mark in PROJECT_MARKS))
        home = next(marked, start)
    return home / ".xeroml" / "store.db"
