"""Ids are made here, by the client, so that every write can be repeated safely."""

from __future__ import annotations

import hashlib
import re
import secrets

from xeroml_nb.errors import BadInput
from xeroml_nb.records.json_text import canonical_json

NAME_LIMIT = 200
PROJECT = "local"
_OTEL_TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}")
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def create_trace_id(seed: str | None = None) -> str:
    """Make an OpenTelemetry trace id of 32 hex digits.

    Args:
        seed: The same seed always gives the same id: the first 16 bytes of the SHA-256 of its
            UTF-8 text. Without a seed the id is random.

    Example:
        >>> create_trace_id(seed="session-1-msg-1")
        '09f8a60722d4dbdde93690147c249099'
    """
    if seed is None:
        return secrets.token_hex(16)
    return hashlib.sha256(seed.encode()).hexdigest()[:32]


def is_otel_trace_id(text: str) -> bool:
    """Tell whether text is a trace id that OpenTelemetry can carry."""
    return _OTEL_TRACE_ID.fullmatch(text) is not None


def random_id() -> str:
    """An id of 16 hex digits for things whose id need not be derived."""
    return secrets.token_hex(8)


def score_id(target: tuple[str, ...], name: str, source: str, author: str) -> str:
    """Derive a score's id, so that writing the same score again updates it.

    It begins like its trace's id, which begins with the time: scores of new traces then lie side
    by side in the store's index.
    """
    key = "\x1f".join((PROJECT, *target, name, source, author))
    derived = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    beginning = target[0][:12] if is_otel_trace_id(target[0]) else ""
    return (beginning + derived)[:32]


def content_hash(*parts: object) -> str:
    """Hash values by their content: equal values give equal hashes, in any process."""
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()[:32]


def checked_name(kind: str, name: object, error: type[BadInput] = BadInput) -> str:
    """Return a name that can be stored and shown.

    Args:
        kind: What is named, for the error.
        name: Text without control characters, at most 200 characters long.
        error: Which error to raise.

    Raises:
        BadInput: If it is no such name.
    """
    if not isinstance(name, str) or not name.strip():
        raise error(f"The name of a {kind} is {name!r}.", "Give it a name of text.")
    if len(name) > NAME_LIMIT:
        raise error(
            f"The {kind} name starting with {name[:40]!r} has {len(name)} characters.",
            f"Use at most {NAME_LIMIT}.",
        )
    if _UNFIT.search(name):
        raise error(f"The {kind} name {name!r} holds control characters.", "Use plain text.")
    return name


def checked_id(kind: str, value: object) -> str:
    """Return an opaque id that can be stored: any text that is not empty.

    Raises:
        BadInput: If it is none.
    """
    if not isinstance(value, str) or not value or _UNFIT.search(value):
        raise BadInput(f"The {kind} is {value!r}.", "Use a text without control characters.")
    return value
