"""Bootstrap intervals and sign-flip tests over clusters, the same for the same seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import bootstrap, permutation_test

if TYPE_CHECKING:
    from xeroml_nb.analysis.statistics.clusters import Clusters
    from xeroml_nb.analysis.statistics.samples import Floats, Options

# BCa leaves out every cluster in turn, which takes the square of their number.
_MOST_FOR_BCA = 2_000
# How many drawn numbers are held at once.
_AT_ONCE = 2_000_000


def bootstrap_interval(
    values: Floats, clusters: Clusters, options: Options
) -> tuple[float, float, str]:
    """The bootstrap interval of a mean over clusters, and what it is called.

    BCa of Efron (1987), "Better Bootstrap Confidence Intervals", Journal of the American
    Statistical Association 82(397), 171-185; the plain percentiles above 2,000 clusters.

    Args:
        values: One an item; the means of the clusters must differ.
        clusters: At least two, drawn with replacement.
        options: How much the interval covers, how often clusters are drawn, from which seed.
    """
    bca = clusters.count <= _MOST_FOR_BCA
    found = bootstrap(
        (clusters.sums(values), clusters.sizes),
        _mean,
        n_resamples=options.bootstrap,
        batch=_batch(clusters),
        vectorized=True,
        paired=True,
        confidence_level=options.confidence,
        method="BCa" if bca else "percentile",
        rng=np.random.default_rng(options.seed),
    ).confidence_interval
    name = f"{'BCa' if bca else 'percentile'} bootstrap over {clusters.unit}s"
    return float(found.low), float(found.high), name


def sign_flip_p(values: Floats, clusters: Clusters, options: Options) -> float:
    """The two-sided p of differences whose sign is chance, whole clusters flipped at once.

    Args:
        values: A difference for each item.
        clusters: At least two.
        options: How many flips are drawn, from which seed; where there are fewer, all are tried.
    """
    found = permutation_test(
        (clusters.sums(values),),
        np.sum,
        permutation_type="samples",
        vectorized=True,
        n_resamples=options.bootstrap,
        batch=_batch(clusters),
        rng=np.random.default_rng(options.seed),
    )
    return float(found.pvalue)


def _mean(sums: Floats, sizes: Floats, axis: int = -1) -> Floats:
    found: Floats = sums.sum(axis=axis) / sizes.sum(axis=axis)
    return found


def _batch(clusters: Clusters) -> int:
    return max(1, _AT_ONCE // clusters.count)
