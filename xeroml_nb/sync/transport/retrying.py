"""How long a server asks to wait before the next attempt."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from xeroml_nb.records import clock

if TYPE_CHECKING:
    from collections.abc import Mapping


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds a server asks to wait; None where it does not.

    A date is measured against the server's own clock, since this machine's may be wrong.

    Args:
        headers: Names in lower case.

    Example:
        >>> retry_after({"retry-after": "2"})
        2.0
        >>> today = "Wed, 21 Oct 2015 07:28:00 GMT"
        >>> retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:30 GMT", "date": today})
        30.0
    """
    asked = headers.get("retry-after", "").strip()
    if asked.isdecimal():
        return float(asked)
    until = moment(asked)
    if until is None:
        return None
    now = moment(headers.get("date", "")) or clock.now()
    return max(0.0, (until - now).total_seconds())


def moment(text: str) -> datetime | None:
    """The moment an HTTP date names; None where it is no date."""
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
