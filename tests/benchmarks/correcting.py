"""How often the interval of a judge's corrected mean holds the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tests.benchmarks.figures import Between, Figure, Target
from xeroml_nb.analysis.statistics.prediction_powered import corrected_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_SEED = 20_251_126
_QUICK = 10


class Size(NamedTuple):
    """How many items are labelled, and how many there are."""

    labelled: int
    items: int


SIZES = (Size(20, 200), Size(50, 500), Size(200, 1_000))


class Truth(NamedTuple):
    """What people would say of each item, what the judge says, and people's true mean."""

    people: Floats
    judge: Floats
    mean: float


@dataclass(frozen=True)
class Kind:
    """Judges of one kind."""

    name: str
    drawn: Callable[[np.random.Generator, int], Truth]
    target: Between | Target
    tries: int = 2_000
    sizes: tuple[Size, ...] = SIZES


def figures(*, quick: bool) -> list[Figure]:
    """Percent of the intervals of corrected means that hold the truth."""
    return [
        Figure(
            "coverage",
            f"interval of a corrected mean, %: {kind.name}, n = {size.labelled} of {size.items}",
            100 * _share(kind, size, _QUICK if quick else kind.tries),
            kind.target,
        )
        for kind in KINDS
        for size in (kind.sizes[:1] if quick else kind.sizes)
    ]


def _share(kind: Kind, size: Size, tries: int) -> float:
    rng = np.random.default_rng([_SEED, KINDS.index(kind), size.labelled])
    held = 0
    for _ in range(tries):
        people, judge, mean = kind.drawn(rng, size.items)
        n = size.labelled
        found = corrected_mean(judge, judge[:n], people[:n]).corrected
        held += found.low <= mean <= found.high
    return held / tries


def _graded(rng: np.random.Generator, items: int) -> Truth:
    """Skewed scores of people, and a judge that is higher by 0.1 and not sure."""
    people = rng.beta(8, 2, size=items)
    return Truth(people, people + 0.1 + rng.normal(0, 0.12, size=items), 0.8)


def _yes_or_no(rng: np.random.Generator, items: int) -> Truth:
    """A judge whose leniency is drawn anew for each try, as few tables occur with few labels."""
    share, right, wrong = rng.random(), rng.beta(8, 2), rng.beta(2, 8)
    judge = (rng.random(items) < share).astype(np.float64)
    people = rng.random(items) < np.where(judge == 1, right, wrong)
    return Truth(people.astype(np.float64), judge, share * right + (1 - share) * wrong)


def _nearly_all_right(rng: np.random.Generator, items: int) -> Truth:
    """95 % of a yes, and a judge that errs on every 50th item: most errors are in no label."""
    people = (rng.random(items) < 0.95).astype(np.float64)
    return Truth(people, np.where(rng.random(items) < 0.02, 1 - people, people), 0.95)


KINDS = (
    Kind("numbers", _graded, Between(93, 97), tries=8_000),
    Kind("yes or no, all judges", _yes_or_no, Between(93, 97)),
    Kind("yes or no, nearly all right", _nearly_all_right, Target(">=", 93), sizes=SIZES[:1]),
)
