"""Where a notebook may be written."""

from __future__ import annotations

from pathlib import Path

from xeroml_nb.errors import BadInput


def notebook_path(path: str | Path, what: str) -> Path:
    """The absolute path of a notebook that is to be written.

    Args:
        path: As it was given.
        what: It becomes, for the error: "A report".

    Raises:
        BadInput: If it names no notebook, or its folder is missing.
    """
    given = Path(path).expanduser().absolute()
    if given.suffix != ".ipynb":
        raise BadInput(f"{what} is a notebook, and {str(path)!r} names none.", "End it in .ipynb.")
    if not given.parent.is_dir():
        raise BadInput(f"There is no folder {str(given.parent)!r}.", "Make it first.")
    return given
