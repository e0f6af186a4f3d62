"""Write an export: whole or not at all, and never over another file."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.records.ids import random_id
from xeroml_nb.sync.files.layout import END, FORMAT, HEAD, LAYOUTS, OURS
from xeroml_nb.sync.files.reading import FORMATS, opened, with_suffix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def head_of(kind: str, key: str, title: str) -> dict[str, Any]:
    """What an export says of itself.

    Args:
        kind: "experiment" or "labels".
        key: The id of the experiment or queue.
        title: What people call it.
    """
    made_by = f"{OURS} {version(OURS)}"
    return {OURS: kind, "format": FORMAT, "id": key, "title": title, "written_by": made_by}


def checked_target(path: str | Path, head: Mapping[str, Any]) -> Path:
    """Where an export goes, absolute.

    Raises:
        BadInput: If the name does not say which kind of file it is, its folder is missing, or
            something else than an earlier export of the same stands there.
    """
    given = with_suffix(Path(path).expanduser().absolute())
    if not given.parent.is_dir():
        raise BadInput(f"There is no folder {str(given.parent)!r}.", "Make it first.")
    if given.exists() and (found := _title_of_other(given, head)):
        raise BadInput(
            f"{str(path)!r} is there already, and is {found}.",
            "Pass another path, or remove the file first.",
        )
    return given


def write(target: Path, head: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write an export in one step.

    Args:
        target: A checked path.
        head: What it says of itself.
        rows: What stands between head and end.

    Returns:
        The path.

    Raises:
        BadInput: If the file cannot be written.
    """
    layout = LAYOUTS[head[OURS]]
    unfinished = target.with_name(f".{target.name}.{random_id()}")
    try:
        file = FORMATS[target.suffix.lower()]
        file.write(unfinished, layout.columns, _framed(head, rows), head)
        unfinished.replace(target)
    except OSError as error:
        raise BadInput(
            f"{target} cannot be written ({error.strerror or error}).",
            "Free some space, or pass a path in a folder that can be written.",
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def _framed(
    head: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    """The rows between head and end."""
    yield {"record": HEAD, "details": head}
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007 - how many is needed after the last
        yield row
    yield {"record": END, "details": {"rows": count}}


def _title_of_other(path: Path, head: Mapping[str, Any]) -> str | None:
    """What stands there, unless it is an earlier export of the same."""
    try:
        with opened(path) as found:
            if all(found.head.get(name) == head[name] for name in (OURS, "id")):
                return None
            return f"the export of {found.head.get('title')!r}"
    except BadInput:
        return "no export of this package"
