"""What a calibration found, in sentences and as plain text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from xeroml_nb.analysis.calibration.scale import Meeting
from xeroml_nb.analysis.verdicts import counted, shown, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from xeroml_nb.analysis.calibration.calibration import Calibration
    from xeroml_nb.annotation.statistics.rates import Share

# Of categories that are shown; the tables hold all.
MOST = 12


def calibration_text(found: Calibration) -> str:
    """All of it as text: agreement, means, the table of labels and verdicts, notes."""
    every = list(mean_rows(found))[: 3 * MOST]
    rows = [(f"{name}: {words}" if name else words, value) for name, words, value in every]
    width = max(len(words) for words, _ in rows)
    means = [f"{words.ljust(width)}  {value}" for words, value in rows]
    table = found.confusion.iloc[:MOST, :MOST].to_string()
    return "\n".join([found.title, *sentences(found), "", *means, "", table, "", *found.notes])


def sentences(found: Calibration) -> Iterator[str]:
    """How far the judge and people agree, and where the judge leans."""
    agreed = found.agreement
    is_whole = found.pairing.meeting is not Meeting.CUT
    if is_whole or found.cut is not None:
        kappa = agreed.kappa
        beyond = kappa.note if kappa.value is None else f"kappa {within(kappa.value, kappa)}"
        same = f"{agreed.same:,} of {counted(agreed.n, 'item')}"
        yield f"Agreement {_share(agreed.share)}, {same} · {beyond}"
    yield from _yes_and_no(found)
    bias = agreed.bias
    if is_whole and bias is not None and bias.estimate is not None:
        leaning = f"{signed(bias.estimate)}{_ends(bias.low, bias.high, signed)}"
        yield f"The judge's value less people's: {leaning} on average"


def mean_rows(found: Calibration) -> Iterator[tuple[str, str, str]]:
    """Category (empty for a mean), which mean, and its value with the interval."""
    rows: Iterable[Any] = found.table().itertuples()
    for row in rows:
        value = "–" if math.isnan(row.mean) else within(row.mean, row)
        yield row.category, way_of(row), value


def way_of(row: Any) -> str:
    """Which mean a row of the table of means is, and of how many items."""
    if row.of == "corrected":
        return f"corrected by {counted(row.n, 'label')}"
    return f"{row.of}, {counted(row.n, 'item')}"


def within(value: float, ends: Any) -> str:
    """A value with the interval around it, where it has one."""
    return f"{shown(value)}{_ends(getattr(ends, 'low', None), getattr(ends, 'high', None))}"


def _yes_and_no(found: Calibration) -> Iterator[str]:
    agreed, called = found.agreement, found.pairing.scale.called
    sides = ((agreed.sensitivity, 1.0, "sensitivity"), (agreed.specificity, 0.0, "specificity"))
    for share, value, word in sides:
        if share is not None and share.rate is None:
            yield f"People never say {called(value)}: no {word}"
        elif share is not None:
            yield f"Where people say {called(value)}, the judge does too: {_share(share)} ({word})"


def _share(found: Share) -> str:
    return "–" if found.rate is None else within(found.rate, found)


def _ends(low: float | None, high: float | None, word: Callable[[float], str] = shown) -> str:
    if low is None or high is None or math.isnan(low):
        return ""
    return f" [{word(low)}, {word(high)}]"
