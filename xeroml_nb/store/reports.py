"""Read and write reports, their columns, their score cards and what these came to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records import clock
from xeroml_nb.records.report import (
    CardRecord,
    ColumnType,
    ReportColumn,
    ReportRecord,
    ReportResult,
)
from xeroml_nb.store.rows import chunks, upsert
from xeroml_nb.store.schema import (
    report_cards,
    report_columns,
    report_origins,
    report_results,
)
from xeroml_nb.store.schema import reports as table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row

_RESULT = (
    "score",
    "score_matrix",
    "printed",
    "error",
    "error_line",
    "content_hash",
    "calculated_at",
)
_NO_CARD: dict[str, Any] = {
    "column_names": [],
    "code": None,
    "code_language": CardRecord().code_language,
}


def create(  # noqa: PLR0913 - a report has these parts
    connection: Connection,
    name: str,
    columns: Sequence[ReportColumn],
    *,
    experiment_id: str | None = None,
    card: CardRecord | None = None,
    parent_id: int | None = None,
    task_name: str | None = None,
    comment: str | None = None,
) -> ReportRecord:
    """Store a report, which gets the next id; one on no experiment is a blueprint."""
    now = clock.now()
    row = {
        "name": name,
        "experiment_id": experiment_id,
        "is_blueprint": experiment_id is None,
        **_NO_CARD,
        "created_at": now,
        "updated_at": now,
    }
    made = connection.execute(sa.insert(table).returning(table.c.id), row).scalar_one()
    origin = {"parent_id": parent_id, "task_name": task_name, "comment": comment}
    connection.execute(sa.insert(report_origins), {"report_id": made, **origin})
    _put_columns(connection, made, columns)
    if card is not None:
        _put_card(connection, made, card)
    return existing(connection, made)


def by_id(connection: Connection, report_id: int) -> ReportRecord | None:
    """The report of that id, or None."""
    found = _find(connection, table.c.id == report_id)
    return found[0] if found else None


def existing(connection: Connection, report_id: int) -> ReportRecord:
    """The report of an id that is known to be there."""
    [found] = _find(connection, table.c.id == report_id)
    return found


def of_experiment(connection: Connection, experiment_id: str) -> list[ReportRecord]:
    """The reports on an experiment, oldest first."""
    return _find(connection, table.c.experiment_id == experiment_id)


def scored(connection: Connection, experiment_ids: Sequence[str] | None) -> list[ReportRecord]:
    """The reports with a score card on some experiments, or on any where none are named."""
    mine = [table.c.experiment_id.is_not(None), report_cards.c.report_id.is_not(None)]
    if experiment_ids is None:
        return _find(connection, *mine)
    parts = chunks(experiment_ids)
    return [r for part in parts for r in _find(connection, *mine, table.c.experiment_id.in_(part))]


def blueprints(connection: Connection, task_name: str) -> list[ReportRecord]:
    """The plans for reports on later experiments of a task, oldest first."""
    return _find(connection, report_origins.c.task_name == task_name, table.c.is_blueprint)


def from_blueprint(
    connection: Connection, plan: ReportRecord, name: str, experiment_id: str
) -> ReportRecord:
    """Make a report on an experiment as a blueprint has it at this moment."""
    return create(
        connection,
        name,
        [replace(column, id=None) for column in plan.columns],
        experiment_id=experiment_id,
        card=plan.card,
        parent_id=plan.id,
        comment=plan.comment,
    )


def from_blueprints(
    connection: Connection, task_name: str, experiment_id: str, created_at: datetime
) -> None:
    """Make the reports that a new experiment gets from the blueprints of its task.

    Args:
        connection: To write with.
        task_name: The task that the experiment is a run of.
        experiment_id: The experiment.
        created_at: Its own moment; a blueprint made after it is not for it.
    """
    for plan in blueprints(connection, task_name):
        if plan.created_at <= created_at:
            from_blueprint(connection, plan, plan.name, experiment_id)


def set_card(connection: Connection, report_id: int, card: CardRecord) -> ReportRecord:
    """Change how a report's score is made.

    The same card again leaves the report as it is, but one that failed is to be tried again.
    """
    if existing(connection, report_id).card != _bare(card):
        _put_card(connection, report_id, card)
        _touch(connection, report_id)
    failed = (report_results.c.report_id == report_id) & report_results.c.error.is_not(None)
    connection.execute(sa.update(report_results).where(failed).values(content_hash=""))
    return existing(connection, report_id)


def set_columns(
    connection: Connection, report_id: int, columns: Sequence[ReportColumn]
) -> ReportRecord:
    """Change what a report shows; the same columns again leave it as it is."""
    before = existing(connection, report_id).columns
    if [_content(column) for column in before] != [_content(column) for column in columns]:
        here = report_columns.c.report_id == report_id
        connection.execute(sa.delete(report_columns).where(here))
        _put_columns(connection, report_id, columns)
        _touch(connection, report_id)
    return existing(connection, report_id)


def put_result(connection: Connection, record: ReportRecord, result: ReportResult) -> bool:
    """Store what a report's card came to, unless the report was changed in the meantime."""
    query = sa.select(table.c.updated_at).where(table.c.id == record.id)
    if connection.execute(query).scalar() != record.updated_at:
        return False
    row = {"report_id": record.id} | {name: getattr(result, name) for name in _RESULT}
    put = upsert(connection.dialect.name, report_results, ("report_id",), _RESULT)
    connection.execute(put, row)
    return True


def delete_of(connection: Connection, experiment_id: str) -> None:
    """Take the reports on an experiment away, with all that belongs to them."""
    ids = sa.select(table.c.id).where(table.c.experiment_id == experiment_id)
    for other in (report_origins, report_cards, report_columns, report_results):
        connection.execute(sa.delete(other).where(other.c.report_id.in_(ids)))
    connection.execute(sa.delete(table).where(table.c.experiment_id == experiment_id))


def _touch(connection: Connection, report_id: int) -> None:
    """Note that a report changed: later than it did before, whatever the clock says."""
    here = table.c.id == report_id
    before = connection.execute(sa.select(table.c.updated_at).where(here)).scalar_one()
    at = max(clock.now(), clock.just_after(before))
    connection.execute(sa.update(table).where(here).values(updated_at=at))


def _put_card(connection: Connection, report_id: int, card: CardRecord) -> None:
    made = {
        "column_names": list(card.column_names),
        "code": card.code,
        "code_language": card.code_language,
    }
    connection.execute(sa.update(table).where(table.c.id == report_id).values(made))
    changed = ("name", "timeout", "memory_mb")
    row = {"report_id": report_id} | {name: getattr(card, name) for name in changed}
    connection.execute(upsert(connection.dialect.name, report_cards, ("report_id",), changed), row)


def _put_columns(connection: Connection, report_id: int, columns: Sequence[ReportColumn]) -> None:
    placed = list(enumerate(columns))
    # Those that keep their id come first, so that no new one is given it.
    for position, column in sorted(placed, key=lambda one: one[1].id is None):
        row = {
            "report_id": report_id,
            "position": position,
            "name": column.name,
            "column_type": column.column_type.value,
            "configuration": column.configuration,
        }
        known = {} if column.id is None else {"id": column.id}
        connection.execute(sa.insert(report_columns), row | known)


def _find(connection: Connection, *where: sa.ColumnElement[bool]) -> list[ReportRecord]:
    joined: sa.FromClause = table
    for other in (report_origins, report_cards, report_results):
        joined = joined.outerjoin(other, other.c.report_id == table.c.id)
    query = (
        sa.select(
            table,
            report_origins.c.parent_id,
            report_origins.c.task_name,
            report_origins.c.comment,
            report_cards.c.name.label("card_name"),
            report_cards.c.timeout,
            report_cards.c.memory_mb,
            *(report_results.c[name] for name in _RESULT),
        )
        .select_from(joined)
        .where(*where)
        .order_by(table.c.id)
    )
    return [_record(row, _columns(connection, row.id)) for row in connection.execute(query).all()]


def _columns(connection: Connection, report_id: int) -> tuple[ReportColumn, ...]:
    query = (
        sa.select(report_columns)
        .where(report_columns.c.report_id == report_id)
        .order_by(report_columns.c.position)
    )
    return tuple(
        ReportColumn(row.name, ColumnType(row.column_type), row.configuration, row.id)
        for row in connection.execute(query)
    )


def _record(row: Row[Any], columns: tuple[ReportColumn, ...]) -> ReportRecord:
    return ReportRecord(
        id=row.id,
        name=row.name,
        experiment_id=row.experiment_id,
        is_blueprint=row.is_blueprint,
        columns=columns,
        card=_card(row),
        result=None if row.content_hash is None else _result(row),
        parent_id=row.parent_id,
        task_name=row.task_name,
        comment=row.comment,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _card(row: Row[Any]) -> CardRecord | None:
    if row.card_name is None:
        return None
    return CardRecord(
        tuple(row.column_names),
        row.code,
        row.code_language,
        name=row.card_name,
        timeout=row.timeout,
        memory_mb=row.memory_mb,
    )


def _result(row: Row[Any]) -> ReportResult:
    return ReportResult(**{name: getattr(row, name) for name in _RESULT})


def _bare(card: CardRecord) -> CardRecord:
    """The card without what a subclass adds, so that it equals one that was read."""
    return CardRecord(
        tuple(card.column_names),
        card.code,
        card.code_language,
        name=card.name,
        timeout=card.timeout,
        memory_mb=card.memory_mb,
    )


def _content(column: ReportColumn) -> tuple[Any, ...]:
    return column.name, column.column_type, column.configuration
