"""What a server says of itself, made short and readable."""

from __future__ import annotations

import json
import re
from html import unescape
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from xeroml_nb.records.json_text import preview, to_json

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = 300
_LONGEST_TITLE = 80
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)


def is_html(content_type: str, content: bytes) -> bool:
    """Tell whether an answer is a page for people, or other markup."""
    return "html" in content_type.lower() or content.lstrip()[:1] == b"<"


def words(status: int, content_type: str, content: bytes, hide: Callable[[str], str]) -> str:
    """The server's own words in an answer, on one line of at most 300 characters.

    A page for people is described, not repeated.

    Args:
        status: Of HTTP; its phrase stands in for an answer without words.
        content_type: Of the answer.
        content: The answer.
        hide: Takes out of a text what nobody may see.

    Example:
        >>> body = b'{"message": "Invalid data", "error": [{"path": "value", "message": "no"}]}'
        >>> words(400, "application/json", body, str)
        'Invalid data: value: no'
        >>> words(502, "text/html", b"<html><title>Bad Gateway</title></html>", str)
        'an HTML page titled "Bad Gateway"'
    """
    text = content.decode("utf-8", "replace")
    if is_html(content_type, content):
        title = _line(hide(_title(text)), _LONGEST_TITLE)
        return f'an HTML page titled "{title}"' if title else "an HTML page"
    try:
        said = _told(json.loads(text))
    except (ValueError, RecursionError):
        said = text
    # Hidden before it is cut: half a secret would not be found.
    return _line(hide(said), _LONGEST) or _phrase(status)


def _title(page: str) -> str:
    found = _TITLE.search(page)
    return unescape(found[1]) if found else ""


def _told(body: Any) -> str:
    """The words in a JSON body: `message`, then what `error` adds."""
    if isinstance(body, list):
        return "; ".join(_told(part) for part in body)
    if not isinstance(body, dict):
        return "" if body is None else str(body)
    parts = [_where(body.get("path")), body.get("message"), body.get("error")]
    told = [_told(part) for part in parts if part]
    return ": ".join(dict.fromkeys(told)) if told else to_json(body)


def _where(path: Any) -> str:
    """Which field is meant: names joined by dots."""
    return ".".join(map(str, path)) if isinstance(path, list) else str(path or "")


def _line(text: str, limit: int) -> str:
    return preview("".join(c if c.isprintable() else " " for c in text), limit)


def _phrase(status: int) -> str:
    known = {known.value: known.phrase for known in HTTPStatus}
    return known.get(status, "no words")
