"""Read the parts of JSON that somebody else wrote: moments, texts and objects."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.records import clock
from xeroml_nb.records.ids import checked_id
from xeroml_nb.records.json_text import clean_text, safe_repr

if TYPE_CHECKING:
    from collections.abc import Mapping

ID_LIMIT = 255
_MOST = 2**31 - 1
# Years beyond these cannot be turned into every time zone.
_FIRST, _LAST = datetime(2, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


def body_of(what: str, given: Any) -> Mapping[str, Any]:
    """A JSON object.

    Raises:
        BadInput: If it is another value.
    """
    if isinstance(given, dict):
        return given
    raise BadInput(f"The {what} is {safe_repr(given)[:80]}.", "Send a JSON object.")


def text_of(body: Mapping[str, Any], *names: str) -> str | None:
    """The first of some fields that is set, as storable text; None where none is.

    Raises:
        BadInput: If it is no text.
    """
    for name in names:
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            raise BadInput(f"{name} is {safe_repr(value)[:80]}.", "Send a text.")
        return clean_text(value)
    return None


def id_of(body: Mapping[str, Any], *names: str) -> str | None:
    """The first of some fields that is set, as an id; None where none is.

    Raises:
        BadInput: If it is no id: a text of 1 to 255 characters, none of them control characters.
    """
    for name in names:
        value = body.get(name)
        if value is None:
            continue
        if len(checked_id(name, value)) > ID_LIMIT:
            raise BadInput(
                f"The {name} starting with {value[:40]!r} has {len(value)} characters.",
                f"Use at most {ID_LIMIT}.",
            )
        return str(value)
    return None


def is_id(value: Any) -> bool:
    """Tell whether a value can stand for an id: a text of 1 to 255 characters, none unfit."""
    try:
        return len(checked_id("id", value)) <= ID_LIMIT
    except BadInput:
        return False


def moment_of(body: Mapping[str, Any], *names: str) -> datetime | None:
    """The first of some fields that is set, as a moment; None where none is.

    Raises:
        BadInput: If it is no moment in ISO 8601; one without a time zone is in UTC.

    Example:
        >>> moment_of({"timestamp": "2026-01-02T10:00:00+01:00"}, "timestamp")
        datetime.datetime(2026, 1, 2, 9, 0, tzinfo=datetime.timezone.utc)
    """
    for name in names:
        if body.get(name) is not None:
            return _moment(name, body[name])
    return None


def moment_text(moment: datetime) -> str:
    """A moment in ISO 8601, as the API writes it.

    Example:
        >>> moment_text(datetime(2026, 1, 2, tzinfo=UTC))
        '2026-01-02T00:00:00.000000Z'
    """
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def number_of(body: Mapping[str, Any], name: str, default: int, *, least: int = 0) -> int:
    """A field as an integer that the store can hold.

    Raises:
        BadInput: If it is none, or too small or too large.
    """
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MOST:
        raise BadInput(f"{name} is {safe_repr(value)[:80]}.", f"Send an integer from {least} up.")
    return value


def filled(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are set."""
    return {name: value for name, value in body.items() if value is not None}


def _moment(name: str, value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(value)
        known = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        if _FIRST <= known < _LAST:
            return clock.from_micros(clock.to_micros(known))
    except (TypeError, ValueError, OverflowError):
        pass
    raise BadInput(
        f"{name} is {safe_repr(value)[:80]}.",
        "Send a moment in ISO 8601, such as 2026-01-02T10:00:00Z.",
    )
