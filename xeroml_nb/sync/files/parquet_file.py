"""Exports as Parquet: columns with types, JSON as text, and what the file is in its schema."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import MissingExtra
from xeroml_nb.sync.files.cells import Cell, from_parquet, json_text, to_parquet
from xeroml_nb.sync.files.layout import OURS
from xeroml_nb.sync.files.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_AT_ONCE = 500


def write(
    path: Path,
    columns: Mapping[str, Cell],
    rows: Iterable[Mapping[str, Any]],
    head: Mapping[str, Any],
) -> None:
    """Write rows, some hundred at once.

    Raises:
        MissingExtra: If pyarrow is not installed.
    """
    pa, pq = _arrow("Writing Parquet")
    schema = _schema(pa, columns, head)
    left = iter(rows)
    with pq.ParquetWriter(path, schema) as writer:
        while part := list(islice(left, _AT_ONCE)):
            held = [
                {n: to_parquet(kind, row[n]) for n, kind in columns.items() if n in row}
                for row in part
            ]
            writer.write_table(pa.Table.from_pylist(held, schema))


@contextmanager
def reading(path: Path) -> Iterator[Table]:
    """The table of a file, which is read while its rows are asked for.

    Raises:
        MissingExtra: If pyarrow is not installed.
        ValueError: If the file is damaged or no Parquet.
    """
    pa, pq = _arrow("Reading Parquet")
    try:
        opened = pq.ParquetFile(path)
    except pa.ArrowException as error:
        raise ValueError(f"it is no whole Parquet file ({error})") from None
    with opened as file:
        columns = tuple(file.schema_arrow.names)
        yield Table(columns, _rows(pa, file), from_parquet)


def _rows(pa: Any, file: Any) -> Iterator[Mapping[str, Any]]:
    try:
        for batch in file.iter_batches(batch_size=_AT_ONCE):
            for row in batch.to_pylist():
                yield {name: cell for name, cell in row.items() if cell is not None}
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"it cannot be read ({error})") from None


def _schema(pa: Any, columns: Mapping[str, Cell], head: Mapping[str, Any]) -> Any:
    types = {
        Cell.INTEGER: pa.int64(),
        Cell.NUMBER: pa.float64(),
        Cell.TRUTH: pa.bool_(),
        Cell.MOMENT: pa.timestamp("us", "UTC"),
    }
    fields = [
        pa.field(name, types.get(kind, pa.string()), metadata={"holds": kind.value})
        for name, kind in columns.items()
    ]
    return pa.schema(fields, metadata={OURS: json_text(head)})


def _arrow(what: str) -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtra(what, "parquet") from error
    return pa, pq
