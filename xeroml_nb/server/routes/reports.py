"""Make reports, and say how their score is made."""

from functools import partial
from typing import Any

from fastapi import APIRouter

from xeroml_nb.server.access import Reading, Stored, Writing
from xeroml_nb.server.failures import ApiError, Json, declared
from xeroml_nb.server.models.reports import (
    CardGiven,
    ReportAnswer,
    ReportGiven,
    ReportId,
    ReportMade,
)
from xeroml_nb.server.naming import BASE
from xeroml_nb.store import experiments, reports
from xeroml_nb.store.reports import ReportRecord, ScoreCard
from xeroml_nb.sync.wire.reading import moment_text

router = APIRouter(tags=["reports"])
_USUAL_LANGUAGE = "PYTHON"


@router.post("/reports", status_code=201, response_model=ReportMade, responses=declared(404, 422))
@router.post(
    f"{BASE}/reports", status_code=201, response_model=ReportMade, responses=declared(404, 422)
)
def make_report(given: ReportGiven, store: Stored, _: Writing) -> Json:
    """Make a report on an experiment, or a blueprint for reports to come."""
    card = ScoreCard(tuple(given.column_names), None, _USUAL_LANGUAGE)

    def work(connection: Any) -> ReportRecord:
        known = given.experiment_id
        if known is not None and experiments.by_id(connection, known) is None:
            raise ApiError(404, f"There is no experiment {known!r}.")
        return reports.create(connection, given.name, known, card, is_blueprint=given.is_blueprint)

    record = store.write(work)
    return Json(_answer(record) | {"report_id": record.id}, status_code=201)


@router.get("/reports/{report_id}", response_model=ReportAnswer, responses=declared(404, 422))
@router.get(
    f"{BASE}/reports/{{report_id}}", response_model=ReportAnswer, responses=declared(404, 422)
)
def get_report(report_id: ReportId, store: Stored, _: Reading) -> Json:
    """One report."""
    with store.reading() as connection:
        found = reports.by_id(connection, report_id)
    return Json(_answer(_existing(found, report_id)))


@router.patch(
    "/reports/{report_id}/score-card", response_model=ReportAnswer, responses=declared(404, 422)
)
@router.patch(
    f"{BASE}/reports/{{report_id}}/score-card",
    response_model=ReportAnswer,
    responses=declared(404, 422),
)
def set_score_card(report_id: ReportId, given: CardGiven, store: Stored, _: Writing) -> Json:
    """Say which columns make a report's score, and which code does it."""
    card = ScoreCard(tuple(given.column_names), given.code, given.code_language)
    found = store.write(partial(reports.set_card, report_id=report_id, card=card))
    return Json(_answer(_existing(found, report_id)))


def _existing(found: ReportRecord | None, report_id: int) -> ReportRecord:
    if found is None:
        raise ApiError(404, f"There is no report {report_id}.")
    return found


def _answer(record: ReportRecord) -> dict[str, Any]:
    card = {"code": record.card.code, "code_language": record.card.code_language}
    shown = {
        "id": record.id,
        "name": record.name,
        "experiment_id": record.experiment_id,
        "is_blueprint": record.is_blueprint,
        "column_names": list(record.card.column_names),
        "score_configuration": card,
        "score": record.score,
        "score_calculation_error": record.score_error,
        "created_at": moment_text(record.created_at),
        "updated_at": moment_text(record.updated_at),
    }
    return {"success": True, "report": shown}
