"""A score against what it costs: time, money or any other number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from xeroml_nb.analysis.statistics.intervals import mean_interval
from xeroml_nb.analysis.verdicts import counted
from xeroml_nb.charts.drawing import SCALED, WIDTH, drawn, heading, legend, tooltips
from xeroml_nb.charts.palette import GREY
from xeroml_nb.charts.pareto import pareto_front
from xeroml_nb.charts.reading import as_comparison, chosen, marks_of, nothing
from xeroml_nb.charts.showing import shown
from xeroml_nb.charts.words import aim, counts, finite, interval, lines, number, short
from xeroml_nb.errors import BadInput, NotFound

if TYPE_CHECKING:
    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.charts.palette import RunMarks
    from xeroml_nb.charts.reading import Drawn

_TITLES = {"latency_s": "latency, seconds an item", "cost": "cost an item"}
_HEIGHT = 320
_GROUPS = 5
_FEW_RUNS = 4
_LEAST_ITEMS = 40


def against(what: Drawn, score: str, measure: str = "latency_s") -> alt.LayerChart:
    """One point a run, with intervals both ways, and the runs that no other run beats in both.

    A dashed line joins those, the Pareto front. With few runs, small marks show the means of five
    equal groups of items, from those with the lowest measure to those with the highest.

    Args:
        what: A comparison, an experiment or several.
        score: A numeric score; upwards.
        measure: "latency_s", "cost", or another numeric score; to the right.

    Raises:
        NotFound: If there is no such score or measure.
        BadInput: If the score is a category, no cost was recorded, or no item has both.
    """
    comparison = as_comparison(what)
    chosen(comparison, score, "numeric", "categories")
    scores, measures = comparison.values(score), _measures(comparison, measure)
    marks = marks_of(comparison)
    pairs = {
        name: pd.DataFrame({"x": measures[label], "y": scores[label]}, dtype="float64").dropna()
        for label, name in zip(marks.labels, marks.names, strict=True)
    }
    rows = [_row(name, pair) for name, pair in pairs.items() if len(pair)]
    if not rows:
        raise nothing(score, comparison, f"no item has it and {measure!r}")
    aims = _aim_of(comparison, measure), comparison.direction(score)
    front = pareto_front([(row["x"], row["y"]) for row in rows], aims)
    called = _TITLES.get(measure, f"mean {short(measure)}")
    x = {"title": f"{called}{aim(aims[0])}", **SCALED}
    y = {"title": f"mean {short(score)}{aim(aims[1])}", **SCALED}
    groups = _groups(pairs) if len(rows) <= _FEW_RUNS else []
    layers = [
        *([_small(groups, x, y, marks)] if groups else []),
        _front([row for row, best in zip(rows, front, strict=True) if best], x, y),
        _points(rows, x, y, marks),
    ]
    title = f"{short(score)} against {short(measure.removesuffix('_s'))}"
    words = _subtitle([row["items"] for row in rows], joined=sum(front) > 1, grouped=bool(groups))
    chart = alt.layer(*layers).properties(width=WIDTH + 80, height=_HEIGHT)
    return shown(chart.properties(title=heading(title, words)))


def _measures(comparison: Comparison, measure: str) -> pd.DataFrame:
    if measure in comparison.numeric:
        return comparison.values(measure)
    if measure == "latency_s":
        return comparison.latencies()
    if measure == "cost":
        costs = comparison.costs()
        if costs.isna().all(axis=None):
            raise BadInput(
                "No cost was recorded in these experiments.",
                "Record it in the task with observation.update(cost=0.002), or use "
                "measure='latency_s'.",
            )
        return costs
    raise NotFound("measure", measure, ["latency_s", *comparison.numeric])


def _aim_of(comparison: Comparison, measure: str) -> str:
    """Less time and less money are better; of a score its rubric says it."""
    if measure in {"latency_s", "cost"}:
        return "lower"
    return comparison.direction(measure)


def _row(run: str, pair: pd.DataFrame) -> dict[str, Any]:
    x, y = mean_interval(pair["x"].to_numpy()), mean_interval(pair["y"].to_numpy())
    return {
        "run": run,
        "x": finite(x.estimate),
        "x_low": finite(x.low),
        "x_high": finite(x.high),
        "y": finite(y.estimate),
        "y_low": finite(y.low),
        "y_high": finite(y.high),
        "x_said": f"{number(x.estimate)}{interval(x.low, x.high)}",
        "y_said": f"{number(y.estimate)}{interval(y.low, y.high)}",
        "items": y.n,
    }


def _groups(pairs: dict[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """The means of each run's items in groups of equal size and growing measure."""
    rows = []
    for name, pair in pairs.items():
        if len(pair) < _LEAST_ITEMS or pair["x"].nunique() < _GROUPS:
            continue
        place = pair["x"].rank(method="first").astype(int) - 1
        for group, items in pair.groupby(place * _GROUPS // len(pair)):
            x, y = float(items["x"].mean()), float(items["y"].mean())
            said = f"group {int(str(group)) + 1} of {_GROUPS}: {counted(len(items), 'item')}"
            row = {"run": name, "x": x, "y": y, "x_said": number(x), "y_said": number(y)}
            rows.append({**row, "said": said})
    return rows


def _subtitle(ns: list[int], *, joined: bool, grouped: bool) -> list[str]:
    return lines(
        f"{counted(len(ns), 'run')} · n = {counts(ns)} items a run with both",
        "bars are 95 % intervals",
        "the dashed line joins the runs that no other run beats in both" if joined else "",
        f"small marks are {_GROUPS} equal groups of each run's items" if grouped else "",
    )


def _points(
    rows: list[dict[str, Any]], x: dict[str, Any], y: dict[str, Any], marks: RunMarks
) -> alt.LayerChart:
    key = legend(columns=2)
    base = drawn(rows)
    bars = base.mark_rule(strokeWidth=2)
    points = base.mark_point(filled=True, size=150, opacity=1)
    return alt.layer(
        bars.encode(x=alt.X("x_low:Q", **x), x2="x_high:Q", y=alt.Y("y:Q", **y)),
        bars.encode(x=alt.X("x:Q", **x), y=alt.Y("y_low:Q", **y), y2="y_high:Q"),
        points.encode(x=alt.X("x:Q", **x), y=alt.Y("y:Q", **y), shape=marks.shape(key)),
    ).encode(
        color=marks.colour(key),
        tooltip=tooltips(run="run", y_said="score", x_said="measure", items="items"),
    )


def _front(rows: list[dict[str, Any]], x: dict[str, Any], y: dict[str, Any]) -> alt.Chart:
    places = [{"x": row["x"], "y": row["y"]} for row in rows]
    line = drawn(places).mark_line(color=GREY, strokeDash=[6, 4], strokeWidth=1.5)
    return line.encode(x=alt.X("x:Q", **x), y=alt.Y("y:Q", **y), order="x:Q")


def _small(
    groups: list[dict[str, Any]], x: dict[str, Any], y: dict[str, Any], marks: RunMarks
) -> alt.LayerChart:
    key = legend(columns=2)
    base = drawn(groups)
    thread = base.mark_line(strokeWidth=1, strokeDash=[1, 3])
    dots = base.mark_point(filled=False, size=36, opacity=1, strokeWidth=1.5)
    return alt.layer(thread, dots.encode(shape=marks.shape(key))).encode(
        x=alt.X("x:Q", **x),
        y=alt.Y("y:Q", **y),
        color=marks.colour(key),
        tooltip=tooltips(run="run", said="items", y_said="mean score", x_said="mean measure"),
    )
