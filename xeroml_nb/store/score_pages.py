"""Read scores page by page, with when they were last changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.store.paging import part_of
from xeroml_nb.store.schema import item_runs
from xeroml_nb.store.schema import scores as table
from xeroml_nb.store.scores import from_row

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from xeroml_nb.records.score import ScoreRecord
    from xeroml_nb.store.paging import Part

    Dated = tuple[ScoreRecord, datetime]


@dataclass(frozen=True, slots=True)
class ScoreFilter:
    """What scores have in common; None means any.

    Args:
        trace_id: On this trace or its observations.
        session_id: On this session as a whole.
        observation_id: On this observation.
        experiment_id: On this experiment, and on the traces of its item runs.
        name: Of this name.
        source: "api", "human" or "llm".
        data_type: NUMERIC, BOOLEAN or CATEGORICAL.
        author: By this person or evaluator.
        ids: One of these.
        since: Given then or later.
        until: Given before.
        changed_after: Given or changed after.
    """

    trace_id: str | None = None
    session_id: str | None = None
    observation_id: str | None = None
    experiment_id: str | None = None
    name: str | None = None
    source: str | None = None
    data_type: str | None = None
    author: str | None = None
    ids: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    changed_after: datetime | None = None


_SAME = ("trace_id", "session_id", "observation_id", "name", "source", "data_type", "author")


def page(connection: Connection, wanted: ScoreFilter, part: Part) -> tuple[list[Dated], int]:
    """Scores with when each was last changed, oldest first, and how many there are.

    Args:
        connection: To read with.
        wanted: Which scores.
        part: Which of them.
    """
    query = sa.select(table).where(*_conditions(wanted)).order_by(table.c.created_at, table.c.id)
    rows, total = part_of(connection, query, part)
    return [(from_row(row), row.updated_at) for row in rows], total


def one(connection: Connection, score_id: str) -> Dated | None:
    """The score with an id and when it was last changed, or None."""
    row = connection.execute(sa.select(table).where(table.c.id == score_id)).first()
    return None if row is None else (from_row(row), row.updated_at)


def _conditions(wanted: ScoreFilter) -> list[sa.ColumnElement[Any]]:
    given = {name: getattr(wanted, name) for name in _SAME}
    found = [table.c[name] == value for name, value in given.items() if value is not None]
    if wanted.experiment_id is not None:
        runs = sa.select(item_runs.c.trace_id).where(
            item_runs.c.experiment_id == wanted.experiment_id
        )
        on_it = table.c.experiment_id == wanted.experiment_id
        found.append(on_it | table.c.trace_id.in_(runs))
    if wanted.ids is not None:
        found.append(table.c.id.in_(wanted.ids))
    if wanted.since is not None:
        found.append(table.c.created_at >= wanted.since)
    if wanted.until is not None:
        found.append(table.c.created_at < wanted.until)
    if wanted.changed_after is not None:
        found.append(table.c.updated_at > wanted.changed_after)
    return found
