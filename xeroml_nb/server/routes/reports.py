"""Make reports, say how their score is made, and tell it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from fastapi import APIRouter
from sqlalchemy.engine import Connection

from xeroml_nb.errors import BadInput
from xeroml_nb.records.experiment import ExperimentRecord
from xeroml_nb.records.report import CardRecord, ReportRecord
from xeroml_nb.scoring.cards.card import ScoreCard
from xeroml_nb.scoring.reports.report import Report
from xeroml_nb.server.access import Reading, Stored, Writing
from xeroml_nb.server.failures import ApiError, Json, declared
from xeroml_nb.server.models.reports import (
    CardGiven,
    CodeGiven,
    ColumnAdded,
    ColumnMade,
    ReportAnswer,
    ReportGiven,
    ReportId,
    ReportMade,
    ReportRun,
    ReportState,
    RunGiven,
    ScoreAnswer,
)
from xeroml_nb.server.naming import BASE
from xeroml_nb.server.routes import reports_shown as shown
from xeroml_nb.server.routes.reports_columns import added_to, all_columns
from xeroml_nb.store import experiments, reports
from xeroml_nb.store.store import Store

T = TypeVar("T")
_topic = APIRouter(tags=["reports"])
# Cards run for seconds: in threads of their own, they leave those of the other routes free.
_SCORING = ThreadPoolExecutor(4, thread_name_prefix="xeroml-scoring")


async def _apart(work: Callable[[], T]) -> T:
    """Do what may run a card, away from all other requests.

    Raises:
        ApiError: If something of the request cannot be accepted.
    """
    try:
        return await asyncio.get_running_loop().run_in_executor(_SCORING, work)
    except BadInput as error:
        raise ApiError(422, str(error)) from None


@_topic.post("/reports", status_code=201, response_model=ReportMade, responses=declared(404, 422))
async def make_report(given: ReportGiven, store: Stored, _: Writing) -> Json:
    """Make a report on an experiment; without one, a blueprint of reports to come."""

    def work() -> Json:
        record = _made(store, given)
        report = Report(store, record)
        report.refresh()
        told = {"report_id": record.id, "report_columns": shown.columns_shown(record)}
        return Json(shown.report_shown(report.record) | told, status_code=201)

    return await _apart(work)


@_topic.post(
    "/report-columns", status_code=201, response_model=ColumnMade, responses=declared(404, 422)
)
async def add_column(given: ColumnAdded, store: Stored, _: Writing) -> Json:
    """Add a column to a report, which says in its configuration what it shows."""

    def work() -> Json:
        record = added_to(store, _existing(store, given.report_id), given)
        Report(store, record).refresh()
        column = next(one for one in record.columns if one.name == given.name)
        made = {"success": True, "report_column": shown.column_shown(record, column)}
        return Json(made, status_code=201)

    return await _apart(work)


@_topic.post(
    "/reports/{report_id}/run",
    status_code=201,
    response_model=ReportRun,
    responses=declared(404, 422),
)
async def run_report(report_id: ReportId, given: RunGiven, store: Stored, _: Writing) -> Json:
    """Make a report on an experiment as a blueprint has it."""

    def work() -> Json:
        plan = _existing(store, report_id)
        if not plan.is_blueprint:
            raise ApiError(400, f"Report {report_id} is no blueprint, but a report that was made.")
        record = store.write(lambda connection: _run(connection, plan, given))
        Report(store, record).refresh()
        return Json({"success": True, "report_id": record.id}, status_code=201)

    return await _apart(work)


@_topic.get("/reports/{report_id}", response_model=ReportState, responses=declared(404, 422))
async def get_report(report_id: ReportId, store: Stored, _: Reading) -> Json:
    """One report, with its score of this moment and how far its experiment is."""

    def work() -> Json:
        report = Report(store, _existing(store, report_id))
        report.refresh()
        record = report.record
        return Json(shown.report_shown(record) | shown.state_shown(store, report, record))

    return await _apart(work)


@_topic.get("/reports/{report_id}/score", response_model=ScoreAnswer, responses=declared(404, 422))
async def get_score(report_id: ReportId, store: Stored, _: Reading) -> Json:
    """The score of a report, and what it is made of."""

    def work() -> Json:
        record = _existing(store, report_id)
        if record.is_blueprint:
            raise ApiError(400, f"Report {report_id} is a blueprint, which has no score.")
        return Json(shown.score_shown(Report(store, record)))

    return await _apart(work)


@_topic.patch(
    "/reports/{report_id}/score-card", response_model=ReportAnswer, responses=declared(404, 422)
)
async def set_score_card(report_id: ReportId, given: CardGiven, store: Stored, _: Writing) -> Json:
    """Say which columns make a report's score, and which code does it.

    A report's score is calculated again before the answer; a card that fails leaves the score that
    was, and its error stands in the report. That of a blueprint counts for the reports to come.
    """

    def work() -> Json:
        record = _existing(store, report_id)
        card = _card(record.card or CardRecord(), given.column_names, given)
        report = Report(store, record).set_card(card)
        return Json(shown.report_shown(report.record))

    return await _apart(work)


def _existing(store: Store, report_id: int) -> ReportRecord:
    with store.reading() as connection:
        found = reports.by_id(connection, report_id)
    if found is None:
        raise ApiError(404, f"There is no report {report_id}.")
    return found


def _made(store: Store, given: ReportGiven) -> ReportRecord:
    counting = [*given.column_names, *(c.name for c in given.columns if c.is_part_of_score)]
    card = _card(CardRecord(), counting, given.score_configuration)
    if given.experiment_id is not None and given.task_name is not None:
        raise BadInput(
            "The report names an experiment and a task.",
            "A blueprint, which is for the later runs of a task, is on no experiment.",
        )
    columns = all_columns(store, given)

    def work(connection: Connection) -> ReportRecord:
        if given.experiment_id is not None:
            _experiment(connection, given.experiment_id)
        return reports.create(
            connection,
            given.name,
            columns,
            experiment_id=given.experiment_id,
            card=card,
            task_name=given.task_name,
            comment=given.comment,
        )

    return store.write(work)


def _card(former: CardRecord, column_names: list[str], code: CodeGiven) -> ScoreCard:
    """A card of the same name and limits that counts other columns, or has other code."""
    changed = replace(
        former,
        column_names=tuple(column_names),
        code=code.code,
        code_language=code.code_language,
    )
    return ScoreCard.of(changed)


def _run(connection: Connection, plan: ReportRecord, given: RunGiven) -> ReportRecord:
    if given.experiment_id is not None:
        experiment = _experiment(connection, given.experiment_id)
    else:
        experiment = _newest(connection, plan)
    return reports.from_blueprint(connection, plan, given.name, experiment.id)


def _experiment(connection: Connection, experiment_id: str) -> ExperimentRecord:
    found = experiments.by_id(connection, experiment_id)
    if found is None:
        raise ApiError(404, f"There is no experiment {experiment_id!r}.")
    return found


def _newest(connection: Connection, plan: ReportRecord) -> ExperimentRecord:
    runs = [
        experiment
        for experiment in experiments.listing(connection)
        if experiment.task is not None and experiment.task.name == plan.task_name
    ]
    if not runs:
        raise ApiError(
            422, f"The task of blueprint {plan.id} has no run. Say which experiment_id is meant."
        )
    return runs[0]


router = APIRouter()
router.include_router(_topic)
router.include_router(_topic, prefix=BASE)
