"""What reports, pages and displays have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.analysis.verdicts import shown
from xeroml_nb.records.json_text import clean_text, preview

if TYPE_CHECKING:
    from collections.abc import Callable

# Of a kind of chart that there is one of for each score.
MOST_CHARTS = 6


def one_line(value: Any, limit: int) -> str:
    r"""A value in one line that every notebook can hold.

    Args:
        value: Any.
        limit: How many characters are kept.

    Example:
        >>> one_line("half a pair: \ud800\n.", 40)
        'half a pair: \\ud800 .'
    """
    return clean_text(preview(value, limit))


def interval(low: float | None, high: float | None, word: Callable[[float], str] = shown) -> str:
    """The two ends of an interval behind a mean; empty where there is none.

    Example:
        >>> interval(0.54, 0.59)
        ' [0.54, 0.59]'
    """
    return "" if low is None or high is None else f" [{word(low)}, {word(high)}]"
