"""Read one page of a long listing, without reading the rest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records.json_text import to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection, Row


@dataclass(frozen=True, slots=True)
class Part:
    """Which rows of a listing to read.

    Args:
        limit: How many at most.
        offset: How many to pass over.
    """

    limit: int
    offset: int = 0


def part_of(
    connection: Connection, query: sa.Select[Any], part: Part
) -> tuple[Sequence[Row[Any]], int]:
    """The rows of a part, and how many the whole listing has.

    Args:
        connection: To read with.
        query: The whole listing, in its order; grouped, not distinct.
        part: Which rows.
    """
    # One row more than asked for: where there is none, this is the end, and nothing is counted.
    rows = connection.execute(query.limit(part.limit + 1).offset(part.offset)).all()
    if len(rows) <= part.limit and (rows or not part.offset):
        return rows, part.offset + len(rows)
    one = query.with_only_columns(sa.literal(1), maintain_column_froms=True).order_by(None)
    count = sa.select(sa.func.count()).select_from(one.subquery())
    return rows[: part.limit], connection.execute(count).scalar_one()


def holds_text(connection: Connection, column: sa.ColumnElement[Any], text: str) -> Any:
    """A condition: the text of a column has this in it, letter for letter.

    `LIKE` would take capital and small letters for the same on SQLite.
    """
    find = sa.func.strpos if connection.dialect.name == "postgresql" else sa.func.instr
    return find(sa.type_coerce(column, sa.Text), text) > 0


def holds_entry(connection: Connection, column: sa.Column[Any], entry: str) -> Any:
    """A condition: the list of texts that a column holds has this one in it."""
    # A list is kept as JSON, whose texts are ASCII where one of them needs it.
    written = sorted({to_json(entry), json.dumps(entry)})
    return sa.or_(*(holds_text(connection, column, text) for text in written))
