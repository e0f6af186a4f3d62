"""Lists that come page by page."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import ServerFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def pages(fetch: Callable[[int], Any], title: str) -> Iterator[list[dict[str, Any]]]:
    """The rows of a list, page by page, whatever the server tells about their number.

    Args:
        fetch: Gives the answer for a page's number, from 1.
        title: What is fetched, for people.

    Raises:
        ServerFault: If an answer is no list.
    """
    seen, before = 0, None
    for number in count(1):
        answer = fetch(number)
        rows = _rows(answer, title)
        # A server that knows no pages gives the same one again and again.
        if not rows or rows == before:
            return
        yield rows
        seen, before = seen + len(rows), rows
        if _is_last(answer.get("meta"), number, seen):
            return


def _rows(answer: Any, title: str) -> list[dict[str, Any]]:
    """The list in an envelope: under "data", or the only one there is."""
    held = answer if isinstance(answer, dict) else {}
    lists = [held["data"]] if "data" in held else [v for v in held.values() if type(v) is list]
    rows = lists[0] if len(lists) == 1 else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ServerFault(
            f"{title} was answered with what is no list of objects.",
            "Check XEROML_API: the server may speak another API.",
        )
    return rows


def _is_last(meta: Any, number: int, seen: int) -> bool:
    """Whether the server says that nothing follows; where it says nothing, another is fetched."""
    told = meta if isinstance(meta, dict) else {}
    last = told.get("totalPages")
    if isinstance(last, int):
        return number >= last
    totals = [told[name] for name in ("totalItems", "total") if isinstance(told.get(name), int)]
    return bool(totals) and seen >= max(totals)
