"""Read observations page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from xeroml_nb.store.observations import from_row
from xeroml_nb.store.paging import Part, holds_text, part_of
from xeroml_nb.store.schema import observations as table

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from xeroml_nb.records.observation import Observation


@dataclass(frozen=True, slots=True)
class ObservationFilter:
    """What observations have in common; None means any.

    Args:
        trace_id: Of this trace.
        id: With this id, which is unique in its trace.
        parent_id: Done inside this one.
        name: Of this name.
        type: span, generation or event.
        user_id: Of this user.
        session_id: Of this session.
        environment: Of this environment.
        version: Of this version.
        since: They began then or later.
        until: They began before.
    """

    trace_id: str | None = None
    id: str | None = None
    parent_id: str | None = None
    name: str | None = None
    type: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    environment: str | None = None
    version: str | None = None
    since: datetime | None = None
    until: datetime | None = None


_SAME = (
    *("trace_id", "id", "parent_id", "name", "type"),
    *("user_id", "session_id", "environment", "version"),
)


def page(
    connection: Connection, wanted: ObservationFilter, part: Part, without: str
) -> tuple[list[Observation], int]:
    """Observations, newest first, and how many there are.

    Args:
        connection: To read with.
        wanted: Which observations.
        part: Which of them.
        without: Those with this attribute are left out.
    """
    query = sa.select(table).order_by(table.c.start.desc(), table.c.trace_id, table.c.id)
    given = {name: getattr(wanted, name) for name in _SAME}
    query = query.where(*(table.c[n] == value for n, value in given.items() if value is not None))
    if wanted.since is not None:
        query = query.where(table.c.start >= wanted.since)
    if wanted.until is not None:
        query = query.where(table.c.start < wanted.until)
    marked = holds_text(connection, table.c.attributes, f'"{without}":')
    query = query.where(table.c.attributes.is_(None) | ~marked)
    rows, total = part_of(connection, query, part)
    return [from_row(row) for row in rows], total
