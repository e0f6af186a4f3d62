"""Many traces as a table, found by what they are and by their scores."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import pandas as pd

from xeroml_nb.analysis import scores
from xeroml_nb.analysis.traces import held_value
from xeroml_nb.store import score_columns, trace_search, traces

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row

    from xeroml_nb.analysis.score_filter import Condition
    from xeroml_nb.records.score import ScoreValue
    from xeroml_nb.store.store import Store

DTYPES = {
    "trace_id": "object",
    "name": "object",
    "start": scores.MOMENTS,
    "latency_s": "float64",
    "user_id": "object",
    "session_id": "object",
    "tags": "object",
    "version": "object",
    "release": "object",
    "environment": "object",
    "input": "object",
    "output": "object",
    "error": "object",
    "observations": "int64",
    "experiment": "object",
    "dataset": "object",
}
_ATTRIBUTES = ("user_id", "session_id", "version", "release", "environment")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Search:
    """Which traces to list: what the columns of the table must hold; None and empty mean any.

    Args:
        conditions: On scores; all have to hold.
        tags: Each has to be among the trace's.
        same: Column to value: `name`, `user_id`, `session_id`.
        experiment_id: The experiment they are item runs of.
        since: They began then or later.
        until: They began before.
        limit: How many at most; None for all.
    """

    conditions: tuple[Condition, ...] = ()
    tags: tuple[str, ...] = ()
    same: Mapping[str, str] = field(default_factory=dict)
    experiment_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None


@dataclass(slots=True)
class _Entry:
    """One trace: the cells of its row, and the values of its scores by column."""

    cells: dict[str, Any]
    root: Row[Any] | None
    scores: dict[str, ScoreValue]


def trace_frame(store: Store, search: Search) -> pd.DataFrame:
    """One row a trace, newest first: the columns of `DTYPES`, then one column a score.

    A score whose name is that of a fixed column appears as `score:NAME`. `frame.attrs["cut"]`
    tells whether there are more traces than the limit.

    Args:
        store: Where from.
        search: Which traces.

    Raises:
        NotFound: If a condition names a score that no trace has.
    """
    with store.reading() as connection:
        columns = _columns(connection, search) if score_columns.people_scored(connection) else {}
        wanted = _wanted(search, columns)
        found = _matching(connection, wanted, search, columns)
        entries = list(islice(found, search.limit))
        cut = search.limit is not None and next(found, None) is not None
        if search.conditions and not entries:
            _check_names(search, _columns(connection, search))
        _add_contents(connection, entries)
    frame = _frame(entries)
    frame.attrs["cut"] = cut
    return frame


def _columns(connection: Connection, search: Search) -> dict[scores.Origin, str]:
    """What the columns of scores are called: as the scores are, if people gave none of them."""
    known = score_columns.names(connection, experiment_id=search.experiment_id, on_traces=True)
    return scores.columns_of(known)


def _check_names(search: Search, columns: Mapping[scores.Origin, str]) -> None:
    """Refuse conditions on scores that are not there.

    To find out what is there takes longer than to search: it is done where nothing was found.
    """
    for one in search.conditions:
        scores.origin_of(one.name, columns)


def _wanted(search: Search, columns: Mapping[scores.Origin, str]) -> trace_search.Wanted:
    return trace_search.Wanted(
        **search.same,
        tags=search.tags,
        experiment_id=search.experiment_id,
        since=search.since,
        until=search.until,
        scores=tuple(
            trace_search.Scored(*_origin(one.name, columns), one.op, one.value)
            for one in search.conditions
        ),
    )


def _origin(name: str, columns: Mapping[scores.Origin, str]) -> scores.Origin:
    """The scores that a condition is on."""
    return scores.origin_of(name, columns) if columns else (name, False)


def _matching(
    connection: Connection,
    wanted: trace_search.Wanted,
    search: Search,
    columns: Mapping[scores.Origin, str],
) -> Iterator[_Entry]:
    """The traces that match; the store finds those that may, their rows decide."""
    beginnings = trace_search.beginnings(connection, wanted)
    while batch := dict(islice(beginnings, _AT_ONCE)):
        for entry in _entries(connection, batch, wanted.experiment_id, columns):
            if _matches(entry, search):
                yield entry


def _matches(entry: _Entry, search: Search) -> bool:
    cells = entry.cells
    return (
        all(cells[column] == value for column, value in search.same.items())
        and set(search.tags) <= set(cells["tags"])
        and all(one.holds(entry.scores.get(one.name)) for one in search.conditions)
    )


def _entries(
    connection: Connection,
    beginnings: Mapping[str, datetime],
    experiment_id: str | None,
    columns: Mapping[scores.Origin, str],
) -> Iterator[_Entry]:
    spans: dict[str, list[Row[Any]]] = defaultdict(list)
    for span in traces.spans(connection, beginnings):
        spans[span.trace_id].append(span)
    runs = {
        run.trace_id: run
        for run in traces.item_runs_of(connection, beginnings)
        if experiment_id in {None, run.experiment_id}
    }
    values = scores.counting(connection, beginnings)
    for trace_id, began in beginnings.items():
        cells = {"trace_id": trace_id, "start": began}
        root = _root(spans[trace_id])
        cells |= _of_spans(root, spans[trace_id]) | _of_run(runs.get(trace_id), root)
        given = values.get(trace_id, {})
        named = {columns.get(origin, origin[0]): value for origin, value in given.items()}
        yield _Entry(cells, root, named)


def _root(spans: Sequence[Row[Any]]) -> Row[Any] | None:
    """The oldest observation whose parent is not stored; the oldest where they make a circle."""
    stored = {span.id for span in spans}
    return next((s for s in spans if s.parent_id not in stored), spans[0] if spans else None)


def _of_spans(root: Row[Any] | None, spans: Sequence[Row[Any]]) -> dict[str, Any]:
    """The cells that the observations fill."""
    latency = None
    if spans:
        latency = (max(s.end for s in spans) - min(s.start for s in spans)).total_seconds()
    return {
        "name": root.name if root else None,
        "latency_s": latency,
        "tags": sorted({tag for span in spans for tag in span.tags or ()}),
        "observations": len(spans),
        "error": root.error if root else None,
        **{name: _first(name, root, spans) for name in _ATTRIBUTES},
    }


def _first(name: str, root: Row[Any] | None, spans: Sequence[Row[Any]]) -> Any:
    """An attribute of the root, or of the oldest observation that has it."""
    every = (getattr(span, name) for span in ([root, *spans] if root else ()))
    return next((value for value in every if value is not None), None)


def _of_run(run: Row[Any] | None, root: Row[Any] | None) -> dict[str, Any]:
    """The cells that the item run fills; what no span tells about it is taken from it too."""
    if run is None:
        return {"experiment": None, "dataset": None, "input": None, "output": None}
    cells = {
        "experiment": f"{run.name} #{run.number}",
        "dataset": run.dataset,
        "input": None,
        "output": held_value(run.output),
    }
    return cells if root else cells | {"latency_s": run.latency, "error": run.error}


def _add_contents(connection: Connection, entries: Sequence[_Entry]) -> None:
    keys = [(e.root.trace_id, e.root.id) for e in entries if e.root]
    held = traces.contents(connection, keys)
    for entry in entries:
        if entry.root:
            given, made = held[entry.root.trace_id]
            entry.cells["input"] = held_value(given)
            if made is not None:
                entry.cells["output"] = held_value(made)


def _frame(entries: Sequence[_Entry]) -> pd.DataFrame:
    series = {
        column: pd.Series([e.cells[column] for e in entries], dtype=dtype)
        for column, dtype in DTYPES.items()
    }
    for name in sorted({name for entry in entries for name in entry.scores}):
        column = f"score:{name}" if name in DTYPES else name
        values = pd.Series([e.scores.get(name) for e in entries], dtype=object)
        series[column] = values.infer_objects()
    return pd.DataFrame(series)
