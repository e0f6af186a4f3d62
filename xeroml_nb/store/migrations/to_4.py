"""From schema 3 to 4: indexes for large stores, and whatever a store of its age may lack.

Schemas 1 to 3 each grew while they bore one number, and their upgrades added whole tables only:
a store made early lacks what its number came to have later.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.operations import Operations


def upgrade(op: Operations) -> None:
    """Add what is missing; take away two columns that nothing was ever written to."""
    _add_tables(op)
    _add_indexes(op)
    if "metadata" not in _columns(op, "score_history"):
        op.add_column("score_history", sa.Column("metadata", sa.Text))
    unused = {"score", "score_error"} & _columns(op, "reports")
    if unused:
        with op.batch_alter_table("reports") as reports:
            for name in sorted(unused):
                reports.drop_column(name)


def _columns(op: Operations, table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}


def _add_tables(op: Operations) -> None:
    op.create_table(
        "dataset_metadata",
        sa.Column("dataset_id", sa.Text, primary_key=True),
        sa.Column("metadata", sa.Text, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "report_cards",
        sa.Column("report_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("timeout", sa.Float, nullable=False),
        sa.Column("memory_mb", sa.Integer, nullable=False),
        if_not_exists=True,
    )


def _add_indexes(op: Operations) -> None:
    index = partial(op.create_index, if_not_exists=True)
    index("item_runs_by_trace", "item_runs", ["trace_id"])
    index("label_events_by_trace", "label_events", ["trace_id"])
    index("observations_by_start", "observations", ["start"])
    only = sa.text("experiment_id IS NOT NULL")
    op.create_index(
        "scores_by_experiment",
        "scores",
        ["experiment_id"],
        sqlite_where=only,
        postgresql_where=only,
        if_not_exists=True,
    )
