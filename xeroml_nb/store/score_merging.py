"""Scores as another store has them, brought together with those that are here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from xeroml_nb.errors import BadInput
from xeroml_nb.records.score import ScoreSource, ScoreTarget
from xeroml_nb.store import scores
from xeroml_nb.store.paging import holds_text
from xeroml_nb.store.rows import chunks
from xeroml_nb.store.schema import score_history
from xeroml_nb.store.schema import scores as table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from xeroml_nb.records.score import ScoreRecord

_TARGET = ("trace_id", "observation_id", "session_id", "experiment_id")
Dated = tuple["ScoreRecord", "datetime"]


def on_traces(connection: Connection, trace_ids: Iterable[str]) -> list[Dated]:
    """The scores on some traces and their observations, with the moment each was changed last."""
    return [
        one for part in chunks(trace_ids) for one in _dated(connection, table.c.trace_id.in_(part))
    ]


def on_experiment(connection: Connection, experiment_id: str) -> list[Dated]:
    """The scores on an experiment as a whole."""
    return list(_dated(connection, table.c.experiment_id == experiment_id))


def of_queue(connection: Connection, queue_id: str) -> Iterator[Dated]:
    """The scores that stand for what people said in a queue."""
    by_people = table.c.source == ScoreSource.HUMAN.value
    named = holds_text(connection, table.c.metadata, queue_id)
    for score, changed_at in _dated(connection, by_people & named):
        if isinstance(score.metadata, dict) and score.metadata.get("queue") == queue_id:
            yield score, changed_at


def merge(connection: Connection, dated: Sequence[Dated]) -> None:
    """Store scores: of two states of one score the later one counts.

    Args:
        connection: To write with.
        dated: Scores, and when each was changed last. One that was taken back here after that
            stays away.

    Raises:
        BadInput: If a score of that id is about something else here.
    """
    here = _known(connection, dated)
    later = [(score, at) for score, at in dated if score.id not in here or here[score.id] < at]
    scores.bring_in(connection, later)


def _known(connection: Connection, dated: Sequence[Dated]) -> dict[str, datetime]:
    """When each score was changed last here, or taken back."""
    given = {score.id: score for score, _ in dated}
    found: dict[str, datetime] = {}
    replaced = sa.func.max(score_history.c.replaced_at, type_=score_history.c.replaced_at.type)
    columns = [table.c[name] for name in ("id", "updated_at", "name", *_TARGET)]
    for ids in chunks(given):
        past = sa.select(score_history.c.id, replaced).where(score_history.c.id.in_(ids))
        found |= {row[0]: row[1] for row in connection.execute(past.group_by(score_history.c.id))}
        for row in connection.execute(sa.select(*columns).where(table.c.id.in_(ids))):
            _check_same(given[row.id], row.name, ScoreTarget(*row[3:]))
            found[row.id] = row.updated_at
    return found


def _check_same(score: ScoreRecord, name: str, target: ScoreTarget) -> None:
    if (score.name, score.target) != (name, target):
        raise BadInput(
            f"Score {score.name!r} has the id {score.id!r}, which in this store is that of a "
            f"score {name!r} on something else.",
            "Give it an id of its own.",
        )


def _dated(connection: Connection, where: sa.ColumnElement[bool]) -> Iterator[Dated]:
    query = sa.select(table).where(where).order_by(table.c.created_at, table.c.id)
    for row in connection.execute(query, execution_options={"yield_per": 200}):
        yield scores.from_row(row), row.updated_at
