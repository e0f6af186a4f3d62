"""Rows of a dataset from a list, a DataFrame or a file."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput, BadRow, MissingExtra
from xeroml_nb.records.dataset import DatasetItem
from xeroml_nb.records.ids import NAME_LIMIT, content_hash
from xeroml_nb.records.json_text import is_unheld, plain

if TYPE_CHECKING:
    from pandas import DataFrame

_PARTS = ("input", "expected_output", "metadata")
Row = Mapping[str, Any]
Columns = str | Sequence[str]
Items = Iterable[Row] | Iterable[DatasetItem] | str | Path


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which columns of a row make which part of an item.

    Args:
        input: A column, whose value is the input; or several, which become a dict.
        expected_output: As `input`; may be missing in the rows when it is not named.
        metadata: Columns that become a dict; by default all that make nothing else.
        id: The column with the id; by default `id` if there is one, else a hash of the input.
    """

    input: Columns = "input"
    expected_output: Columns | None = None
    metadata: Columns | None = None
    id: str | None = None


def read_items(source: Any, columns: ColumnMap) -> list[DatasetItem]:
    """Read and check all items of a source.

    Args:
        source: A list of dicts, a DataFrame, or the path of a CSV, JSONL or Parquet file.
        columns: What makes what.

    Raises:
        BadRow: If a row cannot become an item; names the row, counted from 1, and the reason.
        BadInput: If the source cannot be read at all.
    """
    name, rows = _rows(source)
    items: list[DatasetItem] = []
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, start=1):
        try:
            items.append(_unique(_item(row, columns), number, seen, given=_has_id(row, columns)))
        except BadRow:
            raise
        except BadInput as error:
            raise BadRow(number, str(error), name) from None
    return items


def _rows(source: Any) -> tuple[str, Iterable[Any]]:
    if isinstance(source, (str, Path)):
        return str(source), _file_rows(Path(source).expanduser())
    if hasattr(source, "to_dict") and hasattr(source, "columns"):
        return "the DataFrame", _frame_rows(source)
    if isinstance(source, Mapping) or not isinstance(source, Iterable):
        raise BadInput(
            f"The items are a {type(source).__name__}.",
            "Pass a list of dicts, a DataFrame, or a path to CSV, JSONL or Parquet.",
        )
    return "the items", source


def _file_rows(path: Path) -> Iterable[Any]:
    readers = {".csv": _csv_rows, ".jsonl": _jsonl_rows, ".ndjson": _jsonl_rows}
    suffix = path.suffix.lower()
    if not path.is_file():
        raise BadInput(f"There is no file {path}.", f"The working directory is {Path.cwd()}.")
    if suffix == ".parquet":
        return _parquet_rows(path)
    if suffix not in readers:
        raise BadInput(f"{path} is not CSV, JSONL or Parquet.", "Convert it, or pass a DataFrame.")
    return readers[suffix](path)


def _csv_rows(path: Path) -> Iterator[Any]:
    """Rows of a CSV file with a header; every value is text, since CSV has no other types."""
    with path.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines, strict=True)
        number = 0
        limit = csv.field_size_limit(sys.maxsize)
        try:
            _check_columns(reader.fieldnames or (), str(path))
            for number, row in enumerate(reader, start=1):
                if None in row or None in row.values():
                    want = len(reader.fieldnames or ())
                    raise BadRow(number, f"it does not have {want} fields", str(path))
                yield row
        except (csv.Error, UnicodeDecodeError) as error:
            raise BadRow(number + 1, str(error), str(path)) from None
        finally:
            csv.field_size_limit(limit)


def _check_columns(names: Sequence[str], source: str) -> None:
    if twice := next((n for n in names if list(names).count(n) > 1), None):
        raise BadInput(f"{source} has two columns {twice!r}.", "Rename one of them.")


def _jsonl_rows(path: Path) -> Iterator[Any]:
    number = 0
    with path.open("rb") as lines:
        for line in lines:
            if not line.strip():
                continue
            number += 1
            try:
                yield json.loads(line, parse_constant=_refuse_constant)
            except (ValueError, RecursionError) as error:
                raise BadRow(number, f"it is not JSON ({error})", str(path)) from None


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON value")


def _parquet_rows(path: Path) -> Iterable[Any]:
    import pandas as pd

    try:
        frame = pd.read_parquet(path)
    except ImportError as error:
        raise MissingExtra("Reading Parquet", "parquet") from error
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read as Parquet ({error}).", "Check the file.") from None
    return _frame_rows(frame)


def _frame_rows(frame: DataFrame) -> Iterator[Any]:
    columns = [str(c) for c in frame.columns]
    _check_columns(columns, "The DataFrame")
    for values in frame.itertuples(index=False, name=None):
        yield {c: _cell(v) for c, v in zip(columns, values, strict=True)}


def _cell(value: Any) -> Any:
    """A cell's plain value; pandas' many ways to say "nothing" become None."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, float) and math.isnan(value):
        return None
    return plain(value)


def _item(row: Any, columns: ColumnMap) -> DatasetItem:
    if isinstance(row, DatasetItem):
        parts = (row.input, row.expected_output, row.metadata)
        held = [_held(p, n) for p, n in zip(parts, _PARTS, strict=True)]
        return DatasetItem(_checked_id(row.id), *held)
    if not isinstance(row, Mapping):
        raise BadInput(f"it is a {type(row).__name__}, not a dict of columns.")
    content = _part(row, columns.input, "input")
    given = _get(row, columns.id, "id") if _has_id(row, columns) else None
    return DatasetItem(
        id=_checked_id(given) if given is not None else content_hash(content)[:12],
        input=content,
        expected_output=_expected(row, columns),
        metadata=_held(_metadata(row, columns), "metadata"),
    )


def _has_id(row: Any, columns: ColumnMap) -> bool:
    if isinstance(row, DatasetItem) or columns.id is not None:
        return True
    return isinstance(row, Mapping) and row.get("id") is not None and "id" not in _taken(columns)


def _taken(columns: ColumnMap) -> set[str]:
    """The columns that make the input or the expected output."""
    parts = [columns.input, columns.expected_output or "expected_output"]
    return {name for part in parts for name in ([part] if isinstance(part, str) else part)}


def _part(row: Row, columns: Columns, what: str) -> Any:
    if isinstance(columns, str):
        return _held(_get(row, columns, what), what)
    return {name: _held(_get(row, name, what), what) for name in columns}


def _expected(row: Row, columns: ColumnMap) -> Any:
    if columns.expected_output is None:
        return _held(row.get("expected_output"), "expected_output")
    return _part(row, columns.expected_output, "expected_output")


def _metadata(row: Row, columns: ColumnMap) -> Any:
    named = columns.metadata
    if named is None:
        used = _taken(columns) | {columns.id or "id"}
        rest = {k: v for k, v in row.items() if k not in used and v is not None}
        own = rest.get("metadata")
        if isinstance(own, Mapping):
            return {**own, **{k: v for k, v in rest.items() if k != "metadata"}}
        return rest or None
    if isinstance(named, str):
        value = _get(row, named, "metadata")
        return value if isinstance(value, Mapping) else {named: value}
    return {name: _get(row, name, "metadata") for name in named}


def _get(row: Row, column: str | None, what: str) -> Any:
    name = column or "id"
    if name not in row:
        there = ", ".join(str(c) for c in row) or "nothing"
        raise BadInput(f"it has no column {name!r} for {what}; it has: {there}.")
    return row[name]


def _held(value: Any, what: str) -> Any:
    """The JSON form of a value, which must hold all of it."""
    held = plain(value)
    if odd := _first_unheld(held):
        raise BadInput(f"its {what} holds {odd[:120]}, which JSON cannot hold.")
    return held


def _first_unheld(held: Any) -> str | None:
    if is_unheld(held):
        return f"{held['__repr__']} ({held['type']})"
    inside = held.values() if isinstance(held, dict) else held if isinstance(held, list) else ()
    return next((odd for part in inside if (odd := _first_unheld(part))), None)


def _checked_id(value: Any) -> str:
    text = str(value).strip() if isinstance(value, (str, int)) else ""
    if not text or len(text) > NAME_LIMIT or not text.isprintable():
        raise BadInput(
            f"its id is {str(value)[:80]!r}; use 1 to {NAME_LIMIT} printable characters."
        )
    return text


def _unique(item: DatasetItem, number: int, seen: dict[str, int], *, given: bool) -> DatasetItem:
    """Refuse a given id that was there before; number ids that were derived from equal inputs."""
    if given and item.id in seen:
        raise BadInput(f"its id {item.id!r} is already that of row {seen[item.id]}.")
    unique, times = item.id, 1
    while unique in seen:
        times += 1
        unique = f"{item.id}-{times}"
    seen[unique] = number
    if unique == item.id:
        return item
    return DatasetItem(unique, item.input, item.expected_output, item.metadata)
