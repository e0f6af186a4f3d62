"""How reports and their scores look over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from xeroml_nb.records.experiment import ItemStatus
from xeroml_nb.records.report import CardRecord, ColumnType
from xeroml_nb.store import experiments, report_states
from xeroml_nb.sync.wire.reading import moment_text

if TYPE_CHECKING:
    from xeroml_nb.records.report import ReportColumn, ReportRecord
    from xeroml_nb.scoring.cards.result import ColumnScore
    from xeroml_nb.scoring.reports.report import Report
    from xeroml_nb.store.store import Store

_COUNTS = ("COMPLETED", "FAILED", "QUEUED", "RUNNING")


def report_shown(record: ReportRecord) -> dict[str, Any]:
    """A report, and that the request succeeded."""
    card, result = record.card or CardRecord(), record.result
    shown = {
        "id": record.id,
        "name": record.name,
        "comment": record.comment,
        "experiment_id": record.experiment_id,
        "task_name": record.task_name,
        "is_blueprint": record.is_blueprint,
        "parent_report_id": record.parent_id,
        "column_names": list(card.column_names),
        "score_configuration": _code(card),
        "score": result.score if result else None,
        "score_matrix": result.score_matrix if result else None,
        "score_calculation_error": result.error if result else None,
        "created_at": moment_text(record.created_at),
        "updated_at": moment_text(record.updated_at),
    }
    return {"success": True, "report": shown}


def state_shown(store: Store, report: Report, record: ReportRecord) -> dict[str, Any]:
    """How far a report's experiment is."""
    counts = dict.fromkeys(_COUNTS, 0)
    with store.reading() as connection:
        experiment = experiments.by_id(connection, record.experiment_id or "")
        if experiment is not None:
            stand = report_states.status_counts(connection, experiment.id)
            counts["COMPLETED"] = stand.get(ItemStatus.OK, 0)
            counts["FAILED"] = sum(n for status, n in stand.items() if status.is_failure)
            ended = counts["COMPLETED"] + counts["FAILED"]
            counts["QUEUED"] = max(0, experiment.planned - ended)
    status = "RUNNING" if report.is_running else "COMPLETED"
    return {"status": status, "stats": {"status_counts": counts}}


def columns_shown(record: ReportRecord) -> list[dict[str, Any]]:
    """The columns of a report beside the usual ones."""
    return [
        column_shown(record, column)
        for column in record.columns
        if column.column_type is not ColumnType.USUAL
    ]


def column_shown(record: ReportRecord, column: ReportColumn) -> dict[str, Any]:
    """One column of a report; the values of a function are not repeated."""
    is_source = column.column_type is ColumnType.SOURCE
    return {
        "id": column.id,
        "report_id": record.id,
        "column_type": column.column_type.value,
        "name": column.name,
        "configuration": column.configuration if is_source else {},
        "position": record.columns.index(column),
    }


def score_shown(report: Report) -> dict[str, Any]:
    """A report's score, and what it is made of."""
    result, record = report.result, report.record
    card, stored = record.card, record.result
    custom = card is not None and card.code is not None
    error = None if stored is None else stored.error
    if result is None or error is not None:
        kind = "custom" if custom else "none"
        details: dict[str, Any] = {"message": error or "The report has no score card."}
    elif custom:
        kind = "custom"
        details = {"matrix": result.score_matrix, "configuration": _code(card or CardRecord())}
    elif len(result.columns) == 1:
        kind, details = "single_column", _column(result.columns[0])
    else:
        kind, details = "multi_column", {"columns": [_column(one) for one in result.columns]}
    score = {
        "overall_score": None if result is None else result.score,
        "score_type": kind,
        "has_custom_scoring": custom,
        "details": details,
    }
    return {"success": True, "score": score}


def _column(column: ColumnScore) -> dict[str, Any]:
    found = asdict(column)
    return {
        "column_name": found["name"],
        "score": found["score"],
        "score_type": found["kind"],
        "num_skipped": found["skipped"],
    }


def _code(card: CardRecord) -> dict[str, Any]:
    return {"code": card.code, "code_language": card.code_language}
