"""Read traces page by page, and take whole traces away."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.store import scores as stored_scores
from xeroml_nb.store.observations import from_row
from xeroml_nb.store.paging import holds_entry, part_of
from xeroml_nb.store.rows import chunks
from xeroml_nb.store.schema import observations as table
from xeroml_nb.store.schema import scores

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from xeroml_nb.records.observation import Observation
    from xeroml_nb.records.score import ScoreRecord
    from xeroml_nb.store.paging import Part

# What went in and came out may be large, and is left out.
_LARGE = ("input", "output")
_MANY = 100_000
_COLUMNS = tuple(sa.null().label(c.name) if c.name in _LARGE else c for c in table.c)


@dataclass(frozen=True, slots=True)
class TraceFilter:
    """What traces have in common; None and empty mean any.

    Args:
        name: Of an observation without a parent.
        user_id: Of one of its observations.
        session_id: Of one of its observations.
        environment: Of one of its observations.
        version: Of one of its observations.
        release: Of one of its observations.
        tags: Each on one of its observations.
        since: It began then or later.
        until: It began before.
        ids: One of these.
    """

    name: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    environment: str | None = None
    version: str | None = None
    release: str | None = None
    tags: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    ids: tuple[str, ...] | None = None


_SAME = ("user_id", "session_id", "environment", "version", "release")


def page(
    connection: Connection, wanted: TraceFilter, part: Part, *, oldest_first: bool = False
) -> tuple[list[str], int]:
    """The ids of traces of which an observation is stored, newest first, and how many there are.

    Args:
        connection: To read with.
        wanted: Which traces.
        part: Which of them.
        oldest_first: Turns the order around.
    """
    began = sa.func.min(table.c.start, type_=table.c.start.type)
    query = sa.select(table.c.trace_id).group_by(table.c.trace_id)
    for narrowing in _narrowings(connection, wanted):
        query = query.where(table.c.trace_id.in_(narrowing))
    if wanted.ids is not None:
        query = query.where(table.c.trace_id.in_(wanted.ids))
    if wanted.since is not None:
        query = query.having(began >= wanted.since)
    if wanted.until is not None:
        query = query.having(began < wanted.until)
    order = (began if oldest_first else began.desc(), table.c.trace_id)
    rows, total = part_of(connection, query.order_by(*order), part)
    return [row.trace_id for row in rows], total


def _narrowings(connection: Connection, wanted: TraceFilter) -> list[sa.Select[Any]]:
    """Selections of trace ids, in each of which every wanted trace is."""
    ids = sa.select(table.c.trace_id)
    given = {name: getattr(wanted, name) for name in _SAME}
    found = [ids.where(table.c[name] == value) for name, value in given.items() if value]
    if wanted.name is not None:
        found.append(ids.where(table.c.name == wanted.name, table.c.parent_id.is_(None)))
    found += [ids.where(holds_entry(connection, table.c.tags, tag)) for tag in wanted.tags]
    return found + seen_within(connection, wanted.since, wanted.until)


def seen_within(
    connection: Connection, since: datetime | None, until: datetime | None
) -> list[sa.Select[Any]]:
    """Selections of trace ids in which every trace is that began between two moments.

    Its first observation lies between them, and an index finds all that do. Where these are very
    many, nothing is selected: to look at all traces in their order is faster then.
    """
    bounds = []
    if since is not None:
        bounds.append(table.c.start >= since)
    if until is not None:
        bounds.append(table.c.start < until)
    some = sa.select(table.c.trace_id).where(*bounds)
    counted = sa.select(sa.func.count()).select_from(some.limit(_MANY).subquery())
    is_narrow = bool(bounds) and connection.execute(counted).scalar_one() < _MANY
    return [some] if is_narrow else []


def observations_of(connection: Connection, trace_ids: Iterable[str]) -> list[Observation]:
    """The observations of some traces without their contents, oldest first, roots before others."""
    query = sa.select(*_COLUMNS).order_by(table.c.start, table.c.parent_id.is_not(None), table.c.id)
    return [
        from_row(row)
        for some in chunks(trace_ids)
        for row in connection.execute(query.where(table.c.trace_id.in_(some)))
    ]


def with_contents(connection: Connection, some: Iterable[Observation]) -> list[Observation]:
    """Some observations with what went in and came out."""
    c = table.c
    held: dict[tuple[str, str], tuple[str | None, str | None]] = {}
    wanted = {(one.trace_id, one.id): one for one in some}
    for keys in chunks(wanted):
        query = sa.select(c.trace_id, c.id, c.input, c.output).where(
            c.trace_id.in_({t for t, _ in keys}), c.id.in_({i for _, i in keys})
        )
        held |= {(r.trace_id, r.id): (r.input, r.output) for r in connection.execute(query)}
    return [
        replace(one, input_json=held[key][0], output_json=held[key][1])
        for key, one in wanted.items()
        if key in held
    ]


def score_ids_of(connection: Connection, trace_ids: Iterable[str]) -> list[tuple[str, str]]:
    """Trace and id of the scores on some traces and on their observations, oldest first."""
    query = sa.select(scores.c.trace_id, scores.c.id).order_by(scores.c.created_at, scores.c.id)
    return [
        (row.trace_id, row.id)
        for some in chunks(trace_ids)
        for row in connection.execute(query.where(scores.c.trace_id.in_(some)))
    ]


def scores_of(connection: Connection, trace_id: str) -> list[tuple[ScoreRecord, datetime]]:
    """The scores on a trace and on its observations, oldest first, and when each was changed."""
    query = sa.select(scores).where(scores.c.trace_id == trace_id)
    rows = connection.execute(query.order_by(scores.c.created_at, scores.c.id))
    return [(stored_scores.from_row(row), row.updated_at) for row in rows]


def delete(connection: Connection, trace_ids: Sequence[str]) -> list[str]:
    """Take traces away: their observations and scores; gives the ids of those there were.

    What the scores were stays in their history, and item runs stay as they are.
    """
    on_them = [score_id for _, score_id in score_ids_of(connection, trace_ids)]
    known: set[str] = set()
    for some in chunks(trace_ids):
        for held in (table.c.trace_id, scores.c.trace_id):
            query = sa.select(held).where(held.in_(some)).distinct()
            known |= set(connection.execute(query).scalars())
        connection.execute(sa.delete(table).where(table.c.trace_id.in_(some)))
    for ids in chunks(on_them):
        stored_scores.retract(connection, ids)
    return [trace_id for trace_id in trace_ids if trace_id in known]
