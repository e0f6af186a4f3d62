"""The cells of a report: what each column says of each item run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.experiments.reading import planned_items
from xeroml_nb.experiments.results import COLUMNS
from xeroml_nb.records.experiment import ItemStatus
from xeroml_nb.records.report import USUAL_COLUMNS, ColumnType, ReportColumn
from xeroml_nb.scoring.cards.rows import NamedRows, bare
from xeroml_nb.store import experiments

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from sqlalchemy.engine import Connection

    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.records.experiment import ExperimentRecord

    Row = dict[str, Any]

FIELDS = (*COLUMNS, "metadata")
USUAL_FIELDS = ("item_id", "input", "expected_output", "output")
_ENDED = (ItemStatus.OK.value, ItemStatus.FAILED.value, ItemStatus.TIMEOUT.value)
_USUAL = (ReportColumn(USUAL_COLUMNS, ColumnType.USUAL),)


@dataclass(frozen=True, slots=True)
class ItemRunRows:
    """The item runs of an experiment that ended, with all that is known of them.

    Args:
        scores: Names of their scores; one with the name of a field is `score:NAME`.
        rows: One dict each, with `FIELDS` and the scores; a missing one is None.
    """

    scores: tuple[str, ...]
    rows: list[Row]


def read_item_runs(connection: Connection, record: ExperimentRecord) -> ItemRunRows:
    """Read the item runs with an output, an error or a time-out, in the experiment's order."""
    from xeroml_nb.experiments.frames import results_frame  # pandas is loaded when it is needed

    items = planned_items(connection, record)
    frame = results_frame(connection, record, items)
    frame = frame[frame["status"].isin(_ENDED)]
    local = experiments.local_items(connection, record.id)
    metadata = {item.id: item.metadata for item in (*items, *local)}
    names = [str(name) for name in frame.columns]
    columns = [_cells(frame[name]) for name in names]
    columns.append([metadata.get(item_id) for item_id in frame["item_id"]])
    rows = [dict(zip((*names, "metadata"), row, strict=True)) for row in zip(*columns, strict=True)]
    return ItemRunRows(tuple(name for name in names if name not in COLUMNS), rows)


def usual_rows(experiment: Experiment) -> NamedRows:
    """An experiment as a report shows it that says nothing of its columns."""
    with experiment.store.reading() as connection:
        return shown(read_item_runs(connection, experiment.record), _USUAL)


def shown(item_runs: ItemRunRows, columns: Sequence[ReportColumn]) -> NamedRows:
    """The rows of a report.

    Args:
        item_runs: Those of its experiment.
        columns: Its own; of two with one name, the later one counts.
    """
    names = column_names(columns, item_runs.scores)
    filled: dict[str, list[Any]] = {}
    for column in columns:
        filled |= _filled(column, item_runs)
    cells = zip(*(filled[name] for name in names), strict=True)
    return NamedRows(names, [dict(zip(names, row, strict=True)) for row in cells])


def column_names(columns: Sequence[ReportColumn], scores: Sequence[str]) -> tuple[str, ...]:
    """The names of a report's columns, the usual ones spelt out."""
    names: dict[str, None] = {}
    for column in columns:
        is_usual = column.column_type is ColumnType.USUAL
        names |= dict.fromkeys((*USUAL_FIELDS, *scores) if is_usual else (column.name,))
    return tuple(names)


def taken(row: Row, source: str) -> Any:
    """What a source says of an item run; None where there is nothing.

    Args:
        row: Fields and scores.
        source: The name of a field or a score, or a path from a field into its dicts and lists.

    Example:
        >>> taken({"input": {"messages": [{"text": "hello"}]}}, "input.messages.0.text")
        'hello'
    """
    if source in row:
        return row[source]
    head, *path = source.split(".")
    value = row.get(head)
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _filled(column: ReportColumn, item_runs: ItemRunRows) -> dict[str, list[Any]]:
    """The cells of a column, or of all the usual ones."""
    rows = item_runs.rows
    if column.column_type is ColumnType.USUAL:
        usual = (*USUAL_FIELDS, *item_runs.scores)
        return {name: [bare(row[name]) for row in rows] for name in usual}
    if column.column_type is ColumnType.SOURCE:
        return {column.name: [bare(taken(row, column.configuration["source"])) for row in rows]}
    held = {(item, repetition): value for item, repetition, value in column.configuration["values"]}
    return {column.name: [held.get((row["item_id"], row["repetition"])) for row in rows]}


def _cells(series: pd.Series[Any]) -> list[Any]:
    """The values of a column of a frame, in which what is missing is None."""
    return [
        None if isinstance(value, float) and math.isnan(value) else value
        for value in series.tolist()
    ]
