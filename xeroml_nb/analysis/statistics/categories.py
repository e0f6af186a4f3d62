"""Answers in categories: how two runs over the same items spread theirs.

Stuart (1955), "A Test for Homogeneity of the Marginal Distributions in a Two-Way Classification",
Biometrika 42, 412-416, and Maxwell (1970), "Comparing the Classification of Subjects by Two
Independent Judges", British Journal of Psychiatry 116, 651-655.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from xeroml_nb.analysis.statistics.samples import check_paired, checked_codes
from xeroml_nb.annotation.statistics.rates import wilson
from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    import numpy.typing as npt

    from xeroml_nb.analysis.statistics.samples import Whole
    from xeroml_nb.annotation.statistics.rates import Share


@dataclass(frozen=True, slots=True)
class Shares:
    """How often each category was given by two runs, and whether they differ.

    Args:
        n: How many items both runs have.
        first: For each category the first run's share with Wilson's interval.
        second: The same of the second run.
        distance: The total variation distance: the share of answers that would have to move for
            both to be spread alike, from 0 to 1; None without items.
        changed: How many items got another category.
        chi2: The statistic of Stuart and Maxwell.
        df: Its degrees of freedom: the categories that items moved between, less one for each
            group of them that none moved out of or into.
        p_value: The chance of at least chi2 if both are truly spread alike; None without items.
    """

    n: int
    first: tuple[Share, ...]
    second: tuple[Share, ...]
    distance: float | None
    changed: int
    chi2: float
    df: int
    p_value: float | None


def compare_shares(
    first: npt.ArrayLike, second: npt.ArrayLike, categories: int, *, confidence: float = 0.95
) -> Shares:
    """Compare how two runs spread their answers over categories.

    Args:
        first: The category of each item, from 0 to categories - 1, of the baseline.
        second: The same of the other run, items in the same order.
        categories: How many categories there are.
        confidence: How much the intervals cover.

    Raises:
        BadInput: If lengths differ, a code is out of range or confidence not between 0 and 1.

    >>> found = compare_shares([0, 0, 1, 1, 2, 2], [0, 1, 1, 1, 1, 2], categories=3)
    >>> [round(share.rate, 2) for share in found.second], round(found.distance, 2)
    ([0.17, 0.67, 0.17], 0.33)
    >>> found.chi2, found.df
    (2.0, 2)
    """
    table = _table(first, second, categories)
    n = int(table.sum())
    ours, theirs = table.sum(axis=1), table.sum(axis=0)
    chi2, df = _stuart_maxwell(table)
    return Shares(
        n=n,
        first=tuple(wilson(int(count), n, confidence) for count in ours),
        second=tuple(wilson(int(count), n, confidence) for count in theirs),
        distance=float(np.abs(ours - theirs).sum() / (2 * n)) if n else None,
        changed=n - int(np.trace(table)),
        chi2=chi2,
        df=df,
        p_value=(float(chdtrc(df, chi2)) if df else 1.0) if n else None,
    )


def _table(first: npt.ArrayLike, second: npt.ArrayLike, categories: int) -> Whole:
    """How many items got each pair of categories."""
    one, two = checked_codes(first, "first"), checked_codes(second, "second")
    check_paired(one.size, two.size, "values of the second run")
    for name, codes in (("first", one), ("second", two)):
        if codes.size and codes.max() >= categories:
            raise BadInput(
                f"{name} has the code {codes.max()} of {categories} categories.",
                "Codes count from 0.",
            )
    pairs = np.bincount(one * categories + two, minlength=categories**2)
    return pairs.reshape(categories, categories)


def _stuart_maxwell(table: Whole) -> tuple[float, int]:
    """The statistic d' V^-1 d and its degrees of freedom.

    d are the differences of the two totals of each category, V is their covariance under equal
    shares. V is singular, as the differences sum to 0; its pseudo-inverse gives the same as
    leaving out a category, whichever that is, and needs no care for those that never occur.
    """
    moved = table + table.T
    np.fill_diagonal(moved, 0)
    covariance = np.diag(moved.sum(axis=1)) - moved
    df = int(np.linalg.matrix_rank(covariance, hermitian=True)) if table.size else 0
    d = table.sum(axis=1) - table.sum(axis=0)
    return float(d @ np.linalg.pinv(covariance, hermitian=True) @ d) if df else 0.0, df
