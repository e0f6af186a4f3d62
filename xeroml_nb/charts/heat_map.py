"""Items against runs: where runs disagree, and where they fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

from xeroml_nb.analysis.verdicts import counted
from xeroml_nb.charts.drawing import LETTER, WIDTH, drawn, heading, inked, tooltips
from xeroml_nb.charts.palette import BLACK, DARK_FROM, GREY, SHADES, WHITE
from xeroml_nb.charts.reading import as_comparison, chosen, failures, marks_of, nothing
from xeroml_nb.charts.showing import shown
from xeroml_nb.charts.words import aim, lines, number, short, unique_names
from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

    from xeroml_nb.charts.palette import RunMarks
    from xeroml_nb.charts.reading import Drawn

_STEP = 17
_MOST_CELLS = 400
_FAILED, _MISSING = "×", "–"


def heat_map(what: Drawn, score: str, limit: int = 100) -> alt.LayerChart:
    """One cell an item and run; the items on which the runs differ most come first.

    A failed item run is a cross, one without the score is a dash, both without a colour.

    Args:
        what: A comparison, an experiment or several.
        score: A numeric score.
        limit: How many items at most; fewer where the runs are many.

    Raises:
        NotFound: If there is no such score.
        BadInput: If the score is a category, or there is no shared item.
    """
    if limit < 1:
        raise BadInput(f"limit={limit} shows no item.", "Use 1 or more.")
    comparison = as_comparison(what)
    chosen(comparison, score, "numeric", "categories")
    frame = comparison.values(score)
    if frame.empty:
        raise nothing(score, comparison, "the runs share no item")
    marks = marks_of(comparison)
    failed = failures(comparison).reindex(frame.index, fill_value=False)
    shown_items = _most_apart(frame, min(limit, max(1, _MOST_CELLS // len(marks.labels))))
    rows = _cells(frame.loc[shown_items], failed.loc[shown_items], marks)
    title = f"{short(score)}: items and runs"
    said = f"{len(shown_items):,} of n = {counted(len(frame), 'shared item')}"
    order = "those on which the runs differ most come first"
    signs = f"{_FAILED} failed · {_MISSING} not scored"
    axis = f"{short(score)}{aim(comparison.direction(score))}"
    chart = _grid(rows, marks, axis)
    return shown(chart.properties(title=heading(title, lines(f"{said}, {order}", signs))))


def _most_apart(frame: pd.DataFrame, limit: int) -> list[Any]:
    """The items with the widest span of values; of equal ones, those with more gaps."""
    order = frame.assign(
        span=(frame.max(axis=1) - frame.min(axis=1)).fillna(0.0),
        gaps=frame.isna().sum(axis=1),
    ).sort_values(["span", "gaps"], ascending=False, kind="stable")
    return list(order.index[:limit])


def _cells(frame: pd.DataFrame, failed: pd.DataFrame, marks: RunMarks) -> list[dict[str, Any]]:
    values = frame[list(marks.labels)].to_numpy(dtype="float64")
    is_failed = failed[list(marks.labels)].to_numpy(dtype=bool)
    known = values[np.isfinite(values)]
    low, high = (known.min(), known.max()) if known.size else (0.0, 1.0)
    rows = []
    for item, line, fails in zip(unique_names(frame.index, 26), values, is_failed, strict=True):
        for name, value, fail in zip(marks.names, line, fails, strict=True):
            if np.isfinite(value):
                dark = high > low and (value - low) / (high - low) > DARK_FROM
                rows.append(_cell(item, name, float(value), WHITE if dark else BLACK))
            else:
                rows.append(_gap(item, name, _FAILED if fail else _MISSING))
    return rows


def _cell(item: str, run: str, value: float, ink: str) -> dict[str, Any]:
    return {"item": item, "run": run, "value": value, "text": number(value), "ink": ink}


def _gap(item: str, run: str, sign: str) -> dict[str, Any]:
    return {"item": item, "run": run, "value": None, "text": sign, "ink": GREY}


def _grid(rows: list[dict[str, Any]], marks: RunMarks, axis: str) -> alt.LayerChart:
    items = list(dict.fromkeys(row["item"] for row in rows))
    wide = max(44, min(130, WIDTH // len(marks.names)))
    fits = max(map(len, marks.names)) * LETTER < wide
    top = alt.Axis(
        orient="top", labelAngle=0 if fits else -35, labelLimit=200, ticks=False, labelPadding=6
    )
    x = alt.X("run:N", title=None, scale=alt.Scale(domain=list(marks.names)), axis=top)
    left = alt.Axis(labelLimit=190, labelPadding=6, ticks=False, domain=False)
    y = alt.Y("item:N", title=None, scale=alt.Scale(domain=items), axis=left)
    tips = tooltips(item="item", run="run", text="score")
    right = alt.Legend(title=axis, orient="bottom", gradientLength=200, titleLimit=300)
    base = drawn(rows)
    full = base.transform_filter("datum.value !== null")
    cells = full.mark_rect(stroke=GREY, strokeWidth=0.4).encode(
        color=alt.Color("value:Q", scale=alt.Scale(range=list(SHADES)), legend=right)
    )
    words = full.mark_text(fontSize=10).encode(text="text:N", color=inked())
    gaps = base.transform_filter("datum.value === null")
    signs = gaps.mark_text(fontSize=15, fontWeight="bold", color=GREY).encode(text="text:N")
    grid = alt.layer(cells, words, signs).encode(x=x, y=y, tooltip=tips)
    return grid.properties(width=alt.Step(wide), height=alt.Step(_STEP))
