"""How the experiment beneath a report stands, told without reading its item runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from xeroml_nb.records.experiment import ItemStatus
from xeroml_nb.store.fetching import plain
from xeroml_nb.store.schema import item_runs, scores

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def stamp(connection: Connection, experiment_id: str | None) -> str:
    """A text that changes when an item run or a score of an experiment does.

    Args:
        connection: To read with.
        experiment_id: The experiment; None for a blueprint, which shows nothing.
    """
    here = item_runs.c.experiment_id == experiment_id
    newest = sa.func.max(plain(item_runs.c.started_at))
    runs = sa.select(sa.func.count(), newest, sa.func.sum(item_runs.c.attempts)).where(here)
    given = (
        sa.select(sa.func.count(), sa.func.max(plain(scores.c.updated_at)))
        .select_from(scores)
        .join(item_runs, item_runs.c.trace_id == scores.c.trace_id)
        .where(here)
    )
    found = [*connection.execute(runs).one(), *connection.execute(given).one()]
    return " ".join(map(str, found))


def status_counts(connection: Connection, experiment_id: str) -> dict[ItemStatus, int]:
    """How many item runs of an experiment stand how; only those stored."""
    query = (
        sa.select(item_runs.c.status, sa.func.count())
        .where(item_runs.c.experiment_id == experiment_id)
        .group_by(item_runs.c.status)
    )
    return {ItemStatus(status): number for status, number in connection.execute(query)}
