"""Read the item runs of an experiment and their scores as columns.

A hundred thousand rows are read in well under a second, most of which the database itself takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records.score import DataType, ScoreSource
from xeroml_nb.store.fetching import fetched, plain
from xeroml_nb.store.rows import chunks
from xeroml_nb.store.schema import item_runs, scores

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection

    from xeroml_nb.store.fetching import Columns

_RUN = ("item_id", "repetition", "status", "attempts", "latency", "trace_id")
_TEXTS = ("started_at", "local_item", "output", "error")
_HISTORY = ("updated_at", "metadata")


def run_columns(connection: Connection, experiment_id: str, *, texts: bool) -> Columns:
    """The item runs of an experiment, in the order of items and repetitions.

    Columns: `item_id, repetition, status, attempts, latency, trace_id`; where texts are asked for
    also `started_at` (microseconds), `local_item, output` (JSON text) and `error`.
    """
    names = _RUN + (_TEXTS if texts else ())
    query = (
        sa.select(*(plain(item_runs.c[name]) for name in names))
        .where(item_runs.c.experiment_id == experiment_id)
        .order_by(item_runs.c.item_id, item_runs.c.repetition)
    )
    return fetched(connection, query)


def score_authors(connection: Connection, experiment_id: str) -> set[str]:
    """Who scored the item runs of an experiment: evaluators and people."""
    query = sa.select(scores.c.author).distinct()
    query = query.where(scores.c.trace_id.in_(_traces_of(experiment_id)))
    return set(connection.execute(query).scalars())


def score_columns(connection: Connection, experiment_id: str, *, history: bool) -> Columns:
    """The scores on the traces of an experiment's item runs.

    Columns: `trace_id, name, number, label, is_boolean, by_people` (0 or 1); where history is asked
    for also `updated_at` (microseconds) and `metadata` (JSON text).
    """
    # Small numbers are cheaper to fetch than texts.
    is_boolean = sa.case((scores.c.data_type == DataType.BOOLEAN.value, 1), else_=0)
    by_people = sa.case((scores.c.source == ScoreSource.HUMAN.value, 1), else_=0)
    query = (
        sa.select(
            scores.c.trace_id,
            scores.c.name,
            scores.c.number,
            scores.c.label,
            is_boolean.label("is_boolean"),
            by_people.label("by_people"),
            *(plain(scores.c[name]) for name in (_HISTORY if history else ())),
        )
        .where(scores.c.trace_id.in_(_traces_of(experiment_id)))
        .where(scores.c.observation_id.is_(None))
    )
    return fetched(connection, query)


def experiments_of(connection: Connection, trace_ids: Iterable[str]) -> list[str]:
    """The ids of the experiments that some traces are item runs of."""
    query = sa.select(item_runs.c.experiment_id).distinct()
    found: dict[str, None] = {}
    for part in chunks(trace_ids):
        chosen = query.where(item_runs.c.trace_id.in_(part))
        found |= dict.fromkeys(connection.execute(chosen).scalars())
    return list(found)


def _traces_of(experiment_id: str) -> sa.Select[Any]:
    # As a list that SQLite sorts and looks up in that order, which takes half the time of a join.
    return sa.select(item_runs.c.trace_id).where(item_runs.c.experiment_id == experiment_id)
