"""On which scale a judge's verdicts and people's labels meet."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from xeroml_nb.analysis.verdicts import shown
from xeroml_nb.annotation.dimension import Kind
from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xeroml_nb.analysis.calibration.said import Said
    from xeroml_nb.annotation.statistics.ratings import Value


class Meeting(StrEnum):
    """What is held against what."""

    CATEGORIES = "categories"
    YES_OR_NO = "yes or no"
    NUMBERS = "numbers"
    CUT = "numbers of the judge, yes or no of people"


@dataclass(frozen=True)
class Scale:
    """How values are compared.

    Args:
        numeric: As numbers; else as names.
        numbers: What each category counts as.
        names: What a number is called.
    """

    numeric: bool
    numbers: Mapping[str, float] = field(default_factory=dict)
    names: Mapping[float, str] = field(default_factory=dict)

    def placed(self, value: Value | None) -> float | str | None:
        """A value on the scale; None where it has no place."""
        if value is None or not self.numeric:
            return value
        return self.numbers.get(value) if isinstance(value, str) else float(value)

    def called(self, value: Any) -> str:
        """A value of the scale for people."""
        if isinstance(value, str):
            return value
        whole = f"{value:g}" if value == int(value) else shown(value)
        return self.names.get(value, whole)


def scale_of(said: Said, judge: str, verdicts: Iterable[Value]) -> Scale:
    """Find the scale on which labels and verdicts meet.

    Args:
        said: What people said.
        judge: What the verdicts are called.
        verdicts: The judge's.

    Raises:
        BadInput: If there is none: one side has categories and the other numbers.
    """
    given, own = list(said.given.values()), list(verdicts)
    label_texts, verdict_texts = _texts(said.name, given), _texts(judge, own)
    numbers = _option_numbers(said)
    if label_texts is None and verdict_texts is None:
        return Scale(numeric=True, names=_names_of_truth(said, [*given, *own]))
    counted = label_texts is not None and bool(label_texts & numbers.keys())
    if verdict_texts is None and counted:
        return Scale(numeric=True, numbers=numbers, names=_called(numbers))
    if label_texts is None or verdict_texts is None:
        raise _no_scale(said.name, judge, labels_are_texts=label_texts is not None)
    if counted and verdict_texts <= numbers.keys():
        return Scale(numeric=True, numbers=numbers, names=_called(numbers))
    return Scale(numeric=False)


def _texts(name: str, values: list[Value]) -> set[str] | None:
    """The categories among some values; None where they are numbers and truth values."""
    texts = {value for value in values if isinstance(value, str)}
    if texts and not all(isinstance(value, str) for value in values):
        raise BadInput(f"{name!r} holds numbers and categories.", "Use values of one kind.")
    return texts or None


def _option_numbers(said: Said) -> dict[str, float]:
    choices = () if said.dimension is None else said.dimension.choices
    return {c.value: c.number for c in choices if isinstance(c.value, str) and c.number is not None}


def _called(numbers: Mapping[str, float]) -> dict[float, str]:
    found: dict[float, str] = {}
    for name, number in numbers.items():
        found[number] = f"{found[number]} or {name}" if number in found else name
    return found


def _names_of_truth(said: Said, values: list[Value]) -> dict[float, str]:
    """What yes and no are called, where values are truth values."""
    if said.dimension is not None and said.dimension.kind is Kind.BOOLEAN:
        return {float(c.value): c.label for c in said.dimension.choices}
    return {1.0: "yes", 0.0: "no"} if any(isinstance(v, bool) for v in values) else {}


def _no_scale(people: str, judge: str, *, labels_are_texts: bool) -> BadInput:
    problem = f"Of {people!r} and {judge!r}, one holds categories and the other numbers."
    if labels_are_texts:
        return BadInput(
            problem,
            "Say what each option counts as, as in Option('pass', value=1), or let the judge "
            "answer with people's categories.",
        )
    return BadInput(problem, "Let the judge answer with a number, or with yes or no.")
