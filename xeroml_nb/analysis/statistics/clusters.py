"""Items that belong together, and the error of a mean over them.

One formula serves clustered and single items: the bias-reduced variance CR2 with Satterthwaite's
degrees of freedom of Bell and McCaffrey (2002), "Bias Reduction in Standard Errors for Linear
Regression with Multi-Stage Samples", Survey Methodology 28(2), 169-181; see also Imbens and
Kolesár (2016), "Robust Standard Errors in Small Samples: Some Practical Advice", Review of
Economics and Statistics 98(4), 701-712, and for evaluations Miller (2024), "Adding Error Bars to
Evals", arXiv 2411.00640.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtr, stdtrit

from xeroml_nb.analysis.statistics.samples import check_paired, checked_codes

if TYPE_CHECKING:
    import numpy.typing as npt

    from xeroml_nb.analysis.statistics.samples import Floats, Whole


@dataclass(frozen=True, slots=True)
class Clusters:
    """Which items belong together; an item without company is a cluster of one.

    Args:
        codes: The cluster of each item, counted from 0.
        sizes: How many items each cluster has.
    """

    codes: Whole
    sizes: Whole

    @property
    def count(self) -> int:
        """How many clusters there are."""
        return self.sizes.size

    @property
    def single(self) -> bool:
        """Whether every item stands alone."""
        return self.sizes.size == self.codes.size

    @property
    def unit(self) -> str:
        """What is independent of the others: an item or a cluster."""
        return "item" if self.single else "cluster"

    def sums(self, values: Floats) -> Floats:
        """The sum of the values of each cluster.

        Args:
            values: One an item.
        """
        return np.asarray(np.bincount(self.codes, values, self.count), dtype=np.float64)


def clusters_of(count: int, codes: npt.ArrayLike | None) -> Clusters:
    """Number the clusters of items.

    Args:
        count: How many items there are.
        codes: A whole number for each item, the same for those that belong together; without
            them every item stands alone.

    Raises:
        BadInput: If there is not one code an item.
    """
    if codes is not None:
        checked = checked_codes(codes, "clusters")
        check_paired(count, checked.size, "clusters")
        _, numbered, sizes = np.unique(checked, return_inverse=True, return_counts=True)
        if sizes.size < count:
            return Clusters(numbered, sizes)
    return Clusters(np.arange(count), np.ones(count, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Error:
    """The standard error of a mean.

    Args:
        size: The standard error; 0 where clusters differ by no more than rounding.
        df: Its degrees of freedom.
    """

    size: float
    df: float

    def quantile(self, share: float) -> float:
        """Student's t below which a share lies.

        Args:
            share: Between 0 and 1.
        """
        return float(stdtrit(self.df, share))

    def p_value(self, mean: float) -> float:
        """The two-sided p of a mean that is truly zero.

        Args:
            mean: What was found.
        """
        return float(2 * stdtr(self.df, -abs(mean) / self.size))


def error_of_mean(values: Floats, clusters: Clusters, rounding: float) -> Error:
    """The standard error of a mean over independent clusters.

    For n items in clusters of n_c whose deviations from the mean sum to S_c, CR2 is
    V = sum S_c^2 / (1 - n_c/n) / n^2, and with u_c = n_c^2 / (1 - n_c/n) the degrees of freedom are
    n^2 / (sum n_c^2 + ((sum u_c)^2 - sum u_c^2) / n^2). For single items these are s^2/n and n - 1.

    Args:
        values: One an item.
        clusters: At least two.
        rounding: How far floating point alone may move a value.
    """
    n, sizes = values.size, clusters.sizes.astype(np.float64)
    deviations = clusters.sums(values - values.mean())
    apart = 1 - sizes / n
    u = sizes**2 / apart
    df = n**2 / ((sizes**2).sum() + (u.sum() ** 2 - (u**2).sum()) / n**2)
    if (np.abs(deviations) <= rounding * sizes).all():
        return Error(0.0, float(df))
    return Error(float(np.sqrt((deviations**2 / apart).sum())) / n, float(df))
