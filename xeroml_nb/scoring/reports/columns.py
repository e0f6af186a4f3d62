"""What a report is to show, as users say it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.records.ids import checked_name
from xeroml_nb.records.json_text import said
from xeroml_nb.records.report import USUAL_COLUMNS, ColumnType, ReportColumn
from xeroml_nb.scoring.cards.rows import bare
from xeroml_nb.scoring.cards.unknown import unknown_name
from xeroml_nb.scoring.reports.cells import FIELDS, taken

if TYPE_CHECKING:
    from xeroml_nb.scoring.reports.cells import ItemRunRows, Row

Source = str | Callable[[dict[str, Any]], Any]
Wanted = Mapping[str, Source] | Sequence[str | tuple[str, Source]]

_HOW = 'Pass a list such as ["input", "accuracy"], or a dict of names and sources.'


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a report.

    Args:
        stored: As the store keeps them.
        functions: Those of the user, by the column they fill.
    """

    stored: tuple[ReportColumn, ...]
    functions: dict[str, Callable[[dict[str, Any]], Any]] = field(default_factory=dict)


def wanted_columns(wanted: Wanted | None, item_runs: ItemRunRows) -> Columns:
    """Check what a report is to show, and fill the columns of functions.

    Args:
        wanted: Names, pairs of a name and a source, or a dict of these; None for the usual ones.
        item_runs: What there is to show.

    Raises:
        BadInput: If it is none of these, a name is there twice, a source is unknown, or a function
            fails.
    """
    pairs = _pairs([USUAL_COLUMNS] if wanted is None else wanted)
    columns = []
    functions = {}
    for name, source in pairs:
        if isinstance(source, str):
            columns.append(source_column(name, source, item_runs))
        else:
            functions[name] = source
            columns.append(ReportColumn(name, ColumnType.VALUES, {"values": []}))
    return Columns(recalculated(columns, functions, item_runs), functions)


def source_column(name: str, source: str, item_runs: ItemRunRows | None) -> ReportColumn:
    """A column that shows a field, a score, or a part of a field.

    Args:
        name: What it is called.
        source: `*` for the usual columns; else what it shows.
        item_runs: In which the source is to be found; None where there are none yet.

    Raises:
        BadInput: If no item run has it.
    """
    if source == USUAL_COLUMNS:
        return ReportColumn(USUAL_COLUMNS, ColumnType.USUAL)
    if item_runs is not None:
        _check_source(name, source, item_runs)
    return ReportColumn(name, ColumnType.SOURCE, {"source": source})


def recalculated(
    columns: Iterable[ReportColumn],
    functions: Mapping[str, Callable[[dict[str, Any]], Any]],
    item_runs: ItemRunRows,
) -> tuple[ReportColumn, ...]:
    """The columns, those of functions with what these say of the item runs now.

    A function sees the fields, the scores, and the columns before its own.

    Raises:
        BadInput: If a function fails.
    """
    seen = [dict(row) for row in item_runs.rows]
    found = []
    for column in columns:
        made = column
        if column.name in functions:
            cells = [_called(column.name, functions[column.name], row) for row in seen]
            keys = ((row["item_id"], row["repetition"]) for row in item_runs.rows)
            values = [[*key, cell] for key, cell in zip(keys, cells, strict=True)]
            made = ReportColumn(column.name, ColumnType.VALUES, {"values": values}, column.id)
            _add(seen, column.name, cells)
        elif column.column_type is ColumnType.SOURCE:
            source = column.configuration["source"]
            _add(seen, column.name, [taken(row, source) for row in item_runs.rows])
        found.append(made)
    return tuple(found)


def _add(rows: list[Row], name: str, cells: Sequence[Any]) -> None:
    for row, cell in zip(rows, cells, strict=True):
        row[name] = cell


def _called(name: str, function: Callable[[dict[str, Any]], Any], row: Row) -> Any:
    try:
        return bare(function(dict(row)))
    except Exception as error:
        raise BadInput(
            f"Column {name!r} failed on item {row['item_id']!r}: {said(error)}.",
            "Let its function return None where there is nothing to show, such as for an item run "
            "without output.",
        ) from error


def _pairs(wanted: Any) -> list[tuple[str, Source]]:
    if isinstance(wanted, (str, bytes)) or not isinstance(wanted, Iterable):
        raise BadInput(f"The columns of the report are {wanted!r:.80}.", _HOW)
    given = list(wanted.items() if isinstance(wanted, Mapping) else wanted)
    pairs = [_pair(one) for one in given]
    if not pairs:
        raise BadInput("The report is to have no columns.", _HOW)
    names = [name for name, _ in pairs]
    if twice := next((n for n in names if names.count(n) > 1), None):
        raise BadInput(f"The report has two columns {twice!r}.", "Rename one of them.")
    return pairs


def _pair(given: Any) -> tuple[str, Source]:
    match given:
        case str():
            return checked_name("column", given), given
        case (str() as name, str() as source):
            return checked_name("column", name), source
        case (str() as name, source) if callable(source):
            return checked_name("column", name), source
    raise BadInput(f"A column of the report is {given!r:.80}.", _HOW)


def _check_source(name: str, source: str, item_runs: ItemRunRows) -> None:
    known = (*FIELDS, *item_runs.scores)
    head, _, path = source.partition(".")
    if source in known or (not item_runs.rows and head in FIELDS):
        return
    found = bool(path) and head in FIELDS
    if found and any(taken(row, source) is not None for row in item_runs.rows):
        return
    inside = sorted({f"{head}.{key}" for row in item_runs.rows for key in _keys(row, head)})
    raise BadInput(
        *unknown_name(f"Column {name!r} shows", source, inside if found and inside else known)
    )


def _keys(row: Row, head: str) -> list[str]:
    value = row.get(head)
    return list(value) if isinstance(value, dict) else []
