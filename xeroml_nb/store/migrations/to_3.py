"""From schema 2 to 3: reports with columns and results, evaluations, what judges answered."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic.operations import Operations

    NewTable = Callable[..., sa.Table]


def upgrade(op: Operations) -> None:
    """Add the tables that schema 3 has and schema 2 has not."""
    table = partial(op.create_table, if_not_exists=True)
    _reports(table)
    op.create_index("report_origins_by_task", "report_origins", ["task_name"], if_not_exists=True)
    table(
        "evaluations",
        sa.Column("experiment_id", sa.Text, primary_key=True),
        sa.Column("evaluator", sa.Text, primary_key=True),
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("repetition", sa.Integer, primary_key=True),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sqlite_with_rowid=False,
    )
    table(
        "judge_answers",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _reports(table: NewTable) -> None:
    table(
        "report_origins",
        sa.Column("report_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("parent_id", sa.Integer),
        sa.Column("task_name", sa.Text),
        sa.Column("comment", sa.Text),
    )
    table(
        "report_columns",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("report_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("column_type", sa.Text, nullable=False),
        sa.Column("configuration", sa.Text, nullable=False),
        sa.UniqueConstraint("report_id", "name"),
    )
    table(
        "report_results",
        sa.Column("report_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("score", sa.Float),
        sa.Column("score_matrix", sa.Text),
        sa.Column("printed", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("error_line", sa.Integer),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("calculated_at", sa.BigInteger, nullable=False),
    )
