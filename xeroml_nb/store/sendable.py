"""Find what may have to be sent to a server: ids by what is meant, and rows by id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from xeroml_nb.records.ids import is_otel_trace_id
from xeroml_nb.records.score import ScoreSource
from xeroml_nb.store import observations, scores
from xeroml_nb.store.fetching import plain
from xeroml_nb.store.rows import chunks
from xeroml_nb.store.schema import (
    dataset_items,
    datasets,
    deliveries,
    experiments,
    item_runs,
    label_events,
    label_queues,
    queue_traces,
    score_configs,
)
from xeroml_nb.store.schema import observations as spans
from xeroml_nb.store.schema import scores as given

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row

    from xeroml_nb.records.observation import Observation
    from xeroml_nb.records.score import ScoreRecord


class Meant(Protocol):
    """What of the store is meant: some experiments, some queues, or everything."""

    @property
    def experiment_ids(self) -> tuple[str, ...]:
        """These experiments, with what belongs to them."""

    @property
    def queue_ids(self) -> tuple[str, ...]:
        """These queues, with what belongs to them."""

    @property
    def everything(self) -> bool:
        """All there is."""


def dataset_ids(connection: Connection, meant: Meant) -> list[str]:
    """The datasets of experiments, by name."""
    query = sa.select(datasets.c.id).order_by(datasets.c.name)
    if not meant.everything:
        used = sa.select(experiments.c.dataset_id).where(_of_experiments(experiments.c.id, meant))
        query = query.where(datasets.c.id.in_(used))
    return list(connection.execute(query).scalars())


def item_keys(connection: Connection, meant: Meant) -> list[tuple[str, str]]:
    """Dataset and id of the items of these datasets as they are now, in order."""
    items = dataset_items.c
    query = sa.select(items.dataset_id, items.id).where(items.valid_to.is_(None))
    query = query.order_by(items.dataset_id, items.position)
    if not meant.everything:
        query = query.where(items.dataset_id.in_(dataset_ids(connection, meant)))
    return [(row.dataset_id, row.id) for row in connection.execute(query)]


def experiment_ids(connection: Connection, meant: Meant) -> list[str]:
    """The experiments, oldest first."""
    query = sa.select(experiments.c.id).order_by(experiments.c.created_at, experiments.c.id)
    return list(connection.execute(query.where(_of_experiments(experiments.c.id, meant))).scalars())


def run_keys(connection: Connection, meant: Meant) -> list[tuple[str, str, int]]:
    """Experiment, item and repetition of the stored item runs, in the order they were begun."""
    run = item_runs.c
    query = sa.select(run.experiment_id, run.item_id, run.repetition)
    query = query.where(_of_experiments(run.experiment_id, meant))
    query = query.order_by(run.experiment_id, run.started_at, run.item_id, run.repetition)
    return [tuple(row) for row in connection.execute(query)]


def run_keys_of(connection: Connection, experiment_id: str) -> list[tuple[str, str, int]]:
    """Experiment, item and repetition of the stored item runs of one experiment."""
    run = item_runs.c
    query = sa.select(run.experiment_id, run.item_id, run.repetition)
    return [
        tuple(row) for row in connection.execute(query.where(run.experiment_id == experiment_id))
    ]


def trace_ids(connection: Connection, meant: Meant) -> list[str]:
    """The traces with observations whose ids OpenTelemetry can carry, oldest first."""
    query = sa.select(spans.c.trace_id).group_by(spans.c.trace_id)
    query = query.order_by(sa.func.min(plain(spans.c.start)), spans.c.trace_id)
    if not meant.everything:
        query = query.where(_on_traces(spans.c.trace_id, meant))
    return [one for one in connection.execute(query).scalars() if is_otel_trace_id(one)]


def config_ids(connection: Connection, meant: Meant) -> list[str]:
    """What queues ask, and what was asked when their labels were given; the oldest first."""
    query = sa.select(score_configs.c.id).order_by(score_configs.c.name, score_configs.c.version)
    if meant.everything:
        return list(connection.execute(query).scalars())
    asked = {
        config_id
        for row in connection.execute(sa.select(label_queues)).all()
        if row.id in meant.queue_ids or set(row.experiment_ids) & set(meant.experiment_ids)
        for config_id in (*row.config_ids, *_answered(connection, row.id))
    }
    return [one for one in connection.execute(query).scalars() if one in asked]


def score_ids(connection: Connection, meant: Meant) -> list[str]:
    """The scores on experiments and their traces, and those given in queues, oldest first."""
    query = sa.select(given.c.id).order_by(given.c.created_at, given.c.id)
    if not meant.everything:
        runs = sa.select(item_runs.c.trace_id).where(
            _of_experiments(item_runs.c.experiment_id, meant)
        )
        about = given.c.trace_id.in_(runs) | given.c.experiment_id.in_(meant.experiment_ids)
        query = query.where(about | _given_in(meant))
    return list(connection.execute(query).scalars())


def scores_gone(connection: Connection, remote_id: str) -> list[tuple[str, str]]:
    """Id and payload of the scores that a server has and this store has not any more."""
    here = sa.select(given.c.id).where(given.c.id == deliveries.c.key)
    query = sa.select(deliveries.c.key, deliveries.c.payload).where(
        deliveries.c.remote_id == remote_id,
        deliveries.c.kind == "score",
        deliveries.c.payload.is_not(None),
        ~here.exists(),
    )
    return [tuple(row) for row in connection.execute(query)]


def queue_ids(connection: Connection, meant: Meant) -> list[str]:
    """The queues of traces, oldest first."""
    query = sa.select(label_queues.c.id).where(label_queues.c.kind == "traces")
    if not meant.everything:
        query = query.where(label_queues.c.id.in_(meant.queue_ids))
    return list(connection.execute(query.order_by(label_queues.c.created_at)).scalars())


def queue_keys(connection: Connection, meant: Meant) -> list[tuple[str, str]]:
    """Queue and trace of what is in the queues of traces, in order."""
    held = queue_traces.c
    query = sa.select(held.queue_id, held.trace_id).order_by(held.queue_id, held.position)
    query = query.where(held.queue_id.in_(queue_ids(connection, meant)))
    return [tuple(row) for row in connection.execute(query)]


def queue_items_gone(connection: Connection, remote_id: str) -> list[tuple[str, str]]:
    """Queue and trace of what a server has in queues and this store has not any more."""
    query = sa.select(deliveries.c.key).where(
        deliveries.c.remote_id == remote_id,
        deliveries.c.kind == "queue item",
        deliveries.c.payload.is_not(None),
    )
    found = [tuple(key.split("/", 1)) for key in connection.execute(query).scalars()]
    here = queues_holding(connection, found)
    return [key for key in found if key not in here]


def traces_of(connection: Connection, ids: Sequence[str]) -> set[str]:
    """The traces of the item runs of some experiments."""
    query = sa.select(item_runs.c.trace_id).where(item_runs.c.experiment_id.in_(ids))
    return set(connection.execute(query).scalars())


def runs_on(connection: Connection, traces: Iterable[str]) -> dict[str, tuple[str, str, int]]:
    """By trace, experiment, item and repetition of the item run that it is of."""
    run = item_runs.c
    query = sa.select(run.trace_id, run.experiment_id, run.item_id, run.repetition)
    return {
        row.trace_id: (row.experiment_id, row.item_id, row.repetition)
        for part in chunks(traces)
        for row in connection.execute(query.where(run.trace_id.in_(part)))
    }


def queues_holding(connection: Connection, keys: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of some pairs of queue and trace that are stored."""
    held, wanted = queue_traces.c, set(keys)
    query = sa.select(held.queue_id, held.trace_id)
    found = (
        (row.queue_id, row.trace_id)
        for part in chunks({trace for _, trace in wanted})
        for row in connection.execute(query.where(held.trace_id.in_(part)))
    )
    return wanted & set(found)


def some_scores(connection: Connection, ids: Iterable[str]) -> list[ScoreRecord]:
    """Scores by their ids."""
    return [
        scores.from_row(row)
        for part in chunks(ids)
        for row in connection.execute(sa.select(given).where(given.c.id.in_(part)))
    ]


def some_configs(connection: Connection, ids: Iterable[str]) -> list[Row[Any]]:
    """Definitions by their ids: `id, name, version, definition, created_at`."""
    return [
        row
        for part in chunks(ids)
        for row in connection.execute(sa.select(score_configs).where(score_configs.c.id.in_(part)))
    ]


def some_observations(
    connection: Connection, traces: Iterable[str]
) -> dict[str, list[Observation]]:
    """The observations of some traces, by trace, oldest first; a root before its equals."""
    found: dict[str, list[Observation]] = {}
    query = sa.select(spans).order_by(spans.c.start, spans.c.parent_id.is_not(None))
    for part in chunks(traces):
        for row in connection.execute(query.where(spans.c.trace_id.in_(part))):
            found.setdefault(row.trace_id, []).append(observations.from_row(row))
    return found


def trace_states(
    connection: Connection, traces: Iterable[str]
) -> list[tuple[str, str, int, str | None]]:
    """What tells whether a trace changed: `trace_id, id, end, output`; moments in microseconds."""
    columns = (spans.c.trace_id, spans.c.id, plain(spans.c.end), spans.c.output)
    query = sa.select(*columns).order_by(spans.c.trace_id, spans.c.id)
    return [
        tuple(row)
        for part in chunks(traces)
        for row in connection.execute(query.where(spans.c.trace_id.in_(part)))
    ]


def first_and_last(connection: Connection, traces: Iterable[str]) -> tuple[datetime, datetime]:
    """When the first and when the last observation of some traces began."""
    start = spans.c.start
    query = sa.select(
        sa.func.min(start, type_=start.type).label("first"),
        sa.func.max(start, type_=start.type).label("last"),
    )
    found = [
        row
        for part in chunks(traces)
        for row in connection.execute(query.where(spans.c.trace_id.in_(part)))
    ]
    return min(row.first for row in found), max(row.last for row in found)


def _of_experiments(column: sa.Column[str], meant: Meant) -> sa.ColumnElement[bool]:
    return sa.true() if meant.everything else column.in_(meant.experiment_ids)


def _on_traces(column: sa.Column[str], meant: Meant) -> sa.ColumnElement[bool]:
    """A trace of an experiment, in a queue, or with a label given in one."""
    queued = sa.select(queue_traces.c.trace_id).where(queue_traces.c.queue_id.in_(meant.queue_ids))
    labelled = sa.select(given.c.trace_id).where(given.c.trace_id.is_not(None), _given_in(meant))
    runs = sa.select(item_runs.c.trace_id).where(_of_experiments(item_runs.c.experiment_id, meant))
    return column.in_(runs) | column.in_(queued) | column.in_(labelled)


def _given_in(meant: Meant) -> sa.ColumnElement[bool]:
    """A label's score names its queue."""
    held = sa.type_coerce(given.c.metadata, sa.Text)
    named = [held.contains(f'"queue":"{one}"', autoescape=True) for one in meant.queue_ids]
    return sa.and_(given.c.source == ScoreSource.HUMAN.value, sa.or_(sa.false(), *named))


def _answered(connection: Connection, queue_id: str) -> list[str]:
    query = sa.select(label_events.c.config_id).distinct()
    mine = label_events.c.queue_id == queue_id, label_events.c.config_id.is_not(None)
    return [one for one in connection.execute(query.where(*mine)).scalars() if one is not None]
