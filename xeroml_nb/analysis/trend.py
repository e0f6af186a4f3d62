"""How a score develops, over time or over experiments: the figures behind the chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from xeroml_nb.analysis.scores import MOMENTS
from xeroml_nb.analysis.statistics.intervals import mean_interval
from xeroml_nb.analysis.time_bins import Every, binned
from xeroml_nb.analysis.trend_values import grouped, scored_values, with_runs
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.records import clock
from xeroml_nb.store import datasets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from xeroml_nb.store.store import Store

COLUMNS = {
    "group": "object",
    "x": MOMENTS,
    "label": "object",
    "category": "object",
    "n": "int64",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "method": "object",
}
OTHERS = "(others)"
_CATEGORIES = 12


@dataclass(frozen=True, slots=True)
class Trend:
    """What is asked of a trend.

    Args:
        over: "time", or "experiments": one point each, in the order they were made.
        by: What makes the groups: "dataset", "experiment", "version", "release", "environment",
            "name", "user_id", "session_id", "tag", or a key of the traces' metadata.
        dataset: Only item runs over this dataset.
        tags: Only traces with all of them.
        since: Only what began then or later.
        until: Only what began before.
        every: How wide a point is over time; found from the span of time by default.
    """

    over: str = "time"
    by: str | None = None
    dataset: str | None = None
    tags: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    every: Every | None = None

    def __post_init__(self) -> None:
        if self.over not in {"time", "experiments"}:
            raise BadInput(f"over={self.over!r} is unknown.", 'Use "time" or "experiments".')
        if self.every is not None and self.over == "experiments":
            raise BadInput(f"every={self.every!r} means nothing over experiments.", "Leave it out.")


def trend_frame(store: Store, score: str, asked: Trend) -> pd.DataFrame:
    """A row a group and point: `group, x, label, category, n, mean, low, high, method`.

    `x` is the beginning of a bin, or the moment an experiment was made. Numbers and truth values
    have one row, with no category; texts have one row a category, whose `mean` is its share.
    Traces begin where their root does; a score without a stored trace counts when it was given.
    Scores on whole traces count; where a name has none of these, those on anything else do. Where
    code and people score under one name, people's is called "NAME (human)".

    The intervals cover 95 %, see `mean_interval`; item runs of one item are one cluster.

    Args:
        store: Where from.
        score: A score's name.
        asked: Over what, in which groups, of what.

    Raises:
        NotFound: If there is no such score or dataset; names those that come near.
        BadInput: If the groups are of a word that no trace knows.
    """
    with store.reading() as connection:
        _check_dataset(connection, asked.dataset)
        values, origin = scored_values(connection, score)
        values = with_runs(connection, values, origin, latest=asked.over == "time")
        values = grouped(connection, _kept(values, asked), origin, asked.by, asked.tags)
    return _figures(_placed(values, asked))


def _check_dataset(connection: Connection, name: str | None) -> None:
    if name is not None and datasets.by_name(connection, name) is None:
        raise NotFound("dataset", name, [record.name for record in datasets.listing(connection)])


def _kept(values: pd.DataFrame, asked: Trend) -> pd.DataFrame:
    keep = pd.Series(data=True, index=values.index)
    if asked.over == "experiments":
        keep &= values["experiment"].notna()
    if asked.dataset is not None:
        keep &= values["dataset"] == asked.dataset
    if asked.since is not None:
        keep &= values["began"] >= clock.to_micros(asked.since)
    if asked.until is not None:
        keep &= values["began"] < clock.to_micros(asked.until)
    return values[keep]


def _placed(values: pd.DataFrame, asked: Trend) -> pd.DataFrame:
    """Say at which point each value counts."""
    if asked.over == "experiments":
        return values.assign(x=values["made"], label=values["experiment"])
    x, label = binned(values["began"].to_numpy(dtype="int64"), asked.every)
    return values.assign(x=x, label=label)


def _figures(values: pd.DataFrame) -> pd.DataFrame:
    numbers = values[values["number"].notna()]
    labels = values[values["text"].notna()]
    common = labels["text"].value_counts().index[:_CATEGORIES]
    labels = labels.assign(text=labels["text"].where(labels["text"].isin(common), OTHERS))
    rows = [*_means(numbers), *_shares(labels)]
    held = zip(*rows, strict=True) if rows else [()] * len(COLUMNS)
    found: dict[str, Any] = dict(zip(COLUMNS, held, strict=True))
    found["x"] = pd.to_datetime(found["x"], unit="us", utc=True)
    frame = pd.DataFrame({name: pd.Series(found[name], dtype=t) for name, t in COLUMNS.items()})
    return frame.sort_values(["group", "x"], kind="stable", ignore_index=True)


def _means(values: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    for (group, x, label), part in _points(values):
        yield (group, x, label, None, *_interval(part["number"], part["cluster"]))


def _shares(values: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    categories = list(values["text"].value_counts().index)
    for (group, x, label), part in _points(values):
        for category in categories:
            given = (part["text"] == category).astype(float)
            yield (group, x, label, category, *_interval(given, part["cluster"]))


def _points(values: pd.DataFrame) -> Iterator[tuple[tuple[str, int, str], pd.DataFrame]]:
    yield from values.groupby(["group", "x", "label"], sort=False)  # type: ignore[misc]


def _interval(values: pd.Series[float], clusters: pd.Series[int]) -> tuple[Any, ...]:
    found = mean_interval(values.to_numpy(), clusters.to_numpy())
    return found.n, found.estimate, found.low, found.high, found.method
