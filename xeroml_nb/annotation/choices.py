"""The answers that a question offers, and the keys that pick them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from xeroml_nb.annotation import keymap
from xeroml_nb.errors import BadInput
from xeroml_nb.records.ids import checked_name

LabelValue = float | bool | str


@dataclass(frozen=True, slots=True)
class Option:
    """One answer of a categorical dimension.

    Args:
        label: What is shown and stored.
        key: A letter that picks it from anywhere, or a digit in place of the usual one.
        value: What it counts as in charts and means.
        description: When to choose it.
    """

    label: str
    key: str | None = None
    value: float | None = None
    description: str = ""

    def __post_init__(self) -> None:
        checked_name("option", self.label)
        if self.value is not None:
            number = finite(self.value)
            if number is None:
                raise BadInput(
                    f"Option {self.label!r} has the value {self.value!r}.", "Use a finite number."
                )


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer as it is shown: its label, what is stored for it, and the keys that pick it."""

    label: str
    value: LabelValue
    keys: tuple[str, ...] = ()
    number: float | None = None
    description: str = ""

    def to_wire(self) -> dict[str, Any]:
        """The choice as the front end reads it."""
        return {
            "label": self.label,
            "value": self.value,
            "keys": list(self.keys),
            "description": self.description,
        }


PREFERENCES = (
    Choice("left", "left", ("1", "a")),
    Choice("right", "right", ("2", "b")),
    Choice("tie", "tie", ("3", "t")),
    Choice("neither", "neither", ("4", "n")),
)


def category_choices(name: str, options: tuple[Option, ...]) -> tuple[Choice, ...]:
    """The options of a categorical dimension, picked by digits and by the letters they ask for."""
    chosen = []
    for place, option in enumerate(options):
        digit = keymap.DIGITS[place] if place < len(keymap.DIGITS) else None
        keys = [digit] if digit else []
        if option.key is not None:
            key = keymap.checked_key(option.key, f"option {option.label!r} of {name!r}")
            keys = [key] if key in keymap.DIGITS else [*keys, key]
        number = None if option.value is None else float(option.value)
        chosen.append(Choice(option.label, option.label, tuple(keys), number, option.description))
    return tuple(chosen)


def boolean_choices(options: tuple[Option, ...]) -> tuple[Choice, ...]:
    """Yes and no, as the options call them."""
    yes, no = options or (Option("yes"), Option("no"))
    return (
        Choice(yes.label, True, ("1",), 1.0, yes.description),  # noqa: FBT003 - the value
        Choice(no.label, False, ("2",), 0.0, no.description),  # noqa: FBT003
    )


def scale_choices(low: int, high: int) -> tuple[Choice, ...]:
    """The integers from one to another."""
    chosen = []
    for place, value in enumerate(range(low, high + 1)):
        # A digit means its own value wherever the scale has no negative ones.
        digit = str(value) if low >= 0 else "".join(keymap.DIGITS[place : place + 1])
        keys = (digit,) if len(digit) == 1 else ()
        chosen.append(Choice(str(value), value, keys, float(value)))
    return tuple(chosen)


def finite(value: Any) -> float | None:
    """A number as a float; None for what is no number or does not fit one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
