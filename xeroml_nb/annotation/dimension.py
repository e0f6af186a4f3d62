"""One thing a person scores: what is asked, and what answers there are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from xeroml_nb.annotation import keymap
from xeroml_nb.annotation.choices import (
    PREFERENCES,
    Choice,
    LabelValue,
    Option,
    boolean_choices,
    category_choices,
    finite,
    scale_choices,
)
from xeroml_nb.errors import BadInput
from xeroml_nb.records.ids import checked_name, content_hash
from xeroml_nb.records.json_text import clean_text, safe_repr
from xeroml_nb.records.score import DataType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_MOST_STEPS = 21
_ROUNDING = 1e-6
_DIRECTIONS = ("higher", "lower", "none")
_LEVELS = ("nominal", "ordinal", "interval")


class Kind(StrEnum):
    """What a dimension asks for."""

    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"
    SCALE = "scale"
    NUMBER = "number"
    TEXT = "text"
    PREFERENCE = "preference"


_DATA_TYPES = {
    Kind.BOOLEAN: DataType.BOOLEAN,
    Kind.SCALE: DataType.NUMERIC,
    Kind.NUMBER: DataType.NUMERIC,
}
_USUAL_LEVELS = {Kind.SCALE: "ordinal", Kind.NUMBER: "interval"}
_USUAL_DIRECTIONS = {Kind.BOOLEAN: "higher", Kind.SCALE: "higher", Kind.NUMBER: "higher"}


@dataclass(frozen=True, init=False)
class Dimension:
    """One thing a person scores.

    Args:
        name: Names the score; at most 200 characters.
        kind: "categorical", "boolean", "scale" (integers), "number", "text" or "preference"
            (which of two outputs is better).
        options: The answers of a categorical dimension: texts or `Option`s. For a boolean, what
            to call yes and no.
        minimum: Of a scale or a number.
        maximum: Of a scale or a number.
        step: Between the values of a number; any by default.
        description: What to judge, shown while labelling.
        direction: Which values are good: "higher", "lower" or "none". By default higher for
            booleans, scales and numbers.
        required: An item counts as done only with it.
        level: How values compare, for agreement: "nominal", "ordinal" or "interval". By default
            ordinal for scales, interval for numbers, else nominal.

    Raises:
        BadInput: If the parts do not make a question that can be answered.

    Example:
        >>> tone = Dimension("tone", "scale", minimum=1, maximum=5)
        >>> [choice.value for choice in tone.choices]
        [1, 2, 3, 4, 5]
    """

    name: str
    kind: Kind
    options: tuple[Option, ...]
    minimum: float | None
    maximum: float | None
    step: float | None
    description: str
    direction: str
    required: bool
    level: str

    def __init__(  # noqa: PLR0913 - a question has these parts
        self,
        name: str,
        kind: str = Kind.CATEGORICAL,
        *,
        options: Sequence[str | Option] = (),
        minimum: float | None = None,
        maximum: float | None = None,
        step: float | None = None,
        description: str = "",
        direction: str | None = None,
        required: bool = True,
        level: str | None = None,
    ) -> None:
        if checked_name("dimension", name) == "__proto__":
            raise BadInput("'__proto__' cannot name a dimension.", "Choose another name.")
        made = _one_of("kind", name, kind, tuple(Kind))
        kept = {
            "name": name,
            "kind": Kind(made),
            "options": _options(name, options),
            "minimum": minimum,
            "maximum": maximum,
            "step": step,
            "description": clean_text(str(description)),
            "direction": direction or _USUAL_DIRECTIONS.get(Kind(made), "none"),
            "required": required,
            "level": level or _USUAL_LEVELS.get(Kind(made), "nominal"),
        }
        for field, value in kept.items():
            object.__setattr__(self, field, value)
        _one_of("direction", name, self.direction, _DIRECTIONS)
        _one_of("level", name, self.level, _LEVELS)
        _check_parts(self)
        keymap.option_bindings([self])

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """The answers to choose from; empty where a value is typed."""
        if self.kind is Kind.CATEGORICAL:
            return category_choices(self.name, self.options)
        if self.kind is Kind.BOOLEAN:
            return boolean_choices(self.options)
        if self.kind is Kind.SCALE:
            return scale_choices(int(self.minimum or 0), int(self.maximum or 0))
        return PREFERENCES if self.kind is Kind.PREFERENCE else ()

    @property
    def data_type(self) -> DataType:
        """The type of the scores it gives."""
        return _DATA_TYPES.get(self.kind, DataType.CATEGORICAL)

    @property
    def order(self) -> list[LabelValue] | None:
        """Its values from first to last, where they are choices."""
        return [choice.value for choice in self.choices] or None

    @cached_property
    def config_id(self) -> str:
        """The same definition has the same id."""
        return content_hash(self.definition())

    def definition(self) -> dict[str, Any]:
        """All parts as plain data; `Dimension(**definition)` is the dimension again."""
        options = [[o.label, o.key, o.value, o.description] for o in self.options]
        same = ("name", "minimum", "maximum", "step", "description", "direction", "level")
        kept = {field: getattr(self, field) for field in same}
        return kept | {"kind": str(self.kind), "options": options, "required": self.required}

    def number(self, value: LabelValue) -> float | None:
        """What a value counts as in charts and means, if anything."""
        for choice in self.choices:
            if choice.value == value:
                return choice.number
        return None if isinstance(value, str) else float(value)

    def accepts(self, value: Any) -> bool:
        """Tell whether a stored value is an answer to this question."""
        try:
            self.checked(value)
        except BadInput:
            return False
        return True

    def checked(self, value: Any) -> LabelValue:
        """Return a value that answers this question.

        Raises:
            BadInput: If it does not.
        """
        if self.kind is Kind.TEXT:
            if isinstance(value, str) and value.strip():
                return clean_text(value)
            raise self._refused(value, "Use a text.")
        if self.kind is Kind.NUMBER:
            return self._checked_number(value)
        for choice in self.choices:
            if choice.value == value and isinstance(choice.value, bool) == isinstance(value, bool):
                return choice.value
        known = ", ".join(repr(choice.value) for choice in self.choices)
        raise self._refused(value, f"Use one of {known}.")

    def to_wire(self) -> dict[str, Any]:
        """The dimension as the front end reads it."""
        return self.definition() | {
            "choices": [choice.to_wire() for choice in self.choices],
            "hint": self._hint(),
            "range": self._range(),
        }

    def _hint(self) -> str:
        better = "" if self.direction == "none" else f"{self.direction} is better"
        parts = (self.description, self._range(), better, "" if self.required else "optional")
        return " · ".join(part for part in parts if part)

    def _range(self) -> str:
        steps = f", steps of {self.step:g}" if self.step is not None else ""
        text = _range_text(self.minimum, self.maximum).strip() + steps
        return text if self.kind is Kind.NUMBER else ""

    def _checked_number(self, value: Any) -> float:
        number = finite(value)
        low, high = self.minimum, self.maximum
        inside = number is not None and (low is None or number >= low)
        if number is None or not inside or (high is not None and number > high):
            raise self._refused(value, f"Use a number{_range_text(low, high)}.")
        if self.step is not None:
            steps = (number - (low or 0)) / self.step
            if not math.isfinite(steps) or abs(steps - round(steps)) > _ROUNDING:
                raise self._refused(value, f"Use steps of {self.step:g}.")
        return number

    def _refused(self, value: Any, step: str) -> BadInput:
        return BadInput(f"{self.name!r} was given {safe_repr(value)[:80]}.", step)


def _options(name: str, given: Iterable[Any]) -> tuple[Option, ...]:
    """Make options of texts, options, and the lists that definitions hold."""
    if isinstance(given, str):
        raise BadInput(f"The options of {name!r} are one text, {given!r}.", "Pass a list of texts.")
    made: list[Option] = []
    for one in given:
        if isinstance(one, Option):
            made.append(one)
        elif isinstance(one, (list, tuple)):
            made.append(Option(*one))
        else:
            made.append(Option(one))
    labels = [option.label for option in made]
    for label in labels:
        if labels.count(label) > 1:
            raise BadInput(f"{name!r} has two options called {label!r}.", "Rename one of them.")
    return tuple(made)


def _check_parts(dimension: Dimension) -> None:
    """Refuse parts that do not go together."""
    name, kind, options = dimension.name, dimension.kind, dimension.options
    if kind is Kind.CATEGORICAL and not options:
        raise BadInput(f"{name!r} has no options.", "Pass options=['pass', 'fail'].")
    if kind is Kind.BOOLEAN and len(options) not in (0, 2):
        raise BadInput(
            f"The boolean {name!r} has {len(options)} options.",
            "Pass none, or what to call yes and no.",
        )
    if kind not in (Kind.CATEGORICAL, Kind.BOOLEAN) and options:
        raise BadInput(f"{name!r} is a {kind} and has options.", "Leave them out.")
    _check_range(dimension)


def _check_range(dimension: Dimension) -> None:
    name, kind = dimension.name, dimension.kind
    low, high, step = dimension.minimum, dimension.maximum, dimension.step
    if kind not in (Kind.SCALE, Kind.NUMBER) and (low, high, step) != (None, None, None):
        raise BadInput(f"{name!r} is a {kind} and has a range.", "Leave it out.")
    for word, bound in (("minimum", low), ("maximum", high), ("step", step)):
        if bound is not None and finite(bound) is None:
            raise BadInput(f"The {word} of {name!r} is {bound!r}.", "Use a finite number.")
    if low is not None and high is not None and low >= high:
        raise BadInput(
            f"The range of {name!r} goes from {low:g} to {high:g}.",
            "Make minimum smaller than maximum.",
        )
    if step is not None and step <= 0:
        raise BadInput(f"The step of {name!r} is {step:g}.", "Use one above 0.")
    if kind is Kind.SCALE:
        _check_scale(name, low, high, step)


def _check_scale(name: str, low: float | None, high: float | None, step: float | None) -> None:
    if low is None or high is None or low != int(low) or high != int(high) or step is not None:
        raise BadInput(
            f"The scale {name!r} goes from {low} to {high}" + (f" by {step}." if step else "."),
            "Give it an integer minimum and maximum and no step, or use kind 'number'.",
        )
    if high - low >= _MOST_STEPS:
        raise BadInput(
            f"The scale {name!r} has {int(high - low) + 1} steps.",
            f"Use at most {_MOST_STEPS}, or kind 'number'.",
        )


def _one_of(what: str, name: str, value: str, known: Sequence[str]) -> str:
    if value not in known:
        raise BadInput(
            f"The {what} of {name!r} is {value!r}.", f"Use one of {', '.join(map(repr, known))}."
        )
    return value


def _range_text(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    if low is not None:
        return f" of at least {low:g}"
    return "" if high is None else f" of at most {high:g}"
