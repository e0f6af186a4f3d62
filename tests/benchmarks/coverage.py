"""How often the intervals hold the truth, and how often a test finds what is not there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tests.benchmarks import correcting
from tests.benchmarks.figures import Between, Figure
from xeroml_nb.analysis.statistics.intervals import Interval, mean_interval
from xeroml_nb.analysis.statistics.paired import Difference, paired_difference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Drawn = Iterator["Try"]

SIZES = (20, 50, 200, 1000)
COVERED = Between(93, 97)
FALSE = Between(4, 6)
_SEED = 20_241_108
_TRIES = 8_000
# Few tables of right and wrong answers occur, and each is judged once.
_TRIES_OF_TABLES = 40_000


class Scores(NamedTuple):
    """Two runs over the same items, and which items belong together."""

    first: Floats
    second: Floats
    clusters: npt.NDArray[np.int64] | None = None


class Try(NamedTuple):
    """What was found in two runs, and what is true of them."""

    difference: Difference
    mean: Interval
    true_difference: float
    true_mean: float


@dataclass(frozen=True)
class Kind:
    """Data of one kind; in some, the runs do not truly differ."""

    name: str
    is_alike: bool
    tries: int
    drawn: Callable[[np.random.Generator, int, int], Drawn]


@dataclass
class Tally:
    """Counts of the tries of one kind and size."""

    tries: int = 0
    differences: int = 0
    means: int = 0
    found: int = 0

    def count(self, one: Try) -> None:
        """Look at one try."""
        difference, mean = one.difference, one.mean
        self.tries += 1
        self.differences += difference.low <= one.true_difference <= difference.high
        self.means += mean.low <= one.true_mean <= mean.high
        self.found += difference.p_value < 0.05


def figures(*, quick: bool) -> list[Figure]:
    """Percent of intervals that hold the truth, and of tests that find a difference by chance."""
    tallies = {
        (kind, n): _tally(kind, n, 40 if quick else kind.tries)
        for kind in KINDS
        for n in (SIZES[:1] if quick else SIZES)
    }
    found = []
    for what, part, target in (
        ("interval of a difference", "differences", COVERED),
        ("interval of a mean", "means", COVERED),
        ("difference found where none is", "found", FALSE),
    ):
        for (kind, n), tally in tallies.items():
            if part == "found" and not kind.is_alike:
                continue
            share = 100 * getattr(tally, part) / tally.tries
            found.append(Figure("coverage", f"{what}, %: {kind.name}, n = {n}", share, target))
    return found + correcting.figures(quick=quick)


def _tally(kind: Kind, n: int, tries: int) -> Tally:
    rng = np.random.default_rng([_SEED, KINDS.index(kind), n])
    tally = Tally()
    for one in kind.drawn(rng, n, tries):
        tally.count(one)
    return tally


def _binary(name: str, wins: float, losses: float, both: float) -> Kind:
    """Right and wrong answers, by the shares of the four kinds of pairs."""

    def drawn(rng: np.random.Generator, n: int, tries: int) -> Drawn:
        neither = 1 - wins - losses - both
        for table in rng.multinomial(n, [wins, losses, both, neither], size=tries).tolist():
            yield _try_of(n, table, wins - losses, losses + both)

    return Kind(name, wins == losses, _TRIES_OF_TABLES, drawn)


def _any_answers(name: str) -> Kind:
    """Right and wrong answers whose truth is drawn anew for each try: all are as likely.

    Few tables are possible with few items, so that for one truth alone the share that is covered
    depends on which; this is what it is on average.
    """

    def drawn(rng: np.random.Generator, n: int, tries: int) -> Drawn:
        for shares in rng.dirichlet(np.ones(4), size=tries):
            wins, losses, both, _ = shares
            yield _try_of(n, rng.multinomial(n, shares).tolist(), wins - losses, losses + both)

    return Kind(name, is_alike=False, tries=_TRIES, drawn=drawn)


def _try_of(n: int, table: list[int], true_difference: float, true_mean: float) -> Try:
    wins, losses, both, _ = table
    found = _difference_of(n, wins, losses), _mean_of(n, losses + both)
    return Try(*found, true_difference, true_mean)


@cache
def _difference_of(n: int, wins: int, losses: int) -> Difference:
    first, second = np.zeros(n), np.zeros(n)
    second[:wins] = 1
    first[n - losses :] = 1
    return paired_difference(first, second)


@cache
def _mean_of(n: int, right: int) -> Interval:
    return mean_interval(np.repeat([1.0, 0.0], [right, n - right]))


def _scored(
    name: str,
    mean: float,
    draw: Callable[[np.random.Generator, int], Scores],
) -> Kind:
    """Any other scores, of runs that do not truly differ."""

    def drawn(rng: np.random.Generator, n: int, tries: int) -> Drawn:
        for _ in range(tries):
            scores = draw(rng, n)
            found = mean_interval(scores.first, scores.clusters)
            yield Try(paired_difference(*scores), found, 0.0, mean)

    return Kind(name, is_alike=True, tries=_TRIES, drawn=drawn)


def _normal(rng: np.random.Generator, n: int) -> Scores:
    """Runs that share the difficulty of their items: they correlate by 0.5."""
    item = rng.normal(size=n)
    return Scores(item + rng.normal(size=n), item + rng.normal(size=n))


def _skewed(rng: np.random.Generator, n: int) -> Scores:
    """Scores from 0 to 1 with a mean of 0.8, of which the second run's are the more varied."""
    item = rng.beta(8, 2, size=n)
    return Scores(*(rng.beta(item * spread, (1 - item) * spread) for spread in (10, 4)))


def _clusters(rng: np.random.Generator, n: int) -> npt.NDArray[np.int64]:
    """Items in clusters of 3 to 7; the last may be cut short."""
    return np.repeat(np.arange(n), rng.integers(3, 8, size=n))[:n]


def _clustered(rng: np.random.Generator, n: int) -> Scores:
    """Clusters that share their difficulty, and how much the second run differs: by 0.3 each."""
    codes = _clusters(rng, n)
    shared, change = rng.normal(size=(2, n)) * 0.3**0.5
    own, noise = rng.normal(size=(2, n)) * 0.7**0.5
    first = shared[codes] + own
    return Scores(first, first + change[codes] + noise, codes)


def _clustered_answers(rng: np.random.Generator, n: int) -> Scores:
    """Right and wrong answers about shared texts: a text is easy or hard for either run."""
    codes = _clusters(rng, n)
    ease = rng.beta(3.5, 1.5, size=n)
    chances = (rng.beta(ease * 6, (1 - ease) * 6)[codes] for _ in range(2))
    return Scores(*((rng.random(n) < chance).astype(float) for chance in chances), codes)


def _repeated(rng: np.random.Generator, n: int) -> Scores:
    """Shares right of 3 repetitions; items are easy or hard for both runs, but not alike."""
    ease = rng.beta(2, 1, size=n)
    chances = (rng.beta(ease * 6, (1 - ease) * 6) for _ in range(2))
    return Scores(*(rng.binomial(3, chance) / 3 for chance in chances))


KINDS = (
    _binary("right or wrong", wins=0.1, losses=0.1, both=0.6),
    _binary("right or wrong, better by 0.1", wins=0.16, losses=0.06, both=0.62),
    _scored("normal", 0.0, _normal),
    _scored("skewed", 0.8, _skewed),
    _scored("clusters of 5", 0.0, _clustered),
    _scored("clusters of 5, right or wrong", 0.7, _clustered_answers),
    _scored("3 repetitions", 2 / 3, _repeated),
    _any_answers("right or wrong, all truths"),
)
