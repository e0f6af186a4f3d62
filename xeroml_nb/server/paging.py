"""Lists come in pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Query
from pydantic import BaseModel

from xeroml_nb.server.failures import ApiError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Far beyond any list, and small enough that no database stumbles over the offset.
_LAST_PAGE = 1_000_000_000
_MOST_IDS = 1000


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for.

    Args:
        number: Counts from 1.
        limit: How many a page has.
    """

    number: int
    limit: int

    @property
    def offset(self) -> int:
        """How many come before the page."""
        return (self.number - 1) * self.limit


class Meta(BaseModel):
    """Where a page stands in its list; the total is there in both spellings that clients know."""

    page: int
    limit: int
    totalItems: int  # noqa: N815 - the wire's spelling
    totalPages: int  # noqa: N815
    total: int


async def page(
    page: Annotated[int, Query(ge=1, le=_LAST_PAGE)] = 1,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Page:
    """The page that a request asks for."""
    return Page(page, limit)


async def wide_page(
    page: Annotated[int, Query(ge=1, le=_LAST_PAGE)] = 1,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> Page:
    """The page that a request for a list of small things asks for."""
    return Page(page, limit)


Paged = Annotated[Page, Depends(page)]
WidelyPaged = Annotated[Page, Depends(wide_page)]


def ids_of(name: str, text: str) -> tuple[str, ...]:
    """The ids of a comma list in a query.

    Args:
        name: Of the parameter.
        text: What it was given.

    Raises:
        ApiError: If it has too many, or what is no id (400).
    """
    found = tuple(part for part in text.split(",") if part)
    if len(found) > _MOST_IDS or "\x00" in text:
        raise ApiError(400, f"{name} takes at most {_MOST_IDS} ids, in a comma list.")
    return found


def listed(page: Page, data: Sequence[Any], total: int) -> dict[str, Any]:
    """A page in its envelope.

    Args:
        page: Which one.
        data: What stands on it.
        total: How many the whole list has.
    """
    meta = {
        "page": page.number,
        "limit": page.limit,
        "totalItems": total,
        "totalPages": -(-total // page.limit),
        "total": total,
    }
    return {"data": list(data), "meta": meta}
