"""What a gate demands of an experiment, checked before anything is measured."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.records.ids import checked_name
from xeroml_nb.records.json_text import safe_repr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SHARE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")
_WHOLE_SHARE = 100.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many item runs may lack something.

    Args:
        limit: How many; of a share how many of a hundred.
        is_share: Whether it is a share.

    Example:
        >>> Allowance.of("5%", "allow_failed").allows(3, 64), Allowance.of(2, "").allows(3, 64)
        (True, False)
    """

    limit: float
    is_share: bool = False

    @classmethod
    def of(cls, given: int | str, what: str) -> Allowance:
        """Read an allowance: a count, or a share such as "5%".

        Args:
            given: The count or the share.
            what: What it is called, for the error.

        Raises:
            BadInput: If it is neither.
        """
        share = _SHARE.fullmatch(given) if isinstance(given, str) else None
        if share is not None and float(share[1]) <= _WHOLE_SHARE:
            return cls(float(share[1]), is_share=True)
        is_count = isinstance(given, str) and given.strip().isdecimal()
        if is_count or (type(given) is int and given >= 0):
            return cls(int(given))
        raise BadInput(
            f"{what} is {safe_repr(given)[:40]}.", 'Use a count, or a share such as "5%".'
        )

    def allows(self, count: int, total: int) -> bool:
        """Tell whether so many of a total are allowed."""
        # Compared as whole hundredths, so that 5 of 100 are 5 % whatever the rounding.
        return count * _WHOLE_SHARE <= self.limit * total if self.is_share else count <= self.limit

    def __str__(self) -> str:
        return f"{self.limit:g}%" if self.is_share else f"{self.limit:g}"


NONE_ALLOWED = Allowance(0)


@dataclass(frozen=True, slots=True)
class Demands:
    """What a gate demands.

    Args:
        lowest: The least that is good enough, by what is measured.
        highest: The most that is, likewise.
        scores: Which scores are held against the baseline; None for all.
        margin: By how much they may be worse; None to fail only what is shown to be worse.
        failed: How many item runs may fail.
        unscored: How many item runs with an output may lack a score.
        directions: "higher", "lower" or "none" by score, where no rubric says it.
    """

    lowest: dict[str, float]
    highest: dict[str, float]
    scores: tuple[str, ...] | None = None
    margin: float | None = None
    failed: Allowance = NONE_ALLOWED
    unscored: Allowance = NONE_ALLOWED
    directions: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(  # noqa: PLR0913 - each a part of what is demanded
        cls,
        *,
        min: Mapping[str, float] | None = None,  # noqa: A002 - the words of the front door
        max: Mapping[str, float] | None = None,  # noqa: A002
        scores: Sequence[str] | None = None,
        margin: float | None = None,
        directions: Mapping[str, str] | None = None,
        allow_failed: int | str = 0,
        allow_unscored: int | str = 0,
        has_baseline: bool = False,
    ) -> Demands:
        """Check what is demanded.

        Raises:
            BadInput: If a bound is no number, nothing could meet two of them, or something about
                a baseline is given without one.
        """
        about = {"scores": scores, "margin": margin, "directions": directions}
        for word, given in about.items():
            if given is not None and not has_baseline:
                raise BadInput(
                    f"The gate's {word} is about a baseline, and none is named.",
                    "Name one with no_worse_than.",
                )
        made = cls(
            _bounds("min", min),
            _bounds("max", max),
            None if scores is None else _names(scores),
            None if margin is None else _margin(margin),
            Allowance.of(allow_failed, "allow_failed"),
            Allowance.of(allow_unscored, "allow_unscored"),
            dict(directions or {}),
        )
        made.check_possible()
        return made

    def check_possible(self) -> None:
        """Refuse bounds that nothing can keep.

        Raises:
            BadInput: If a name must be above more than it must be below.
        """
        for name in self.lowest.keys() & self.highest.keys():
            if self.lowest[name] > self.highest[name]:
                raise BadInput(
                    f"{name!r} is to be at least {self.lowest[name]:g} and at most "
                    f"{self.highest[name]:g}, which is impossible.",
                    "Swap the two.",
                )


def _bounds(word: str, given: Mapping[str, float] | None) -> dict[str, float]:
    return {
        checked_name(f"score in {word}", name): _number(f"{word} of {name!r}", bound)
        for name, bound in (given or {}).items()
    }


def _names(scores: Sequence[str]) -> tuple[str, ...]:
    if isinstance(scores, str) or not scores:
        raise BadInput(f"scores is {scores!r}.", 'Pass a list of names, such as ["accuracy"].')
    return tuple(dict.fromkeys(checked_name("score", name) for name in scores))


def _margin(given: float) -> float:
    margin = _number("The margin", given)
    if margin < 0:
        raise BadInput(f"The margin is {margin:g}.", "Use 0 or more, in the unit of the score.")
    return margin


def _number(what: str, given: Any) -> float:
    if isinstance(given, (int, float)) and not isinstance(given, bool) and math.isfinite(given):
        return float(given)
    raise BadInput(f"{what} is {safe_repr(given)[:40]}.", "Use a finite number.")
