"""Attach a score card to an experiment, a report, or all later runs of a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.experiments.experiment import Experiment
from xeroml_nb.experiments.task import Task, remembered
from xeroml_nb.provided import provided
from xeroml_nb.records.report import USUAL_COLUMNS, ColumnType, ReportColumn
from xeroml_nb.scoring.reports.cells import usual_rows
from xeroml_nb.scoring.reports.making import report_on, reports_on
from xeroml_nb.scoring.reports.report import Report
from xeroml_nb.store import experiments, reports

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from xeroml_nb.records.report import ReportRecord
    from xeroml_nb.scoring.cards.card import ScoreCard
    from xeroml_nb.store.store import Store


def attached(card: ScoreCard, target: Any) -> Report:
    """The report, or the blueprint, that has the card now.

    Args:
        card: Makes the score.
        target: An experiment, a report, or a task: the function, or its name.

    Raises:
        BadInput: If it is something else.
        NotFound: If no task of that name is known.
    """
    if isinstance(target, Report):
        return target.set_card(card)
    if isinstance(target, Experiment):
        return _on_experiment(card, target)
    store: Store = provided("client")().store
    if isinstance(target, str):
        return _blueprint(store, _known_task(store, target), card)
    if isinstance(target, Task) or callable(target):
        task = target if isinstance(target, Task) else Task.of(target)
        return _blueprint(store, task.name, card)
    raise BadInput(
        f"Score card {card.name!r} cannot be attached to a {type(target).__name__}.",
        "Pass an experiment, a report, or a task (the function, or its name).",
    )


def _on_experiment(card: ScoreCard, experiment: Experiment) -> Report:
    """The experiment's report; a card it does not take leaves no empty report behind."""
    if not reports_on(experiment):
        named = usual_rows(experiment)
        card.check_columns(named.names, rows=len(named.rows))
    return report_on(experiment, None, None).set_card(card)


def _blueprint(store: Store, task_name: str, card: ScoreCard) -> Report:
    def work(connection: Connection) -> ReportRecord:
        found = reports.blueprints(connection, task_name)
        if found:
            return reports.set_card(connection, found[0].id, card)
        usual = ReportColumn(USUAL_COLUMNS, ColumnType.USUAL)
        return reports.create(connection, task_name, [usual], card=card, task_name=task_name)

    return Report(store, store.write(work))


def _known_task(store: Store, name: str) -> str:
    with store.reading() as connection:
        ran = {record.task.name for record in experiments.listing(connection) if record.task}
    known = ran | remembered().keys()
    if name not in known:
        raise NotFound("task", name, known, "Pass the function itself.")
    return name
