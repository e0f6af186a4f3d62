"""Which items changed between the baseline and a run, and how far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from xeroml_nb.analysis.verdicts import counted, signed
from xeroml_nb.charts.drawing import FAINT, SCALED, WIDTH, drawn, heading, legend, tooltips
from xeroml_nb.charts.palette import BETTER, GREY, WORSE
from xeroml_nb.charts.reading import chosen, nothing
from xeroml_nb.charts.showing import shown
from xeroml_nb.charts.words import aim, lines, number, short, unique_names
from xeroml_nb.errors import BadInput
from xeroml_nb.records.json_text import preview

if TYPE_CHECKING:
    import pandas as pd

    from xeroml_nb.analysis.comparison import Comparison

_STEP = 18
_INPUT = 80
# How a change is called, to colour and shape; without a direction neither is good.
_LOOKS = {
    "improved": (BETTER, "triangle-up"),
    "regressed": (WORSE, "triangle-down"),
    "higher": (GREY, "triangle-up"),
    "lower": (GREY, "triangle-down"),
}


def changes(
    comparison: Comparison,
    score: str | None = None,
    candidate: str | None = None,
    *,
    limit: int = 40,
) -> alt.LayerChart:
    """One line for each changed item, from the baseline's value to the run's.

    Args:
        comparison: Two runs or more.
        score: A numeric score; the comparison's first by default.
        candidate: The label of the run; the first candidate by default.
        limit: How many items at most: those that changed most.

    Raises:
        NotFound: If there is no such score or run.
        BadInput: If the score is a category, there is one run alone, or no item changed.
    """
    if limit < 1:
        raise BadInput(f"limit={limit} shows no item.", "Use 1 or more.")
    if score is not None:
        chosen(comparison, score, "numeric", "categories")
    found = comparison.difference(score, candidate)
    changed_by = comparison.changes(found.score, found.run)
    changed = changed_by.rows[changed_by.rows["change"].isin(_LOOKS)]
    if changed.empty:
        raise nothing(found.score, comparison, "no item changed")
    picked = _largest(changed, limit)
    title = f"{short(found.score)}: changed items, {short(found.baseline)} to {short(found.run)}"
    axis = f"{short(found.score)}{aim(found.direction)}"
    chart = _dumbbells(_rows(changed_by.to_frame(picked)), axis)
    words = _subtitle(changed, picked, found.n)
    return shown(chart.properties(width=WIDTH, height=alt.Step(_STEP), title=heading(title, words)))


def _largest(changed: pd.DataFrame, limit: int) -> pd.DataFrame:
    """Those that changed most, the greatest rise first; of equal ones by id, so both ways."""
    ordered = changed.assign(size=changed["delta"].abs()).sort_values(
        ["size", "item_id"], ascending=[False, True]
    )
    return ordered.head(limit).sort_values("delta", ascending=False, kind="stable")


def _subtitle(changed: pd.DataFrame, picked: pd.DataFrame, shared: int) -> list[str]:
    kinds = changed["change"].value_counts()
    told = " · ".join(f"{kinds[kind]:,} {kind}" for kind in _LOOKS if kind in kinds)
    largest = ", those that changed most" if len(picked) < len(changed) else ""
    cut = f"{len(picked):,} of {counted(len(changed), 'changed item')}{largest}"
    return lines(cut, f"{told} · n = {counted(shared, 'shared item')}")


def _rows(picked: pd.DataFrame) -> list[dict[str, Any]]:
    names = unique_names(picked["item_id"], 28)
    return [
        {
            "item": name,
            "first": first,
            "second": second,
            "change": change,
            "said": f"{number(first)} → {number(second)} ({signed(second - first)})",
            "input": short(preview(given, _INPUT), _INPUT),
        }
        for name, first, second, change, given in zip(
            names,
            picked["baseline_score"].tolist(),
            picked["score"].tolist(),
            picked["change"],
            picked["input"],
            strict=True,
        )
    ]


def _dumbbells(rows: list[dict[str, Any]], axis: str) -> alt.LayerChart:
    kinds = [kind for kind in _LOOKS if any(row["change"] == kind for row in rows)]
    colours, shapes = zip(*(_LOOKS[kind] for kind in kinds), strict=True)
    below = legend()
    colour = alt.Color("change:N", scale=alt.Scale(domain=kinds, range=colours), legend=below)
    shape = alt.Shape("change:N", scale=alt.Scale(domain=kinds, range=shapes), legend=below)
    x = alt.X("first:Q", title=axis, **SCALED)
    base = drawn(rows)
    spans = base.mark_rule(strokeWidth=2).encode(x=x, x2="second:Q", color=colour)
    starts = base.mark_point(filled=True, color=GREY, size=45, opacity=1).encode(x=x)
    ends = base.mark_point(filled=True, size=80, opacity=1).encode(
        x=alt.X("second:Q", title=axis, **SCALED), color=colour, shape=shape
    )
    return alt.layer(spans, starts, ends).encode(
        y=alt.Y(
            "item:N",
            title=None,
            scale=alt.Scale(domain=[row["item"] for row in rows]),
            axis=alt.Axis(
                labelLimit=200,
                labelPadding=6,
                ticks=False,
                domain=False,
                grid=True,
                gridOpacity=FAINT,
            ),
        ),
        tooltip=tooltips(item="item", said="score", change="change", input="input"),
    )
