"""Put the columns that a request asks for into a report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xeroml_nb.errors import BadInput
from xeroml_nb.records.report import USUAL_COLUMNS, CardRecord, ColumnType, ReportColumn
from xeroml_nb.scoring.reports.cells import read_item_runs
from xeroml_nb.scoring.reports.columns import source_column
from xeroml_nb.store import experiments, reports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from xeroml_nb.records.report import ReportRecord
    from xeroml_nb.scoring.reports.cells import ItemRunRows
    from xeroml_nb.server.models.reports import ColumnAdded, ColumnGiven, ReportGiven
    from xeroml_nb.store.store import Store


def all_columns(store: Store, given: ReportGiven) -> list[ReportColumn]:
    """The usual columns and those that a new report is given.

    Raises:
        BadInput: If a name is there twice, or a source is unknown.
    """
    columns = [ReportColumn(USUAL_COLUMNS, ColumnType.USUAL)]
    item_runs = _item_runs(store, given.experiment_id)
    for column in given.columns:
        columns = _placed(columns, column, item_runs)
    return columns


def added_to(store: Store, record: ReportRecord, given: ColumnAdded) -> ReportRecord:
    """A report with one column more.

    Raises:
        BadInput: If it has one of that name, or the source is unknown.
    """
    item_runs = _item_runs(store, record.experiment_id)

    def work(connection: Connection) -> ReportRecord:
        now = reports.existing(connection, record.id)
        columns = _placed(now.columns, given, item_runs)
        reports.set_columns(connection, record.id, columns)
        card = now.card or CardRecord()
        if given.is_part_of_score:
            more = replace(card, column_names=(*card.column_names, given.name))
            reports.set_card(connection, record.id, more)
        return reports.existing(connection, record.id)

    return store.write(work)


def _placed(
    columns: Sequence[ReportColumn], given: ColumnGiven, item_runs: ItemRunRows | None
) -> list[ReportColumn]:
    if any(column.name == given.name for column in columns):
        raise BadInput(f"The report has two columns {given.name!r}.", "Rename one of them.")
    made = source_column(given.name, given.configuration.source, item_runs)
    place = len(columns) if given.position is None else given.position
    return [*columns[:place], made, *columns[place:]]


def _item_runs(store: Store, experiment_id: str | None) -> ItemRunRows | None:
    """Those in which a column's source is to be found; None where none are known."""
    if experiment_id is None:
        return None
    with store.reading() as connection:
        experiment = experiments.by_id(connection, experiment_id)
        return None if experiment is None else read_item_runs(connection, experiment)
