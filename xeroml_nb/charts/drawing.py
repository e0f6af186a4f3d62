"""The few pieces that all charts are built from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from xeroml_nb.charts.palette import BLACK, GREY, WHITE

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 440
ROW = 34
# How wide a letter of a label is, in pixels, about.
LETTER = 6.4
# The dark theme of the hosts draws its grid as bright as marks.
FAINT = 0.5
# Few round steps, and room for a mark at either end; zero is no part of it unless it is near.
SCALED: dict[str, Any] = {
    "scale": alt.Scale(zero=False, nice=True, padding=12),
    "axis": alt.Axis(tickCount=6, gridOpacity=FAINT),
}
# A share has both its ends.
SHARED: dict[str, Any] = {
    "scale": alt.Scale(domain=[0, 1], padding=6),
    "axis": alt.Axis(tickCount=6, gridOpacity=FAINT),
}

# A constant: names are data and never part of an expression.
TWO_LINES = "split(datum.label, '\\n')"


def drawn(rows: Sequence[dict[str, Any]]) -> alt.Chart:
    """A chart of rows that are already what is to be shown."""
    return alt.Chart(alt.InlineData(values=list(rows)))


def heading(text: str, subtitle: Sequence[str] = ()) -> alt.TitleParams:
    """The words above a chart, flush left."""
    return alt.TitleParams(
        text=text,
        subtitle=list(subtitle),
        anchor="start",
        frame="bounds",
        fontSize=15,
        subtitleFontSize=12,
        subtitlePadding=5,
        subtitleLineHeight=16,
        offset=14,
        limit=760,
    )


def tooltips(**titles: str) -> list[alt.Tooltip]:
    """What a mark tells: field to the words before it."""
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in titles.items()]


def row_axis(limit: int = 300) -> alt.Axis:
    """The axis of rows whose labels may have two lines."""
    return alt.Axis(
        labelExpr=TWO_LINES,
        labelLimit=limit,
        labelPadding=8,
        labelLineHeight=13,
        ticks=False,
        domain=False,
        labelFontSize=11,
    )


def rows_of(names: Sequence[str], limit: int = 300) -> alt.Y:
    """One row a name, field `row`, in the order given."""
    scale = alt.Scale(domain=list(names))
    return alt.Y("row:N", title=None, scale=scale, axis=row_axis(limit))


def legend(title: str | None = None, columns: int = 3) -> alt.Legend:
    """A legend below the chart."""
    return alt.Legend(
        title=title,
        orient="bottom",
        direction="horizontal",
        columns=columns,
        labelLimit=290,
        symbolSize=90,
    )


def inked() -> Any:
    """The colour of words on a mark, from field `ink`: black, white, else grey."""
    black = alt.when(alt.datum.ink == BLACK).then(alt.value(BLACK))
    return black.when(alt.datum.ink == WHITE).then(alt.value(WHITE)).otherwise(alt.value(GREY))
