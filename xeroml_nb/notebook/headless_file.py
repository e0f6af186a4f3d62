"""The file of a notebook that is run, and the file of what it became."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from xeroml_nb.errors import BadInput, MissingExtra, NotFound
from xeroml_nb.notebook.notebook_path import notebook_path
from xeroml_nb.records.ids import random_id
from xeroml_nb.records.json_text import preview

if TYPE_CHECKING:
    from pathlib import Path

    from nbformat import NotebookNode

_LONGEST_ERROR = 300  # characters


def read_notebook(path: Path) -> NotebookNode:
    """A notebook in format 4.

    Raises:
        NotFound: If there is no such file; names those that come near.
        BadInput: If it is no valid notebook.
        MissingExtra: If the packages that read notebooks are not installed.
    """
    try:
        from nbformat import convert, reader, validate, validator
    except ImportError as error:
        raise MissingExtra("Running a notebook", "lab") from error
    if not path.is_file():
        beside = [found.name for found in path.parent.glob("*.ipynb")]
        hint = f"It was looked for in {path.parent}."
        raise NotFound("notebook", path.name, beside, hint)
    try:
        found = convert(reader.reads(path.read_text(encoding="utf-8")), 4)
        _, whole = validator.normalize(found)
        validate(whole)
    except (AttributeError, KeyError, TypeError) as error:
        raise BadInput(f"{path} is no notebook.", "Open it in Jupyter, or pass another.") from error
    except Exception as error:  # a damaged file fails in many ways
        said = preview(str(error), _LONGEST_ERROR).rstrip(".")
        raise BadInput(f"{path} is no valid notebook: {said}.", "Open it in Jupyter.") from error
    return whole


def checked_target(source: Path, output: str | Path | None) -> Path:
    """Where the outputs of a notebook go; `NAME.run.ipynb` beside it by default.

    Raises:
        BadInput: If it names no notebook or this one, or its folder is missing.
    """
    if output is None:
        return source.with_name(f"{source.stem}.run.ipynb")
    target = notebook_path(output, "The output")
    if target.resolve() == source.resolve():
        raise BadInput(f"{str(output)!r} is the notebook itself.", "Pass another output.")
    return target


def clear_outputs(notebook: NotebookNode) -> None:
    """Leave nothing of an earlier run: it could be taken for one of this."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def save(notebook: NotebookNode, target: Path) -> None:
    """Write a notebook in one step.

    Raises:
        BadInput: If it cannot be written there.
    """
    import nbformat

    unfinished = target.with_name(f".{target.name}.{random_id()}")
    try:
        # Half a surrogate pair cannot be written; Jupyter could not save it either.
        unfinished.write_bytes(nbformat.writes(notebook).encode("utf-8", "replace"))
        unfinished.replace(target)
    except OSError as error:
        raise BadInput(f"{target} cannot be written: {error}.", "Pass another output.") from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
