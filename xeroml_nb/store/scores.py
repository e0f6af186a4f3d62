"""Read and write scores; what a score was before it changed is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records import clock
from xeroml_nb.records.json_text import plain
from xeroml_nb.records.score import DataType, ScoreRecord, ScoreSource, ScoreTarget
from xeroml_nb.store import outbox
from xeroml_nb.store.rows import chunks, upsert
from xeroml_nb.store.schema import item_runs, score_history
from xeroml_nb.store.schema import scores as table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row

_CONTENT = ("data_type", "number", "label", "comment", "metadata")
_PAST = ("id", *_CONTENT, "updated_at")


def put(connection: Connection, scores: Sequence[ScoreRecord]) -> None:
    """Store scores; one with the same id and another content replaces the old, which is kept."""
    _write(connection, [_to_row(score, clock.now()) for score in scores])


def bring_in(connection: Connection, dated: Sequence[tuple[ScoreRecord, datetime]]) -> None:
    """Store scores as `put` does, each with the moment it was last changed elsewhere.

    Which of several scores of one name counts is then the same here as there.
    """
    _write(connection, [_to_row(score, changed_at) for score, changed_at in dated])


def _write(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    current = _stored(connection, [row["id"] for row in rows])
    written: dict[str, dict[str, Any]] = {}
    past: list[dict[str, Any]] = []
    for row in rows:
        before = current.get(row["id"])
        if before is not None and all(before[c] == row[c] for c in _CONTENT):
            continue
        if before is not None:
            past.append({c: before[c] for c in _PAST} | {"replaced_at": clock.now()})
        current[row["id"]] = written[row["id"]] = row
    if past:
        connection.execute(sa.insert(score_history), past)
    if written:
        changed = (*_CONTENT, "updated_at")
        statement = upsert(connection.dialect.name, table, ("id",), changed)
        connection.execute(statement, list(written.values()))
        outbox.enqueue(connection, "score", written)


def retract(connection: Connection, ids: Sequence[str]) -> None:
    """Take scores back; what they were stays in the history."""
    before = _stored(connection, list(ids))
    if not before:
        return
    at = {"replaced_at": clock.now()}
    past = [{c: row[c] for c in _PAST} | at for row in before.values()]
    connection.execute(sa.insert(score_history), past)
    connection.execute(sa.delete(table).where(table.c.id.in_(before)))
    outbox.enqueue(connection, "score", before)


def of_traces(connection: Connection, trace_ids: Sequence[str]) -> list[ScoreRecord]:
    """The scores on some traces, oldest first."""
    query = (
        sa.select(table)
        .where(table.c.trace_id.in_(trace_ids), table.c.observation_id.is_(None))
        .order_by(table.c.created_at, table.c.id)
    )
    return [from_row(row) for row in connection.execute(query)]


def find(connection: Connection, **columns: str | None) -> list[ScoreRecord]:
    """Scores whose columns have the values given (None means any), oldest first."""
    query = sa.select(table).order_by(table.c.created_at, table.c.id)
    for column, value in columns.items():
        if value is not None:
            query = query.where(table.c[column] == value)
    return [from_row(row) for row in connection.execute(query)]


def of_experiment(connection: Connection, experiment_id: str) -> list[ScoreRecord]:
    """The scores on the traces of an experiment's item runs, the latest change last."""
    query = (
        sa.select(table)
        .join(item_runs, item_runs.c.trace_id == table.c.trace_id)
        .where(item_runs.c.experiment_id == experiment_id)
        .where(table.c.observation_id.is_(None))
        .order_by(table.c.updated_at)
    )
    return [from_row(row) for row in connection.execute(query)]


def history(connection: Connection, score_id: str) -> list[tuple[Any, str | None]]:
    """Past values and comments of a score, oldest first."""
    query = (
        sa.select(score_history)
        .where(score_history.c.id == score_id)
        .order_by(score_history.c.replaced_at)
    )
    return [
        (_value(DataType(row.data_type), row.number, row.label), row.comment)
        for row in connection.execute(query)
    ]


def _stored(connection: Connection, ids: list[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    columns = [table.c[name] for name in ("id", "updated_at", *_CONTENT)]
    for part in chunks(ids):
        query = sa.select(*columns).where(table.c.id.in_(part))
        found |= {row["id"]: dict(row) for row in connection.execute(query).mappings()}
    return found


def _to_row(score: ScoreRecord, updated_at: datetime) -> dict[str, Any]:
    is_text = isinstance(score.value, str)
    return {
        "id": score.id,
        "trace_id": score.target.trace_id,
        "observation_id": score.target.observation_id,
        "session_id": score.target.session_id,
        "experiment_id": score.target.experiment_id,
        "name": score.name,
        "data_type": score.data_type.value,
        "number": None if is_text else float(score.value),
        "label": score.value if is_text else None,
        "comment": score.comment,
        "source": score.source.value,
        "author": score.author,
        "metadata": plain(score.metadata),
        "created_at": score.created_at,
        "updated_at": updated_at,
    }


def from_row(row: Row[Any]) -> ScoreRecord:
    """The score in a row of the table, all of whose columns are there, in their order."""
    found = tuple(row)
    score_id, trace_id, observation_id, session_id, experiment_id, name, data_type = found[:7]
    number, label, comment, source, author, metadata, created_at = found[7:14]
    kind = DataType(data_type)
    return ScoreRecord(
        id=score_id,
        target=ScoreTarget(trace_id, observation_id, session_id, experiment_id),
        name=name,
        value=_value(kind, number, label),
        data_type=kind,
        comment=comment,
        source=ScoreSource(source),
        author=author,
        metadata=metadata,
        created_at=created_at,
    )


def _value(kind: DataType, number: float | None, label: str | None) -> Any:
    if kind is DataType.CATEGORICAL:
        return label
    return bool(number) if kind is DataType.BOOLEAN else number
