"""Item runs with their scores, and what they add up to."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, fields
from itertools import compress
from typing import TYPE_CHECKING, Any, TypeVar, overload

from xeroml_nb.errors import MissingScore
from xeroml_nb.records.experiment import ItemStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from xeroml_nb.experiments.frames import RunTable
    from xeroml_nb.records.dataset import DatasetItem
    from xeroml_nb.records.evaluation import Evaluation
    from xeroml_nb.records.experiment import ItemRun
    from xeroml_nb.records.score import ScoreRecord, ScoreValue

D = TypeVar("D")
_NEEDED: Any = object()

COLUMNS = (
    "item_id",
    "repetition",
    "input",
    "expected_output",
    "output",
    "status",
    "error",
    "attempts",
    "latency_s",
    "trace_id",
)
# What a table of item runs has besides, where any of them recorded it.
USAGE_COLUMNS = ("input_tokens", "output_tokens", "cost")


@dataclass(frozen=True, slots=True)
class Result:
    """One row of an experiment: an item, how its run went, and its scores.

    Args:
        item: What was run.
        repetition: 0 for the first.
        run: How it went; None while it is pending.
        scores: By name.
    """

    item: DatasetItem
    repetition: int
    run: ItemRun | None
    scores: dict[str, ScoreRecord] = field(default_factory=dict)

    @property
    def status(self) -> ItemStatus:
        """ok, failed, timeout, stopped or pending."""
        return ItemStatus.PENDING if self.run is None else self.run.status

    @property
    def output(self) -> Any:
        """What the task returned."""
        return None if self.run is None else self.run.output

    @property
    def error(self) -> str | None:
        """What went wrong."""
        return None if self.run is None else self.run.error

    @property
    def trace_id(self) -> str | None:
        """Its trace."""
        return None if self.run is None else self.run.trace_id

    @overload
    def score(self, name: str) -> ScoreValue: ...
    @overload
    def score(self, name: str, default: D) -> ScoreValue | D: ...
    def score(self, name: str, default: Any = _NEEDED) -> Any:
        """The value of a score.

        Args:
            name: The score's name.
            default: What to give where there is none.

        Raises:
            MissingScore: If there is none and no default.
        """
        if name in self.scores:
            return self.scores[name].value
        if default is not _NEEDED:
            return default
        raise MissingScore(
            f"Item {self.item.id!r} has no score {name!r}: {self._why(name)}.",
            f"Use score({name!r}, default=...) to say what it should count as.",
        )

    def _why(self, name: str) -> str:
        if self.run is None or self.status is not ItemStatus.OK:
            return f"its run is {self.status.value}" + (f" ({self.error})" if self.error else "")
        errors = self.run.evaluator_errors
        if name in errors:
            return f"the evaluator failed ({errors[name]})"
        if errors:
            return "; ".join(f"evaluator {n!r} failed ({said})" for n, said in errors.items())
        return f"it has {', '.join(map(repr, self.scores)) or 'no scores'}"


@dataclass(frozen=True, slots=True)
class ScoreSummary:
    """What the scores of one name add up to, with honest denominators.

    Args:
        name: The score.
        mean: Over the item runs that have it; None for categories.
        categories: How often each category was given.
        scored: Item runs that have it.
        attempted: Item runs that ended: with an output, an error or a time-out.
        succeeded: Item runs with an output.
        failed: Item runs that ended in an error or a time-out.
        unscored: Item runs with an output and without this score.
        worst: The mean if every failure without a score had counted 0; None unless all values are
            in 0..1.
        best: The mean if every one of them had counted 1; None likewise.
    """

    name: str
    mean: float | None
    categories: dict[str, int]
    scored: int
    attempted: int
    succeeded: int
    failed: int
    unscored: int
    worst: float | None
    best: float | None


@dataclass(frozen=True, slots=True)
class OwnScore:
    """A score on an experiment as a whole, or why there is none.

    Args:
        name: The score; of an evaluator that failed, the evaluator.
        value: None where the evaluator failed.
        comment: Why, for people.
        author: The evaluator, score card or person.
        error: What went wrong in the evaluator.
    """

    name: str
    value: ScoreValue | None
    comment: str | None
    author: str
    error: str | None = None


def summarise(table: RunTable, silent: Iterable[str] = ()) -> list[ScoreSummary]:
    """Add up every score name of an experiment.

    Args:
        table: Its item runs.
        silent: Evaluators that should have scored them and never did; they are listed too.
    """
    statuses = Counter(map(str, table.columns["status"]))
    succeeded = statuses[ItemStatus.OK]
    failed = sum(statuses[status] for status in ItemStatus if status.is_failure)
    values: dict[str, list[ScoreValue | None]] = {
        name: column.values() for name, column in table.scores.items()
    }
    values |= {name: [] for name in silent}
    has_failed = [ItemStatus(status).is_failure for status in table.columns["status"]]
    return [
        # Some evaluators score failures too.
        _summary(name, found, succeeded, failed, _count(compress(found, has_failed)))
        for name, found in sorted(values.items())
    ]


def _count(values: Iterable[ScoreValue | None]) -> int:
    return sum(value is not None for value in values)


def _summary(
    name: str,
    found: list[ScoreValue | None],
    succeeded: int,
    failed: int,
    scored_failures: int,
) -> ScoreSummary:
    values = [value for value in found if value is not None]
    missing = failed - scored_failures
    numbers = [float(v) for v in values if not isinstance(v, str)]
    bounded = bool(numbers) and all(0 <= n <= 1 for n in numbers)
    total = math.fsum(numbers) if bounded else math.nan
    counted = len(numbers) + missing
    return ScoreSummary(
        name=name,
        mean=_mean(numbers),
        categories=dict(Counter(v for v in values if isinstance(v, str)).most_common()),
        scored=len(values),
        attempted=succeeded + failed,
        succeeded=succeeded,
        failed=failed,
        unscored=max(0, succeeded - len(values) + scored_failures),
        worst=total / counted if bounded else None,
        best=(total + missing) / counted if bounded else None,
    )


def own_scores(scores: Iterable[ScoreRecord], evaluations: Iterable[Evaluation]) -> list[OwnScore]:
    """The scores on an experiment as a whole, then its evaluators that failed.

    Args:
        scores: On the experiment.
        evaluations: What is noted of the evaluators that score it as a whole.
    """
    given = [OwnScore(s.name, s.value, s.comment, s.author) for s in scores]
    failed = [e for e in evaluations if e.error is not None]
    return given + [OwnScore(e.evaluator, None, None, e.evaluator, e.error) for e in failed]


def own_frame(found: Sequence[OwnScore]) -> pd.DataFrame:
    """One row a score on the whole experiment: `name, value, comment, author, error`."""
    import pandas as pd

    names = [f.name for f in fields(OwnScore)]
    rows = [[getattr(one, name) for name in names] for one in found]
    return pd.DataFrame(rows, columns=names, dtype=object)


def _mean(numbers: list[float]) -> float | None:
    if not numbers:
        return None
    try:
        return math.fsum(numbers) / len(numbers)
    except OverflowError:  # the sum is too large for a float, the mean is not
        return math.fsum(n / len(numbers) for n in numbers)


def summary_frame(summaries: Sequence[ScoreSummary]) -> pd.DataFrame:
    """One row a score: `mean, scored, attempted, succeeded, failed, unscored, worst, best`.

    Where some scores are categories, their counts follow in `categories`.
    """
    import pandas as pd

    counts = ("scored", "attempted", "succeeded", "failed", "unscored")
    columns = {
        "mean": pd.Series([s.mean for s in summaries], dtype="float64"),
        **{c: pd.Series([getattr(s, c) for s in summaries], dtype="int64") for c in counts},
        "worst": pd.Series([s.worst for s in summaries], dtype="float64"),
        "best": pd.Series([s.best for s in summaries], dtype="float64"),
    }
    if any(s.categories for s in summaries):
        named = [s.categories or None for s in summaries]
        columns["categories"] = pd.Series(named, dtype=object)
    frame = pd.DataFrame(columns)
    frame.index = pd.Index([s.name for s in summaries], name="score", dtype=object)
    return frame
