"""Two experiments judged pair by pair: how often one wins, and how sure that is."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import TYPE_CHECKING, Any

from xeroml_nb.analysis.alignment import align
from xeroml_nb.analysis.statistics.intervals import Interval, mean_interval
from xeroml_nb.errors import BadInput, JudgeFailed
from xeroml_nb.records.experiment import ItemStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.experiments.results import Result
    from xeroml_nb.records.dataset import DatasetItem
    from xeroml_nb.scoring.judging.pairwise import PairJudge, PairVerdict

_POINTS = {"a": 0.0, "tie": 0.5, "b": 1.0}


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """The item runs of one item, one of each experiment, and which is better.

    Args:
        item: What was run.
        repetition: 0 for the first.
        output_a: Of one experiment.
        output_b: Of the other.
        verdict: None where the judge failed.
        error: Why it did.
    """

    item: DatasetItem
    repetition: int
    output_a: Any
    output_b: Any
    verdict: PairVerdict | None = None
    error: str | None = None


@dataclass(frozen=True)
class PairwiseComparison:
    """What a judge of pairs says of two experiments.

    Args:
        judge: The judge's name.
        label_a: The experiment that is compared with.
        label_b: The other.
        pairs: Every pair with an output on both sides.
    """

    judge: str
    label_a: str
    label_b: str
    pairs: tuple[JudgedPair, ...]

    @cached_property
    def verdicts(self) -> list[PairVerdict]:
        """The verdicts that there are."""
        return [pair.verdict for pair in self.pairs if pair.verdict is not None]

    @cached_property
    def choices(self) -> dict[str, int]:
        """How many pairs `a` won, how many `b`, and how many were a tie."""
        counts = Counter(verdict.choice for verdict in self.verdicts)
        return {choice: counts[choice] for choice in ("a", "b", "tie")}

    @cached_property
    def favours(self) -> dict[str, int]:
        """In how many pairs the first place won whatever stood there, and in how many the second.

        Far more of one than of the other is a judge that goes by the place.
        """
        counts = Counter(verdict.favours for verdict in self.verdicts)
        return {place: counts[place] for place in ("first", "second")}

    @property
    def failed(self) -> int:
        """Pairs that the judge has no verdict on."""
        return len(self.pairs) - len(self.verdicts)

    @cached_property
    def share(self) -> Interval:
        """The share of items that `b` wins, a tie counting half, with its 95 % interval.

        Repetitions of an item are averaged first. 0.5 means that neither is better.
        """
        by_item: dict[str, list[float]] = {}
        for pair in self.pairs:
            if pair.verdict is not None:
                by_item.setdefault(pair.item.id, []).append(_POINTS[pair.verdict.choice])
        return mean_interval([fmean(points) for points in by_item.values()])

    def to_frame(self) -> pd.DataFrame:
        """One row a pair.

        Columns: `item_id, repetition, input, output_a, output_b, choice (a, b, tie), a_first and
        b_first (the choice in each order), why_a_first, why_b_first, error`.
        """
        import pandas as pd

        return pd.DataFrame([_row(pair) for pair in self.pairs], columns=list(_COLUMNS))

    def __repr__(self) -> str:
        share, choices = self.share, self.choices
        lines = [
            f"{self.judge}: {self.label_b} against {self.label_a}",
            f"{self.label_b} wins {choices['b']}, loses {choices['a']}, ties {choices['tie']} of "
            f"{len(self.verdicts)} pairs" + (f"; {self.failed} failed" if self.failed else ""),
        ]
        if share.estimate is not None:
            ends = "" if share.low is None else f" (95 % {share.low:.2f} to {share.high:.2f})"
            lines.append(f"share won, ties as half: {share.estimate:.2f}{ends}, {share.method}")
        swayed = sum(self.favours.values())
        if swayed:
            first, second = self.favours.values()
            lines.append(
                f"the order alone decided {swayed} pairs, which count as ties: the first place "
                f"won {first}, the second {second}"
            )
        return "\n".join(lines)


_COLUMNS = (
    "item_id",
    "repetition",
    "input",
    "output_a",
    "output_b",
    "choice",
    "a_first",
    "b_first",
    "why_a_first",
    "why_b_first",
    "error",
)


def judge_pairs(
    judge: PairJudge, exp_a: Experiment, exp_b: Experiment, *, concurrency: int = 16
) -> PairwiseComparison:
    """Judge two experiments item by item; a pair that the judge fails on keeps its error.

    Args:
        judge: Says which of two outputs is better.
        exp_a: What is compared with.
        exp_b: The other, over the same items.
        concurrency: Pairs judged at the same time.

    Raises:
        NoModel: If the judge has no model to ask.
        BadInput: If no item has an output on both sides, or concurrency is out of range.
    """
    if not isinstance(concurrency, int) or concurrency < 1:
        raise BadInput(f"concurrency is {concurrency!r}.", "Use a whole number of 1 or more.")
    judge.check_ready()
    cached = judge.cached_in(exp_a.store)
    pairs = _pairs(exp_a, exp_b)
    pool = ThreadPoolExecutor(min(concurrency, len(pairs)), thread_name_prefix="xeroml-judge")
    try:
        judged = tuple(pool.map(lambda pair: _judged(cached, pair), pairs))
    finally:
        # An interrupted cell does not wait for the questions that are on their way.
        pool.shutdown(wait=False, cancel_futures=True)
    exp_a.store.flush()
    return PairwiseComparison(judge.name, exp_a.label, exp_b.label, judged)


def _pairs(exp_a: Experiment, exp_b: Experiment) -> list[JudgedPair]:
    aligned = align(exp_a.store, [exp_a.record, exp_b.record])
    shared = set(aligned.item_ids[aligned.shared])
    others = {(r.item.id, r.repetition): r for r in _succeeded(exp_b)}
    found = [
        JudgedPair(r.item, r.repetition, r.output, others[r.item.id, r.repetition].output)
        for r in _succeeded(exp_a)
        if r.item.id in shared and (r.item.id, r.repetition) in others
    ]
    if not found:
        raise BadInput(
            f"{exp_a.label} and {exp_b.label} have no item with an output on both sides.",
            "Run what failed again with retry_failed(), or compare others.",
        )
    return found


def _succeeded(experiment: Experiment) -> Sequence[Result]:
    return [r for r in experiment.get_results() if r.status is ItemStatus.OK]


def _judged(judge: PairJudge, pair: JudgedPair) -> JudgedPair:
    given = (pair.item, pair.repetition, pair.output_a, pair.output_b)
    try:
        verdict = judge.ask(
            output_a=pair.output_a,
            output_b=pair.output_b,
            input=pair.item.input,
            expected_output=pair.item.expected_output,
            about=f"item {pair.item.id!r}",
        )
    except JudgeFailed as error:
        return JudgedPair(*given, error=str(error))
    return JudgedPair(*given, verdict=verdict)


def _row(pair: JudgedPair) -> dict[str, Any]:
    held = {
        "item_id": pair.item.id,
        "repetition": pair.repetition,
        "input": pair.item.input,
        "output_a": pair.output_a,
        "output_b": pair.output_b,
        "error": pair.error,
    }
    if (found := pair.verdict) is None:
        return held
    orders = dict(zip(("a_first", "b_first"), found.orders, strict=True))
    reasons = dict(zip(("why_a_first", "why_b_first"), found.explanations, strict=True))
    return held | {"choice": found.choice} | orders | reasons
