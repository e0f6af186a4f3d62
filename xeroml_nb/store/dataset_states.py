"""Bring in what a dataset was at a moment somewhere else; what is known of other moments stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records import clock
from xeroml_nb.store.datasets import differs, item_texts
from xeroml_nb.store.rows import chunks
from xeroml_nb.store.schema import dataset_items as rows
from xeroml_nb.store.schema import datasets as table
from xeroml_nb.store.schema import experiments

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row

    from xeroml_nb.records.dataset import DatasetItem


def put_newest(
    connection: Connection, dataset_id: str, state: Sequence[DatasetItem], at: datetime
) -> datetime:
    """Make a state the newest version of a dataset.

    Args:
        connection: Inside a writing transaction.
        dataset_id: The dataset.
        state: All of its items, in order.
        at: Since when; where the store has a later version, just after that one.

    Returns:
        The moment of the new version.
    """
    newest = _newest(connection, dataset_id)
    # A dataset that has no item yet may have been made at that very moment.
    moment = at if at >= newest and not _known_from(connection, dataset_id, at) else None
    version = moment or clock.just_after(newest)
    _put(connection, dataset_id, state, version, None)
    _move_newest(connection, dataset_id, version)
    return version


def put_past(
    connection: Connection,
    dataset_id: str,
    state: Sequence[DatasetItem],
    at: datetime,
    kept: Iterable[datetime] = (),
) -> None:
    """Note what a dataset was at a moment, until the next moment that is known.

    Args:
        connection: Inside a writing transaction.
        dataset_id: The dataset.
        state: All of its items then, in order.
        at: The moment. After the newest version it is a moment alone: the newest one goes on.
        kept: Moments of which the dataset is known, though nothing may have changed at them.
    """
    newest = _newest(connection, dataset_id)
    changes = _moments_after(connection, dataset_id, at)
    later = [moment for moment in (newest, *changes, *kept) if moment > at]
    until = min(later, default=clock.just_after(at))
    _put(connection, dataset_id, state, at, until)
    _move_newest(connection, dataset_id, max(newest, until))


def _put(
    connection: Connection,
    dataset_id: str,
    state: Sequence[DatasetItem],
    begin: datetime,
    end: datetime | None,
) -> None:
    """Make the dataset this state from one moment to another; None means for good."""
    current = _rows_at(connection, dataset_id, begin)
    places = _places(connection, dataset_id, state, current)
    known = {row.id: row for row in current}
    new = [
        item
        for item in state
        if differs(known.get(item.id), item) or known[item.id].position != places[item.id]
    ]
    replaced = {item.id for item in new}
    kept = {item.id for item in state} - replaced
    _cut(connection, [row for row in current if row.id not in kept], begin, end)
    common = {"dataset_id": dataset_id, "valid_from": begin, "valid_to": end}
    begun = [
        common | {"id": item.id, "position": places[item.id]} | item_texts(item) for item in new
    ]
    if begun:
        connection.execute(sa.insert(rows), begun)


def _places(
    connection: Connection,
    dataset_id: str,
    state: Sequence[DatasetItem],
    current: Sequence[Row[Any]],
) -> dict[str, int]:
    """Positions in the order of the items: those they have if these are in that order."""
    query = sa.select(sa.func.max(rows.c.position)).where(rows.c.dataset_id == dataset_id)
    free = (connection.execute(query).scalar() or 0) + 1
    held = {row.id: row.position for row in current}
    places = {item.id: held.get(item.id, free + i) for i, item in enumerate(state)}
    if list(places.values()) == sorted(places.values()):
        return places
    return {item.id: free + i for i, item in enumerate(state)}


def _cut(
    connection: Connection, found: Sequence[Row[Any]], begin: datetime, end: datetime | None
) -> None:
    """Take rows out of the time between two moments; before and after it they stay."""
    later = [
        dict(row._mapping) | {"valid_from": end}  # noqa: SLF001 - SQLAlchemy's own
        for row in found
        if end is not None and (row.valid_to is None or row.valid_to > end)
    ]
    earlier = [row for row in found if row.valid_from < begin]
    from_begin = [row for row in found if row.valid_from == begin]
    for part in chunks(row.position for row in earlier):
        mine = _row_at(found, part, begin)
        connection.execute(sa.update(rows).where(mine).values(valid_to=begin))
    for part in chunks(row.position for row in from_begin):
        mine = _row_at(found, part, begin)
        connection.execute(sa.delete(rows).where(mine, rows.c.valid_from == begin))
    if later:
        connection.execute(sa.insert(rows), later)


def _row_at(
    found: Sequence[Row[Any]], positions: list[int], at: datetime
) -> sa.ColumnElement[bool]:
    here = rows.c.dataset_id == found[0].dataset_id
    return sa.and_(here, rows.c.position.in_(positions), _holds(at))


def _holds(at: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(rows.c.valid_from <= at, rows.c.valid_to.is_(None) | (rows.c.valid_to > at))


def _rows_at(connection: Connection, dataset_id: str, at: datetime) -> Sequence[Row[Any]]:
    query = sa.select(rows).where(rows.c.dataset_id == dataset_id, _holds(at))
    return connection.execute(query.order_by(rows.c.position)).all()


def _known_from(connection: Connection, dataset_id: str, at: datetime) -> bool:
    """Tell whether something of the dataset began or ended at that moment or later."""
    later = (rows.c.valid_from >= at) | (rows.c.valid_to >= at)
    query = sa.select(rows.c.position).where(rows.c.dataset_id == dataset_id, later).limit(1)
    return connection.execute(query).first() is not None


def _moments_after(connection: Connection, dataset_id: str, at: datetime) -> list[datetime]:
    """The next moments at which the dataset changed, and at which an experiment ran over it."""
    # What an experiment ran over must not change under it.
    moments = (
        (rows.c.valid_from, rows.c.dataset_id),
        (rows.c.valid_to, rows.c.dataset_id),
        (experiments.c.dataset_version, experiments.c.dataset_id),
    )
    queries = [
        sa.select(sa.func.min(moment, type_=moment.type)).where(whose == dataset_id, moment > at)
        for moment, whose in moments
    ]
    found = [connection.execute(query).scalar() for query in queries]
    return [moment for moment in found if moment is not None]


def _newest(connection: Connection, dataset_id: str) -> datetime:
    query = sa.select(table.c.updated_at).where(table.c.id == dataset_id)
    found: datetime = connection.execute(query).scalar_one()
    return found


def _move_newest(connection: Connection, dataset_id: str, version: datetime) -> None:
    mine = table.c.id == dataset_id
    connection.execute(sa.update(table).where(mine).values(updated_at=version))
