"""Names and numbers as charts write them."""

from __future__ import annotations

import math
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from xeroml_nb.analysis.verdicts import shown
from xeroml_nb.records.json_text import clean_text, preview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_LINE = 80
_HUGE = 1e12


def short(text: Any, limit: int = 44) -> str:
    """One line of a name; a long one loses its middle, for labels end with their number.

    Example:
        >>> short("a very long name of an experiment #12", 20)
        'a very long n…nt #12'
    """
    line = preview(clean_text(str(text)), 10_000) or "(empty)"
    if len(line) <= limit:
        return line
    tail = limit // 3
    return f"{line[: limit - tail - 1]}…{line[-tail:]}"


def unique_names(names: Iterable[Any], limit: int = 44) -> list[str]:
    """Short names of different things; those that would look alike are numbered.

    Example:
        >>> unique_names(["a", "a ", "b"])
        ['a', 'a (2)', 'b']
    """
    taken: set[str] = set()
    found = []
    for name in names:
        line = short(name, limit)
        shown, again = line, 2
        while shown in taken:
            shown, again = f"{line} ({again})", again + 1
        taken.add(shown)
        found.append(shown)
    return found


def names_of_most(ranked: Sequence[str], most: int, limit: int, others: str) -> dict[str, str]:
    """Short names of things, the last ones sharing a name where there are too many.

    Args:
        ranked: The things, the most important first.
        most: How many names at most.
        limit: How many letters each.
        others: What the last ones are called, after their number.

    Example:
        >>> names_of_most(["a", "b", "c"], 2, 20, "others")
        {'a': 'a', 'b': '2 others', 'c': '2 others'}
    """
    if len(ranked) <= most:
        return dict(zip(ranked, unique_names(ranked, limit), strict=True))
    rest = ranked[most - 1 :]
    called = unique_names([*ranked[: most - 1], f"{len(rest):,} {others}"], limit)
    return {**dict(zip(ranked, called, strict=False)), **dict.fromkeys(rest, called[-1])}


def number(value: float | None) -> str:
    """A number for people, whole where it is whole; a dash where there is none.

    Example:
        >>> number(0.83333), number(1.0)
        ('0.83', '1')
    """
    if value is None or not math.isfinite(value):
        return "–"
    whole = float(value).is_integer() and abs(value) < _HUGE
    return f"{value:,.0f}" if whole else shown(value)


def interval(low: float | None, high: float | None, word: Callable[[float], str] = number) -> str:
    """The two ends of an interval; empty where there is none.

    Example:
        >>> interval(0.7, 0.9)
        ' [0.70, 0.90]'
    """
    return "" if low is None or high is None else f" [{word(low)}, {word(high)}]"


def percent(share: float) -> str:
    """A share in whole percent.

    Example:
        >>> percent(0.333)
        '33 %'
    """
    return f"{share:.0%}".replace("%", " %")


def counts(values: Sequence[int]) -> str:
    """One count, or the span of several.

    Example:
        >>> counts([63, 61, 63]), counts([5, 5])
        ('61 to 63', '5')
    """
    low, high = min(values, default=0), max(values, default=0)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def aim(direction: str) -> str:
    """What is better, for the title of an axis.

    Example:
        >>> aim("lower")
        ' (lower is better)'
    """
    return f" ({direction} is better)" if direction in ("higher", "lower") else ""


def lines(*sentences: str) -> list[str]:
    """Sentences as the lines of a subtitle, none too long for a chart."""
    return [line for sentence in sentences if sentence for line in wrap(sentence, _LINE)]


def finite(value: Any) -> float | None:
    """A number as JSON can hold it; None for NaN, infinity and nothing."""
    return float(value) if value is not None and math.isfinite(value) else None
