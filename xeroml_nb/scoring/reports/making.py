"""Make the reports of an experiment, and find them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.records.ids import checked_name
from xeroml_nb.scoring.reports.cells import read_item_runs
from xeroml_nb.scoring.reports.columns import wanted_columns
from xeroml_nb.scoring.reports.report import Report
from xeroml_nb.store import reports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.records.report import ReportRecord
    from xeroml_nb.scoring.reports.columns import Columns, Wanted
    from xeroml_nb.store.store import Store


def report_on(experiment: Experiment, columns: Wanted | None, name: str | None) -> Report:
    """The report of an experiment that has this name, with these columns; made if there is none.

    Args:
        experiment: What it reports on.
        columns: What it shows; None for what it showed before, and for the usual columns of a new
            one.
        name: The experiment's by default.

    Raises:
        BadInput: If the columns or the name cannot be accepted; nothing is changed then.
    """
    store = experiment.store
    called = checked_name("report", experiment.name if name is None else name)
    with store.reading() as connection:
        found = _named(connection, experiment, called)
        if found is not None and columns is None:
            return Report(store, found)
        made = wanted_columns(columns, read_item_runs(connection, experiment.record))
    record = store.write(lambda c: _stored(c, experiment, called, made))
    return Report(store, record, made.functions)


def reports_on(experiment: Experiment) -> list[Report]:
    """The reports of an experiment, oldest first."""
    with experiment.store.reading() as connection:
        found = reports.of_experiment(connection, experiment.id)
    return [Report(experiment.store, record) for record in found]


def bring_scores_up(store: Store, experiment_ids: Sequence[str] | None = None) -> None:
    """Let score cards see what changed since anybody looked at their reports.

    The scores of experiments that come from cards are then those of this moment. A card that
    fails leaves its error on the report.

    Args:
        store: Where the reports live.
        experiment_ids: Of which experiments; all by default.
    """
    with store.reading() as connection:
        found = reports.scored(connection, experiment_ids)
    for record in found:
        Report(store, record).refresh()


def _named(connection: Connection, experiment: Experiment, name: str) -> ReportRecord | None:
    found = reports.of_experiment(connection, experiment.id)
    return next((record for record in found if record.name == name), None)


def _stored(
    connection: Connection, experiment: Experiment, name: str, made: Columns
) -> ReportRecord:
    found = _named(connection, experiment, name)
    if found is None:
        return reports.create(connection, name, made.stored, experiment_id=experiment.id)
    return reports.set_columns(connection, found.id, made.stored)
