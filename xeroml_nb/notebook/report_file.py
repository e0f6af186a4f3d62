"""Where a report is written: whole or not at all, and never over somebody else's notebook."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import nbformat

from xeroml_nb.errors import BadInput
from xeroml_nb.notebook.notebook_path import notebook_path
from xeroml_nb.records import clock
from xeroml_nb.records.ids import random_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nbformat import NotebookNode

_OURS = "xeroml_nb"
_KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


def checked_path(path: str | Path) -> Path:
    """The path of a report, absolute.

    Raises:
        BadInput: If it names no notebook, its folder is missing, or a notebook that is no report
            stands there.
    """
    given = notebook_path(path, "A report")
    if given.exists() and not _is_report(given):
        raise BadInput(
            f"{str(path)!r} is there already, and is no report of xeroml_nb.",
            "Pass another path.",
        )
    return given


def write_report(path: Path, cells: Sequence[NotebookNode], about: dict[str, Any]) -> Path:
    """Write a notebook in one step.

    Args:
        path: A checked one.
        cells: In their order.
        about: What the report is, for the notebook's metadata.

    Returns:
        The path.
    """
    metadata = {
        "kernelspec": _KERNEL,
        "language_info": {"name": "python"},
        _OURS: about | {"written_at": clock.now().isoformat(), "version": version("xeroml_nb")},
    }
    made = nbformat.v4.new_notebook(cells=list(cells), metadata=metadata)
    nbformat.validate(made)
    unfinished = path.with_name(f".{path.name}.{random_id()}")
    try:
        # Half a surrogate pair cannot be written; Jupyter could not save it either.
        unfinished.write_bytes(nbformat.writes(made).encode("utf-8", "replace"))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def _is_report(path: Path) -> bool:
    try:
        metadata = json.loads(path.read_bytes())["metadata"]
        return "report" in metadata[_OURS]
    except (OSError, ValueError, KeyError, TypeError):
        return False
