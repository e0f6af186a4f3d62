"""From schema 4 to 5: which limit stopped a run, and scores found by time and by who gave them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.operations import Operations


def upgrade(op: Operations) -> None:
    """Add a column and two indexes; why runs were stopped before is not known."""
    op.add_column("experiments", sa.Column("stop_reason", sa.Text))
    op.create_index("scores_by_moment", "scores", ["created_at"])
    only = sa.text("source = 'human'")
    op.create_index(
        "scores_by_people", "scores", ["name"], sqlite_where=only, postgresql_where=only
    )
