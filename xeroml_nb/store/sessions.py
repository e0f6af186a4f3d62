"""Read sessions: what traces and scores have in common that name one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.store.paging import Part, part_of
from xeroml_nb.store.schema import observations, scores

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session.

    Args:
        id: Its id.
        began_at: When its first observation began; where there is none, when it was first scored.
        traces: How many there are in it.
        environment: Of its observations; None where there is none.
    """

    id: str
    began_at: datetime
    traces: int
    environment: str | None


def page(
    connection: Connection, part: Part, since: datetime | None, until: datetime | None
) -> tuple[list[SessionRecord], int]:
    """Sessions, newest first, and how many there are.

    Args:
        connection: To read with.
        part: Which of them.
        since: They began then or later.
        until: They began before.
    """
    query, began = _sessions()
    if since is not None:
        query = query.where(began >= since)
    if until is not None:
        query = query.where(began < until)
    order = (began.desc(), query.selected_columns.id)
    rows, total = part_of(connection, query.order_by(*order), part)
    return [_record(row) for row in rows], total


def by_id(connection: Connection, session_id: str) -> SessionRecord | None:
    """The session of that id, or None."""
    query, _ = _sessions(session_id)
    row = connection.execute(query).first()
    return None if row is None else _record(row)


def _sessions(session_id: str | None = None) -> tuple[sa.Select[Any], sa.ColumnElement[Any]]:
    """Every session, or one of them, and when it began."""
    moment, nothing = observations.c.start.type, sa.null()
    arms = [
        sa.select(
            observations.c.session_id,
            observations.c.start.label("seen"),
            sa.cast(nothing, moment).label("scored"),
            observations.c.trace_id,
            observations.c.environment,
        ).where(*_about(observations, session_id)),
        sa.select(
            scores.c.session_id,
            sa.cast(nothing, moment),
            scores.c.created_at,
            sa.cast(nothing, sa.Text),
            sa.cast(nothing, sa.Text),
        ).where(*_about(scores, session_id)),
    ]
    every = sa.union_all(*arms).subquery()
    seen, scored = (sa.func.min(every.c[name], type_=moment) for name in ("seen", "scored"))
    grouped = (
        sa.select(
            every.c.session_id.label("id"),
            sa.func.coalesce(seen, scored, type_=moment).label("began_at"),
            sa.func.count(every.c.trace_id.distinct()).label("traces"),
            sa.func.max(every.c.environment).label("environment"),
        )
        .group_by(every.c.session_id)
        .subquery()
    )
    return sa.select(grouped), grouped.c.began_at


def _about(table: sa.Table, session_id: str | None) -> list[sa.ColumnElement[bool]]:
    held = table.c.session_id
    return [held.is_not(None) if session_id is None else held == session_id]


def _record(row: Row[Any]) -> SessionRecord:
    return SessionRecord(row.id, row.began_at, row.traces, row.environment)
