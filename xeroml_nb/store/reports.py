"""Read and write reports and their score cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records import clock
from xeroml_nb.store.schema import report_results
from xeroml_nb.store.schema import reports as table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row


@dataclass(frozen=True, slots=True)
class ScoreCard:
    """How a report's columns become one score.

    Args:
        column_names: The columns that count.
        code: Makes the score; None for the usual one.
        code_language: PYTHON or JAVASCRIPT.
    """

    column_names: tuple[str, ...]
    code: str | None
    code_language: str


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """A report as it is stored.

    Args:
        id: Counts from 1.
        name: For people.
        experiment_id: What it reports on, or None.
        is_blueprint: It is a plan for reports to come, and has no rows.
        card: How its score is made.
        score: 0..100, once there is one.
        score_error: Why there is none.
        created_at: When it was made.
        updated_at: When it was last changed.
    """

    id: int
    name: str
    experiment_id: str | None
    is_blueprint: bool
    card: ScoreCard
    score: float | None
    score_error: str | None
    created_at: datetime
    updated_at: datetime


def create(
    connection: Connection,
    name: str,
    experiment_id: str | None,
    card: ScoreCard,
    *,
    is_blueprint: bool,
) -> ReportRecord:
    """Store a report, which gets the next id."""
    now = clock.now()
    row = {
        "name": name,
        "experiment_id": experiment_id,
        "is_blueprint": is_blueprint,
        **_of_card(card),
        "created_at": now,
        "updated_at": now,
    }
    made = connection.execute(sa.insert(table).returning(table.c.id), row).scalar_one()
    found = by_id(connection, made)
    assert found is not None  # noqa: S101 - it was written a moment ago
    return found


def by_id(connection: Connection, report_id: int) -> ReportRecord | None:
    """The report of that id, or None."""
    joined = table.outerjoin(report_results, report_results.c.report_id == table.c.id)
    query = sa.select(table, report_results.c.score, report_results.c.error).select_from(joined)
    row = connection.execute(query.where(table.c.id == report_id)).first()
    return None if row is None else _record(row)


def set_card(connection: Connection, report_id: int, card: ScoreCard) -> ReportRecord | None:
    """Change how a report's score is made, which takes the earlier score away; None if it is not.

    The same card again leaves the report as it is.
    """
    found = by_id(connection, report_id)
    if found is not None and found.card != card:
        here = sa.update(table).where(table.c.id == report_id)
        connection.execute(here.values(_of_card(card) | {"updated_at": clock.now()}))
        former = report_results.c.report_id == report_id
        connection.execute(sa.delete(report_results).where(former))
    return by_id(connection, report_id)


def _of_card(card: ScoreCard) -> dict[str, Any]:
    return {
        "column_names": list(card.column_names),
        "code": card.code,
        "code_language": card.code_language,
    }


def _record(row: Row[Any]) -> ReportRecord:
    columns: Sequence[str] = row.column_names
    return ReportRecord(
        id=row.id,
        name=row.name,
        experiment_id=row.experiment_id,
        is_blueprint=row.is_blueprint,
        card=ScoreCard(tuple(columns), row.code, row.code_language),
        score=row.score,
        score_error=row.error,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
