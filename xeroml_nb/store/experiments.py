"""Read and write experiments and their item runs."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records.dataset import DatasetItem
from xeroml_nb.records.experiment import (
    Claim,
    ExperimentRecord,
    ExperimentStatus,
    ItemRun,
    ItemStatus,
    TaskRecord,
)
from xeroml_nb.store import datasets as stored_datasets
from xeroml_nb.store.rows import chunks, upsert
from xeroml_nb.store.schema import dataset_items, datasets
from xeroml_nb.store.schema import experiments as table
from xeroml_nb.store.schema import item_runs as runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row

_RUN_KEY = ("experiment_id", "item_id", "repetition")
_LONGEST_NUMBER = 10
_SAME_NAMES = (
    "id",
    "name",
    "number",
    "created_at",
    "finished_at",
    "stop_reason",
    "dataset_id",
    "dataset_version",
    "content_hash",
    "planned",
    "repetitions",
    "environment",
    "metadata",
)


def create(connection: Connection, record: ExperimentRecord) -> ExperimentRecord:
    """Store an experiment under the next number of its name."""
    highest = sa.select(sa.func.max(table.c.number)).where(table.c.name == record.name)
    number = (connection.execute(highest).scalar() or 0) + 1
    numbered = replace(record, number=number)
    connection.execute(sa.insert(table), to_row(numbered))
    return numbered


def by_id(connection: Connection, experiment_id: str) -> ExperimentRecord | None:
    """The experiment of that id, or None."""
    row = connection.execute(_listing().where(table.c.id == experiment_id)).first()
    return None if row is None else _record(row)


def by_name(
    connection: Connection, name: str, number: int | None = None
) -> ExperimentRecord | None:
    """The experiment of that name and number; the newest where no number is given."""
    query = _listing().where(table.c.name == name).order_by(table.c.number.desc())
    if number is not None:
        query = query.where(table.c.number == number)
    row = connection.execute(query).first()
    return None if row is None else _record(row)


def by_label(connection: Connection, label: str) -> ExperimentRecord | None:
    """The experiment of that name and number in one text, such as "triage_v2 #3", or None."""
    name, _, number = label.rpartition(" #")
    is_number = number.isascii() and number.isdigit() and len(number) < _LONGEST_NUMBER
    return by_name(connection, name, int(number)) if name and is_number else None


def listing(connection: Connection) -> list[ExperimentRecord]:
    """All experiments, newest first."""
    query = _listing().order_by(table.c.created_at.desc())
    return [_record(row) for row in connection.execute(query)]


def claim(connection: Connection, experiment_id: str, owner: str | None, at: datetime) -> None:
    """Say who runs an experiment, at this moment; None gives it up."""
    connection.execute(
        sa.update(table).where(table.c.id == experiment_id).values(owner=owner, heartbeat_at=at)
    )


def set_status(
    connection: Connection,
    experiment_id: str,
    status: ExperimentStatus,
    finished_at: datetime | None,
    stop_reason: str | None = None,
) -> None:
    """Change how an experiment stands: also which limit stopped it, if one did."""
    connection.execute(
        sa.update(table)
        .where(table.c.id == experiment_id)
        .values(status=status.value, finished_at=finished_at, stop_reason=stop_reason)
    )


def set_environment(
    connection: Connection, experiment_id: str, environment: dict[str, Any]
) -> None:
    """Note what surrounded an experiment."""
    connection.execute(
        sa.update(table).where(table.c.id == experiment_id).values(environment=environment)
    )


def put_item_runs(connection: Connection, item_runs: Sequence[ItemRun]) -> None:
    """Store item runs: a success is immutable, a failure may be replaced."""
    if item_runs:
        changed = tuple(c.name for c in runs.c if c.name not in _RUN_KEY)
        kept = ItemStatus.OK.value
        statement = upsert(connection.dialect.name, runs, _RUN_KEY, changed, kept)
        connection.execute(statement, [_run_row(run) for run in item_runs])


def item_runs(connection: Connection, experiment_id: str) -> list[ItemRun]:
    """The stored item runs of an experiment."""
    query = sa.select(runs).where(runs.c.experiment_id == experiment_id)
    return [run_from_row(row) for row in connection.execute(query)]


def troubled(connection: Connection, experiment_id: str) -> list[ItemRun]:
    """The item runs of an experiment in which the task or an evaluator failed."""
    failures = [status.value for status in ItemStatus if status.is_failure]
    query = sa.select(runs).where(
        runs.c.experiment_id == experiment_id,
        runs.c.status.in_(failures) | runs.c.evaluator_errors.is_not(None),
    )
    return [run_from_row(row) for row in connection.execute(query)]


def last_start(connection: Connection, experiment_id: str) -> datetime | None:
    """When the newest item run of an experiment began; None where there is none."""
    query = sa.select(sa.func.max(runs.c.started_at, type_=runs.c.started_at.type))
    moment: datetime | None = connection.execute(
        query.where(runs.c.experiment_id == experiment_id)
    ).scalar()
    return moment


def item_runs_by_key(
    connection: Connection, experiment_id: str, keys: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], ItemRun]:
    """Some item runs of an experiment, by item and repetition."""
    found: dict[tuple[str, int], ItemRun] = {}
    for part in chunks(keys):
        wanted = set(part)
        query = sa.select(runs).where(
            runs.c.experiment_id == experiment_id, runs.c.item_id.in_({i for i, _ in wanted})
        )
        every = map(run_from_row, connection.execute(query))
        found |= {run.key: run for run in every if run.key in wanted}
    return found


def succeeded(
    connection: Connection, record: ExperimentRecord, limit: int | None = None
) -> list[tuple[str, int]]:
    """Item and repetition of the item runs with an output, in the experiment's own order.

    Args:
        connection: To read with.
        record: The experiment.
        limit: Only the first ones; found without reading the others where the dataset gives the
            order.
    """
    here = runs.c.experiment_id == record.id, runs.c.status == ItemStatus.OK.value
    query = sa.select(runs.c.item_id, runs.c.repetition).where(*here)
    if record.dataset_id is None or record.item_ids is not None:
        keys = [(i, r) for i, r in connection.execute(query.order_by(runs.c.started_at))]
        return _in_order(keys, record.item_ids)[:limit]
    items = dataset_items
    query = (
        query.join_from(items, runs, runs.c.item_id == items.c.id)
        .where(items.c.dataset_id == record.dataset_id)
        .where(items.c.valid_from <= record.dataset_version)
        .where(items.c.valid_to.is_(None) | (items.c.valid_to > record.dataset_version))
        .order_by(items.c.position, runs.c.repetition)
        .limit(limit)
    )
    found = [(i, r) for i, r in connection.execute(query)]
    return found if limit is not None else found + _beside_the_dataset(connection, here, found)


def _beside_the_dataset(
    connection: Connection, here: tuple[sa.ColumnElement[bool], ...], found: list[tuple[str, int]]
) -> list[tuple[str, int]]:
    """The item runs of inputs that a user's own loop handed in besides the dataset's."""
    count = connection.execute(sa.select(sa.func.count()).select_from(runs).where(*here))
    if count.scalar_one() == len(found):
        return []
    known = set(found)
    query = sa.select(runs.c.item_id, runs.c.repetition).where(*here).order_by(runs.c.started_at)
    return [(i, r) for i, r in connection.execute(query) if (i, r) not in known]


def _in_order(keys: list[tuple[str, int]], item_ids: Sequence[str] | None) -> list[tuple[str, int]]:
    """Keys in the order of the items; as they are where that is not given."""
    if item_ids is None:
        return keys
    place = {item_id: i for i, item_id in enumerate(item_ids)}
    return sorted(keys, key=lambda key: (place.get(key[0], len(place)), key[1]))


def items_of_traces(
    connection: Connection, trace_ids: Iterable[str]
) -> dict[str, DatasetItem | None]:
    """The item behind each trace that is an item run; None where its dataset has it no more."""
    columns = (runs.c.trace_id, runs.c.item_id, runs.c.local_item)
    ran_over = (table.c.dataset_id, table.c.dataset_version)
    found: dict[str, DatasetItem | None] = {}
    of_dataset: dict[tuple[str, datetime], dict[str, str]] = {}
    for part in chunks(trace_ids):
        query = sa.select(*columns, *ran_over).join(table, table.c.id == runs.c.experiment_id)
        for row in connection.execute(query.where(runs.c.trace_id.in_(part))):
            found[row.trace_id] = None if row.local_item is None else DatasetItem(**row.local_item)
            if row.local_item is None and row.dataset_id is not None:
                state = (row.dataset_id, row.dataset_version)
                of_dataset.setdefault(state, {})[row.trace_id] = row.item_id
    for (dataset_id, version), ids in of_dataset.items():
        items = stored_datasets.items_by_id(connection, dataset_id, version, set(ids.values()))
        found |= {trace_id: items.get(item_id) for trace_id, item_id in ids.items()}
    return found


def local_items(connection: Connection, experiment_id: str) -> list[DatasetItem]:
    """The items that a user's own loop handed in, each once."""
    query = sa.select(runs.c.local_item).where(
        runs.c.experiment_id == experiment_id, runs.c.local_item.is_not(None)
    )
    found = (DatasetItem(**held) for held in connection.execute(query).scalars())
    return list({item.id: item for item in found}.values())


def statuses(connection: Connection, experiment_id: str) -> dict[tuple[str, int], ItemStatus]:
    """Item and repetition to how that item run stands, for those stored."""
    query = sa.select(runs.c.item_id, runs.c.repetition, runs.c.status).where(
        runs.c.experiment_id == experiment_id
    )
    return {(i, r): ItemStatus(s) for i, r, s in connection.execute(query)}


def _listing() -> sa.Select[Any]:
    return sa.select(table, datasets.c.name.label("dataset_name")).outerjoin(
        datasets, datasets.c.id == table.c.dataset_id
    )


def to_row(record: ExperimentRecord) -> dict[str, Any]:
    """The row of the table that an experiment makes."""
    task = record.task
    return {name: getattr(record, name) for name in _SAME_NAMES} | {
        "status": record.status.value,
        "task_name": task.name if task else None,
        "task_source": task.source if task else None,
        "fingerprint": task.fingerprint if task else None,
        "item_ids": None if record.item_ids is None else list(record.item_ids),
        "evaluators": list(record.evaluators),
    }


def _record(row: Row[Any]) -> ExperimentRecord:
    task = None
    if row.fingerprint is not None:
        task = TaskRecord(row.task_name, row.task_source, row.fingerprint)
    return ExperimentRecord(
        **{name: getattr(row, name) for name in _SAME_NAMES},
        status=ExperimentStatus(row.status),
        dataset_name=row.dataset_name,
        task=task,
        claim=None if row.owner is None else Claim(row.owner, row.heartbeat_at),
        item_ids=None if row.item_ids is None else tuple(row.item_ids),
        evaluators=tuple(row.evaluators),
    )


def _run_row(run: ItemRun) -> dict[str, Any]:
    return {
        "experiment_id": run.experiment_id,
        "item_id": run.item_id,
        "repetition": run.repetition,
        "status": run.status.value,
        "trace_id": run.trace_id,
        "started_at": run.started_at,
        "latency": run.latency,
        "attempts": run.attempts,
        "output": run.output_json,
        "error": run.error,
        "traceback": run.traceback,
        "evaluator_errors": run.evaluator_errors or None,
        "local_item": None if run.local_item is None else asdict(run.local_item),
    }


def run_from_row(row: Row[Any]) -> ItemRun:
    """The item run in a row of the table."""
    return ItemRun(
        experiment_id=row.experiment_id,
        item_id=row.item_id,
        repetition=row.repetition,
        status=ItemStatus(row.status),
        trace_id=row.trace_id,
        started_at=row.started_at,
        latency=row.latency,
        attempts=row.attempts,
        output_json=row.output,
        error=row.error,
        traceback=row.traceback,
        evaluator_errors=row.evaluator_errors or {},
        local_item=None if row.local_item is None else DatasetItem(**row.local_item),
    )
