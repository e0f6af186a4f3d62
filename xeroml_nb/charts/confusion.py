"""People's scores against an automatic one."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

from xeroml_nb.analysis.verdicts import counted
from xeroml_nb.annotation.statistics.agreement import kappa
from xeroml_nb.charts.drawing import LETTER, drawn, heading, inked, tooltips
from xeroml_nb.charts.palette import BLACK, DARK_FROM, GREY, SHADES, WHITE
from xeroml_nb.charts.reading import as_comparison, nothing
from xeroml_nb.charts.showing import shown
from xeroml_nb.charts.words import lines, names_of_most, number, percent, short, unique_names
from xeroml_nb.errors import BadInput, NotFound

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.charts.reading import Drawn

_FEW = 7
_BINS = 5
_STEP = 72


def confusion(experiment: Drawn, human: str, judge: str) -> alt.LayerChart:
    """How often each human score met each automatic one, and how far the two agree.

    Agreement is the share of items with the same value, and Cohen's kappa. Many different numbers
    are first put into five equal steps of their common range. Beyond seven categories, the rarer
    ones share a cell; agreement is still that of the categories themselves.

    Args:
        experiment: One experiment.
        human: The score that people gave, such as "verdict" or "verdict (human)".
        judge: The automatic score; both numbers or both categories.

    Raises:
        NotFound: If there is no such score.
        BadInput: If there are several runs, the scores are of two kinds, or no item has both.
    """
    comparison = as_comparison(experiment)
    first, second = _pairs(comparison, human, judge)
    if human in comparison.numeric:
        levels, first, second = _steps(first, second)
    else:
        levels = [c for c, _ in Counter([*first, *second]).most_common()]
    same = sum(a == b for a, b in zip(first, second, strict=True)) / len(first)
    agreed = kappa(first, second)
    told = "not defined" if agreed is None else f"{agreed:.2f}"
    said = f"n = {counted(len(first), 'item')} with both scores"
    found = f"same in {percent(same)} · Cohen's kappa {told}"
    names = names_of_most(levels, _FEW, 24, "others")
    rows = _cells([names[value] for value in first], [names[value] for value in second])
    # What shares a name need not be the same.
    alone = {name for name, count in Counter(names.values()).items() if count == 1}
    chart = _table(rows, list(dict.fromkeys(names.values())), alone, (short(human), short(judge)))
    title = f"{short(human)} (down) and {short(judge)} (across) in {comparison.baseline.label}"
    return shown(chart.properties(title=heading(short(title, 90), lines(said, found))))


def _pairs(comparison: Comparison, human: str, judge: str) -> tuple[list[Any], list[Any]]:
    """The values of the items that have both."""
    if comparison.candidates:
        raise BadInput("confusion() reads one experiment.", "Give one of them.")
    for score in (human, judge):
        if score not in comparison.scores:
            raise NotFound("score", score, comparison.scores)
    if (human in comparison.numeric) != (judge in comparison.numeric):
        raise BadInput(
            f"Of {human!r} and {judge!r}, one is a number and one a category.",
            "Compare two scores of one kind.",
        )
    label = comparison.baseline.label
    first, second = (comparison.values(score)[label] for score in (human, judge))
    both = first.notna() & second.notna()
    if not both.any():
        raise nothing(human, comparison, f"no item has it and {judge!r}")
    return list(first[both]), list(second[both])


def _steps(first: list[float], second: list[float]) -> tuple[list[str], list[str], list[str]]:
    """Numbers as the names of ordered levels."""
    every = np.unique([*first, *second])
    if len(every) <= _FEW:
        names = [number(float(value)) for value in every]
        called = dict(zip(every.tolist(), unique_names(names), strict=True))
        return list(called.values()), [called[v] for v in first], [called[v] for v in second]
    edges = np.linspace(every[0], every[-1], _BINS + 1)
    spans = pairwise(edges.tolist())
    names = unique_names(f"{number(low)} to {number(high)}" for low, high in spans)
    return names, _placed(first, edges, names), _placed(second, edges, names)


def _placed(values: list[float], edges: NDArray[np.float64], names: list[str]) -> list[str]:
    """The step of each value; the last one holds its end too."""
    places = np.searchsorted(edges, values, side="right") - 1
    return [names[min(place, len(names) - 1)] for place in places.tolist()]


def _cells(first: list[str], second: list[str]) -> list[dict[str, Any]]:
    found = Counter(zip(first, second, strict=True))
    totals = Counter(first)
    most = max(found.values())
    return [
        {
            "human": a,
            "judge": b,
            "n": n,
            "text": f"{n:,}",
            "share": percent(n / totals[a]),
            "said": f"{counted(n, 'item')} of {totals[a]:,} in this row",
            "ink": WHITE if n / most > DARK_FROM else BLACK,
        }
        for (a, b), n in found.items()
    ]


def _table(
    rows: list[dict[str, Any]], order: list[str], alone: set[str], titles: tuple[str, str]
) -> alt.LayerChart:
    domain = alt.Scale(domain=order)
    plain = {"labelLimit": 150, "labelPadding": 6, "ticks": False, "domain": False}
    fits = max(map(len, order)) * LETTER < _STEP
    top = alt.Axis(orient="top", labelAngle=0 if fits else -30, **plain)
    x = alt.X("judge:N", title=titles[1], scale=domain, axis=top)
    y = alt.Y("human:N", title=titles[0], scale=domain, axis=alt.Axis(**plain))
    tips = tooltips(human="down", judge="across", said="items", share="of the row")
    base = drawn(rows).encode(x=x, y=y, tooltip=tips)
    shades = alt.Scale(range=list(SHADES), domainMin=0)
    cells = base.mark_rect(stroke=GREY, strokeWidth=0.5).encode(
        color=alt.Color("n:Q", scale=shades, legend=None)
    )
    ink = inked()
    numbers = base.mark_text(fontSize=15, fontWeight="bold", dy=-7).encode(text="text:N", color=ink)
    shares = base.mark_text(fontSize=11, dy=11).encode(text="share:N", color=ink)
    diagonal = [{"human": level, "judge": level} for level in order if level in alone]
    same = drawn(diagonal).encode(x=x, y=y)
    agreed = same.mark_rect(fill=None, stroke=GREY, strokeWidth=2.5)
    return alt.layer(cells, agreed, numbers, shares).properties(
        width=alt.Step(_STEP), height=alt.Step(_STEP * 0.72)
    )
