"""The moments people name, such as the beginning of what they want to see."""

from __future__ import annotations

from datetime import datetime, timedelta

from xeroml_nb.errors import BadInput
from xeroml_nb.records import clock

Moment = datetime | timedelta | str


def moment(word: str, given: Moment | None) -> datetime | None:
    """The moment meant; None stays None.

    Args:
        word: What it is for, for the error: "since", "until".
        given: A datetime with a time zone, its ISO text, or how long ago it was.

    Raises:
        BadInput: If it is none of these.

    Example:
        >>> moment("since", "2026-01-02T10:00+01:00")
        datetime.datetime(2026, 1, 2, 9, 0, tzinfo=datetime.timezone.utc)
    """
    if given is None:
        return None
    if isinstance(given, timedelta):
        return _shifted(word, given)
    found = _read(word, given) if isinstance(given, str) else given
    if not isinstance(found, datetime):
        raise BadInput(f"{word}={given!r} is no moment.", "Use a datetime with a time zone.")
    if found.utcoffset() is None:
        raise BadInput(
            f"{word}={given!r} has no time zone.",
            'Add one, as in "2026-01-02T10:00+00:00", or say how long ago: timedelta(days=7).',
        )
    return clock.from_micros(clock.to_micros(found))


def _shifted(word: str, ago: timedelta) -> datetime:
    try:
        return clock.now() - ago
    except OverflowError:
        raise BadInput(f"{word}={ago!r} is too long ago.", "Use a shorter time.") from None


def _read(word: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(
            f"{word}={text!r} is no moment.", 'Use ISO text such as "2026-01-02T10:00+00:00".'
        ) from None
