"""How far each run is from the baseline, item by item: a forest of paired differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from xeroml_nb.analysis.verdicts import shown_p, signed
from xeroml_nb.charts.drawing import ROW, SCALED, WIDTH, drawn, heading, rows_of, tooltips
from xeroml_nb.charts.palette import BETTER, GREY, WORSE
from xeroml_nb.charts.reading import marks_of, nothing, numeric_scores
from xeroml_nb.charts.showing import shown
from xeroml_nb.charts.words import (
    counts,
    finite,
    interval,
    lines,
    number,
    short,
    unique_names,
)
from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.analysis.verdicts import ScoreDifference
    from xeroml_nb.charts.palette import RunMarks

# Verdict to colour, shape and glyph; one without a direction has a shape and no colour.
_VERDICTS = {
    "better": (BETTER, "triangle-up", "▲"),
    "worse": (WORSE, "triangle-down", "▼"),
    "higher": (GREY, "triangle-up", "▲"),
    "lower": (GREY, "triangle-down", "▼"),
    "not distinguishable": (GREY, "circle", "–"),
    "cannot tell": (GREY, "cross", "?"),
}
# The line at zero is the only one.
_SCALED = {**SCALED, "axis": alt.Axis(tickCount=6, grid=False)}
_SIDES = {
    "higher": "← worse, better →",
    "lower": "← better, worse → (lower is better)",
    "none": "← lower, higher →",
}


def differences(comparison: Comparison, scores: Sequence[str] | None = None) -> alt.VConcatChart:
    """The paired difference of each run from the baseline, with interval, zero line and verdict.

    Args:
        comparison: Two runs or more.
        scores: The numeric scores to show; all by default.

    Raises:
        NotFound: If there is no such score.
        BadInput: If a score is a category, there is one run alone, or no item is shared.
    """
    if not comparison.candidates:
        raise BadInput(
            f"There is no run to hold against {comparison.baseline.label}.",
            "Compare two experiments, or use summary(...).",
        )
    names = numeric_scores(comparison, scores)
    wanted = [d for d in comparison.differences if d.score in names]
    if not any(d.n for d in wanted):
        raise nothing(names[0], comparison, "no item has a value in both runs")
    marks = marks_of(comparison)
    titles = unique_names(names)
    charts = [
        _one_score(title, [d for d in wanted if d.score == name], marks)
        for name, title in zip(names, titles, strict=True)
    ]
    said = f"n = {counts([d.n for d in wanted])} shared items · bars are 95 % intervals"
    title = f"Difference from {short(comparison.baseline.label)}"
    chart = alt.vconcat(*charts, spacing=24).properties(title=heading(title, lines(said)))
    return shown(chart)


def _one_score(title: str, found: list[ScoreDifference], marks: RunMarks) -> alt.LayerChart:
    rows = [_row(difference, marks) for difference in found]
    axis = f"paired difference in mean: {_SIDES[found[0].direction]}"
    base = drawn(rows)
    zero = drawn([{"zero": 0}]).mark_rule(color=GREY, strokeWidth=1.5).encode(x="zero:Q")
    bars = base.mark_rule(strokeWidth=3).encode(
        x=alt.X("low:Q", title=axis, **_SCALED), x2="high:Q"
    )
    dots = base.mark_point(filled=True, size=150, opacity=1).encode(
        x=alt.X("difference:Q", title=axis, **_SCALED), shape=_shape()
    )
    found_rows = alt.layer(bars, dots).encode(
        y=rows_of([row["row"] for row in rows]), color=_colour(), tooltip=_tips()
    )
    return alt.layer(zero, found_rows).properties(
        width=WIDTH,
        height=alt.Step(ROW),
        title=alt.TitleParams(title, anchor="start", fontSize=13, frame="group"),
    )


def _row(found: ScoreDifference, marks: RunMarks) -> dict[str, Any]:
    run = marks.name(found.run)
    low, middle, high = finite(found.low), finite(found.difference), finite(found.high)
    glyph = _VERDICTS[found.verdict][2]
    items = f"{found.wins:,} better · {found.ties:,} same · {found.losses:,} worse"
    if found.direction == "none":
        items = f"{found.wins:,} higher · {found.ties:,} same · {found.losses:,} lower"
    return {
        "row": f"{glyph} {run}\n{items}",
        "run": run,
        "difference": middle,
        "low": low,
        "high": high,
        "verdict": found.verdict,
        "said": f"{number(middle) if middle is None else signed(middle)}"
        f"{interval(low, high, signed)}",
        "p": _p(found.p_value),
        "adjusted": _p(found.p_adjusted),
        "items": items,
        "n": f"{found.n:,}",
        "detectable": "–" if found.detectable is None else f"±{number(found.detectable)}",
    }


def _p(value: float | None) -> str:
    return "–" if value is None else shown_p(value)


def _colour() -> alt.Color:
    colours = [colour for colour, _, _ in _VERDICTS.values()]
    scale = alt.Scale(domain=list(_VERDICTS), range=colours)
    return alt.Color("verdict:N", scale=scale, legend=None)


def _shape() -> alt.Shape:
    shapes = [shape for _, shape, _ in _VERDICTS.values()]
    scale = alt.Scale(domain=list(_VERDICTS), range=shapes)
    return alt.Shape("verdict:N", scale=scale, legend=None)


def _tips() -> list[alt.Tooltip]:
    return tooltips(
        run="run",
        said="difference and interval",
        verdict="verdict",
        items="items",
        n="shared items",
        p="p",
        adjusted="p, adjusted",
        detectable="could have seen",
    )
