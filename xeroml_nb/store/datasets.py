"""Read and write datasets; every change makes a version, and no version is ever lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records import clock
from xeroml_nb.records.dataset import DatasetItem, DatasetRecord
from xeroml_nb.records.json_text import from_json_each, to_json
from xeroml_nb.store.rows import chunks
from xeroml_nb.store.schema import dataset_items as rows
from xeroml_nb.store.schema import datasets as table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row

_OPEN = rows.c.valid_to.is_(None)
_CONTENT = ("input", "expected_output", "metadata")
_SHOWN = [rows.c[name] for name in ("id", *_CONTENT)]


def create(connection: Connection, record: DatasetRecord) -> None:
    """Store a dataset that has no items yet, or change the schemas of one that is there."""
    described = {
        "description": record.description,
        "input_schema": record.input_schema,
        "expected_output_schema": record.expected_output_schema,
    }
    if by_name(connection, record.name) is None:
        moments = {"created_at": record.created_at, "updated_at": record.updated_at}
        named = {"id": record.id, "name": record.name}
        connection.execute(sa.insert(table), named | described | moments)
    else:
        connection.execute(sa.update(table).where(table.c.id == record.id), described)


def by_name(connection: Connection, name: str) -> DatasetRecord | None:
    """The dataset of that name, or None."""
    row = connection.execute(_listing().where(table.c.name == name)).first()
    return None if row is None else _record(row)


def by_id(connection: Connection, dataset_id: str) -> DatasetRecord | None:
    """The dataset of that id, or None."""
    row = connection.execute(_listing().where(table.c.id == dataset_id)).first()
    return None if row is None else _record(row)


def listing(connection: Connection) -> list[DatasetRecord]:
    """All datasets by name."""
    return [_record(row) for row in connection.execute(_listing().order_by(table.c.name))]


def items(connection: Connection, dataset_id: str, version: datetime) -> list[DatasetItem]:
    """The items of a dataset as they were at a moment, in order."""
    query = (
        sa.select(*_SHOWN)
        .where(rows.c.dataset_id == dataset_id, rows.c.valid_from <= version)
        .where(_OPEN | (rows.c.valid_to > version))
        .order_by(rows.c.position)
    )
    return _items(connection.execute(query).all())


def items_by_id(
    connection: Connection, dataset_id: str, version: datetime, ids: Iterable[str]
) -> dict[str, DatasetItem]:
    """Some items of a dataset as they were at a moment, by id."""
    found: dict[str, DatasetItem] = {}
    for part in chunks(ids):
        query = (
            sa.select(*_SHOWN)
            .where(rows.c.dataset_id == dataset_id, rows.c.id.in_(part))
            .where(rows.c.valid_from <= version, _OPEN | (rows.c.valid_to > version))
        )
        found |= {item.id: item for item in _items(connection.execute(query).all())}
    return found


def versions(connection: Connection, dataset_id: str) -> list[datetime]:
    """The moments at which a dataset changed, newest first."""
    begun = sa.select(rows.c.valid_from).where(rows.c.dataset_id == dataset_id)
    ended = sa.select(rows.c.valid_to).where(rows.c.dataset_id == dataset_id, ~_OPEN)
    found = connection.execute(sa.union(begun, ended)).scalars()
    return sorted(found, reverse=True)


def put_items(
    connection: Connection,
    dataset_id: str,
    new: Sequence[DatasetItem],
    *,
    only_these: bool = False,
) -> datetime:
    """Add or change items, as one new version if anything differs.

    Args:
        connection: Inside a writing transaction.
        dataset_id: The dataset.
        new: Items; one whose id is there keeps its place.
        only_these: Items that are not among `new` end with this version.

    Returns:
        The dataset's newest version.
    """
    stored = _open_rows(connection, dataset_id)
    current = {row.id: row for row in stored}
    changed = [item for item in new if differs(current.get(item.id), item)]
    kept = {item.id for item in new}
    gone = [row.id for row in stored if only_these and row.id not in kept]
    if not changed and not gone:
        return _newest(connection, dataset_id)
    version = _next_version(connection, dataset_id)
    ended = [item.id for item in changed if item.id in current] + gone
    _end(connection, dataset_id, ended, version)
    places = {row.id: row.position for row in stored}
    _begin(connection, dataset_id, changed, places, version)
    _note(connection, dataset_id, version)
    return version


def end_items(connection: Connection, dataset_id: str, ids: Sequence[str]) -> datetime | None:
    """Take items out of a dataset, as one new version; earlier versions keep them.

    Returns:
        The new version; None if none of the items is in the newest one.
    """
    here = sa.and_(rows.c.dataset_id == dataset_id, _OPEN)
    found = sa.select(rows.c.id).where(here)
    known = [
        i for p in chunks(ids) for i in connection.execute(found.where(rows.c.id.in_(p))).scalars()
    ]
    if not known:
        return None
    version = _next_version(connection, dataset_id)
    _end(connection, dataset_id, known, version)
    _note(connection, dataset_id, version)
    return version


def _newest(connection: Connection, dataset_id: str) -> datetime:
    query = sa.select(table.c.updated_at).where(table.c.id == dataset_id)
    found: datetime = connection.execute(query).scalar_one()
    return found


def _next_version(connection: Connection, dataset_id: str) -> datetime:
    return max(clock.now(), clock.just_after(_newest(connection, dataset_id)))


def _note(connection: Connection, dataset_id: str, version: datetime) -> None:
    connection.execute(sa.update(table).where(table.c.id == dataset_id).values(updated_at=version))


def _open_rows(connection: Connection, dataset_id: str) -> Sequence[Row[Any]]:
    query = sa.select(rows).where(rows.c.dataset_id == dataset_id, _OPEN)
    return connection.execute(query.order_by(rows.c.position)).all()


def differs(row: Row[Any] | None, item: DatasetItem) -> bool:
    """Tell whether an item is not as a row has it."""
    return row is None or item_texts(item) != {
        "input": row.input,
        "expected_output": row.expected_output,
        "metadata": row.metadata,
    }


def item_texts(item: DatasetItem) -> dict[str, str | None]:
    """The content of an item as a row has it."""
    optional = {"expected_output": item.expected_output, "metadata": item.metadata}
    held = {name: None if v is None else to_json(v) for name, v in optional.items()}
    return {"input": to_json(item.input), **held}


def _end(connection: Connection, dataset_id: str, ids: list[str], at: datetime) -> None:
    for part in chunks(ids):
        mine = sa.and_(rows.c.dataset_id == dataset_id, rows.c.id.in_(part), _OPEN)
        connection.execute(sa.update(rows).where(mine).values(valid_to=at))


def _begin(
    connection: Connection,
    dataset_id: str,
    new: Sequence[DatasetItem],
    places: dict[str, int],
    at: datetime,
) -> None:
    query = sa.select(sa.func.max(rows.c.position)).where(rows.c.dataset_id == dataset_id)
    free = (connection.execute(query).scalar() or 0) + 1
    common = {"dataset_id": dataset_id, "valid_from": at, "valid_to": None}
    begun = []
    for item in new:
        if item.id not in places:
            places[item.id], free = free, free + 1
        begun.append(common | {"id": item.id, "position": places[item.id]} | item_texts(item))
    if begun:
        connection.execute(sa.insert(rows), begun)


def _listing() -> sa.Select[Any]:
    count = (
        sa.select(sa.func.count())
        .where(rows.c.dataset_id == table.c.id, _OPEN)
        .scalar_subquery()
        .label("item_count")
    )
    return sa.select(table, count)


def _record(row: Row[Any]) -> DatasetRecord:
    return DatasetRecord(
        id=row.id,
        name=row.name,
        description=row.description,
        input_schema=row.input_schema,
        expected_output_schema=row.expected_output_schema,
        created_at=row.created_at,
        updated_at=row.updated_at,
        item_count=row.item_count,
    )


def _items(found: Sequence[Row[Any]]) -> list[DatasetItem]:
    """Items of rows that hold what is in `_SHOWN`."""
    if not found:
        return []
    ids, *content = zip(*found, strict=True)
    each = map(from_json_each, content)
    return [DatasetItem(*parts) for parts in zip(ids, *each, strict=True)]
