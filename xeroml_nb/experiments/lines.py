"""A run in one line of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.experiments.tally import shown_value
from xeroml_nb.records.experiment import ExperimentStatus

if TYPE_CHECKING:
    from xeroml_nb.experiments.tally import Progress, ScoreTally

_MARKS = {
    ExperimentStatus.FINISHED: "✓",
    ExperimentStatus.STOPPED: "■",
    ExperimentStatus.RUNNING: "▶",
    ExperimentStatus.OPEN: "○",
}


def progress_line(label: str, progress: Progress) -> str:
    """How far a run is: "triage_v2 #3 · 41/64 · 12.4 items/s · ETA 2 s · 1 failed"."""
    parts = [label, f"{progress.done}/{progress.planned}", f"{progress.rate:.1f} items/s"]
    if progress.eta is not None:
        parts.append(f"ETA {seconds(progress.eta)}")
    if progress.failed:
        parts.append(f"{progress.failed} failed")
    return " · ".join([*parts, *_scores(progress)])


def summary_line(label: str, status: ExperimentStatus, progress: Progress) -> str:
    """How a run ended: "✓ triage_v2 #3 · 64 attempted · 63 ok · 1 failed · accuracy 0.84"."""
    parts = [f"{_MARKS[status]} {label}"]
    if status is not ExperimentStatus.FINISHED:
        parts.append(status.value)
    parts.append(f"{progress.done} attempted")
    parts.append(f"{progress.succeeded} ok")
    parts.append(f"{progress.failed} failed")
    left = progress.planned - progress.done
    if left > 0:
        parts.append(f"{left} not run")
    return " · ".join([*parts, *_scores(progress), seconds(progress.elapsed)])


def score_figure(tally: ScoreTally, succeeded: int) -> str:
    """A score's figure with its denominator: "0.83 (n 40, 1 unscored)"."""
    unscored = succeeded - tally.scored
    count = f"n {tally.scored}" + (f", {unscored} unscored" if unscored > 0 else "")
    if tally.mean is not None:
        return f"{shown_value(tally.mean)} ({count})"
    most = ", ".join(f"{shown_value(c)} {n}" for c, n in tally.categories.most_common(3))
    return f"{most} ({count})"


def seconds(duration: float) -> str:
    """A duration for people: "310 ms", "5.3 s", "4 min 10 s", "2 h 5 min"."""
    if duration < 1:
        return f"{duration * 1000:.0f} ms"
    if duration < 60:  # noqa: PLR2004
        return f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    if minutes < 60:  # noqa: PLR2004
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _scores(progress: Progress) -> list[str]:
    found = sorted(progress.scores.items())
    return [f"{name} {score_figure(tally, progress.succeeded)}" for name, tally in found]
