"""What may have to be sent to a server: noted in the same transaction as the change itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.store.rows import chunks, upsert
from xeroml_nb.store.schema import outbox as table
from xeroml_nb.store.schema import remotes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row

# Set on a connection whose writes are noted; a server's own store has nowhere to send to.
FORWARDS = "xeroml_forwards"


@dataclass(frozen=True, slots=True)
class Queued:
    """One note of a change.

    Args:
        id: The order of the notes.
        kind: "score" or "trace".
        key: The id of what changed.
    """

    id: int
    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class RemoteRecord:
    """A server that this store sends to.

    Args:
        id: Derived from the three following.
        api: Which API it speaks: "xeroml" or "langfuse".
        host: Its address.
        public_key: Names the project there; no secret.
    """

    id: str
    api: str
    host: str
    public_key: str


def attach(connection: Connection, remote: RemoteRecord, at: datetime) -> None:
    """Note every change from now on for a server."""
    row = {
        "id": remote.id,
        "api": remote.api,
        "host": remote.host,
        "public_key": remote.public_key,
        "attached_at": at,
    }
    connection.execute(upsert(connection.dialect.name, remotes, ("id",)), row)


def attached(connection: Connection, remote_id: str) -> Row[Any] | None:
    """A server that this store sends to, with who sends there now: `owner, lease_until`."""
    return connection.execute(sa.select(remotes).where(remotes.c.id == remote_id)).first()


def enqueue(connection: Connection, kind: str, keys: Iterable[str]) -> None:
    """Note that some objects changed, for every server this store sends to."""
    if not connection.get_execution_options().get(FORWARDS):
        return
    servers = connection.execute(sa.select(remotes.c.id)).scalars().all()
    rows = [
        {"remote_id": server, "kind": kind, "key": key}
        for server in servers
        for key in dict.fromkeys(keys)
    ]
    if rows:
        connection.execute(sa.insert(table), rows)


def waiting(connection: Connection, remote_id: str, limit: int) -> list[Queued]:
    """The oldest notes for a server."""
    query = (
        sa.select(table.c.id, table.c.kind, table.c.key)
        .where(table.c.remote_id == remote_id)
        .order_by(table.c.id)
        .limit(limit)
    )
    return [Queued(*row) for row in connection.execute(query)]


def newest(connection: Connection, remote_id: str) -> int:
    """The id of the newest note for a server; 0 where none is waiting."""
    query = sa.select(sa.func.max(table.c.id)).where(table.c.remote_id == remote_id)
    return connection.execute(query).scalar() or 0


def count(connection: Connection, remote_id: str, upto: int | None = None) -> dict[str, int]:
    """How many objects are waiting for a server, by kind.

    Args:
        connection: To read with.
        remote_id: The server.
        upto: Only notes up to this id.
    """
    different = sa.func.count(sa.distinct(table.c.key)).label("number")
    query = sa.select(table.c.kind, different).where(table.c.remote_id == remote_id)
    if upto is not None:
        query = query.where(table.c.id <= upto)
    found = connection.execute(query.group_by(table.c.kind))
    return {row.kind: row.number for row in found}


def done(connection: Connection, ids: Sequence[int]) -> None:
    """Take notes out: what they name is dealt with."""
    for part in chunks(ids):
        connection.execute(sa.delete(table).where(table.c.id.in_(part)))


def take_lease(
    connection: Connection, remote_id: str, owner: str, now: datetime, until: datetime
) -> bool:
    """Be the only one who sends to a server until a moment; False if another process is."""
    free = remotes.c.owner.is_(None) | (remotes.c.owner == owner) | (remotes.c.lease_until < now)
    taken = connection.execute(
        sa.update(remotes)
        .where(remotes.c.id == remote_id, free)
        .values(owner=owner, lease_until=until)
    )
    return taken.rowcount == 1


def give_up_lease(connection: Connection, remote_id: str, owner: str) -> None:
    """Let another process send."""
    mine = sa.and_(remotes.c.id == remote_id, remotes.c.owner == owner)
    connection.execute(sa.update(remotes).where(mine).values(owner=None, lease_until=None))
