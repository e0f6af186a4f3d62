"""Is it the same number, or near enough."""

from __future__ import annotations

import re
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.records.json_text import plain, preview
from xeroml_nb.scoring.builtin.options import with_options

if TYPE_CHECKING:
    from collections.abc import Callable

_RELATIVE = 1e-6
_ABSOLUTE = 1e-9
# The groups of thousands are counted: unbounded, a long list of numbers would take for ever.
_NUMBER = re.compile(
    r"""
    (?<![A-Za-z0-9_])(?<!\d\.)              # not inside a word or a longer number
    ([-+−]?)[$€£¥]?
    (
        (?:\d{1,3}(?:,\d{2,3}){0,10},\d{3}(?!\d)|\d+)(?:\.\d+)?
        | (?<!\.)\.\d+
    )
    ([eE][-+]?\d{1,4}(?!\d))?
    """,
    re.VERBOSE,
)
# Nothing is trapped: what has no number in it is not near anything.
_SUMS = Context(prec=60, traps=[])


def close_number(output: Any, expected_output: Any) -> bool | None:
    r"""Whether the output's number is the expected one, but for rounding in the computer.

    It is `close_to()`, which says how numbers are read and compared.

    Returns:
        None, unscored, where no output is expected.

    Raises:
        BadInput: If the expected output holds no number.

    Example:
        >>> close_number("16 - 3 = 13, so she has 13 left.\n#### 1,013", 1013)
        True
    """
    return _is_close(output, expected_output, relative=_RELATIVE, absolute=_ABSOLUTE)


def close_to(
    *, relative: float = _RELATIVE, absolute: float = _ABSOLUTE, name: str = "close_to"
) -> Callable[..., bool | None]:
    """Make an evaluator that tells whether the output's number is near the expected one.

    A text's number is the last one in it: "1,234.5", "-$5", "42." and "3e5" are read, a comma
    separates thousands, 50% is 50. Output without a number is not near. Numbers are compared as
    they are written, in decimals: 1.05 is within 5 % of 1.

    Args:
        relative: Share of the expected number by which the output may differ, 0.05 for 5 %.
        absolute: Amount by which it may differ. The wider of the two counts.
        name: The score's.

    Raises:
        BadInput: If a tolerance is negative or no finite number.

    Example:
        >>> close_to(relative=0.05)("about 105 km", "100 km")
        True
    """
    for what, given in (("relative", relative), ("absolute", absolute)):
        if isinstance(given, bool) or not isinstance(given, (int, float)) or not _is_width(given):
            raise BadInput(
                f"Evaluator {name!r} has {what}={given!r}.",
                "Pass a finite number from 0 up: close_to(relative=0.05).",
            )
    return with_options(_is_close, name, relative=relative, absolute=absolute)


def number_in(value: Any) -> Decimal | None:
    """The number that a value is, or the last one in a text; None where there is none.

    Example:
        >>> number_in("from 3 to -1,200.50 dollars")
        Decimal('-1200.50')
    """
    held = plain(value)
    if isinstance(held, str):
        return _last_in(held)
    if isinstance(held, bool) or not isinstance(held, (int, float)):
        return None
    return Decimal(repr(held)) if isinstance(held, float) else Decimal(held)


def _last_in(text: str) -> Decimal | None:
    for word in reversed(text.split()):
        last = None
        for last in _NUMBER.finditer(word):  # noqa: B007 - only the last one is wanted
            pass
        if last is not None:
            sign, digits, exponent = last.groups()
            return Decimal(f"{sign.replace('−', '-')}{digits.replace(',', '')}{exponent or ''}")
    return None


def _is_close(
    output: Any, expected_output: Any, *, relative: float, absolute: float
) -> bool | None:
    """Whether the output's number differs from the expected one by no more than it may."""
    if expected_output is None:
        return None
    wanted, found = number_in(expected_output), number_in(output)
    if wanted is None:
        raise BadInput(
            f"The expected output {preview(expected_output, 80)!r} holds no number.",
            "Correct the item, or compare it as a text with normalised_match.",
        )
    if found is None:
        return False
    away = _SUMS.abs(_SUMS.subtract(found, wanted))
    share = _SUMS.multiply(Decimal(repr(relative)), _SUMS.abs(wanted))
    return away.is_finite() and away <= max(share, Decimal(repr(absolute)))


def _is_width(given: float) -> bool:
    return 0 <= given < float("inf")
