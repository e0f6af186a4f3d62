"""Checked input of the statistics: finite numbers, codes of clusters, options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Whole = npt.NDArray[np.int64]

# Fewer resamples than this tell nothing about a tail of 2.5 %.
_FEWEST_RESAMPLES = 100


def checked_values(values: npt.ArrayLike, name: str = "values") -> Floats:
    """Values as one row of floats.

    Args:
        values: Finite numbers, one an item.
        name: What they are called in an error.

    Raises:
        BadInput: If they are not one row of finite numbers.
    """
    try:
        checked = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as e:
        raise BadInput(f"{name} are not all numbers: {e}.", "Leave out what is missing.") from e
    if checked.ndim != 1:
        raise BadInput(f"{name} have {checked.ndim} dimensions.", "Give one number an item.")
    if not np.isfinite(checked).all():
        raise BadInput(f"{name} are not all finite.", "Leave out the items without a score.")
    return checked


def checked_codes(codes: npt.ArrayLike, name: str) -> Whole:
    """Whole numbers from 0 as one row.

    Args:
        codes: One an item.
        name: What they are called in an error.

    Raises:
        BadInput: If they are not one row of whole numbers from 0.
    """
    checked: npt.NDArray[Any] = np.asarray(codes)
    if checked.ndim != 1 or (checked.size and checked.dtype.kind not in "iub"):
        raise BadInput(f"{name} are not one row of whole numbers.", "Give one code an item.")
    if checked.size and checked.min() < 0:
        raise BadInput(f"{name} have the code {checked.min()}.", "Leave out what is missing.")
    return checked.astype(np.int64)


def check_paired(count: int, others: int, name: str) -> None:
    """Refuse rows of different length.

    Raises:
        BadInput: If the lengths differ.
    """
    if count != others:
        raise BadInput(f"{count} values, but {others} {name}.", "Give one of each an item.")


@dataclass(frozen=True, slots=True)
class Options:
    """How an interval is made.

    Args:
        confidence: How much it covers, between 0 and 1.
        bootstrap: How many resamples to draw; 0 for none.
        seed: Where their draws start.

    Raises:
        BadInput: If one of them makes no interval.
    """

    confidence: float
    bootstrap: int
    seed: int

    def __post_init__(self) -> None:
        if not 0 < self.confidence < 1:
            raise BadInput(
                f"confidence={self.confidence} is not between 0 and 1.", "Use 0.95, say."
            )
        if self.bootstrap and self.bootstrap < _FEWEST_RESAMPLES:
            raise BadInput(
                f"bootstrap={self.bootstrap} resamples are too few.",
                f"Use 0 for none, or {_FEWEST_RESAMPLES} and more.",
            )
        if self.seed < 0:
            raise BadInput(f"seed={self.seed} is negative.", "Use 0, say.")


def is_binary(values: Floats) -> bool:
    """Tell whether every value is 0 or 1.

    Args:
        values: Any number of them.
    """
    return bool(((values == 0) | (values == 1)).all())


def rounding_of(*values: Floats) -> float:
    """How far floating point alone may move a value: a few units in the last place.

    Args:
        values: Rows of numbers of which the largest counts.
    """
    largest = max((float(np.abs(row).max()) for row in values if row.size), default=0.0)
    return 8 * float(np.finfo(np.float64).eps) * largest
