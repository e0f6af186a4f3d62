"""Equal parts of time that moments fall into."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    import numpy.typing as npt

Every = str | timedelta

MOST_POINTS = 60
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
# Each with its shortest length in microseconds and how its beginning is written.
_UNITS = {
    "minute": (60 * _SECOND, "%Y-%m-%d %H:%M"),
    "hour": (3_600 * _SECOND, "%Y-%m-%d %H:00"),
    "day": (_DAY, "%Y-%m-%d"),
    "week": (7 * _DAY, "week of %Y-%m-%d"),
    "month": (28 * _DAY, "%Y-%m"),
    "year": (365 * _DAY, "%Y"),
}
# The first day of 1970 was a Thursday; weeks begin on Mondays.
_FIRST_MONDAY = 4 * _DAY
_BY_ITSELF = ("hour", "day", "week", "month", "year")


def binned(
    moments: npt.NDArray[np.int64], every: Every | None = None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.object_]]:
    """The beginning of each moment's bin and its text, in UTC.

    Args:
        moments: Microseconds since 1970.
        every: "minute", "hour", "day", "week", "month", "year" or a timedelta; by default the
            shortest from an hour on that gives at most `MOST_POINTS` bins.

    Raises:
        BadInput: If `every` is none of these.

    Example:
        >>> begin, text = binned(np.array([90_000_000]), "minute")
        >>> begin.tolist(), text.tolist()
        ([60000000], ['1970-01-01 00:01'])
    """
    width = _fitting(moments) if every is None else _checked(every)
    begin = _floor(moments, width)
    unit = width if isinstance(width, str) else "minute"
    places, distinct = pd.factorize(begin)
    written = pd.to_datetime(distinct, unit="us").strftime(_UNITS[unit][1])
    return begin, np.asarray(written, dtype=object)[places]


def _fitting(moments: npt.NDArray[np.int64]) -> str:
    span = int(moments.max() - moments.min()) if moments.size else 0
    # A span of n whole units touches at most n + 2 bins.
    fits = (u for u in _BY_ITSELF if span // _UNITS[u][0] + 2 <= MOST_POINTS)
    return next(fits, _BY_ITSELF[-1])


def _checked(every: Any) -> str | int:
    if isinstance(every, timedelta) and every > timedelta(0):
        return every // timedelta(microseconds=1)
    if isinstance(every, str) and every in _UNITS:
        return every
    raise BadInput(
        f"every={every!r} is no width of time.",
        f"Use {', '.join(map(repr, _UNITS))} or a timedelta above 0.",
    )


def _floor(moments: npt.NDArray[np.int64], width: str | int) -> npt.NDArray[np.int64]:
    if width in {"month", "year"}:
        calendar = moments.astype("datetime64[us]").astype(f"datetime64[{str(width)[0].upper()}]")
        return calendar.astype("datetime64[us]").astype(np.int64)
    length = width if isinstance(width, int) else _UNITS[width][0]
    offset = _FIRST_MONDAY if width == "week" else 0
    return (moments - offset) // length * length + offset
