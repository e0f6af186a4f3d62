"""Find what was sent in the lists of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from xeroml_nb.errors import Refused
from xeroml_nb.sync.transport.connection import PAGE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from xeroml_nb.sync.transport.connection import Connection

K = TypeVar("K")
# Our own server gives so many items and item runs at once.
_LARGE_PAGE = 1_000


def shown_as_sent(
    connection: Connection,
    word: str,
    wanted: Mapping[K, Mapping[str, Any]],
    *,
    by: Callable[[dict[str, Any]], Any],
    query: Mapping[str, Any] | None = None,
    **parts: str,
) -> set[K]:
    """The keys of those objects that a list shows with all the fields they were sent with.

    Args:
        connection: To the server.
        word: The list.
        wanted: What was sent, by what tells rows apart.
        by: Gives the latter for a row.
        query: Of the request.
        parts: Of the list's path.
    """
    left = dict(wanted)
    found: set[K] = set()
    for rows in _pages(connection, word, query or {}, parts):
        for row in rows:
            key = by(row)
            body = left.pop(key, None)
            if body is not None and shows(row, body):
                found.add(key)
        if not left:
            break
    return found


def shows(row: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Tell whether a row has all the fields of what was sent."""
    return all(row.get(name) == value for name, value in body.items())


def rows_of(
    connection: Connection, word: str, query: Mapping[str, Any] | None = None, **parts: str
) -> Iterator[dict[str, Any]]:
    """Every row of a list; none where the server refuses the list."""
    try:
        for rows in connection.pages(word, query=query, limit=PAGE_LIMIT, **parts):
            yield from rows
    except Refused:
        return


def _pages(
    connection: Connection, word: str, query: Mapping[str, Any], parts: Mapping[str, str]
) -> Iterator[list[dict[str, Any]]]:
    """The pages of a list, large ones where the server has them; none where it refuses the list."""
    for limit in (_LARGE_PAGE, PAGE_LIMIT):
        try:
            yield from connection.pages(word, query=query, limit=limit, **parts)
        except Refused:
            continue
        return
