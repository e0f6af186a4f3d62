"""Read datasets and their items page by page, and what other tools keep with a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records.dataset import DatasetItem, DatasetRecord
from xeroml_nb.records.json_text import from_json_each
from xeroml_nb.store import datasets as stored
from xeroml_nb.store.paging import Part, part_of
from xeroml_nb.store.rows import chunks, upsert
from xeroml_nb.store.schema import dataset_items as rows
from xeroml_nb.store.schema import dataset_metadata, datasets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row

_CONTENT = ("input", "expected_output", "metadata")


@dataclass(frozen=True, slots=True)
class DatedItem:
    """An item of a dataset, and since when it is as it is.

    Args:
        item: The item.
        dataset_id: Its dataset.
        created_at: When it came into the dataset.
        updated_at: When it was last changed.
    """

    item: DatasetItem
    dataset_id: str
    created_at: datetime
    updated_at: datetime


def page(connection: Connection, part: Part) -> tuple[list[DatasetRecord], int]:
    """Datasets by name, and how many there are."""
    query = sa.select(datasets.c.name).order_by(datasets.c.name)
    found, total = part_of(connection, query, part)
    records = [stored.by_name(connection, row.name) for row in found]
    return [record for record in records if record is not None], total


def items(
    connection: Connection, dataset_id: str, version: datetime, part: Part
) -> tuple[list[DatedItem], int]:
    """Items of a dataset as they were at a moment, in order, and how many there were."""
    query = _dated().where(
        rows.c.dataset_id == dataset_id,
        rows.c.valid_from <= version,
        rows.c.valid_to.is_(None) | (rows.c.valid_to > version),
    )
    found, total = part_of(connection, query.order_by(rows.c.position), part)
    return _records(found), total


def items_with_ids(
    connection: Connection, ids: Iterable[str], dataset_id: str | None = None
) -> list[DatedItem]:
    """The items of some ids in the newest versions of all datasets, or of one, in order."""
    query = _dated().where(rows.c.valid_to.is_(None)).order_by(rows.c.dataset_id, rows.c.position)
    if dataset_id is not None:
        query = query.where(rows.c.dataset_id == dataset_id)
    return [
        one
        for some in chunks(ids)
        for one in _records(connection.execute(query.where(rows.c.id.in_(some))).all())
    ]


def metadata_of(connection: Connection, dataset_ids: Sequence[str]) -> dict[str, Any]:
    """What is kept with some datasets, by id, where anything is."""
    held = dataset_metadata.c
    query = sa.select(held.dataset_id, held.metadata).where(held.dataset_id.in_(dataset_ids))
    return {row.dataset_id: row.metadata for row in connection.execute(query)}


def put_metadata(connection: Connection, dataset_id: str, value: Any) -> None:
    """Keep something with a dataset, in place of what was kept before."""
    statement = upsert(connection.dialect.name, dataset_metadata, ("dataset_id",), ("metadata",))
    connection.execute(statement, {"dataset_id": dataset_id, "metadata": value})


def _dated() -> sa.Select[Any]:
    """Rows of items with the moment the first row of the same item began."""
    first = rows.alias()
    begun = (
        sa.select(sa.func.min(first.c.valid_from, type_=rows.c.valid_from.type))
        .where(first.c.dataset_id == rows.c.dataset_id, first.c.position == rows.c.position)
        .scalar_subquery()
    )
    return sa.select(rows, begun.label("created_at"))


def _records(found: Sequence[Row[Any]]) -> list[DatedItem]:
    contents = zip(
        (row.id for row in found),
        *(from_json_each(getattr(row, name) for row in found) for name in _CONTENT),
        strict=True,
    )
    return [
        DatedItem(DatasetItem(*parts), row.dataset_id, row.created_at, row.valid_from)
        for row, parts in zip(found, contents, strict=True)
    ]
