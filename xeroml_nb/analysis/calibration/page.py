"""A calibration as HTML: what it found, the means with their intervals, the table of verdicts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from xeroml_nb.analysis.calibration.words import MOST, sentences, way_of, within
from xeroml_nb.analysis.verdicts import counted, shown
from xeroml_nb.experiments.markup import NO_FORMULAS, Markup, join, tag
from xeroml_nb.records.json_text import clean_text, preview

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt
    import pandas as pd

    from xeroml_nb.analysis.calibration.calibration import Calibration

_NAME = 28
# An axis is no shorter; and a judge's mean this many widths away would make the rest a dot.
_NARROWEST = 1e-6
_FAR = 12
_NOTHING = Markup("")
_STYLE = Markup("""
.xeroml-calibration { --line: #8884; --dot: #0072b2;
  color: var(--jp-ui-font-color1, var(--vscode-foreground, inherit)); line-height: 1.5;
  font-family: var(--jp-ui-font-family, system-ui, sans-serif);
  font-size: var(--jp-ui-font-size1, 13px); }
:is([data-jp-theme-light="false"], .vscode-dark) .xeroml-calibration { --dot: #56b4e9; }
.xeroml-calibration p { margin: .15em 0; overflow-wrap: anywhere; }
.xeroml-calibration .title { font-size: 115%; margin-bottom: .4em; }
.xeroml-calibration .dim { opacity: .72; }
.xeroml-calibration .parts { display: flex; flex-wrap: wrap; gap: 1.2em 3em; margin: 1em 0; }
.xeroml-calibration .parts > div { overflow-x: auto; flex: 0 1 auto; max-width: 100%; }
.xeroml-calibration caption { text-align: left; padding-bottom: .3em; opacity: .72; }
.xeroml-calibration table { border-collapse: collapse; margin: 0;
  font-variant-numeric: tabular-nums; }
/* Named thrice to win over the host's own stripes and alignment. */
.xeroml-calibration.xeroml-calibration.xeroml-calibration :is(tr, tr:nth-child(n)) {
  background: none; }
.xeroml-calibration.xeroml-calibration.xeroml-calibration :is(th, td) { background: none;
  padding: .3em 1em .3em 0; font-weight: 400; text-align: left; white-space: nowrap; }
.xeroml-calibration .means tbody tr { border-bottom: 1px solid var(--line); }
.xeroml-calibration.xeroml-calibration.xeroml-calibration.xeroml-calibration .best {
  font-weight: 600; }
.xeroml-calibration.xeroml-calibration.xeroml-calibration .means thead th { white-space: normal;
  max-width: 8em; vertical-align: bottom; }
.xeroml-calibration .bar { position: relative; display: block; width: 190px; height: 1.1em;
  border-left: 1px solid var(--line); border-right: 1px solid var(--line); }
.xeroml-calibration .bar i { position: absolute; top: calc(50% - 1px); height: 2px;
  background: var(--dot); }
.xeroml-calibration .bar b { position: absolute; top: calc(50% - 4px); width: 8px; height: 8px;
  margin-left: -4px; border-radius: 50%; background: var(--dot); }
.xeroml-calibration .axis { display: flex; justify-content: space-between; width: 190px; }
@media (max-width: 720px) { .xeroml-calibration :is(.bar, .axis) { width: 90px; } }
.xeroml-calibration table.heat { border-collapse: separate; border-spacing: 3px; }
.xeroml-calibration.xeroml-calibration.xeroml-calibration .heat :is(th, td) {
  padding: .35em .7em; text-align: center; }
.xeroml-calibration.xeroml-calibration.xeroml-calibration .heat th:first-child {
  text-align: left; padding-left: 0; }
.xeroml-calibration .heat td { min-width: 3.6em; line-height: 1.3; }
.xeroml-calibration .heat .same { outline: 2px solid #8080809c; outline-offset: -1px; }
""")


def calibration_html(found: Calibration) -> Markup:
    """What a cell shows of a calibration; all text in it is escaped."""
    html = tag(
        "div",
        tag("style", _STYLE),
        tag("p", tag("strong", tag("bdi", found.title)), class_="title"),
        *(tag("p", tag("bdi", line)) for line in sentences(found)),
        tag("div", tag("div", _means(found.table())), tag("div", _heat(found)), class_="parts"),
        *(tag("p", tag("em", note), class_="dim") for note in found.notes),
        class_=f"xeroml-calibration {NO_FORMULAS}",
    )
    return Markup(clean_text(html))


# The means.


def _means(table: pd.DataFrame) -> Markup:
    """The mean in its three ways, or a row for each category."""
    rows = list(table.itertuples())
    if rows[0].category:
        return _shares(rows)
    span = _span(table)
    body = [_mean_row(row, span) for row in rows]
    head = tag("caption", "Mean over all items")
    axis = _NOTHING if span is None else _axis(span)
    return tag("table", head, tag("tbody", *body, axis), class_="means")


def _mean_row(row: Any, span: tuple[float, float] | None) -> Markup:
    return tag(
        "tr",
        tag("th", way_of(row), scope="row", class_=_emphasis(row)),
        tag("td", _value(row), class_=_emphasis(row)),
        tag("td", _bar(row, span)),
    )


def _shares(rows: Sequence[Any]) -> Markup:
    """One row a category, with its share in the three ways."""
    ways = [tag("th", way_of(row), scope="col", class_=_emphasis(row)) for row in rows[:3]]
    body = [
        tag(
            "tr",
            tag("th", tag("bdi", preview(three[0].category, _NAME)), scope="row"),
            *(tag("td", _value(row), class_=_emphasis(row)) for row in three),
        )
        for three in (rows[i : i + 3] for i in range(0, len(rows), 3)[:MOST])
    ]
    head = tag("caption", "Share over all items")
    return tag(
        "table",
        head,
        tag("thead", tag("tr", tag("th"), *ways)),
        tag("tbody", *body),
        class_="means",
    )


def _emphasis(row: Any) -> str | None:
    return "best" if row.of == "corrected" else None


def _value(row: Any) -> str:
    return "–" if math.isnan(row.mean) else within(row.mean, row)


def _bar(row: Any, span: tuple[float, float] | None) -> Markup:
    if span is None or math.isnan(row.mean) or not span[0] <= row.mean <= span[1]:
        return _NOTHING
    dot = tag("b", style=f"left:{_place(row.mean, span):.1f}%")
    if math.isnan(row.low):
        return tag("span", dot, class_="bar")
    low, high = _place(row.low, span), _place(row.high, span)
    line = tag("i", style=f"left:{low:.1f}%;width:{high - low:.1f}%")
    return tag("span", line, dot, class_="bar")


def _axis(span: tuple[float, float]) -> Markup:
    ends = tag("span", *(tag("span", shown(end)) for end in span), class_="axis dim")
    return tag("tr", tag("td"), tag("td"), tag("td", ends), style="border:0")


def _place(value: float, span: tuple[float, float]) -> float:
    return 100 * (value - span[0]) / (span[1] - span[0])


def _span(table: pd.DataFrame) -> tuple[float, float] | None:
    """The axis of the bars; the judge's is left out where its unit is not people's."""
    people = _finite(table[table["of"] != "judge alone"])
    if not people.size:
        return None
    judge = _finite(table[table["of"] == "judge alone"])
    width = max(np.ptp(people), _NARROWEST)
    is_near = (np.abs(judge - people.mean()) < _FAR * width).all()
    every = np.concatenate([people, judge]) if is_near else people
    low, high = float(every.min()), float(every.max())
    margin = 0.08 * max(high - low, _NARROWEST)
    return low - margin, high + margin


def _finite(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    values = rows[["mean", "low", "high"]].to_numpy(np.float64)
    found: npt.NDArray[np.float64] = values[np.isfinite(values)]
    return found


# The table of labels and verdicts.


def _heat(found: Calibration) -> Markup:
    counts = found.confusion.iloc[:MOST, :MOST]
    most = max(1, int(counts.to_numpy().max(initial=1)))
    totals = found.confusion.sum(axis=1)
    names = [str(name) for name in counts.columns]
    aligned = list(found.confusion.index) == list(found.confusion.columns) or found.cut is not None
    body = [
        _heat_row(str(name), [int(n) for n in row], int(totals[name]), (most, i if aligned else -1))
        for i, (name, row) in enumerate(zip(counts.index, counts.to_numpy(), strict=True))
    ]
    left = len(found.confusion) - len(counts)
    more = tag("p", f"{left} more categories; see .confusion", class_="dim") if left else _NOTHING
    heads = [tag("th", tag("bdi", preview(name, _NAME)), scope="col") for name in names]
    top = tag("tr", tag("th", "people ↓ judge →", class_="dim"), *heads)
    caption = tag("caption", f"What the judge said of {counted(found.agreement.n, 'item')}")
    table = tag("table", caption, tag("thead", top), tag("tbody", *body), class_="heat")
    return join([table, more])


def _heat_row(name: str, row: Sequence[int], total: int, how: tuple[int, int]) -> Markup:
    return tag(
        "tr", tag("th", tag("bdi", preview(name, _NAME)), scope="row"), *_cells(row, total, how)
    )


def _cells(row: Sequence[int], total: int, how: tuple[int, int]) -> Iterator[Markup]:
    """The cells of a row: how many, and which share of the row; the darker, the more.

    Args:
        row: Of each verdict how many.
        total: Of the row.
        how: The largest count of all cells, and the place where label and verdict are the same.
    """
    most, same = how
    for place, n in enumerate(row):
        share = f"{n / total:.0%}" if total else "–"
        # So light that words read on it, whatever the theme's ground.
        tint = f"background:rgba(0,114,178,{0.5 * n / most:.2f})"
        yield tag(
            "td",
            tag("div", tag("strong", f"{n:,}")),
            tag("small", share),
            style=tint,
            class_="same" if place == same else None,
        )
