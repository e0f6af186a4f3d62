"""A request, before it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from xeroml_nb.settings import shown_host


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a server; the keys are added only where it is sent.

    Args:
        method: Such as "POST".
        url: The whole address.
        content: The body.
        headers: Without the keys.
    """

    method: str
    url: str
    content: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """For people: method, path and host.

        Example:
            >>> Request("GET", "https://cloud.xeroml.com/api/public/v2/scores?page=1").title
            'GET /api/public/v2/scores at https://cloud.xeroml.com'
        """
        return f"{self.method} {urlsplit(self.url).path} at {self.host}"

    @property
    def host(self) -> str:
        """Scheme, host and port."""
        return shown_host("://".join(urlsplit(self.url)[:2]))


def with_query(url: str, query: Mapping[str, Any] | None) -> str:
    """An address with its query; what is None is left out, a list repeats its name.

    Example:
        >>> with_query("/scores", {"page": 1, "name": None, "tags": ["a", "b"], "mine": True})
        '/scores?page=1&tags=a&tags=b&mine=true'
    """
    given = [
        (name, _text(value))
        for name, held in (query or {}).items()
        for value in (held if isinstance(held, Sequence) and not isinstance(held, str) else [held])
        if value is not None
    ]
    return f"{url}?{urlencode(given)}" if given else url


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
