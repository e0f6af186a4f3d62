"""Exports as JSONL: one object a line."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from xeroml_nb.sync.files.cells import Cell, from_jsonl, json_text, json_value, to_jsonl
from xeroml_nb.sync.files.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path


def write(
    path: Path,
    columns: Mapping[str, Cell],
    rows: Iterable[Mapping[str, Any]],
    head: Mapping[str, Any],  # noqa: ARG001 - stands in the first row alone
) -> None:
    """Write rows one after the other; what has no value is left out."""
    with path.open("w", newline="\n", encoding="utf-8") as lines:
        for row in rows:
            held = {n: to_jsonl(kind, row[n]) for n, kind in columns.items() if n in row}
            lines.write(json_text(held) + "\n")


@contextmanager
def reading(path: Path) -> Iterator[Table]:
    """The table of a file, which is read while its rows are asked for."""
    with path.open("rb") as lines:
        yield Table(None, _rows(lines), from_jsonl)


def _rows(lines: Iterable[bytes]) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        if line.strip():
            yield _object(line)


def _object(line: bytes) -> dict[str, Any]:
    try:
        row = json_value(line)
    except ValueError as error:
        raise ValueError(f"it is no JSON ({error})") from None
    if not isinstance(row, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - the file's fault
    return row
