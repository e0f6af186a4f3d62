"""What a judge may answer: pass or fail, one of some choices, or a number in a range."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.records.json_text import preview

if TYPE_CHECKING:
    from xeroml_nb.records.score import ScoreValue


@dataclass(frozen=True, slots=True)
class Decision:
    """What several votes come to.

    Args:
        value: The verdict.
        words: How the votes stood, for people.
    """

    value: ScoreValue
    words: str


@dataclass(frozen=True, slots=True)
class PassFail:
    """True or false."""

    @property
    def label(self) -> str:
        """What may be answered, in a few words."""
        return "pass or fail"

    @property
    def words(self) -> str:
        """What may be answered, for the model."""
        return "true if the criteria are met, false if they are not."

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of a verdict."""
        return {"type": "boolean"}

    def fault(self, value: Any) -> str | None:
        """Why a value is no verdict; None if it is one."""
        return None if isinstance(value, bool) else f"{shown(value)} is neither true nor false"

    def settle(self, votes: Sequence[Any]) -> Decision:
        """What most votes say."""
        return _majority(votes)


@dataclass(frozen=True, slots=True)
class Choices:
    """One of some texts.

    Args:
        meanings: The texts, each with what it means, or None.
    """

    meanings: tuple[tuple[str, str | None], ...]

    @property
    def names(self) -> list[str]:
        """The texts."""
        return [name for name, _ in self.meanings]

    @property
    def label(self) -> str:
        """What may be answered, in a few words."""
        return " or ".join(self.names)

    @property
    def words(self) -> str:
        """What may be answered, for the model."""
        lines = [f'- "{name}"' + (f": {what}" if what else "") for name, what in self.meanings]
        return "\n".join(["exactly one of these texts:", *lines])

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of a verdict."""
        return {"type": "string", "enum": self.names}

    def fault(self, value: Any) -> str | None:
        """Why a value is no verdict; None if it is one."""
        known = isinstance(value, str) and value in self.names
        return None if known else f"{shown(value)} is none of {', '.join(map(repr, self.names))}"

    def settle(self, votes: Sequence[Any]) -> Decision:
        """What most votes say."""
        return _majority(votes)


@dataclass(frozen=True, slots=True)
class Range:
    """A number from low to high, both included."""

    low: float
    high: float

    @property
    def label(self) -> str:
        """What may be answered, in a few words."""
        return f"{self.low:g} to {self.high:g}"

    @property
    def words(self) -> str:
        """What may be answered, for the model."""
        return f"a number from {self.low:g} (worst) to {self.high:g} (best)."

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of a verdict."""
        return {"type": "number", "minimum": self.low, "maximum": self.high}

    def fault(self, value: Any) -> str | None:
        """Why a value is no verdict; None if it is one."""
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if is_number and self.low <= value <= self.high:
            return None
        return f"{shown(value)} is no number from {self.low:g} to {self.high:g}"

    def settle(self, votes: Sequence[Any]) -> Decision:
        """The mean of the votes."""
        mean = fmean(votes)
        return Decision(mean, f"mean of {', '.join(f'{v:g}' for v in votes)}")


Scale = PassFail | Choices | Range


def scale_of(judge: str, choices: Any, limits: Any) -> Scale:
    """The scale that a judge was given; pass or fail where it was given none.

    Args:
        judge: Its name, for errors.
        choices: Texts, or texts with their meanings.
        limits: The lowest and the highest number.

    Raises:
        BadInput: If both are given, or one is no such thing.

    Example:
        >>> scale_of("tone", None, (1, 5)).label
        '1 to 5'
    """
    if choices is not None and limits is not None:
        raise BadInput(f"Judge {judge!r} has choices and a range.", "Keep one of them.")
    if limits is not None:
        return _range(judge, limits)
    return PassFail() if choices is None else _choices(judge, choices)


def _choices(judge: str, given: Any) -> Choices:
    is_list = isinstance(given, Sequence) and not isinstance(given, (str, bytes))
    pairs = given.items() if isinstance(given, Mapping) else ((n, None) for n in given or ())
    held = tuple(pairs) if isinstance(given, Mapping) or is_list else ()
    names = [name for name, _ in held]
    if len(set(map(str, names))) < 2 or not all(isinstance(n, str) and n.strip() for n in names):  # noqa: PLR2004
        raise BadInput(
            f"The choices of judge {judge!r} are {shown(given)}.",
            "Give a list of two or more texts, or a dict of texts with what they mean.",
        )
    if twice := next((n for n in names if names.count(n) > 1), None):
        raise BadInput(f"Judge {judge!r} has the choice {twice!r} twice.", "Keep it once.")
    return Choices(held)


def _range(judge: str, given: Any) -> Range:
    try:
        low, high = (float(end) for end in given)
    except (TypeError, ValueError, OverflowError):
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise BadInput(
            f"The range of judge {judge!r} is {shown(given)}.",
            "Give the lowest and the highest number, such as range=(1, 5).",
        )
    return Range(low, high)


def _majority(votes: Sequence[Any]) -> Decision:
    """The value given most often; of several, the one that came first."""
    counts = Counter(votes)
    most = max(counts.values())
    leading = [value for value in counts if counts[value] == most]
    stand = ", ".join(f"{counts[value]} {_word(value)}" for value in counts)
    if len(leading) == 1:
        return Decision(leading[0], f"{most} of {len(votes)} votes: {_word(leading[0])}")
    return Decision(leading[0], f"tie ({stand}): the first vote among them counts")


def _word(value: Any) -> str:
    return {True: "pass", False: "fail"}[value] if isinstance(value, bool) else str(value)


def shown(value: Any) -> str:
    """A value in a message."""
    return repr(value) if isinstance(value, str) and len(value) < 80 else preview(value, 80)  # noqa: PLR2004
