"""The ways to judge paired differences, each with its interval, p and detectable effect."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from xeroml_nb.analysis.statistics import mcnemar
from xeroml_nb.analysis.statistics.intervals import student_method, too_few
from xeroml_nb.analysis.statistics.posterior import difference_interval
from xeroml_nb.analysis.statistics.resampling import bootstrap_interval, sign_flip_p

if TYPE_CHECKING:
    from xeroml_nb.analysis.statistics.clusters import Clusters, Error
    from xeroml_nb.analysis.statistics.samples import Floats, Options

# What a detectable effect has to pass, and how often it does.
_SIGNIFICANT = 0.975
_POWER = 0.8


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of a difference beside its estimate; None where it cannot be told.

    Args:
        method: How the interval was found, or why there is none.
        test: How p was found, or why there is none.
        low: The lower end of the interval.
        high: The upper end.
        p_value: The two-sided p that decides.
        p_exact: The exact McNemar p.
        detectable: The smallest true difference that shows in 4 of 5 tries.
    """

    method: str
    test: str
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_exact: float | None = None
    detectable: float | None = None


def nothing(clusters: Clusters) -> Finding:
    """Too few items to tell anything.

    Args:
        clusters: None, or one.
    """
    why = too_few(clusters)
    return Finding(why, why.replace("interval", "test"))


def by_counts(differences: Floats, clusters: Clusters, confidence: float) -> Finding:
    """Right and wrong answers: a Bayesian interval and McNemar's mid-p.

    Args:
        differences: -1, 0 or 1 for each item; where items are clustered all are equal, and each
            cluster counts as one item.
        clusters: At least two.
        confidence: How much the interval covers.
    """
    n = clusters.count
    counted = differences if clusters.single else differences[:n]
    wins, losses = int((counted > 0).sum()), int((counted < 0).sum())
    low, high = difference_interval(wins, losses, n - wins - losses, confidence)
    # With one pair added, runs that never differ do not pass for free of error.
    error = math.sqrt((wins + losses + 1) / (n + 2) / n)
    reach = NormalDist().inv_cdf(_SIGNIFICANT) + NormalDist().inv_cdf(_POWER)
    once = "" if clusters.single else ", each cluster counted once"
    return Finding(
        method=f"Bayesian paired{once}",
        test=f"McNemar mid-p{once}",
        low=low,
        high=high,
        p_value=mcnemar.mid_p(wins, losses),
        p_exact=mcnemar.exact_p(wins, losses),
        detectable=reach * error,
    )


def without_spread(estimate: float, clusters: Clusters) -> Finding:
    """Differences that are all equal: an interval without width, and a p that is not zero.

    Args:
        estimate: The difference of every cluster; 0 if it is no more than rounding.
        clusters: At least two.
    """
    equal = "all differences" if clusters.single else "the mean differences of all clusters"
    # Of the 2^count ways to flip the signs two are as extreme as what was seen.
    p_value = 2.0 ** (1 - clusters.count) if estimate else 1.0
    method = f"{equal} are equal"
    return Finding(method, "sign-flip permutation", estimate, estimate, p_value)


def by_student(estimate: float, error: Error, clusters: Clusters, confidence: float) -> Finding:
    """Student's paired t, robust to clusters.

    Args:
        estimate: The mean difference.
        error: Its standard error, above 0.
        clusters: At least two.
        confidence: How much the interval covers.
    """
    half = error.quantile((1 + confidence) / 2) * error.size
    return Finding(
        method=student_method(clusters),
        test="paired t" if clusters.single else "cluster-robust paired t",
        low=estimate - half,
        high=estimate + half,
        p_value=error.p_value(estimate),
        detectable=_detectable(error),
    )


def by_resampling(
    differences: Floats, error: Error, clusters: Clusters, options: Options
) -> Finding:
    """A bootstrap interval and a sign-flip test.

    Args:
        differences: One an item.
        error: The standard error of their mean, above 0.
        clusters: At least two.
        options: How much the interval covers, how many resamples to draw and from which seed.
    """
    low, high, method = bootstrap_interval(differences, clusters, options)
    return Finding(
        method=method,
        test="sign-flip permutation",
        low=low,
        high=high,
        p_value=sign_flip_p(differences, clusters, options),
        detectable=_detectable(error),
    )


def _detectable(error: Error) -> float:
    """Miller (2024), arXiv 2411.00640: the sample size's formula solved for the effect."""
    return (error.quantile(_SIGNIFICANT) + error.quantile(_POWER)) * error.size
