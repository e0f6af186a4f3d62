"""The interval around one mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xeroml_nb.analysis.statistics.clusters import clusters_of, error_of_mean
from xeroml_nb.analysis.statistics.resampling import bootstrap_interval
from xeroml_nb.analysis.statistics.samples import (
    Options,
    checked_values,
    is_binary,
    rounding_of,
)
from xeroml_nb.annotation.statistics.rates import wilson

if TYPE_CHECKING:
    import numpy.typing as npt

    from xeroml_nb.analysis.statistics.clusters import Clusters
    from xeroml_nb.analysis.statistics.samples import Floats


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and the interval around it; None where there is none.

    Args:
        n: How many items it is the mean of.
        estimate: The mean, in the unit of the values.
        low: The lower end.
        high: The upper end.
        method: How the interval was found, or why there is none.
    """

    n: int
    estimate: float | None
    low: float | None
    high: float | None
    method: str


def mean_interval(
    values: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    *,
    confidence: float = 0.95,
    bootstrap: int = 0,
    seed: int = 0,
) -> Interval:
    """A mean and its interval: Wilson's for zeros and ones, else Student's t or a bootstrap.

    Args:
        values: A finite number for each item.
        clusters: A whole number for each item, the same for those that belong together.
        confidence: How much the interval covers.
        bootstrap: How many resamples to draw; 0 for none.
        seed: Where their draws start.

    Raises:
        BadInput: If values are not finite, lengths differ or an option is out of range.

    >>> mean_interval([1.0] * 17 + [0.0] * 3).method
    'Wilson'
    >>> found = mean_interval([0.25, 0.5, 0.75, 0.5])
    >>> f"{found.estimate} {found.low:.3f} to {found.high:.3f}, {found.method}"
    '0.5 0.175 to 0.825, Student t'
    """
    checked = checked_values(values)
    groups = clusters_of(checked.size, clusters)
    options = Options(confidence, bootstrap, seed)
    if groups.count <= 1:
        mean = float(checked.mean()) if checked.size else None
        return Interval(checked.size, mean, None, None, too_few(groups))
    if is_binary(checked) and (_all_equal(checked) or (groups.single and not bootstrap)):
        return _wilson(checked, groups, confidence)
    if bootstrap and error_of_mean(checked, groups, rounding_of(checked)).size:
        low, high, name = bootstrap_interval(checked, groups, options)
        return Interval(checked.size, float(checked.mean()), low, high, name)
    return _student(checked, groups, confidence)


def too_few(clusters: Clusters) -> str:
    """Why there is no interval.

    Args:
        clusters: None, or one.
    """
    return f"one {clusters.unit} has no interval" if clusters.count else "no items"


def student_method(clusters: Clusters) -> str:
    """What Student's interval is called.

    Args:
        clusters: At least two.
    """
    return "Student t" if clusters.single else f"cluster-robust t over {clusters.count} clusters"


def _all_equal(values: Floats) -> bool:
    return bool((values == values[0]).all())


def _wilson(values: Floats, clusters: Clusters, confidence: float) -> Interval:
    """Wilson's interval; clusters that are all alike count as one item each.

    Alike to the last item, they hold no more knowledge than that for sure.
    """
    mean = float(values.mean())
    share = wilson(round(mean * clusters.count), clusters.count, confidence)
    method = "Wilson" if clusters.single else "Wilson, each cluster counted once"
    return Interval(values.size, mean, share.low, share.high, method)


def _student(values: Floats, clusters: Clusters, confidence: float) -> Interval:
    mean, n = float(values.mean()), values.size
    error = error_of_mean(values, clusters, rounding_of(values))
    if not error.size:
        equal = "all values" if clusters.single else "the means of all clusters"
        return Interval(n, mean, mean, mean, f"{equal} are equal")
    half = error.quantile((1 + confidence) / 2) * error.size
    low, high = mean - half, mean + half
    if is_binary(values):
        low, high = max(low, 0.0), min(high, 1.0)
    return Interval(n, mean, low, high, student_method(clusters))
