"""Read and write who may talk to a server over this store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from xeroml_nb.records.access import ApiKey, Role
from xeroml_nb.store.schema import api_keys as table

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from sqlalchemy.engine import Connection, Row


def put(connection: Connection, key: ApiKey) -> None:
    """Let a new pair of keys in."""
    row = {
        "public_key": key.public_key,
        "secret_hash": key.secret_hash,
        "role": key.role.value,
        "label": key.label,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }
    connection.execute(sa.insert(table), row)


def listing(connection: Connection) -> list[ApiKey]:
    """All pairs, revoked ones included, oldest first."""
    query = sa.select(table).order_by(table.c.created_at, table.c.public_key)
    return [_key(row) for row in connection.execute(query)]


def by_public_key(connection: Connection, public_key: str) -> ApiKey | None:
    """The pair with that public key, or None."""
    row = connection.execute(sa.select(table).where(table.c.public_key == public_key)).first()
    return None if row is None else _key(row)


def revoke(connection: Connection, public_key: str, at: datetime) -> None:
    """Let a pair in no more."""
    here = sa.and_(table.c.public_key == public_key, table.c.revoked_at.is_(None))
    connection.execute(sa.update(table).where(here).values(revoked_at=at))


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        public_key=row.public_key,
        secret_hash=row.secret_hash,
        role=Role(row.role),
        label=row.label,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )
