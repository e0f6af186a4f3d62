"""The difference between two runs over the same items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from xeroml_nb.analysis.statistics import findings
from xeroml_nb.analysis.statistics.clusters import clusters_of, error_of_mean
from xeroml_nb.analysis.statistics.samples import (
    Options,
    check_paired,
    checked_values,
    is_binary,
    rounding_of,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from xeroml_nb.analysis.statistics.clusters import Clusters
    from xeroml_nb.analysis.statistics.findings import Finding
    from xeroml_nb.analysis.statistics.samples import Floats


@dataclass(frozen=True, slots=True)
class Difference:
    """How much higher the second run scored than the first; None where it cannot be told.

    Args:
        n: How many items both runs have.
        first_mean: The mean of the first.
        second_mean: The mean of the second.
        estimate: The mean of second - first.
        low: The lower end of its interval.
        high: The upper end.
        p_value: The two-sided p that decides.
        p_exact: The exact McNemar p, for right and wrong answers.
        wins: Items on which the second is higher.
        losses: Items on which the first is higher.
        ties: Items on which they are equal.
        detectable: The smallest true difference that this many items would show in 4 of 5 tries,
            two-sided at 5 %.
        method: How the interval was found, or why there is none.
        test: How p was found, or why there is none.
    """

    n: int
    first_mean: float | None
    second_mean: float | None
    estimate: float | None
    low: float | None
    high: float | None
    p_value: float | None
    p_exact: float | None
    wins: int
    losses: int
    ties: int
    detectable: float | None
    method: str
    test: str


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Two checked rows of scores, their differences, and which items belong together."""

    first: Floats
    second: Floats
    differences: Floats
    clusters: Clusters

    @property
    def right_or_wrong(self) -> bool:
        return is_binary(self.first) and is_binary(self.second)


def paired_difference(  # noqa: PLR0913 - the first three say what to compare, the others how
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    *,
    confidence: float = 0.95,
    bootstrap: int = 0,
    seed: int = 0,
) -> Difference:
    """Compare two runs item by item.

    Right and wrong answers get a Bayesian interval and McNemar's mid-p; all else Student's paired
    t, robust to clusters; a bootstrap brings a sign-flip test along.

    Args:
        first: A finite number for each item, of the baseline.
        second: The same of the other run, items in the same order.
        clusters: A whole number for each item, the same for those that belong together.
        confidence: How much the interval covers.
        bootstrap: How many resamples and sign flips to draw; 0 for none.
        seed: Where their draws start.

    Raises:
        BadInput: If values are not finite, lengths differ or an option is out of range.

    >>> before, after = [0, 0, 0, 1, 1, 1, 0, 0, 1, 1], [1, 1, 1, 1, 1, 1, 0, 1, 1, 1]
    >>> found = paired_difference(before, after)
    >>> found.estimate, found.wins, found.losses, found.test
    (0.4, 4, 0, 'McNemar mid-p')
    """
    one, two = checked_values(first, "first"), checked_values(second, "second")
    check_paired(one.size, two.size, "values of the second run")
    groups = clusters_of(one.size, clusters)
    options = Options(confidence, bootstrap, seed)
    differences = _differences(one, two)
    finding = _finding(_Pairs(one, two, differences, groups), options)
    higher, lower = int((differences > 0).sum()), int((differences < 0).sum())
    return Difference(
        n=one.size,
        first_mean=_mean(one),
        second_mean=_mean(two),
        estimate=_mean(differences),
        low=finding.low,
        high=finding.high,
        p_value=finding.p_value,
        p_exact=finding.p_exact,
        wins=higher,
        losses=lower,
        ties=one.size - higher - lower,
        detectable=finding.detectable,
        method=finding.method,
        test=finding.test,
    )


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if values.size else None


def _differences(one: Floats, two: Floats) -> Floats:
    """Second less first; averages of the same numbers in another order may miss 0 by a digit."""
    found = two - one
    reach = 8 * np.finfo(np.float64).eps * np.maximum(np.abs(one), np.abs(two))
    found[np.abs(found) <= reach] = 0
    return found


def _finding(pairs: _Pairs, options: Options) -> Finding:
    differences, clusters = pairs.differences, pairs.clusters
    if clusters.count <= 1:
        return findings.nothing(clusters)
    alike = bool((differences == differences[0]).all())
    if pairs.right_or_wrong and (alike or (clusters.single and not options.bootstrap)):
        return findings.by_counts(differences, clusters, options.confidence)
    rounding = rounding_of(pairs.first, pairs.second)
    estimate, error = float(differences.mean()), error_of_mean(differences, clusters, rounding)
    if not error.size:
        return findings.without_spread(estimate if abs(estimate) > rounding else 0.0, clusters)
    if options.bootstrap:
        return findings.by_resampling(differences, error, clusters, options)
    return findings.by_student(estimate, error, clusters, options.confidence)
