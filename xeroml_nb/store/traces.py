"""Read traces as plain rows: which there are, what is in them, and what they belong to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records.json_text import to_json
from xeroml_nb.records.score import ScoreSource
from xeroml_nb.store.rows import chunks
from xeroml_nb.store.schema import datasets, experiments, item_runs, observations, scores

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row

_SPAN_COLUMNS = (
    "trace_id",
    "id",
    "parent_id",
    "name",
    "start",
    "end",
    "error",
    "user_id",
    "session_id",
    "tags",
    "version",
    "release",
    "environment",
)
_AT_ONCE = 1_000


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


def beginnings(connection: Connection, wanted: Wanted) -> Iterator[tuple[str, datetime]]:
    """The traces that may be wanted and when each began, newest first, read as they are taken.

    A trace begins with its first observation; where none is stored, with its item run; where
    there is no such either, with its first score.
    """
    found = _moments(_narrowings(wanted)).subquery()
    began = sa.func.coalesce(found.c.seen, found.c.run, found.c.scored)
    query = sa.select(found.c.trace_id, began.label("began"))
    if wanted.since is not None:
        query = query.where(began >= wanted.since)
    if wanted.until is not None:
        query = query.where(began < wanted.until)
    query = query.order_by(sa.desc("began"), found.c.trace_id)
    for row in connection.execute(query.execution_options(yield_per=_AT_ONCE)):
        yield row.trace_id, row.began


def _moments(narrowings: Sequence[sa.Select[Any]]) -> sa.Select[Any]:
    """Every trace with the first moments of what is stored of it, by kind."""
    kinds = {"seen": observations.c.start, "run": item_runs.c.started_at}
    kinds["scored"] = scores.c.created_at
    arms = []
    for kind, moment in kinds.items():
        trace_id = moment.table.c.trace_id
        columns = [
            (moment if other == kind else sa.cast(sa.null(), moment.type)).label(other)
            for other in kinds
        ]
        inside = [trace_id.in_(some) for some in narrowings]
        arms.append(sa.select(trace_id, *columns).where(trace_id.is_not(None), *inside))
    every = sa.union_all(*arms).subquery()
    first = [sa.func.min(every.c[kind]).label(kind) for kind in kinds]
    return sa.select(every.c.trace_id, *first).group_by(every.c.trace_id)


def _narrowings(wanted: Wanted) -> list[sa.Select[Any]]:
    """Selections of trace ids, in each of which every wanted trace is."""
    span = observations.c
    same = {"name": wanted.name, "user_id": wanted.user_id, "session_id": wanted.session_id}
    found = [
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
    if wanted.experiment_id is not None:
        mine = item_runs.c.experiment_id == wanted.experiment_id
        found.append(sa.select(item_runs.c.trace_id).where(mine))
    return found + [sa.select(scores.c.trace_id).where(*_holds(one)) for one in wanted.scores]


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


def spans(connection: Connection, trace_ids: Iterable[str]) -> list[Row[Any]]:
    """The observations of some traces, oldest first, without what went in and came out."""
    columns = [observations.c[name] for name in _SPAN_COLUMNS]
    query = sa.select(*columns).order_by(observations.c.start, observations.c.id)
    return _by_chunks(connection, query, observations.c.trace_id, trace_ids)


def contents(
    connection: Connection, keys: Iterable[tuple[str, str]]
) -> dict[str, tuple[str | None, str | None]]:
    """By trace, what went in and came out of one observation of it, as JSON texts.

    Args:
        connection: To read with.
        keys: Trace and observation.
    """
    c = observations.c
    found: dict[str, tuple[str | None, str | None]] = {}
    for part in chunks(keys):
        wanted = set(part)
        query = sa.select(c.trace_id, c.id, c.input, c.output).where(
            c.trace_id.in_({t for t, _ in wanted}), c.id.in_({i for _, i in wanted})
        )
        for row in connection.execute(query):
            if (row.trace_id, row.id) in wanted:
                found[row.trace_id] = (row.input, row.output)
    return found


def item_runs_of(connection: Connection, trace_ids: Iterable[str]) -> list[Row[Any]]:
    """The item runs of some traces with their experiment and dataset, the latest last."""
    run, made = item_runs.c, experiments.c
    query = (
        sa.select(
            run.trace_id,
            run.latency,
            run.output,
            run.error,
            run.experiment_id,
            made.name,
            made.number,
            datasets.c.name.label("dataset"),
        )
        .join(experiments, made.id == run.experiment_id)
        .outerjoin(datasets, datasets.c.id == made.dataset_id)
        .order_by(run.started_at)
    )
    return _by_chunks(connection, query, run.trace_id, trace_ids)


def some_ids(connection: Connection, like: str, limit: int = 8) -> list[str]:
    """Ids of stored traces: those that begin like this one, else any."""
    every = sa.union(
        *(
            sa.select(table.c.trace_id).where(table.c.trace_id.is_not(None))
            for table in (observations, scores)
        )
    ).subquery()
    query = sa.select(every.c.trace_id).limit(limit)
    near = query.where(every.c.trace_id.startswith(like[:8], autoescape=True))
    return list(connection.execute(near).scalars()) or list(connection.execute(query).scalars())


def _by_chunks(
    connection: Connection, query: sa.Select[Any], column: sa.Column[Any], values: Iterable[str]
) -> list[Row[Any]]:
    """The rows whose column has one of these values; those of one value keep their order."""
    return [
        row for part in chunks(values) for row in connection.execute(query.where(column.in_(part)))
    ]
