"""Live counts of a run, changed by many threads and read by a display."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xeroml_nb.records.experiment import ItemRun, ItemStatus
from xeroml_nb.records.json_text import preview
from xeroml_nb.records.score import DataType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from xeroml_nb.experiments.frames import RunTable
    from xeroml_nb.records.score import ScoreRecord

_LATEST = 8
_LATENCIES = 2_000
_ERROR_KINDS = 20
_OTHERS = "errors of other types"
_RATE_WINDOW = 10.0
_RATE_STEP = 0.1


@dataclass
class ScoreTally:
    """The running figures of one score name."""

    scored: int = 0
    total: float = 0.0
    categories: Counter[str] = field(default_factory=Counter)

    @property
    def mean(self) -> float | None:
        """The mean so far; None for categories, or where nothing is scored."""
        numbers = self.scored - self.categories.total()
        return self.total / numbers if numbers else None


@dataclass
class ErrorGroup:
    """Failures of one type: how many, and the first of them."""

    kind: str
    count: int
    item_id: str
    message: str


@dataclass(frozen=True)
class LatestRow:
    """A row of the live table, short enough to send to a screen."""

    item_id: str
    status: str
    output: str
    latency: float | None
    scores: dict[str, str]


@dataclass(frozen=True)
class Progress:
    """A moment of a run, as displays show it.

    Args:
        planned: Item runs meant to be done; 0 if that is not known.
        counts: How many item runs are stored with each status.
        running: Item runs being worked on.
        elapsed: Seconds spent running, without pauses before a resume.
        rate: Item runs a second, over the last seconds.
        p50: Median latency in seconds.
        p95: 95 % of the latencies are below it, in seconds.
        scores: Running figures by score name.
        errors: Failures by type, the most frequent first.
        latest: The newest rows, newest first.
    """

    planned: int
    counts: dict[ItemStatus, int]
    running: int
    elapsed: float
    rate: float
    p50: float | None
    p95: float | None
    scores: dict[str, ScoreTally]
    errors: list[ErrorGroup]
    latest: list[LatestRow]

    @property
    def done(self) -> int:
        """Item runs that ended with an output or a failure."""
        return self.succeeded + self.failed

    @property
    def succeeded(self) -> int:
        """Item runs with an output."""
        return self.counts.get(ItemStatus.OK, 0)

    @property
    def failed(self) -> int:
        """Item runs that ended in an error or a time-out."""
        return sum(n for status, n in self.counts.items() if status.is_failure)

    @property
    def eta(self) -> float | None:
        """Seconds to the end at the present rate; None while nothing runs."""
        left = self.planned - self.done
        return left / self.rate if self.rate > 0 and left > 0 and self.running else None


class Tally:
    """Counts what is stored: an item run shows up here only once it is safe.

    Args:
        planned: Item runs meant to be done.
    """

    def __init__(self, planned: int) -> None:
        self.planned = planned
        self._lock = threading.Lock()
        self._counts: Counter[ItemStatus] = Counter()
        self._scores: dict[str, ScoreTally] = {}
        self._errors: dict[str, ErrorGroup] = {}
        self._latencies: deque[float] = deque(maxlen=_LATENCIES)
        self._latest: deque[tuple[ItemRun, Sequence[ScoreRecord]]] = deque(maxlen=_LATEST)
        self._began = time.monotonic()
        self._ended: float | None = None
        self._added = 0
        self._added_at: deque[tuple[float, int]] = deque(maxlen=256)

    def add(self, run: ItemRun, scores: Sequence[ScoreRecord]) -> None:
        """Count an item run that was stored just now, with its scores."""
        with self._lock:
            self._count(run)
            self.add_scores(scores)
            self._latest.append((run, scores))
            self._added += run.status is not ItemStatus.STOPPED
            now = time.monotonic()
            if not self._added_at or now - self._added_at[-1][0] > _RATE_STEP:
                self._added_at.append((now, self._added))

    def restore(self, table: RunTable, troubled: Iterable[ItemRun]) -> None:
        """Count what the store has of the run, and nothing else.

        Args:
            table: All its item runs.
            troubled: Those in which the task or an evaluator failed.
        """
        statuses, latencies = table.columns["status"], table.columns["latency"]
        ok = ItemStatus.OK.value
        pairs = zip(statuses, latencies, strict=True)
        with self._lock:
            for counted in (self._counts, self._latencies, self._errors, self._scores):
                counted.clear()
            self._counts.update({ItemStatus(s): n for s, n in Counter(statuses).items()})
            self._latencies.extend(t for s, t in pairs if s == ok and t is not None)
            for run in troubled:
                self._note_failures(run)
            for name, column in table.scores.items():
                self._scores[name] = ScoreTally(*column.totals())

    def forget(self, run: ItemRun) -> None:
        """Take back an item run that is going to be replaced."""
        with self._lock:
            self._counts[run.status] -= 1
            for found, _ in _failures(run):
                kind = found if found in self._errors else _OTHERS
                if kind in self._errors:
                    self._errors[kind].count -= 1
                    if not self._errors[kind].count:
                        del self._errors[kind]

    def begin(self) -> None:
        """Let the clock go on, if it was stopped."""
        if self._ended is not None:
            self._began += time.monotonic() - self._ended
            self._ended = None

    def end(self) -> None:
        """Stop the clock."""
        self._ended = time.monotonic()

    def add_scores(self, scores: Iterable[ScoreRecord]) -> None:
        """Count scores; the caller holds the lock."""
        for score in scores:
            tally = self._scores.setdefault(score.name, ScoreTally())
            tally.scored += 1
            if score.data_type is DataType.CATEGORICAL:
                tally.categories[str(score.value)] += 1
            else:
                tally.total += float(score.value)

    def progress(self, running: int) -> Progress:
        """The figures of this moment."""
        with self._lock:
            latencies = sorted(self._latencies)
            errors = sorted(self._errors.values(), key=lambda e: -e.count)
            return Progress(
                planned=self.planned,
                counts=dict(self._counts),
                running=running,
                elapsed=(self._ended or time.monotonic()) - self._began,
                rate=self._rate(),
                p50=_share(latencies, 0.5),
                p95=_share(latencies, 0.95),
                scores={
                    n: ScoreTally(t.scored, t.total, Counter(t.categories))
                    for n, t in self._scores.items()
                },
                errors=[ErrorGroup(e.kind, e.count, e.item_id, e.message) for e in errors],
                latest=[_row(*one) for one in reversed(self._latest)],
            )

    def _count(self, run: ItemRun) -> None:
        self._counts[run.status] += 1
        if run.latency is not None and run.status is ItemStatus.OK:
            self._latencies.append(run.latency)
        self._note_failures(run)

    def _note_failures(self, run: ItemRun) -> None:
        for found, message in _failures(run):
            room = found in self._errors or len(self._errors) < _ERROR_KINDS
            kind = found if room else _OTHERS
            group = self._errors.get(kind)
            if group is not None:
                group.count += 1
            else:
                self._errors[kind] = ErrorGroup(kind, 1, run.item_id, preview(message, 300))

    def _rate(self) -> float:
        """Item runs a second: of the last seconds, or over all once the run has ended."""
        now = self._ended or time.monotonic()
        recent = [point for point in self._added_at if now - point[0] <= _RATE_WINDOW]
        if self._ended is not None or len(recent) < 2:  # noqa: PLR2004
            return self._added / max(now - self._began, 1e-9)
        (since, before), (_, after) = recent[0], recent[-1]
        return (after - before) / max(now - since, 1e-9)


def _failures(run: ItemRun) -> list[tuple[str, str]]:
    """Kind and message of what went wrong in an item run: in the task, or in its evaluators."""
    found = [
        (f"{_kind(said)} in evaluator {name}", said) for name, said in run.evaluator_errors.items()
    ]
    if run.status.is_failure:
        found.append((_kind(run.error or run.status.value), run.error or ""))
    return found


def _kind(said: str) -> str:
    return preview(said.partition(":")[0], 80)


def _share(ordered: list[float], share: float) -> float | None:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else None


def _row(run: ItemRun, scores: Sequence[ScoreRecord]) -> LatestRow:
    shown = preview(run.error, 120) if run.error is not None else _short_output(run)
    return LatestRow(
        item_id=run.item_id if run.repetition == 0 else f"{run.item_id} · {run.repetition + 1}",
        status=run.status.value,
        output=shown,
        latency=run.latency,
        scores={s.name: shown_value(s.value) for s in scores},
    )


def _short_output(run: ItemRun) -> str:
    if run.output_json is None:
        return ""
    text = run.output_json
    # A megabyte is not parsed five times a second only to show its beginning.
    return preview(run.output if len(text) < 2_000 else text, 120)  # noqa: PLR2004


def shown_value(value: float | bool | str | None) -> str:  # noqa: FBT001
    """A score's value for people: at most three decimals, none where there are none."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return preview(value, 40)
    return f"{float(value):.3f}".rstrip("0").rstrip(".")
