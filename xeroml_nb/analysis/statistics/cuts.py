"""Where to cut a judge's numbers so that they best meet a yes or no of people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xeroml_nb.analysis.statistics.samples import check_paired, checked_values, is_binary
from xeroml_nb.annotation.statistics.rates import wilson
from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    import numpy.typing as npt

    from xeroml_nb.annotation.statistics.rates import Share


@dataclass(frozen=True, slots=True)
class Cut:
    """What comes of taking values from a cut on for a yes.

    Args:
        at: The cut: this value and all above it are a yes.
        yes: How many values are one.
        agreement: The share of items on which that is what people say.
        kappa: Cohen's; None where chance would agree fully.
        sensitivity: The share of yes among the items of which people say yes.
        specificity: The share of no among the others.
    """

    at: float
    yes: int
    agreement: Share
    kappa: float | None
    sensitivity: Share
    specificity: Share


def cuts(values: npt.ArrayLike, labels: npt.ArrayLike, *, confidence: float = 0.95) -> list[Cut]:
    """Every cut that tells some items from others, from the lowest on.

    Args:
        values: A finite number for each item.
        labels: 1 for yes and 0 for no, of the same items in the same order.
        confidence: How much the intervals cover.

    Raises:
        BadInput: If values are not finite, lengths differ or a label is neither 0 nor 1.

    >>> found = cuts([1, 2, 3, 4, 5], [0, 0, 1, 1, 1])
    >>> [(cut.at, cut.agreement.rate) for cut in found]
    [(2.0, 0.8), (3.0, 1.0), (4.0, 0.8), (5.0, 0.6)]
    """
    scores, said = checked_values(values), checked_values(labels, "labels")
    check_paired(scores.size, said.size, "labels")
    if not is_binary(said):
        raise BadInput("Some labels are neither 0 nor 1.", "A cut tells yes from no.")
    places, code = np.unique(scores, return_inverse=True)
    every = np.bincount(code, minlength=places.size)
    hits = np.bincount(code, said, minlength=places.size).astype(np.int64)
    # From each value on, the last one first.
    yes, right = (np.cumsum(count[::-1])[::-1] for count in (every, hits))
    whole = (int(said.sum()), said.size)
    return [
        _cut(at, (taken, hit), whole, confidence)
        for at, taken, hit in zip(*(row[1:].tolist() for row in (places, yes, right)), strict=True)
    ]


def best_cut(found: list[Cut]) -> Cut | None:
    """The cut with the highest kappa, of equal ones the first; None where there is no yes or no."""
    told = [c for c in found if c.sensitivity.rate is not None and c.specificity.rate is not None]
    return max(told, key=lambda cut: cut.kappa or 0.0, default=None)


def _cut(at: float, yes: tuple[int, int], whole: tuple[int, int], confidence: float) -> Cut:
    """What comes of one cut.

    Args:
        at: The cut.
        yes: How many items are a yes, and of how many of these people say yes.
        whole: Of how many items people say yes, and how many there are.
        confidence: How much the intervals cover.
    """
    (taken, hits), (positives, n) = yes, whole
    negatives = n - positives
    refused = negatives - (taken - hits)
    same = hits + refused
    chance = taken * positives + (n - taken) * negatives
    return Cut(
        at=at,
        yes=taken,
        agreement=wilson(same, n, confidence),
        kappa=(n * same - chance) / (n * n - chance) if n * n > chance else None,
        sensitivity=wilson(hits, positives, confidence),
        specificity=wilson(refused, negatives, confidence),
    )
