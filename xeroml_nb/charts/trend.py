"""A score over time, or from one experiment to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import altair as alt
import pandas as pd

from xeroml_nb.analysis.verdicts import counted
from xeroml_nb.charts.drawing import SCALED, SHARED, WIDTH, drawn, heading, legend, tooltips
from xeroml_nb.charts.palette import run_marks
from xeroml_nb.charts.showing import shown
from xeroml_nb.charts.words import counts, finite, interval, lines, number, short, unique_names
from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from xeroml_nb.analysis.moments import Moment
    from xeroml_nb.charts.palette import RunMarks
    from xeroml_nb.client import Client

_HEIGHT = 260
_MOST_POINTS = 240
_MOST_LINES = 12


class TrendFilters(TypedDict, total=False):
    """What else `Client.trend` takes: which scores, and how wide a point is."""

    dataset: str | None
    tags: str | Sequence[str]
    since: Moment | None
    until: Moment | None
    every: str | timedelta | None


def trend(
    score: str,
    *,
    over: str = "time",
    by: str | None = None,
    client: Client | None = None,
    **filters: Unpack[TrendFilters],
) -> alt.LayerChart:
    """The mean of a score with its interval, over time or over experiments, one line a group.

    A categorical score has one line a category: its share.

    Args:
        score: Its name.
        over: "time", or "experiments" for one point each.
        by: What makes the groups, such as "dataset" or "version"; see `Client.trend`.
        client: Where the scores are; the present one by default.
        filters: What else `Client.trend` takes: dataset, tags, since, until, every.

    Raises:
        NotFound: If there is no such score or dataset.
        BadInput: If an option cannot be understood, or nothing is left to draw.
    """
    if client is None:
        from xeroml_nb.client import get_client

        client = get_client()
    frame = client.trend(score, over=over, by=by, **filters)
    if frame.empty:
        raise BadInput(f"No value of {score!r} is left to draw.", "Widen the filters.")
    named = frame.assign(line=_lines_of(frame), point=_points_of(frame))
    kept = _kept(named)
    marks = run_marks(list(dict.fromkeys(kept["line"])), baseline=False)
    rows = [_row(row, marks) for row in kept.itertuples(index=False)]
    chart = _chart(rows, marks, _across(rows, over), _down(kept, score))
    words = _subtitle(named, kept, len(marks.labels))
    return shown(chart.properties(title=heading(f"{short(score)} over {over}", words)))


def _lines_of(frame: pd.DataFrame) -> list[str]:
    """What each row's line is called: its group, its category or both."""
    columns = ["group"] if frame["category"].isna().all() else ["group", "category"]
    # A group alone needs no name beside its categories.
    if len(columns) > 1 and len(set(frame["group"])) == 1:
        columns = ["category"]
    rows = frame[columns].itertuples(index=False)
    return [" · ".join(str(part) for part in row if pd.notna(part)) for row in rows]


def _points_of(frame: pd.DataFrame) -> list[str]:
    """What each row's place is called, the same for the same place."""
    labels = list(dict.fromkeys(frame["label"]))
    names = dict(zip(labels, unique_names(labels, 30), strict=True))
    return [names[label] for label in frame["label"]]


def _kept(frame: pd.DataFrame) -> pd.DataFrame:
    """The lines with most values, and of those the latest points."""
    totals = frame.groupby("line", sort=False)["n"].sum().nlargest(_MOST_LINES)
    kept = frame[frame["line"].isin(totals.index)].sort_values("x", kind="stable")
    return kept.groupby("line", sort=False).tail(_MOST_POINTS // len(totals))


def _row(row: Any, marks: RunMarks) -> dict[str, Any]:
    return {
        "x": row.x.isoformat(),
        "point": row.point,
        "run": marks.name(row.line),
        "mean": finite(row.mean),
        "low": finite(row.low),
        "high": finite(row.high),
        "said": f"{number(row.mean)}{interval(finite(row.low), finite(row.high))}",
        "n": f"{row.n:,}",
        "method": row.method or "–",
    }


def _across(rows: list[dict[str, Any]], over: str) -> alt.X:
    title = "time (UTC)" if over == "time" else "experiment"
    order = list(dict.fromkeys(row["point"] for row in rows))
    if over == "time" and len(order) > 1:
        return alt.X("x:T", title=title, scale=alt.Scale(type="utc", padding=14))
    tilted = alt.Axis(labelAngle=-30 if len(order) > 1 else 0, labelLimit=170)
    return alt.X("point:N", title=title, scale=alt.Scale(domain=order), axis=tilted)


def _down(kept: pd.DataFrame, score: str) -> dict[str, Any]:
    """Title, scale and axis upwards."""
    ends = pd.concat([kept[name] for name in ("low", "mean", "high")]).dropna()
    what = "share" if kept["category"].notna().any() else "mean"
    return {
        "title": f"{what} of {short(score)}",
        **(SHARED if ends.between(0, 1).all() else SCALED),
    }


def _subtitle(frame: pd.DataFrame, kept: pd.DataFrame, count: int) -> list[str]:
    said = f"{counted(count, 'line')} · n = {counts(list(kept['n']))} values a point"
    cut = (
        f"{len(kept):,} of {counted(len(frame), 'point')}: the largest groups, their latest points"
    )
    return lines(f"{said} · bars are 95 % intervals", cut if len(kept) < len(frame) else "")


def _chart(
    rows: list[dict[str, Any]], marks: RunMarks, x: alt.X, down: dict[str, Any]
) -> alt.LayerChart:
    key = legend(columns=3) if len(marks.names) > 1 else None
    base = drawn(rows)
    y = alt.Y("mean:Q", **down)
    bars = base.mark_rule(strokeWidth=1).encode(y=alt.Y("low:Q", **down), y2="high:Q")
    joined = base.mark_line(strokeWidth=2).encode(y=y, strokeDash=marks.dash(key))
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(y=y, shape=marks.shape(key))
    every = alt.layer(bars, joined, dots).encode(
        x=x,
        color=marks.colour(key),
        tooltip=tooltips(point="at", run="line", said="mean and interval", n="values", method="by"),
    )
    return every.properties(width=WIDTH + 80, height=_HEIGHT)
