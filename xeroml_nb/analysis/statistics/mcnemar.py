"""McNemar's tests of paired right and wrong answers, exact for any number of pairs.

Fagerland, Lydersen and Laake (2013), "The McNemar test for binary matched-pairs data: mid-p and
asymptotic are better than exact conditional", BMC Medical Research Methodology 13:91: the exact
test is too careful, mid-p keeps its level and finds more.
"""

from __future__ import annotations

from scipy.stats import binom, binomtest


def exact_p(wins: int, losses: int) -> float:
    """The two-sided p of the exact conditional test; 1 where no pair tells.

    Args:
        wins: Pairs of which only the second is right.
        losses: Pairs of which only the first is right.

    >>> round(exact_p(1, 7), 3)
    0.07
    """
    if not wins + losses:
        return 1.0
    return float(binomtest(wins, wins + losses).pvalue)


def mid_p(wins: int, losses: int) -> float:
    """The two-sided mid-p: the exact p less half the chance of what was seen, on either side.

    Args:
        wins: Pairs of which only the second is right.
        losses: Pairs of which only the first is right.

    >>> round(mid_p(1, 7), 3)
    0.039
    """
    if not wins + losses:
        return 1.0
    seen = float(binom.pmf(min(wins, losses), wins + losses, 0.5))
    # Half against half is its own other side, and is taken off once.
    return exact_p(wins, losses) - (seen / 2 if wins == losses else seen)
