"""How the values of a numeric score are spread in each run."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

from xeroml_nb.analysis.verdicts import counted
from xeroml_nb.charts.drawing import FAINT, WIDTH, heading, tooltips
from xeroml_nb.charts.palette import BLACK, OUTLINE, WHITE
from xeroml_nb.charts.reading import as_comparison, chosen, marks_of, nothing
from xeroml_nb.charts.showing import shown
from xeroml_nb.charts.words import aim, counts, lines, number, percent, short

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from xeroml_nb.charts.reading import Drawn

_FEW = 12
_BEYOND = "the outer bars hold what lies beyond them"
_OUTER = (0.5, 99.5)
_FAR = 3.0
_THINNEST = 0.02
_MOST_BARS = 480
_BINS = (8, 24)
_ROOMY = 6
_LEGEND = "bars are shares of the items · the line is the mean"


@dataclass(frozen=True, slots=True)
class _Bins:
    """Where bars begin and end, and what each is called."""

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    names: list[str]
    ticks: list[float] | None = None
    cut: bool = False

    def counts(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """How many values fall into each; the outer ones hold what lies beyond them."""
        last = len(self.starts) - 1
        place = np.searchsorted(self.starts, values, side="right") - 1
        return np.bincount(np.clip(place, 0, last), minlength=last + 1)


def distribution(what: Drawn, score: str) -> alt.FacetChart:
    """A histogram for each run, below each other on one axis, with its mean marked.

    A score with few different values has one bar a value. Where items were run several times,
    an item's value is the mean of its repetitions.

    Args:
        what: A comparison, an experiment or several.
        score: A numeric score.

    Raises:
        NotFound: If there is no such score.
        BadInput: If the score is a category, or no item has a value.
    """
    comparison = as_comparison(what)
    chosen(comparison, score, "numeric", "categories")
    frame = comparison.values(score)
    marks = marks_of(comparison)
    columns = [_known(frame[label]) for label in marks.labels]
    every = np.concatenate(columns)
    if not every.size:
        raise nothing(score, comparison, "no shared item has a value")
    bins = _bins(every, len(columns))
    panels = zip(marks.names, columns, strict=True)
    rows = [row for name, values in panels for row in _bars(name, values, bins)]
    axis = f"{short(score)}{aim(comparison.direction(score))}"
    chart = _facets(rows, bins, axis, marks.colour())
    ns = [values.size for values in columns]
    said = f"{counted(len(ns), 'run')} · n = {counts(ns)} scored items a run"
    return shown(
        chart.properties(
            title=heading(
                f"Distribution of {short(score)}", lines(said, _LEGEND, _BEYOND if bins.cut else "")
            )
        )
    )


def _known(column: pd.Series[float]) -> NDArray[np.float64]:
    values = np.asarray(column, dtype=np.float64)
    return values[np.isfinite(values)]


def _bins(every: NDArray[np.float64], runs: int) -> _Bins:
    """A bar a value where those are few, else bars of equal width over all runs."""
    values = np.unique(every)
    gap = float(np.diff(values).min()) if len(values) > 1 else 1.0
    if len(values) <= _FEW and gap >= _THINNEST * float(np.ptp(values)):
        half = 0.4 * gap
        names = [number(float(value)) for value in values]
        return _Bins(values - half, values + half, names, values.tolist())
    low, high = np.percentile(every, _OUTER)
    cut = bool(high > low and np.ptp(values) > _FAR * (high - low))
    inner = np.clip(every, low, high) if cut else every
    edges = np.histogram_bin_edges(inner, max(_BINS[0], min(_BINS[1], _MOST_BARS // runs)))
    names = [f"{number(low)} to {number(high)}" for low, high in pairwise(edges.tolist())]
    if cut:
        names[0], names[-1] = f"up to {number(edges[1])}", f"{number(edges[-2])} and more"
    return _Bins(edges[:-1], edges[1:], names, cut=cut)


def _bars(run: str, values: NDArray[np.float64], bins: _Bins) -> list[dict[str, Any]]:
    mean = float(values.mean()) if values.size else None
    row = f"{run} · mean {number(mean)} · n {values.size:,}"
    same = {"row": row, "run": run, "mean": mean}
    found = [
        {
            **same,
            "start": start,
            "end": end,
            "share": n / values.size,
            "span": name,
            "said": f"{counted(n, 'item')} ({percent(n / values.size)})",
        }
        for start, end, name, n in zip(
            bins.starts.tolist(),
            bins.ends.tolist(),
            bins.names,
            bins.counts(values).tolist(),
            strict=True,
        )
        if n
    ]
    # A run without a value keeps its place.
    return found or [{**same, "start": None, "end": None, "share": None}]


def _facets(
    rows: list[dict[str, Any]], bins: _Bins, axis: str, colour: alt.Color
) -> alt.FacetChart:
    order = list(dict.fromkeys(row["row"] for row in rows))
    ticks = (
        alt.Axis(tickCount=6, gridOpacity=FAINT)
        if bins.ticks is None
        else alt.Axis(values=bins.ticks, format="~g", gridOpacity=FAINT)
    )
    ends = [float(bins.starts[0]), float(bins.ends[-1])]
    span = alt.Scale(domain=ends, nice=bins.ticks is None, padding=10)
    base = alt.Chart().properties(height=72 if len(order) <= _ROOMY else 44, width=WIDTH + 80)
    bars = base.mark_bar(stroke=OUTLINE, strokeWidth=0.5, orient="vertical").encode(
        x=alt.X("start:Q", title=axis, scale=span, axis=ticks),
        x2="end:Q",
        y=alt.Y("share:Q", title=None, axis=alt.Axis(format="%", tickCount=2, gridOpacity=FAINT)),
        y2=alt.datum(0),
        color=colour,
        tooltip=tooltips(run="run", span="score", said="items"),
    )
    # Light around dark stands out from every bar and every ground.
    mean = alt.X("mean:Q", aggregate="min", title=axis)
    around = base.mark_rule(color=WHITE, strokeWidth=5, clip=True).encode(x=mean)
    line = base.mark_rule(color=BLACK, strokeWidth=2, clip=True).encode(x=mean)
    header = alt.Header(
        labelOrient="top", labelAnchor="start", labelPadding=3, labelLimit=WIDTH, labelFontSize=11
    )
    return alt.layer(bars, around, line, data=alt.InlineData(values=rows)).facet(
        row=alt.Row("row:N", title=None, sort=order, header=header), spacing=10
    )
