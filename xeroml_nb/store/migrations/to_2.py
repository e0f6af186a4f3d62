"""From schema 1 to 2: labels, servers that are sent to, keys, reports and prompts.

What a table is here stays as it was then, whatever becomes of it later. The tables for labels
came to schema 1 late, so that many stores of it have them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic.operations import Operations

    NewTable = Callable[..., sa.Table]


def upgrade(op: Operations) -> None:
    """Add the tables that schema 2 has and schema 1 has not."""
    table = partial(op.create_table, if_not_exists=True)
    _labelling(table)
    _label_events(table)
    _sending(table)
    _pushes(table)
    _serving(table)
    index = partial(op.create_index, if_not_exists=True)
    index("label_events_by_log", "label_events", ["queue_id", "annotator", "id"])
    index("outbox_by_remote", "outbox", ["remote_id", "id"])


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=null)


def _moment(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=null)


def _number(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=null)


def _counted() -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    return sa.Column("id", kind, sa.Identity(), primary_key=True)


def _labelling(table: NewTable) -> None:
    table(
        "score_configs",
        _text("id", key=True),
        _text("name"),
        _number("version"),
        _text("definition"),
        _moment("created_at"),
        sa.UniqueConstraint("name", "version"),
    )
    table(
        "label_queues",
        _text("id", key=True),
        _text("name"),
        _text("kind"),
        _text("experiment_ids"),
        _text("dataset_id", null=True),
        _text("parent_id", null=True),
        _text("rubric_name"),
        _text("config_ids"),
        _text("order"),
        _text("team"),
        sa.Column("repeats", sa.Float, nullable=False),
        _text("description"),
        _moment("created_at"),
    )
    table(
        "queue_traces",
        _text("queue_id", key=True),
        _text("trace_id", key=True),
        _number("position"),
        _moment("added_at"),
    )
    table(
        "label_plans",
        _text("queue_id", key=True),
        _text("annotator", key=True),
        sa.Column("part", sa.Integer, primary_key=True),
        _number("size"),
        _text("entries"),
    )


def _label_events(table: NewTable) -> None:
    table(
        "label_events",
        _counted(),
        _text("queue_id"),
        _text("annotator"),
        _text("session"),
        _number("sequence"),
        _text("action"),
        _text("item_id"),
        _number("repetition"),
        sa.Column("repeat", sa.Boolean, nullable=False),
        _text("trace_id", null=True),
        _text("content_hash", null=True),
        _text("dimension", null=True),
        _text("value", null=True),
        _text("previous", null=True),
        _text("config_id", null=True),
        _number("position", null=True),
        sa.Column("swapped", sa.Boolean),
        sa.Column("blind", sa.Boolean, nullable=False),
        _text("carried_from", null=True),
        _moment("presented_at", null=True),
        _moment("decided_at", null=True),
        sa.Column("active_seconds", sa.Float),
        _text("tool_version"),
        sa.UniqueConstraint("session", "sequence"),
    )


def _sending(table: NewTable) -> None:
    table(
        "remotes",
        _text("id", key=True),
        _text("api"),
        _text("host"),
        _text("public_key"),
        _moment("attached_at"),
        _text("owner", null=True),
        _moment("lease_until", null=True),
    )
    table("outbox", _counted(), _text("remote_id"), _text("kind"), _text("key"))
    table(
        "deliveries",
        _text("remote_id", key=True),
        _text("kind", key=True),
        _text("key", key=True),
        _text("state"),
        _text("content_hash"),
        _text("payload", null=True),
        _text("remote_key", null=True),
        _text("url", null=True),
        _number("status_code", null=True),
        _text("said", null=True),
        _text("next_step", null=True),
        _moment("at"),
        sqlite_with_rowid=False,
    )


def _pushes(table: NewTable) -> None:
    table(
        "pushes",
        _text("id", key=True),
        _text("remote_id"),
        _text("what"),
        _moment("began_at"),
        _moment("finished_at", null=True),
        _moment("undone_at", null=True),
    )
    table(
        "push_entries",
        _text("push_id", key=True),
        _text("kind", key=True),
        _text("key", key=True),
        _text("action"),
        _text("before", null=True),
        sqlite_with_rowid=False,
    )


def _serving(table: NewTable) -> None:
    table(
        "api_keys",
        _text("public_key", key=True),
        _text("secret_hash"),
        _text("role"),
        _text("label"),
        _moment("created_at"),
        _moment("revoked_at", null=True),
    )
    table(
        "reports",
        sa.Column("id", sa.Integer, primary_key=True),
        _text("name"),
        _text("experiment_id", null=True),
        sa.Column("is_blueprint", sa.Boolean, nullable=False),
        _text("column_names"),
        _text("code", null=True),
        _text("code_language"),
        sa.Column("score", sa.Float),
        _text("score_error", null=True),
        _moment("created_at"),
        _moment("updated_at"),
    )
    table(
        "prompts",
        _text("name", key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        _text("type"),
        _text("prompt"),
        _text("labels"),
        _text("config", null=True),
        _text("tags"),
        _moment("created_at"),
    )
