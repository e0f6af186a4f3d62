"""The tables, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from xeroml_nb.records import clock
from xeroml_nb.records.json_text import from_json, to_json

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Dialect

SCHEMA_VERSION = 5
metadata = sa.MetaData()


class Moment(TypeDecorator["datetime"]):
    """An aware UTC datetime, kept as microseconds since 1970 so that order is exact everywhere."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002, D102
        return None if value is None else clock.to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002, D102
        return None if value is None else clock.from_micros(value)


class Json(TypeDecorator[Any]):
    """A small JSON value kept as text."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002, D102
        return None if value is None else to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002, D102
        return from_json(value)


def _text(name: str, *, null: bool = True) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null)


store_meta = sa.Table(
    "store_meta",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

datasets = sa.Table(
    "datasets",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    _text("description"),
    sa.Column("input_schema", Json),
    sa.Column("expected_output_schema", Json),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
)

# What other tools keep with a dataset.
dataset_metadata = sa.Table(
    "dataset_metadata",
    metadata,
    sa.Column("dataset_id", sa.Text, primary_key=True),
    sa.Column("metadata", Json, nullable=False),
)

# One row per state of an item: it is part of every version v with valid_from <= v < valid_to.
dataset_items = sa.Table(
    "dataset_items",
    metadata,
    sa.Column("dataset_id", sa.Text, primary_key=True),
    sa.Column("position", sa.BigInteger, primary_key=True),
    sa.Column("valid_from", Moment, primary_key=True),
    sa.Column("valid_to", Moment),
    _text("id", null=False),
    _text("input", null=False),
    _text("expected_output"),
    _text("metadata"),
    sa.Index("dataset_items_by_id", "dataset_id", "id"),
    sqlite_with_rowid=False,
)

experiments = sa.Table(
    "experiments",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("name", null=False),
    sa.Column("number", sa.Integer, nullable=False),
    _text("status", null=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("finished_at", Moment),
    # Which limit stopped it, in words.
    _text("stop_reason"),
    _text("dataset_id"),
    sa.Column("dataset_version", Moment),
    _text("content_hash"),
    _text("task_name"),
    _text("task_source"),
    _text("fingerprint"),
    sa.Column("item_ids", Json),
    sa.Column("planned", sa.Integer, nullable=False),
    sa.Column("repetitions", sa.Integer, nullable=False),
    sa.Column("evaluators", Json, nullable=False),
    sa.Column("environment", Json, nullable=False),
    sa.Column("metadata", Json, nullable=False),
    # Who is running it, and when they last said so: two kernels must not resume the same run.
    _text("owner"),
    sa.Column("heartbeat_at", Moment),
    sa.UniqueConstraint("name", "number"),
)

item_runs = sa.Table(
    "item_runs",
    metadata,
    sa.Column("experiment_id", sa.Text, primary_key=True),
    sa.Column("item_id", sa.Text, primary_key=True),
    sa.Column("repetition", sa.Integer, primary_key=True),
    _text("status", null=False),
    _text("trace_id", null=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("latency", sa.Float),
    sa.Column("attempts", sa.Integer, nullable=False),
    _text("output"),
    _text("error"),
    _text("traceback"),
    sa.Column("evaluator_errors", Json),
    sa.Column("local_item", Json),
    sa.Index("item_runs_by_trace", "trace_id"),
    sqlite_with_rowid=False,
)

observations = sa.Table(
    "observations",
    metadata,
    _text("trace_id", null=False),
    _text("id", null=False),
    _text("parent_id"),
    _text("name", null=False),
    _text("type", null=False),
    sa.Column("start", Moment, nullable=False),
    sa.Column("end", Moment, nullable=False),
    _text("error"),
    _text("input"),
    _text("output"),
    sa.Column("attributes", Json),
    _text("user_id"),
    _text("session_id"),
    sa.Column("tags", Json),
    sa.Column("metadata", Json),
    _text("version"),
    _text("release"),
    _text("environment", null=False),
    sa.UniqueConstraint("trace_id", "id"),
    sa.Index("observations_by_start", "start"),
)

scores = sa.Table(
    "scores",
    metadata,
    _text("id", null=False),
    _text("trace_id"),
    _text("observation_id"),
    _text("session_id"),
    _text("experiment_id"),
    _text("name", null=False),
    _text("data_type", null=False),
    sa.Column("number", sa.Float),
    _text("label"),
    _text("comment"),
    _text("source", null=False),
    _text("author", null=False),
    sa.Column("metadata", Json),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.UniqueConstraint("id"),
    sa.Index("scores_by_trace", "trace_id"),
    sa.Index("scores_by_moment", "created_at"),
    # Only of the few that are about a whole experiment, so that it costs the others nothing.
    sa.Index(
        "scores_by_experiment",
        "experiment_id",
        sqlite_where=sa.text("experiment_id IS NOT NULL"),
        postgresql_where=sa.text("experiment_id IS NOT NULL"),
    ),
    # Likewise of those that people gave.
    sa.Index(
        "scores_by_people",
        "name",
        sqlite_where=sa.text("source = 'human'"),
        postgresql_where=sa.text("source = 'human'"),
    ),
)

# What a score was before it was changed.
score_history = sa.Table(
    "score_history",
    metadata,
    _text("id", null=False),
    sa.Column("number", sa.Float),
    _text("label"),
    _text("data_type", null=False),
    _text("comment"),
    sa.Column("metadata", Json),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("replaced_at", Moment, nullable=False),
    sa.Index("score_history_by_id", "id"),
)

# Every definition that a dimension of a rubric ever had.
score_configs = sa.Table(
    "score_configs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("name", null=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("definition", Json, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("name", "version"),
)

label_queues = sa.Table(
    "label_queues",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("name", null=False),
    _text("kind", null=False),
    sa.Column("experiment_ids", Json, nullable=False),
    _text("dataset_id"),
    _text("parent_id"),
    _text("rubric_name", null=False),
    sa.Column("config_ids", Json, nullable=False),
    sa.Column("order", Json, nullable=False),
    sa.Column("team", Json, nullable=False),
    sa.Column("repeats", sa.Float, nullable=False),
    _text("description", null=False),
    sa.Column("created_at", Moment, nullable=False),
)

queue_traces = sa.Table(
    "queue_traces",
    metadata,
    sa.Column("queue_id", sa.Text, primary_key=True),
    sa.Column("trace_id", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("added_at", Moment, nullable=False),
)

# The order in which one person labels: parts are only ever added.
label_plans = sa.Table(
    "label_plans",
    metadata,
    sa.Column("queue_id", sa.Text, primary_key=True),
    sa.Column("annotator", sa.Text, primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("entries", Json, nullable=False),
)

label_events = sa.Table(
    "label_events",
    metadata,
    sa.Column(
        "id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True
    ),
    _text("queue_id", null=False),
    _text("annotator", null=False),
    _text("session", null=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    _text("action", null=False),
    _text("item_id", null=False),
    sa.Column("repetition", sa.Integer, nullable=False),
    sa.Column("repeat", sa.Boolean, nullable=False),
    _text("trace_id"),
    _text("content_hash"),
    _text("dimension"),
    sa.Column("value", Json),
    sa.Column("previous", Json),
    _text("config_id"),
    sa.Column("position", sa.Integer),
    sa.Column("swapped", sa.Boolean),
    sa.Column("blind", sa.Boolean, nullable=False),
    _text("carried_from"),
    sa.Column("presented_at", Moment),
    sa.Column("decided_at", Moment),
    sa.Column("active_seconds", sa.Float),
    _text("tool_version", null=False),
    sa.UniqueConstraint("session", "sequence"),
    sa.Index("label_events_by_log", "queue_id", "annotator", "id"),
    sa.Index("label_events_by_trace", "trace_id"),
)

# A server that this store sends to or has sent to; one process at a time sends there.
remotes = sa.Table(
    "remotes",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("api", null=False),
    _text("host", null=False),
    _text("public_key", null=False),
    sa.Column("attached_at", Moment, nullable=False),
    _text("owner"),
    sa.Column("lease_until", Moment),
)

# What changed and may have to be sent: written in the same transaction as the change.
outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column(
        "id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), sa.Identity(), primary_key=True
    ),
    _text("remote_id", null=False),
    _text("kind", null=False),
    _text("key", null=False),
    sa.Index("outbox_by_remote", "remote_id", "id"),
)

# What a server has, as far as is known here, and what it refused, in its own words.
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("remote_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    _text("state", null=False),
    _text("content_hash", null=False),
    _text("payload"),
    _text("remote_key"),
    _text("url"),
    sa.Column("status_code", sa.Integer),
    _text("said"),
    _text("next_step"),
    sa.Column("at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

pushes = sa.Table(
    "pushes",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _text("remote_id", null=False),
    _text("what", null=False),
    sa.Column("began_at", Moment, nullable=False),
    sa.Column("finished_at", Moment),
    sa.Column("undone_at", Moment),
)

# What a push changed on the server, and what was there before, so that it can be undone.
push_entries = sa.Table(
    "push_entries",
    metadata,
    sa.Column("push_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    _text("action", null=False),
    _text("before"),
    sqlite_with_rowid=False,
)

# Who may talk to a server over this store; of a secret only its hash is kept.
api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("public_key", sa.Text, primary_key=True),
    _text("secret_hash", null=False),
    _text("role", null=False),
    _text("label", null=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("revoked_at", Moment),
)

reports = sa.Table(
    "reports",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _text("name", null=False),
    _text("experiment_id"),
    sa.Column("is_blueprint", sa.Boolean, nullable=False),
    sa.Column("column_names", Json, nullable=False),
    _text("code"),
    _text("code_language", null=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
)

# What a score card is called and may take, where one was set.
report_cards = sa.Table(
    "report_cards",
    metadata,
    sa.Column("report_id", sa.Integer, primary_key=True, autoincrement=False),
    _text("name", null=False),
    sa.Column("timeout", sa.Float, nullable=False),
    sa.Column("memory_mb", sa.Integer, nullable=False),
)

# Where a report comes from: the plan it follows, or the task whose runs a plan is for.
report_origins = sa.Table(
    "report_origins",
    metadata,
    sa.Column("report_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("parent_id", sa.Integer),
    _text("task_name"),
    _text("comment"),
    sa.Index("report_origins_by_task", "task_name"),
)

# What a column of a report shows, by a source or by the values that a function gave.
report_columns = sa.Table(
    "report_columns",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("report_id", sa.Integer, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    _text("name", null=False),
    _text("column_type", null=False),
    sa.Column("configuration", Json, nullable=False),
    sa.UniqueConstraint("report_id", "name"),
)

# What a report's score card came to last: a card that fails keeps the score it had before.
report_results = sa.Table(
    "report_results",
    metadata,
    sa.Column("report_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("score", sa.Float),
    sa.Column("score_matrix", Json),
    _text("printed", null=False),
    _text("error"),
    sa.Column("error_line", sa.Integer),
    _text("content_hash", null=False),
    sa.Column("calculated_at", Moment, nullable=False),
)

# Which state of an evaluator an experiment was scored with: one row without an item for all of
# it, and one each for item runs that were scored again by themselves.
evaluations = sa.Table(
    "evaluations",
    metadata,
    sa.Column("experiment_id", sa.Text, primary_key=True),
    sa.Column("evaluator", sa.Text, primary_key=True),
    sa.Column("item_id", sa.Text, primary_key=True),
    sa.Column("repetition", sa.Integer, primary_key=True),
    _text("fingerprint", null=False),
    _text("error"),
    sqlite_with_rowid=False,
)

# What a judge said of some content, so that the same question is not paid for twice.
judge_answers = sa.Table(
    "judge_answers",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("answer", Json, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

# Every version of a prompt; a label names one of them.
prompts = sa.Table(
    "prompts",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    _text("type", null=False),
    sa.Column("prompt", Json, nullable=False),
    sa.Column("labels", Json, nullable=False),
    sa.Column("config", Json),
    sa.Column("tags", Json, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
)
