"""Read what belongs to the traces that have a score, as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from xeroml_nb.store.fetching import fetched, plain
from xeroml_nb.store.schema import datasets, experiments, item_runs, observations, scores

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from xeroml_nb.store.fetching import Columns


def attributes(connection: Connection, score: str, column: str, holding: str = "") -> Columns:
    """A column of observations where it is set: `trace_id, value`; roots first, oldest first.

    Args:
        connection: To read with.
        score: Only of traces that have a score of that name.
        column: Such as "version".
        holding: Only values with this text in them.
    """
    value = sa.type_coerce(observations.c[column], sa.Text)
    query = (
        sa.select(observations.c.trace_id, value.label("value"))
        .where(value.is_not(None), _scored(observations, score))
        .order_by(observations.c.parent_id.is_not(None), observations.c.start)
    )
    if holding:
        query = query.where(value.contains(holding, autoescape=True))
    return fetched(connection, query)


def item_runs_with(connection: Connection, score: str) -> Columns:
    """Item runs whose trace has a score, the latest last: `trace_id, run_experiment, item_id`."""
    run = item_runs.c
    query = sa.select(run.trace_id, run.experiment_id.label("run_experiment"), run.item_id)
    return fetched(connection, query.where(_scored(item_runs, score)).order_by(run.started_at))


def experiment_columns(connection: Connection) -> Columns:
    """Every experiment: `id, name, number, made, metadata, dataset`.

    Moments are in microseconds, metadata is JSON text.
    """
    made = experiments.c
    held = [made.id, made.name, made.number, plain(made.created_at).label("made")]
    query = sa.select(*held, plain(made.metadata), datasets.c.name.label("dataset"))
    joined = query.outerjoin_from(experiments, datasets, datasets.c.id == made.dataset_id)
    return fetched(connection, joined)


def _scored(table: sa.Table, score: str) -> sa.ColumnElement[bool]:
    return table.c.trace_id.in_(sa.select(scores.c.trace_id).where(scores.c.name == score))
