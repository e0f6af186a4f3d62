"""Read and write what judges answered, by what they were asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.store.rows import upsert
from xeroml_nb.store.schema import judge_answers as table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection


@dataclass(frozen=True, slots=True)
class JudgeAnswer:
    """An answer as it is kept.

    Args:
        key: A hash of all that the answer depends on.
        answer: What JSON can hold.
        created_at: When it was given.
    """

    key: str
    answer: dict[str, Any]
    created_at: datetime


def put(connection: Connection, answers: Sequence[JudgeAnswer]) -> None:
    """Keep answers; a newer one to the same question replaces the older."""
    if not answers:
        return
    rows = [{"key": one.key, "answer": one.answer, "created_at": one.created_at} for one in answers]
    statement = upsert(connection.dialect.name, table, ("key",), ("answer", "created_at"))
    connection.execute(statement, rows)


def keys(connection: Connection) -> frozenset[str]:
    """The questions that there are answers to."""
    return frozenset(connection.execute(sa.select(table.c.key)).scalars())


def get(connection: Connection, key: str) -> dict[str, Any] | None:
    """The answer to a question, or None."""
    found: dict[str, Any] | None = connection.execute(
        sa.select(table.c.answer).where(table.c.key == key)
    ).scalar_one_or_none()
    return found
