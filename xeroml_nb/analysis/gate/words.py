"""How a gate says numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.analysis.verdicts import signed
from xeroml_nb.experiments.tally import shown_value

if TYPE_CHECKING:
    from collections.abc import Callable

_SMALL = 0.01


def bound_text(bound: float) -> str:
    """A bound as it was given.

    Example:
        >>> bound_text(0.85), bound_text(2.0), bound_text(1200000.0)
        ('0.85', '2', '1200000')
    """
    return str(int(bound)) if bound.is_integer() else repr(bound)


def value_text(value: float, bound: float | None = None) -> str:
    """A value with as many digits as tell it from the bound it is held against.

    Example:
        >>> value_text(0.8125), value_text(0.8497, 0.85), value_text(0.84997, 0.85)
        ('0.812', '0.8497', '0.84997')
    """
    text = shown_value(value) if abs(value) >= _SMALL or not value else f"{value:.2g}"
    if bound is None or value == bound or float(text) != bound:
        return text
    text = f"{value:.6g}"
    return text if float(text) != bound else repr(value)


def interval_text(
    low: float | None, high: float | None, word: Callable[[float], str] = value_text
) -> str:
    """The ends of an interval behind a value; nothing where there are none."""
    return "" if low is None or high is None else f" [{word(low)}, {word(high)}]"


def difference_text(value: float, low: float | None, high: float | None) -> str:
    """A difference with its interval: "+0.12 [+0.01, +0.22]"."""
    return f"{signed(value)}{interval_text(low, high, signed)}"


def printable(line: str) -> str:
    r"""A line without what a terminal would obey, such as an error's own escape sequences.

    Example:
        >>> printable("\x1b[31mred\u202e")
        '�[31mred�'
    """
    return "".join(letter if letter.isprintable() else "�" for letter in line)
