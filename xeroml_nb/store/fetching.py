"""Fetch many rows as columns, without an object for each row."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

if TYPE_CHECKING:
    import numpy.typing as npt
    from sqlalchemy.engine import Connection

    Columns = dict[str, npt.NDArray[np.object_]]


def fetched(connection: Connection, query: sa.Select[Any]) -> Columns:
    """The columns of a query by name, with the values as the driver gives them."""
    # Row by row into one array: a list of all rows would cost as much again.
    rows: Any = connection.execute(query).cursor
    names = [column.name for column in query.selected_columns]
    table = np.fromiter(chain.from_iterable(rows), dtype=object).reshape(-1, len(names))
    return {name: table[:, place] for place, name in enumerate(names)}


def plain(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """A column as the database holds it: moments as microseconds since 1970, JSON as text."""
    kind = column.type
    held = sa.type_coerce(column, kind.impl) if isinstance(kind, sa.TypeDecorator) else column
    return held.label(column.name)
