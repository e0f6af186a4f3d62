"""Find traces, the newest first, without looking at all that are stored."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records.json_text import to_json
from xeroml_nb.records.score import ScoreSource
from xeroml_nb.store.schema import item_runs, observations, scores

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

_AT_ONCE = 1_000
# So many of the newest observations are looked at before all of them are.
STEPS = (5_000, 50_000, 500_000)


@dataclass(frozen=True, slots=True)
class Scored:
    """Traces with a score of a name that is somewhere.

    Args:
        name: The score's stored name.
        by_people: Given by people, not by code and models.
        op: `<`, `<=`, `>`, `>=`, `==` or `!=`.
        value: A number, or a text for categories.
    """

    name: str
    by_people: bool
    op: str
    value: float | str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the traces looked for have in common; None and empty mean any.

    Args:
        name: Of one of its observations.
        tags: Each on one of its observations.
        user_id: Of one of its observations.
        session_id: Of one of its observations.
        experiment_id: The experiment it is an item run of.
        since: It began then or later.
        until: It began before.
        scores: Each holds for one of its scores.
    """

    name: str | None = None
    tags: tuple[str, ...] = ()
    user_id: str | None = None
    session_id: str | None = None
    experiment_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    scores: tuple[Scored, ...] = ()


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of time: from a moment on, until before another; None is no bound."""

    since: datetime | None
    until: datetime | None

    def holds(self, moment: sa.ColumnElement[Any]) -> list[sa.ColumnElement[bool]]:
        """The conditions for a moment to lie in it."""
        found = [] if self.since is None else [moment >= self.since]
        return found if self.until is None else [*found, moment < self.until]


def beginnings(connection: Connection, wanted: Wanted) -> Iterator[tuple[str, datetime]]:
    """The traces that may be wanted and when each began, newest first, read as they are taken.

    A trace begins with its first observation; where none is stored, with its item run; where
    there is no such either, with its first score. Time is gone through from its end, in steps of
    which an index tells how far they reach, so that the newest traces are found at once. What
    is rare is not looked for so: whatever narrows the search down then leads to the others.
    """
    narrowings = _narrowings(wanted)
    until = wanted.until
    for since in _steps(connection, wanted, STEPS[:1] if narrowings else STEPS):
        began_there = _moments(_Span(since, until))
        yield from _begun(connection, began_there, narrowings, _Span(since, until))
        until = since
    rest = _Span(wanted.since, until)
    if narrowings:
        first, *others = narrowings
        yield from _begun(connection, first.distinct(), others, rest)
    else:
        yield from _begun(connection, _moments(rest), [], rest)


def _steps(connection: Connection, wanted: Wanted, sizes: Sequence[int]) -> Iterator[datetime]:
    """How far back so many observations reach each time, as long as there are more."""
    start, until = observations.c.start, wanted.until
    # The item runs of an experiment are found by an index of their own.
    for size in () if wanted.experiment_id else sizes:
        newest = sa.select(start).where(*_Span(wanted.since, until).holds(start))
        query = newest.order_by(start.desc()).limit(1).offset(size)
        until = connection.execute(query).scalar()
        if until is None:
            return
        yield until


def _moments(span: _Span) -> sa.CompoundSelect[Any]:
    """The traces of which anything lies in a stretch of time."""
    moments = (observations.c.start, item_runs.c.started_at, scores.c.created_at)
    return sa.union(
        *(
            sa.select(moment.table.c.trace_id).where(
                moment.table.c.trace_id.is_not(None), *span.holds(moment)
            )
            for moment in moments
        )
    )


def _begun(
    connection: Connection,
    some: sa.Select[Any] | sa.CompoundSelect[Any],
    narrowings: Sequence[sa.Select[Any]],
    span: _Span,
) -> Iterator[tuple[str, datetime]]:
    """Those of some traces that are in every narrowing and began in a stretch of time."""
    found = some.subquery()
    inside = [_is_in(narrowing, found.c.trace_id) for narrowing in narrowings]
    dated = sa.select(found.c.trace_id, _began(found.c.trace_id)).where(*inside).subquery()
    query = sa.select(dated.c.trace_id, dated.c.began).where(*span.holds(dated.c.began))
    query = query.order_by(dated.c.began.desc(), dated.c.trace_id)
    for row in connection.execute(query.execution_options(yield_per=_AT_ONCE)):
        yield row.trace_id, row.began


def _began(trace_id: sa.ColumnElement[str]) -> sa.ColumnElement[Any]:
    """When a trace began."""
    firsts = [
        sa.select(sa.func.min(moment, type_=moment.type))
        .where(moment.table.c.trace_id == trace_id)
        .scalar_subquery()
        for moment in (observations.c.start, item_runs.c.started_at, scores.c.created_at)
    ]
    return sa.func.coalesce(*firsts).label("began")


def _is_in(narrowing: sa.Select[Any], trace_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """A condition, looked up by the trace: the selection is not made as a whole."""
    [column] = narrowing.selected_columns
    return sa.exists(narrowing.where(column == trace_id))


def _narrowings(wanted: Wanted) -> list[sa.Select[Any]]:
    """Selections of trace ids, in each of which every wanted trace is."""
    span = observations.c
    found = []
    if wanted.experiment_id is not None:
        mine = item_runs.c.experiment_id == wanted.experiment_id
        found.append(sa.select(item_runs.c.trace_id).where(mine))
    found += [sa.select(scores.c.trace_id).where(*_holds(one)) for one in wanted.scores]
    same = {"name": wanted.name, "user_id": wanted.user_id, "session_id": wanted.session_id}
    found += [
        sa.select(span.trace_id).where(span[column] == value)
        for column, value in same.items()
        if value is not None
    ]
    tagged = sa.type_coerce(span.tags, sa.Text)
    for tag in wanted.tags:
        # Tags are stored as a JSON list, whose texts are ASCII where one of them needs it.
        written = {to_json(tag), json.dumps(tag)}
        has = [tagged.contains(text, autoescape=True) for text in sorted(written)]
        found.append(sa.select(span.trace_id).where(sa.or_(*has)))
    return found


def _holds(one: Scored) -> list[sa.ColumnElement[bool]]:
    value: Any = scores.c.label if isinstance(one.value, str) else scores.c.number
    compared = {
        "<": value < one.value,
        "<=": value <= one.value,
        ">": value > one.value,
        ">=": value >= one.value,
        "==": value == one.value,
        "!=": value != one.value,
    }
    on_traces = [scores.c.trace_id.is_not(None), scores.c.observation_id.is_(None)]
    named = scores.c.name == one.name
    by_people = scores.c.source == ScoreSource.HUMAN.value
    return [named, by_people if one.by_people else ~by_people, *on_traces, compared[one.op]]
