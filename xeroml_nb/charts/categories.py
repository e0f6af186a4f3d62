"""How often each category was given in each run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import altair as alt

from xeroml_nb.analysis.verdicts import counted
from xeroml_nb.charts.drawing import (
    FAINT,
    LETTER,
    ROW,
    WIDTH,
    drawn,
    heading,
    inked,
    legend,
    rows_of,
    tooltips,
)
from xeroml_nb.charts.palette import GREY, OUTLINE, RUNS, ink
from xeroml_nb.charts.reading import as_comparison, chosen, marks_of, nothing
from xeroml_nb.charts.showing import shown
from xeroml_nb.charts.words import counts, lines, names_of_most, percent, short
from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from xeroml_nb.charts.reading import Drawn

_COLOURS = (*RUNS, "#F0E442")


@dataclass(frozen=True, slots=True)
class _Key:
    """What the chart calls each category, and the colour of each of those names."""

    names: dict[str, str]
    colours: dict[str, str]


def categories(what: Drawn, score: str, *, order: Sequence[str] = ()) -> alt.LayerChart:
    """One bar a run, split into the shares of the categories.

    Args:
        what: A comparison, an experiment or several.
        score: A categorical score.
        order: Categories from left to right, by default as the question has them; those left
            out follow by how often they were given. Beyond seven, the rest is one part.

    Raises:
        NotFound: If there is no such score.
        BadInput: If the score is a number, no item has a value, or `order` names a category twice.
    """
    comparison = as_comparison(what)
    chosen(comparison, score, "categorical", "distribution")
    frame = comparison.values(score)
    marks = marks_of(comparison)
    found = {label: Counter(frame[label].dropna()) for label in marks.labels}
    asked = next((d.categories for d in comparison.distributions if d.score == score), ())
    ranked = _ranked(found.values(), order or asked)
    if not ranked:
        raise nothing(score, comparison, "no shared item has a category")
    key = _key(ranked)
    rows, labels = [], []
    for label, tally in found.items():
        total, missing = tally.total(), len(frame) - tally.total()
        gone = f" · {missing:,} without" if missing else ""
        labels.append(f"{marks.name(label)}\nn {total:,}{gone}")
        rows += _parts(tally, key, {"row": labels[-1], "run": marks.name(label)})
    ns = [tally.total() for tally in found.values()]
    said = f"{counted(len(ns), 'run')} · n = {counts(ns)} items a run with a category"
    title = heading(f"Categories of {short(score)}", lines(said))
    return shown(_bars(rows, labels, key).properties(title=title))


def _ranked(found: Iterable[Counter[str]], order: Sequence[str]) -> list[str]:
    if len(set(order)) < len(order):
        raise BadInput("order names a category twice.", "Name each once.")
    totals: Counter[str] = sum(found, Counter())
    often = [category for category, _ in totals.most_common()]
    return [c for c in order if c in totals] + [c for c in often if c not in order]


def _key(ranked: list[str]) -> _Key:
    """Name and colour the categories; where they are many, the last ones share both."""
    names = names_of_most(ranked, len(_COLOURS), 30, "other categories")
    colours = dict(zip(dict.fromkeys(names.values()), _COLOURS, strict=False))
    if len(ranked) > len(_COLOURS):
        colours[names[ranked[-1]]] = GREY
    return _Key(names, colours)


def _parts(tally: Counter[str], key: _Key, same: dict[str, Any]) -> list[dict[str, Any]]:
    """The pieces of one bar, left to right."""
    grouped = Counter(dict.fromkeys(key.colours, 0))
    for category, n in tally.items():
        grouped[key.names[category]] += n
    total = grouped.total()
    ends = list(accumulate(grouped.values()))
    return [
        {
            **same,
            "category": name,
            "start": (end - n) / total,
            "middle": (end - n / 2) / total,
            "end": end / total,
            "said": f"{counted(n, 'item')} ({percent(n / total)})",
            "label": _label(name, n / total),
            "ink": ink(key.colours[name]),
        }
        for (name, n), end in zip(grouped.items(), ends, strict=True)
        if n
    ]


def _label(name: str, share: float) -> str:
    """As much as fits into a piece."""
    for text in (f"{name} {percent(share)}", percent(share)):
        if (len(text) + 1) * LETTER < share * WIDTH:
            return text
    return ""


def _bars(rows: list[dict[str, Any]], labels: list[str], key: _Key) -> alt.LayerChart:
    order = list(key.colours)
    scale = alt.Scale(domain=order, range=list(key.colours.values()))
    base = drawn(rows)
    bars = base.mark_bar(stroke=OUTLINE, strokeWidth=0.5, height={"band": 0.72}).encode(
        x=alt.X("start:Q", title="share of items", axis=alt.Axis(format="%", gridOpacity=FAINT)),
        x2="end:Q",
        color=alt.Color("category:N", sort=order, scale=scale, legend=legend(columns=4)),
        tooltip=tooltips(run="run", category="category", said="items"),
    )
    texts = base.mark_text(fontSize=11).encode(x="middle:Q", text="label:N", color=inked())
    pieces = alt.layer(bars, texts).encode(y=rows_of(labels))
    return pieces.properties(width=WIDTH, height=alt.Step(ROW + 4))
