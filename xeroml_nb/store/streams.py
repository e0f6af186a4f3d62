"""Read and write what is large row by row, so that memory stays flat however large it is."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records.dataset import DatasetItem
from xeroml_nb.records.json_text import from_json
from xeroml_nb.store.datasets import item_texts
from xeroml_nb.store.experiments import run_from_row
from xeroml_nb.store.schema import dataset_items as items_table
from xeroml_nb.store.schema import datasets, label_plans, score_configs
from xeroml_nb.store.schema import item_runs as runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row

    from xeroml_nb.records.dataset import DatasetRecord
    from xeroml_nb.records.experiment import ExperimentRecord, ItemRun

_AT_ONCE = 200
_ITEM = ("input", "expected_output", "metadata")


def items(connection: Connection, dataset_id: str, version: datetime) -> Iterator[DatasetItem]:
    """The items of a dataset as they were at a moment, in order."""
    query = sa.select(items_table).where(*_at(dataset_id, version)).order_by(items_table.c.position)
    for row in _rows(connection, query):
        yield DatasetItem(row.id, *(from_json(getattr(row, name)) for name in _ITEM))


def begin_dataset(
    connection: Connection, record: DatasetRecord, new: Iterable[DatasetItem]
) -> None:
    """Store a dataset that is not there, with its items, at the version its record says."""
    names = ("id", "name", "description", "input_schema", "expected_output_schema")
    row = {name: getattr(record, name) for name in (*names, "created_at", "updated_at")}
    connection.execute(sa.insert(datasets), row)
    common = {"dataset_id": record.id, "valid_from": record.updated_at, "valid_to": None}
    numbered = enumerate(new, 1)
    while part := list(islice(numbered, _AT_ONCE)):
        made = [
            common | {"id": item.id, "position": place} | item_texts(item) for place, item in part
        ]
        connection.execute(sa.insert(items_table), made)


def known_since(connection: Connection, dataset_id: str, moment: datetime) -> None:
    """Note that a dataset was there at a moment already."""
    later = sa.and_(datasets.c.id == dataset_id, datasets.c.created_at > moment)
    connection.execute(sa.update(datasets).where(later).values(created_at=moment))


def item_runs(
    connection: Connection, record: ExperimentRecord
) -> Iterator[tuple[ItemRun, DatasetItem | None]]:
    """The item runs of an experiment with their items, in the dataset's order, then by time.

    The item is None where neither the run nor the dataset holds it.
    """
    here = runs.c.experiment_id == record.id
    seen: set[tuple[str, int]] = set()
    if record.dataset_id is not None and record.dataset_version is not None:
        for row in _rows(connection, _over_dataset(record, here)):
            seen.add((row.item_id, row.repetition))
            yield run_from_row(row), _item(row)
    count = connection.execute(sa.select(sa.func.count()).select_from(runs).where(here))
    if count.scalar_one() == len(seen):
        return
    late = (runs.c.started_at, runs.c.item_id, runs.c.repetition)
    for row in _rows(connection, sa.select(runs).where(here).order_by(*late)):
        if (row.item_id, row.repetition) not in seen:
            yield run_from_row(row), _item(row)


def plan_parts(
    connection: Connection, queue_id: str
) -> Iterator[tuple[str, int, list[tuple[str, int, int, str]]]]:
    """Every person's order in a queue: annotator, part, and the entries of that part."""
    columns = (label_plans.c.annotator, label_plans.c.part, label_plans.c.entries)
    query = (
        sa.select(*columns)
        .where(label_plans.c.queue_id == queue_id)
        .order_by(label_plans.c.annotator, label_plans.c.part)
    )
    for row in _rows(connection, query):
        yield row.annotator, row.part, [tuple(entry) for entry in row.entries]


def configs_by_id(connection: Connection, ids: Iterable[str]) -> dict[str, Any]:
    """Some definitions by their id, those that are stored."""
    query = sa.select(score_configs.c.id, score_configs.c.definition)
    found = connection.execute(query.where(score_configs.c.id.in_(list(ids))))
    return {row.id: row.definition for row in found}


def _at(dataset_id: str, version: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """The rows of a dataset that are part of a version."""
    columns = items_table.c
    return (
        columns.dataset_id == dataset_id,
        columns.valid_from <= version,
        columns.valid_to.is_(None) | (columns.valid_to > version),
    )


def _over_dataset(record: ExperimentRecord, here: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The item runs of items that the dataset has, with these, in the dataset's order."""
    held = items_table.c
    assert record.dataset_id is not None  # noqa: S101 - the caller looked
    assert record.dataset_version is not None  # noqa: S101
    return (
        # From the items to their runs: the other way round each run would look through all items.
        sa.select(runs, held.position, *(held[name].label(f"item_{name}") for name in _ITEM))
        .join_from(items_table, runs, runs.c.item_id == held.id)
        .where(here, *_at(record.dataset_id, record.dataset_version))
        .order_by(held.position, runs.c.repetition)
    )


def _item(row: Row[Any]) -> DatasetItem | None:
    if row.local_item is not None:
        return DatasetItem(**row.local_item)
    known = row._mapping  # noqa: SLF001 - SQLAlchemy's own
    if known.get("position") is None:
        return None
    return DatasetItem(row.item_id, *(from_json(known[f"item_{name}"]) for name in _ITEM))


def _rows(connection: Connection, query: sa.Select[Any]) -> Iterator[Row[Any]]:
    return iter(connection.execute(query, execution_options={"yield_per": _AT_ONCE}))
