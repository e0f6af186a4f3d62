"""The mean of each score in each run, with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from xeroml_nb.analysis.verdicts import counted
from xeroml_nb.charts.drawing import ROW, SCALED, SHARED, WIDTH, drawn, heading, rows_of, tooltips
from xeroml_nb.charts.reading import as_comparison, marks_of, nothing, numeric_scores
from xeroml_nb.charts.showing import shown
from xeroml_nb.charts.words import (
    aim,
    counts,
    finite,
    interval,
    lines,
    number,
    short,
    unique_names,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.analysis.verdicts import Estimate
    from xeroml_nb.charts.palette import RunMarks
    from xeroml_nb.charts.reading import Drawn


def summary(what: Drawn, scores: Sequence[str] | None = None) -> alt.VConcatChart:
    """A dot and an interval for each run, below each other, and each score with its own axis.

    Args:
        what: A comparison, an experiment or several.
        scores: The numeric scores to show; all by default.

    Raises:
        NotFound: If there is no such score.
        BadInput: If a score is a category, or no run has a value of any.
    """
    comparison = as_comparison(what)
    names = numeric_scores(comparison, scores)
    wanted = [e for e in comparison.estimates if e.score in names]
    if not any(e.n for e in wanted):
        raise nothing(names[0], comparison, "no item run has a value")
    marks = marks_of(comparison)
    charts = [
        _one_score(comparison, name, title, [e for e in wanted if e.score == name], marks)
        for name, title in zip(names, unique_names(names), strict=True)
    ]
    said = f"{counted(len(marks.labels), 'run')} · n = {counts([e.n for e in wanted])} scored items"
    chart = alt.vconcat(*charts, spacing=24).properties(
        title=heading("Mean scores by run", lines(f"{said} a run · bars are 95 % intervals"))
    )
    return shown(chart)


def _one_score(
    comparison: Comparison, name: str, title: str, estimates: list[Estimate], marks: RunMarks
) -> alt.LayerChart:
    rows = [_row(estimate, marks) for estimate in estimates]
    ends = [row[end] for row in rows for end in ("low", "mean", "high") if row[end] is not None]
    share = bool(ends) and min(ends) >= 0 and max(ends) <= 1
    scaled = SHARED if share else SCALED
    axis = f"mean{aim(comparison.direction(name))}"
    x = alt.X("low:Q", title=axis, **scaled)
    base = drawn(rows)
    bars = base.mark_rule(strokeWidth=3).encode(x=x, x2="high:Q")
    dots = base.mark_point(filled=True, size=120, opacity=1).encode(
        x=alt.X("mean:Q", title=axis, **scaled), shape=marks.shape()
    )
    every = alt.layer(bars, dots).encode(
        y=rows_of([row["row"] for row in rows]), color=marks.colour(), tooltip=_tips()
    )
    return every.properties(
        width=WIDTH,
        height=alt.Step(ROW),
        title=alt.TitleParams(short(title), anchor="start", fontSize=13, frame="group"),
    )


def _row(estimate: Estimate, marks: RunMarks) -> dict[str, Any]:
    run = marks.name(estimate.run)
    low, mean, high = finite(estimate.low), finite(estimate.mean), finite(estimate.high)
    said = f"{number(mean)}{interval(low, high)}"
    return {
        "row": f"{run}\n{said} · {_counted(estimate)}",
        "run": run,
        "mean": mean,
        "low": low,
        "high": high,
        "said": said,
        "n": f"{estimate.n:,}",
        "attempted": f"{estimate.attempted:,}",
        "failed": f"{estimate.failed:,}",
        "unscored": f"{estimate.unscored:,}",
        "method": estimate.method or "–",
    }


def _counted(estimate: Estimate) -> str:
    parts = [f"n {estimate.n:,}"]
    if estimate.failed:
        parts.append(f"{estimate.failed:,} failed")
    if estimate.unscored:
        parts.append(f"{estimate.unscored:,} not scored")
    return " · ".join(parts)


def _tips() -> list[alt.Tooltip]:
    return tooltips(
        run="run",
        said="mean and interval",
        n="items scored",
        attempted="attempted",
        failed="failed",
        unscored="not scored",
        method="interval by",
    )
