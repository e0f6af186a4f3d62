"""Count traces day by day, and read what their observations used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records import clock
from xeroml_nb.store.paging import Part, holds_text, part_of
from xeroml_nb.store.schema import observations as table
from xeroml_nb.store.trace_pages import seen_within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from sqlalchemy.engine import Connection

_DAY = 86_400_000_000  # microseconds
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class DayCount:
    """The traces that began on one day.

    Args:
        day: In UTC.
        user_id: Whose, where they are counted by user; None also for those of nobody.
        traces: How many.
        observations: How many these have.
    """

    day: date
    user_id: str | None
    traces: int
    observations: int


@dataclass(frozen=True, slots=True)
class Used:
    """What one observation used.

    Args:
        day: When its trace began.
        user_id: Whose, where traces are counted by user.
        trace_id: Its trace.
        attributes: All of its attributes.
    """

    day: date
    user_id: str | None
    trace_id: str
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Days:
    """Which days to count.

    Args:
        since: The first moment.
        until: The first moment that does not count any more.
        by_user: Each user's traces by themselves.
        without: Observations with this attribute are not counted; they still make a trace.
    """

    since: datetime | None
    until: datetime | None
    by_user: bool
    without: str


def counts(connection: Connection, days: Days, part: Part) -> tuple[list[DayCount], int]:
    """Counts by day, the newest first, and how many rows there are."""
    began = _beginnings(connection, days)
    grouped = [began.c.day, began.c.user_id]
    query = sa.select(
        *grouped,
        sa.func.count().label("traces"),
        sa.func.sum(began.c.observations).label("observations"),
    ).group_by(*grouped)
    order = (began.c.day.desc(), began.c.user_id.is_(None), began.c.user_id)
    rows, total = part_of(connection, query.order_by(*order), part)
    return [DayCount(_date(r.day), r.user_id, r.traces, int(r.observations)) for r in rows], total


def usage(
    connection: Connection, days: Days, counted: Sequence[DayCount], prefix: str
) -> Iterator[Used]:
    """What the observations of the traces of some days used.

    Args:
        connection: To read with.
        days: As they were counted.
        counted: The rows whose usage is wanted.
        prefix: Only observations with an attribute that begins so.
    """
    if not counted:
        return
    began = _beginnings(connection, days)
    first, last = (_number(end(one.day for one in counted)) for end in (min, max))
    query = (
        sa.select(began.c.day, began.c.user_id, table.c.trace_id, table.c.attributes)
        .join_from(table, began, began.c.trace_id == table.c.trace_id)
        .where(began.c.day.between(first, last))
        .where(holds_text(connection, table.c.attributes, f'"{prefix}'))
        .execution_options(yield_per=_AT_ONCE)
    )
    for row in connection.execute(query):
        yield Used(_date(row.day), row.user_id, row.trace_id, row.attributes)


def _beginnings(connection: Connection, days: Days) -> sa.Subquery:
    """Each trace with the day it began, its user, and how many observations it has."""
    began = sa.func.min(table.c.start, type_=table.c.start.type)
    micros = sa.type_coerce(began, sa.BigInteger)
    user = sa.func.max(table.c.user_id) if days.by_user else sa.cast(sa.null(), sa.Text)
    marked = holds_text(connection, table.c.attributes, f'"{days.without}":')
    counted = sa.case((table.c.attributes.is_(None) | ~marked, 1), else_=0)
    query = sa.select(
        table.c.trace_id,
        # Whole days since 1970, also where the database's division rounds towards zero.
        ((micros - (micros % _DAY + _DAY) % _DAY) // _DAY).label("day"),
        user.label("user_id"),
        sa.func.sum(counted).label("observations"),
    ).group_by(table.c.trace_id)
    for narrowing in seen_within(connection, days.since, days.until):
        query = query.where(table.c.trace_id.in_(narrowing))
    if days.since is not None:
        query = query.having(began >= days.since)
    if days.until is not None:
        query = query.having(began < days.until)
    return query.subquery()


def _number(day: date) -> int:
    return day.toordinal() - clock.from_micros(0).date().toordinal()


def _date(number: int) -> date:
    return clock.from_micros(int(number) * _DAY).date()
