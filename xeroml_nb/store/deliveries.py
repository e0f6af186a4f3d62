"""What a server has as far as is known here, and what each push changed there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records import clock
from xeroml_nb.store.rows import chunks, upsert
from xeroml_nb.store.schema import deliveries as table
from xeroml_nb.store.schema import push_entries, pushes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row

_KEY = ("remote_id", "kind", "key")
_VALUES = (
    "state",
    "content_hash",
    "payload",
    "remote_key",
    "url",
    "status_code",
    "said",
    "next_step",
    "at",
)


class DeliveryState(StrEnum):
    """What became of an object: the server has it, or refused it."""

    SENT = "sent"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One object as a server has it, or why it does not.

    Args:
        kind: What it is, such as "score".
        key: Its id here.
        state: Sent or refused.
        content_hash: Of what was sent.
        payload: What the server has, as JSON text; None where it is too large to keep.
        remote_key: Its id there, where that is another.
        url: Where people see it.
        status_code: With which it was refused.
        said: The server's own words.
        next_step: What the user can do.
        at: When.
    """

    kind: str
    key: str
    state: DeliveryState
    content_hash: str
    payload: str | None
    remote_key: str | None
    url: str | None
    status_code: int | None
    said: str | None
    next_step: str | None
    at: datetime


def put(connection: Connection, remote_id: str, made: Sequence[Delivery]) -> None:
    """Note what became of some objects."""
    if made:
        statement = upsert(connection.dialect.name, table, _KEY, _VALUES)
        connection.execute(statement, [_row(remote_id, one) for one in made])


def forget(connection: Connection, remote_id: str, kind: str, keys: Iterable[str]) -> None:
    """Note that a server does not have some objects any more."""
    for part in chunks(keys):
        here = _of(remote_id, kind)
        connection.execute(sa.delete(table).where(*here, table.c.key.in_(part)))


def by_key(
    connection: Connection, remote_id: str, kind: str, keys: Iterable[str]
) -> dict[str, Delivery]:
    """What is known of some objects of a kind, by id."""
    found: dict[str, Delivery] = {}
    for part in chunks(keys):
        query = sa.select(table).where(*_of(remote_id, kind), table.c.key.in_(part))
        found |= {row.key: _delivery(row) for row in connection.execute(query)}
    return found


def of_kind(connection: Connection, remote_id: str, kind: str) -> Iterator[Delivery]:
    """All that is known of a kind."""
    return map(_delivery, connection.execute(sa.select(table).where(*_of(remote_id, kind))))


def keys_under(connection: Connection, remote_id: str, kind: str, owner: str) -> list[str]:
    """The ids of all that is known of the parts of something, such as the items of a dataset."""
    query = sa.select(table.c.key).where(*_of(remote_id, kind))
    return list(connection.execute(query.where(_under(owner))).scalars())


def renamed(
    connection: Connection, remote_id: str, kind: str, owner: str | None = None
) -> dict[str, str]:
    """By their ids on a server, the ids here of objects that are called otherwise there.

    Args:
        connection: To read with.
        remote_id: The server.
        kind: Of the objects.
        owner: Only the parts of something, such as the items of a dataset.
    """
    query = sa.select(table.c.remote_key, table.c.key).where(*_of(remote_id, kind))
    query = query.where(table.c.remote_key.is_not(None))
    if owner is not None:
        query = query.where(_under(owner))
    return {row.remote_key: row.key for row in connection.execute(query)}


def refused(connection: Connection, remote_id: str) -> list[Delivery]:
    """What a server refused, oldest first."""
    query = sa.select(table).where(
        table.c.remote_id == remote_id, table.c.state == DeliveryState.REFUSED.value
    )
    return [_delivery(row) for row in connection.execute(query.order_by(table.c.at, table.c.key))]


def url_of(connection: Connection, kind: str, key: str) -> str | None:
    """Where people see an object on the server that got it last; None where no server says."""
    query = (
        sa.select(table.c.url)
        .where(table.c.kind == kind, table.c.key == key, table.c.url.is_not(None))
        .where(table.c.state == DeliveryState.SENT.value)
    )
    return connection.execute(query.order_by(table.c.at.desc()).limit(1)).scalar()


def begin_push(connection: Connection, push_id: str, remote_id: str, what: str) -> None:
    """Open the journal of a push."""
    row = {"id": push_id, "remote_id": remote_id, "what": what, "began_at": clock.now()}
    connection.execute(sa.insert(pushes), row)


def add_entries(
    connection: Connection,
    push_id: str,
    kind: str,
    entries: Sequence[tuple[str, str, str | None]],
) -> None:
    """Note what a push is about to change.

    Args:
        connection: Inside a writing transaction.
        push_id: The push.
        kind: Of all the objects.
        entries: At least one: id, action ("create", "update" or "delete") and what was there
            before.
    """
    rows = [
        {"push_id": push_id, "kind": kind, "key": key, "action": action, "before": before}
        for key, action, before in entries
    ]
    statement = upsert(connection.dialect.name, push_entries, ("push_id", "kind", "key"))
    connection.execute(statement, rows)


def entries(connection: Connection, push_id: str) -> list[Row[Any]]:
    """What a push changed: `kind, key, action, before`."""
    query = sa.select(push_entries).where(push_entries.c.push_id == push_id)
    return list(connection.execute(query).all())


def entry_counts(connection: Connection, remote_id: str) -> list[Row[Any]]:
    """How much each push to a server changed: `push_id, action, number`."""
    query = (
        sa.select(push_entries.c.push_id, push_entries.c.action, sa.func.count().label("number"))
        .join(pushes, pushes.c.id == push_entries.c.push_id)
        .where(pushes.c.remote_id == remote_id)
        .group_by(push_entries.c.push_id, push_entries.c.action)
    )
    return list(connection.execute(query).all())


def end_push(connection: Connection, push_id: str, **moments: datetime) -> None:
    """Note when a push was finished (`finished_at`) or undone (`undone_at`)."""
    connection.execute(sa.update(pushes).where(pushes.c.id == push_id).values(moments))


def push_record(connection: Connection, push_id: str) -> Row[Any] | None:
    """The journal's head: `id, remote_id, what, began_at, finished_at, undone_at`."""
    return connection.execute(sa.select(pushes).where(pushes.c.id == push_id)).first()


def push_listing(connection: Connection, remote_id: str) -> list[Row[Any]]:
    """All pushes to a server, the latest first."""
    query = sa.select(pushes).where(pushes.c.remote_id == remote_id)
    return list(connection.execute(query.order_by(pushes.c.began_at.desc())).all())


def _of(remote_id: str, kind: str) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.remote_id == remote_id, table.c.kind == kind


def _under(owner: str) -> sa.ColumnElement[bool]:
    return table.c.key.startswith(f"{owner}/", autoescape=True)


def _row(remote_id: str, one: Delivery) -> dict[str, Any]:
    values = {name: getattr(one, name) for name in _VALUES}
    return values | {"remote_id": remote_id, "kind": one.kind, "key": one.key}


def _delivery(row: Row[Any]) -> Delivery:
    values = {name: getattr(row, name) for name in _VALUES}
    values["state"] = DeliveryState(row.state)
    return Delivery(kind=row.kind, key=row.key, **values)
