"""The disk under a store: its room, and whether SQLite can share a file there."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from xeroml_nb.cli.doctor.file_systems import nearest_folder, network_of
from xeroml_nb.cli.doctor.finding import Finding, broken, fine, lacking

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SCARCE = 1e9  # bytes; an upgrade copies the store, which takes as much again
_NO_ROOM = 20e6
_FREE_SOME = "Free some space, or set XEROML_STORE to a path on another disk."


def disk(file: Path) -> Iterator[Finding]:
    """The disk of a store's file, whether that is there or not."""
    folder = nearest_folder(file)
    if not file.exists() and not os.access(folder, os.W_OK):
        step = "Set XEROML_STORE to a path that can be written."
        yield broken("writing", f"nothing can be made in {folder}", step)
    yield room(folder)
    if (kind := network_of(folder)) is not None:
        text = f"it lies on a network file system ({kind}), where two machines can damage it"
        step = "Use a path on a local disk, or PostgreSQL for a team."
        yield lacking("file system", text, step, kind=kind)


def room(folder: Path) -> Finding:
    """How much room a folder's disk has."""
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:,.1f} GB free"
    if free < _NO_ROOM:
        return broken("disk", f"full: {free / 1e6:,.1f} MB free", _FREE_SOME, free=free)
    if free < _SCARCE:
        return lacking("disk", f"only {free / 1e6:,.0f} MB free", _FREE_SOME, free=free)
    return fine("disk", text, free=free)
