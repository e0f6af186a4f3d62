"""What a comparison found, as values and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xeroml_nb.annotation.statistics.rates import Share

SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean of one score in one run, over the shared items.

    Args:
        score: The score's name.
        run: The run's label.
        n: Items that have the score; repetitions are averaged first.
        mean: None where no item has it.
        low: The lower end of the 95 % interval, or None.
        high: The upper end.
        method: How the interval was found, or why there is none.
        attempted: Item runs that ended: with an output, an error or a time-out.
        succeeded: Item runs with an output.
        failed: Item runs that ended in an error or a time-out.
        unscored: Item runs with an output and without this score.
    """

    score: str
    run: str
    n: int
    mean: float | None
    low: float | None
    high: float | None
    method: str
    attempted: int
    succeeded: int
    failed: int
    unscored: int


@dataclass(frozen=True, slots=True)
class ScoreDifference:
    """How one score differs between a run and the baseline, item by item.

    Args:
        score: The score's name.
        run: The run's label.
        baseline: The baseline's label.
        n: Shared items that both runs scored.
        difference: Mean of the run less that of the baseline; None without such items.
        low: The lower end of the 95 % interval, or None.
        high: The upper end.
        p_value: The two-sided p, or None.
        p_exact: McNemar's exact p of right and wrong answers, else None.
        p_adjusted: The p after Holm's correction for all claims of the comparison.
        wins: Items on which the run is better; where no direction is better, higher.
        losses: Items on which it is worse, or lower.
        ties: Items on which both are the same.
        detectable: The smallest true difference that so many items would show, or None.
        if_failed: The difference if every failure had counted as the worst value of a score
            within 0..1; None where nothing failed or the score has other values.
        method: How the interval was found, or why there is none.
        test: How the p was found, or why there is none.
        direction: Which values are good: "higher", "lower" or "none".
    """

    score: str
    run: str
    baseline: str
    n: int
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    p_exact: float | None
    p_adjusted: float | None
    wins: int
    losses: int
    ties: int
    detectable: float | None
    if_failed: float | None
    method: str
    test: str
    direction: str

    @property
    def verdict(self) -> str:
        """better, worse, higher, lower, not distinguishable or cannot tell."""
        if self.difference is None or self.p_adjusted is None:
            return "cannot tell"
        if self.p_adjusted >= SIGNIFICANT or not self.difference:
            return "not distinguishable"
        rose = self.difference > 0
        if self.direction == "none":
            return "higher" if rose else "lower"
        return "better" if rose == (self.direction == "higher") else "worse"

    @property
    def sentence(self) -> str:
        """The verdict: "Better: +0.17 [+0.05, +0.30], p 0.013 · 63 shared items"."""
        if self.difference is None:
            return f"Cannot tell: {self.method}"
        parts = [f"{self.verdict.capitalize()}: {signed(self.difference)}{self._interval()}"]
        if self.p_value is not None:
            parts.append(f"p {shown_p(self.p_value)}{self._adjusted()}")
        return f"{', '.join(parts)} · {counted(self.n, 'shared item')}"

    @property
    def counts(self) -> str:
        """What changed: "14 improved · 3 regressed · 46 same · could have seen ±0.17"."""
        better, worse = ("higher", "lower") if self.direction == "none" else _CHANGES
        parts = [f"{self.wins:,} {better}", f"{self.losses:,} {worse}", f"{self.ties:,} same"]
        if self.detectable is not None:
            parts.append(f"could have seen ±{shown(self.detectable)}")
        return " · ".join(parts)

    def _interval(self) -> str:
        if self.low is None or self.high is None:
            return f" ({self.method})"
        return f" [{signed(self.low)}, {signed(self.high)}]"

    def _adjusted(self) -> str:
        given, adjusted = (
            None if p is None else shown_p(p) for p in (self.p_value, self.p_adjusted)
        )
        return "" if given == adjusted else f" ({adjusted} after Holm)"


_CHANGES = ("improved", "regressed")


@dataclass(frozen=True, slots=True)
class Distribution:
    """How a run and the baseline spread one categorical score, item by item.

    Args:
        score: The score's name.
        run: The run's label.
        baseline: The baseline's label.
        n: Shared items that both runs scored.
        categories: What was answered, in the order of the question or the most frequent first.
        baseline_shares: Share of each category in the baseline, with its 95 % interval.
        run_shares: The same of the run.
        changed: Items with another category than in the baseline.
        distance: Share of the answers that would have to move for both to be spread alike.
        p_value: Of the test that both are spread alike (Stuart and Maxwell), or None.
        p_adjusted: The p after Holm's correction for all claims of the comparison.
    """

    score: str
    run: str
    baseline: str
    n: int
    categories: tuple[str, ...]
    baseline_shares: tuple[Share, ...]
    run_shares: tuple[Share, ...]
    changed: int
    distance: float | None
    p_value: float | None
    p_adjusted: float | None

    @property
    def verdict(self) -> str:
        """differs, not distinguishable or cannot tell."""
        if self.p_adjusted is None:
            return "cannot tell"
        return "differs" if self.p_adjusted < SIGNIFICANT else "not distinguishable"

    @property
    def sentence(self) -> str:
        """The verdict with its figures."""
        if self.distance is None or self.p_value is None:
            return "Cannot tell: no item has an answer in both runs"
        return (
            f"{self.verdict.capitalize()}: {self.distance:.0%} of the answers moved, "
            f"p {shown_p(self.p_value)} · {counted(self.n, 'shared item')}"
        )


def shown(value: float) -> str:
    """A number for people, with two digits that tell something.

    Example:
        >>> [shown(v) for v in (0.1734, 0.00312, 12.345, 1234.5)]
        ['0.17', '0.0031', '12.3', '1,234']
    """
    size = abs(value)
    if size >= 100:  # noqa: PLR2004 - three digits say enough
        return f"{value:,.0f}"
    if size >= 10 or size == 0:  # noqa: PLR2004
        return f"{value:.3g}"
    return f"{value:.2f}" if size >= 0.01 else f"{value:.2g}"  # noqa: PLR2004


def signed(value: float) -> str:
    """A difference for people: its sign is always there.

    Example:
        >>> signed(0.17), signed(0.0)
        ('+0.17', '0')
    """
    if not value:
        return "0"
    return f"{'+' if value > 0 else '−'}{shown(abs(value))}"


def shown_p(value: float) -> str:
    """A p for people.

    Example:
        >>> shown_p(0.0129), shown_p(0.00001), shown_p(1.0)
        ('0.013', '< 0.001', '1')
    """
    return "< 0.001" if value < 0.001 else f"{value:.2g}"  # noqa: PLR2004


def counted(count: int, noun: str) -> str:
    """A count with its noun: "1 shared item", "63 shared items"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
