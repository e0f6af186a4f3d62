"""How far a judge and people agree on the items that have both a verdict and a label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from xeroml_nb.analysis.statistics.kappa import Kappa, kappa_interval
from xeroml_nb.analysis.statistics.paired import Difference, paired_difference
from xeroml_nb.annotation.statistics.rates import Share, wilson

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class JudgeAgreement:
    """How far a judge and people agree; intervals cover 95 %.

    Args:
        n: Items with both a verdict and a label.
        same: On how many of them the two are equal.
        share: That as a share, with Wilson's interval.
        kappa: Cohen's, with a bootstrap interval; of numbers, squared distances count.
        sensitivity: The share of the judge's yes among the items of which people say yes; None
            where it is no matter of yes or no.
        specificity: The share of the judge's no among the others; None likewise.
        bias: By how much the judge is higher than people, item by item; None for categories.
    """

    n: int
    same: int
    share: Share
    kappa: Kappa
    sensitivity: Share | None = None
    specificity: Share | None = None
    bias: Difference | None = None


def agreement_of(pairs: pd.DataFrame, *, numeric: bool, yes_or_no: bool) -> JudgeAgreement:
    """How far labels and verdicts agree.

    Args:
        pairs: One row an item: `label, verdict`, of numbers or of categories.
        numeric: They are numbers.
        yes_or_no: They are zeros and ones.

    Example:
        >>> pairs = pd.DataFrame({"label": [1.0, 1.0, 1.0, 0.0], "verdict": [1.0, 1.0, 0.0, 0.0]})
        >>> found = agreement_of(pairs, numeric=True, yes_or_no=True)
        >>> found.share.rate, found.kappa.value, round(found.sensitivity.rate, 2)
        (0.75, 0.5, 0.67)
    """
    labels, verdicts = _codes(pairs, numeric=numeric)
    same = labels == verdicts
    yes = labels == 1
    return JudgeAgreement(
        n=len(pairs),
        same=int(same.sum()),
        share=wilson(int(same.sum()), len(pairs)),
        kappa=kappa_interval(labels, verdicts, nominal=not numeric),
        sensitivity=wilson(int(same[yes].sum()), int(yes.sum())) if yes_or_no else None,
        specificity=wilson(int(same[~yes].sum()), int((~yes).sum())) if yes_or_no else None,
        bias=paired_difference(labels, verdicts) if numeric else None,
    )


def _codes(pairs: pd.DataFrame, *, numeric: bool) -> list[npt.NDArray[np.float64]]:
    """Labels and verdicts as numbers; of categories their codes."""
    sides = [pairs["label"], pairs["verdict"]]
    if not numeric:
        codes, _ = pd.factorize(pd.concat(sides))
        return list(codes.astype(np.float64).reshape(2, -1))
    return [side.to_numpy(np.float64) for side in sides]
