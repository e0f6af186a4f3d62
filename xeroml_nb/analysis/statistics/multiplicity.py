"""Corrections of p values for how many there are."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from scipy.stats import false_discovery_control

from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values that keep the chance of even one false claim.

    Holm (1979), "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal
    of Statistics 6(2), 65-70: the i-th smallest of m is multiplied by m - i + 1, and none is
    below one before it.

    Args:
        p_values: From 0 to 1; few, as for the scores of a comparison.

    Returns:
        The adjusted values in the same order.

    Raises:
        BadInput: If one is not from 0 to 1.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    _check(p_values)
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    raised = (min(1.0, (len(order) - i) * p_values[at]) for i, at in enumerate(order))
    adjusted = dict(zip(order, accumulate(raised, max), strict=True))
    return [adjusted[at] for at in range(len(order))]


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values that keep the share of false claims among all claims.

    Benjamini and Hochberg (1995), "Controlling the False Discovery Rate", Journal of the Royal
    Statistical Society B 57(1), 289-300.

    Args:
        p_values: From 0 to 1; many, as for the slices of a dataset.

    Returns:
        The adjusted values in the same order.

    Raises:
        BadInput: If one is not from 0 to 1.

    >>> benjamini_hochberg([0.01, 0.04, 0.03])
    [0.03, 0.04, 0.04]
    """
    _check(p_values)
    if not p_values:
        return []
    return [float(p) for p in false_discovery_control(p_values)]


def _check(p_values: Sequence[float]) -> None:
    if wrong := [p for p in p_values if not 0 <= p <= 1]:
        raise BadInput(f"{wrong[0]} is no p value.", "Leave out what was not tested.")
