"""Compare the tables that a store has with those of this version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.store.schema import metadata

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def missing_parts(connection: Connection) -> list[str]:
    """What of this version's schema a database lacks or has otherwise, a sentence each.

    What it has besides is not this package's, and no fault.
    """
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    options = {"compare_type": True, "include_object": _is_ours}
    context = MigrationContext.configure(connection, opts=options)
    return [_sentence(found) for found in compare_metadata(context, metadata)]


def _is_ours(_thing: Any, _name: str | None, _kind: str, is_stored: Any, counterpart: Any) -> bool:
    return not is_stored or counterpart is not None


def _sentence(found: Any) -> str:
    if isinstance(found, list):
        # Several changes of one column: kind, schema, table, column, then what it was and is.
        kind, _, table, column = found[0][:4]
        return f"Column {table}.{column} differs: {kind.removeprefix('modify_')}."
    kind, *about = found
    what = kind.removeprefix("add_")
    if what == "column":
        return f"Column {about[1]}.{about[2].name} is missing."
    return f"{what.capitalize()} {about[0].name or _columns(about[0])} is missing."


def _columns(constraint: Any) -> str:
    """What a constraint without a name is on."""
    return f"{constraint.table.name}({', '.join(column.name for column in constraint.columns)})"
