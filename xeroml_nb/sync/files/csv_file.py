"""Exports as CSV: UTF-8 with a byte order mark, by which spreadsheets know it."""

from __future__ import annotations

import csv
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from xeroml_nb.sync.files.cells import from_csv, to_csv
from xeroml_nb.sync.files.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from xeroml_nb.sync.files.cells import Cell

_ENCODING = "utf-8-sig"


def write(
    path: Path,
    columns: Mapping[str, Cell],
    rows: Iterable[Mapping[str, Any]],
    head: Mapping[str, Any],  # noqa: ARG001 - stands in the first row alone
) -> None:
    """Write rows one after the other."""
    with path.open("w", newline="", encoding=_ENCODING) as lines:
        # Lines end in \\r\\n, so that both signs are quoted where they stand in a cell.
        writer = csv.writer(lines)
        writer.writerow(columns)
        writer.writerows(
            [to_csv(kind, row[name]) if name in row else "" for name, kind in columns.items()]
            for row in rows
        )


@contextmanager
def reading(path: Path) -> Iterator[Table]:
    """The table of a file, which is read while its rows are asked for.

    Raises:
        ValueError: If it does not begin as CSV does.
    """
    limit = csv.field_size_limit(sys.maxsize)
    try:
        with path.open(newline="", encoding=_ENCODING) as lines:
            reader = csv.reader(lines, strict=True)
            columns = tuple(next(_lines(reader), ()))
            yield Table(columns, _rows(reader, columns), from_csv)
    finally:
        csv.field_size_limit(limit)


def _rows(reader: Iterator[list[str]], columns: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    for cells in _lines(reader):
        if len(cells) != len(columns):
            raise ValueError(f"it has {len(cells)} cells, and the file {len(columns)} columns")
        yield {name: cell for name, cell in zip(columns, cells, strict=True) if cell}


def _lines(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from filter(None, reader)
    except csv.Error as error:
        raise ValueError(f"it is no CSV ({error})") from None
