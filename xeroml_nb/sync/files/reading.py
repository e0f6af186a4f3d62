"""Read an export of this package: what it is, then its rows, each checked."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput, BadRow
from xeroml_nb.sync.files import csv_file, jsonl_file, parquet_file
from xeroml_nb.sync.files.cells import Cell
from xeroml_nb.sync.files.layout import END, FORMAT, HEAD, LAYOUTS, OURS, Layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xeroml_nb.sync.files.table import Table

FORMATS = {".csv": csv_file, ".jsonl": jsonl_file, ".parquet": parquet_file}
_AGAIN = "Export it again."


@dataclass(frozen=True, slots=True)
class Row:
    """One row between the head and the end.

    Args:
        number: Counts from 1; the head is row 1.
        record: What kind of row it is.
        section: Which part of the file it stands in.
        cells: Values by column, where there are any.
    """

    number: int
    record: str
    section: str
    cells: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Export:
    """An export while it is read.

    Args:
        path: The file.
        kind: "experiment" or "labels".
        head: What it says of itself.
        rows: What it holds; read once, in order.
    """

    path: Path
    kind: str
    head: Mapping[str, Any]
    rows: Iterator[Row]

    def bad(self, row: Row, reason: object) -> BadRow:
        """The error that says what is wrong with a row."""
        return BadRow(row.number, str(reason), str(self.path))


class Sections:
    """The rows of an export, section by section.

    Args:
        export: The file, of which no row is read yet.
    """

    def __init__(self, export: Export) -> None:
        self._export = export
        self._ahead: Row | None = None

    def of(self, section: str) -> Iterator[Row]:
        """The rows of the next section, if it is this one."""
        while self._is_next(section):
            row, self._ahead = self._ahead, None
            assert row is not None  # noqa: S101 - it is the next
            yield row

    def one(self, section: str) -> Row | None:
        """The only row of a section; None if there is none.

        Raises:
            BadRow: If there are several.
        """
        found = next(self.of(section), None)
        if (second := next(self.of(section), None)) is not None:
            raise self._export.bad(second, f"it is a second row of {section!r}")
        return found

    def needed(self, section: str) -> Row:
        """The only row of a section that every file has.

        Raises:
            BadInput: If there is none, or another row stands at its place.
        """
        found = self.one(section)
        if found is None and self._ahead is not None:
            raise self._export.bad(self._ahead, f"it stands before the row of {section!r}")
        if found is None:
            raise BadInput(f"{self._export.path} has no row of {section!r}.", _AGAIN)
        return found

    def _is_next(self, section: str) -> bool:
        """Tell whether a section goes on; no row is read before the one ahead of it is used."""
        if self._ahead is None:
            self._ahead = next(self._export.rows, None)
        return self._ahead is not None and self._ahead.section == section


@contextmanager
def opened(path: Path) -> Iterator[Export]:
    """An export, of which the head is read.

    Raises:
        BadInput: If it is no export, or one that this version cannot read.
    """
    with ExitStack() as stack:
        try:
            table = stack.enter_context(FORMATS[path.suffix.lower()].reading(path))
        except (OSError, ValueError) as error:
            raise BadInput(f"{path} cannot be read: {error}.", "Check the file.") from None
        yield _export(path, table)


def checked_file(path: str | Path) -> Path:
    """The path of a file to read.

    Raises:
        BadInput: If there is no such file, or its name does not say what it is.
    """
    given = Path(path).expanduser()
    if not given.is_file():
        raise BadInput(f"There is no file {given}.", f"The working directory is {Path.cwd()}.")
    return with_suffix(given)


def with_suffix(path: Path) -> Path:
    """The path, whose ending says in which way the file is written.

    Raises:
        BadInput: If it does not.
    """
    if path.suffix.lower() not in FORMATS:
        raise BadInput(
            f"The name of {path} does not say which kind of file it is.",
            f"End it in {', '.join(FORMATS)}.",
        )
    return path


def _export(path: Path, table: Table) -> Export:
    rows = _numbered(path, table)
    head = _head(path, rows, table)
    if head.get("format") != FORMAT:
        raise BadInput(
            f"{path} was written in format {head.get('format')}; this version reads {FORMAT}.",
            "Upgrade with: pip install -U xeroml_nb",
        )
    layout = LAYOUTS[head[OURS]]
    _check_columns(path, table, layout)
    return Export(path, head[OURS], head, _checked(path, rows, table, layout))


def _head(
    path: Path, rows: Iterator[tuple[int, Mapping[str, Any]]], table: Table
) -> Mapping[str, Any]:
    """What the file says of itself.

    Raises:
        BadInput: If it does not begin as an export does.
    """
    try:
        _, first = next(rows)
        head = table.decode(Cell.JSON, first["details"]) if first["record"] == HEAD else None
    except (StopIteration, KeyError, ValueError):
        head = None
    if not isinstance(head, dict) or head.get(OURS) not in LAYOUTS:
        raise BadInput(
            f"{path} is no export of this package.",
            "import_file() reads what export() wrote; create_dataset(items=...) reads other files.",
        )
    return head


def _check_columns(path: Path, table: Table, layout: Layout) -> None:
    if table.columns is None:
        return
    if twice := [c for c in layout.columns if table.columns.count(c) > 1]:
        raise BadInput(f"{path} has the column {twice[0]!r} twice.", _AGAIN)
    if missing := [c for c in layout.columns if c not in table.columns]:
        raise BadInput(f"{path} lacks the columns {', '.join(missing)}.", _AGAIN)
    if odd := [c for c in table.columns if c not in layout.columns]:
        raise BadInput(
            f"{path} has columns that are not known: {', '.join(map(repr, odd))}.",
            "Remove them, or export it again.",
        )


def _checked(
    path: Path, rows: Iterator[tuple[int, Mapping[str, Any]]], table: Table, layout: Layout
) -> Iterator[Row]:
    """The rows up to the end, in the order of their sections."""
    order = {section: place for place, section in enumerate(layout.sections)}
    place, count = 1, 0
    for number, raw in rows:
        try:
            row = _row(number, raw, table, layout)
        except ValueError as error:
            raise BadRow(number, str(error), str(path)) from None
        if order[row.section] < place:
            raise BadRow(number, f"it is a row of {row.record!r} out of its place", str(path))
        if row.record == END:
            _check_end(path, row, rows, count)
            return
        place, count = order[row.section], count + 1
        yield row
    raise BadInput(f"{path} is cut short: it ends after {count} rows without an end row.", _AGAIN)


def _row(number: int, raw: Mapping[str, Any], table: Table, layout: Layout) -> Row:
    if unknown := [name for name in raw if name not in layout.columns]:
        raise ValueError(f"it has {unknown[0]!r}, which is not known")
    cells = {}
    for name, held in raw.items():
        try:
            cells[name] = table.decode(layout.columns[name], held)
        except ValueError as error:
            raise ValueError(f"its {name} {error}") from None
    record = str(cells.pop("record", ""))
    layout.check(record, cells)
    return Row(number, record, layout.records[record].section, cells)


def _check_end(
    path: Path, row: Row, rows: Iterator[tuple[int, Mapping[str, Any]]], count: int
) -> None:
    details = row.cells["details"]
    written = details.get("rows") if isinstance(details, dict) else None
    if written != count:
        raise BadInput(f"{path} holds {count} rows, and {written} were written to it.", _AGAIN)
    if next(rows, None) is not None:
        raise BadRow(row.number + 1, "it stands after the end", str(path))


def _numbered(path: Path, table: Table) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Rows with their numbers, from 1 on."""
    number = 0
    while True:
        try:
            raw = next(table.rows, None)
        except (OSError, ValueError) as error:
            raise BadRow(number + 1, str(error), str(path)) from None
        if raw is None:
            return
        number += 1
        yield number, raw
