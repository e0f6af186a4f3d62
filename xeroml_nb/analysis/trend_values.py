"""The values of one score as columns, each with its trace's beginning, item run and group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from xeroml_nb.analysis.scores import columns_of, origin_of
from xeroml_nb.analysis.traces import held_value
from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.counting import latest_last
from xeroml_nb.records.json_text import preview, to_json
from xeroml_nb.store import score_columns, trace_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt
    from sqlalchemy.engine import Connection

    from xeroml_nb.analysis.scores import Origin
    from xeroml_nb.store.fetching import Columns

ALL = "all"
_LONGEST = 80
_COLUMNS = ("version", "release", "environment", "name", "user_id", "session_id")
_RUN_COLUMNS = ("dataset", "experiment")
_TARGET = list(score_columns.TARGET)


def scored_values(connection: Connection, score: str) -> tuple[pd.DataFrame, Origin]:
    """Each value that counts, with its target, and which stored scores they are.

    Columns: those of the target, `number` (NaN for a text), `text` (None for a number), `began`
    (microseconds).

    Raises:
        NotFound: If there is no score of that name.
    """
    origin = origin_of(score, columns_of(score_columns.names(connection)))
    name, by_people = origin
    found = _table(score_columns.of_name(connection, name, by_people=by_people))
    on_traces = found["trace_id"].notna() & found["observation_id"].isna()
    found = _counting(found[on_traces] if on_traces.any() else found)
    values = found[_TARGET].assign(
        number=found["number"].astype(float), text=found["label"], began=found["began"].astype(int)
    )
    return values, origin


def _counting(found: pd.DataFrame) -> pd.DataFrame:
    """Of several scores on one target, the one that counts."""
    if not found.duplicated(_TARGET).any():
        return found
    order = latest_last(list(found["updated_at"]), list(found["settled"]))
    return found.iloc[order].drop_duplicates(_TARGET, keep="last").sort_index()


def with_runs(
    connection: Connection, values: pd.DataFrame, origin: Origin, *, latest: bool
) -> pd.DataFrame:
    """Add `experiment`, `made` (microseconds), `dataset`, and `cluster`: the item, else the trace.

    Args:
        connection: To read with.
        values: From `scored_values`.
        origin: Which stored scores they are.
        latest: A trace counts for the latest of its item runs alone, not for each.
    """
    runs = _table(trace_columns.item_runs_with(connection, origin[0]))
    if latest:
        runs = runs.drop_duplicates("trace_id", keep="last")
    made = _experiments(connection)
    joined = values.merge(runs, on="trace_id", how="left")
    ids = joined["run_experiment"].where(joined["run_experiment"].notna(), joined["experiment_id"])
    named = {column: ids.map(made[column]) for column in ("experiment", "made", "dataset")}
    joined = joined.assign(**named, experiment_id=ids)
    return joined.assign(cluster=_clusters(joined))


def _clusters(joined: pd.DataFrame) -> npt.NDArray[np.intp]:
    """A number for each item of a dataset, and for each trace, session or experiment beside."""
    item, items = pd.factorize(joined["item_id"])
    dataset, _ = pd.factorize(joined["dataset"])
    beside = item < 0
    others = joined.loc[beside, ["trace_id", "session_id", "experiment_id"]]
    other, _ = pd.factorize(others.bfill(axis=1)["trace_id"])
    # Values of no dataset have the number -1.
    cluster = (dataset + 1) * len(items) + item
    cluster[beside] = cluster.max(initial=0) + 1 + other
    return cluster


def _experiments(connection: Connection) -> pd.DataFrame:
    table = _table(trace_columns.experiment_columns(connection)).set_index("id")
    return table.assign(experiment=table["name"] + " #" + table["number"].astype(str))


def grouped(
    connection: Connection,
    values: pd.DataFrame,
    origin: Origin,
    by: str | None,
    tags: Sequence[str] = (),
) -> pd.DataFrame:
    """Add `group`; of a trace with several tags, a row a tag.

    Args:
        connection: To read with.
        values: From `with_runs`.
        origin: Which stored scores they are.
        by: What makes the groups, see `Trend`.
        tags: Only values whose trace has all of them.

    Raises:
        BadInput: If no trace and no experiment knows the word.
    """
    labels = _labels(connection, origin) if tags or by == "tag" else None
    if labels is not None and tags:
        has = labels[labels.isin(tags)].groupby(level=0).nunique() == len(set(tags))
        values = values[values["trace_id"].isin(has[has].index)]
    if by is None:
        return values.assign(group=ALL)
    if by == "tag" and labels is not None:
        values = values.merge(labels.rename("group"), "left", left_on="trace_id", right_index=True)
    elif by in _RUN_COLUMNS:
        values = values.assign(group=values[by])
    elif by in _COLUMNS:
        values = values.assign(group=values["trace_id"].map(_firsts(connection, origin, by)))
    else:
        values = values.assign(group=_of_metadata(connection, values, origin, by))
    known = values["group"].notna()
    return values.assign(group=values["group"].where(known, f"no {by.removesuffix('_id')}"))


def _firsts(connection: Connection, origin: Origin, column: str) -> pd.Series[str]:
    """By trace, a column of its root, or of the oldest observation that has it."""
    found = _table(trace_columns.attributes(connection, origin[0], column))
    return found.drop_duplicates("trace_id").set_index("trace_id")["value"]


def _labels(connection: Connection, origin: Origin) -> pd.Series[str]:
    """The tags of each trace, one a row."""
    found = _table(trace_columns.attributes(connection, origin[0], "tags"))
    each = found.assign(value=_read(found["value"], lambda held: held)).explode("value")
    return each.drop_duplicates().set_index("trace_id")["value"]


def _of_metadata(
    connection: Connection, values: pd.DataFrame, origin: Origin, key: str
) -> pd.Series[str]:
    """The text under a key of the metadata of each value's trace, else of its experiment."""
    rows = trace_columns.attributes(connection, origin[0], "metadata", holding=to_json(key))
    found = _table(rows)
    texts = found.assign(value=_read(found["value"], lambda held: _text(held, key)))
    of_traces = texts.dropna().drop_duplicates("trace_id").set_index("trace_id")["value"]
    of_experiments = _read(_experiments(connection)["metadata"], lambda held: _text(held, key))
    if of_traces.empty and not of_experiments.notna().any():
        words = ", ".join(map(repr, ("tag", *_RUN_COLUMNS, *_COLUMNS)))
        raise BadInput(
            f"by={key!r}: no trace of the score {origin[0]!r} has it in its metadata.",
            f"Use {words}, or a key of the metadata.",
        )
    group = values["trace_id"].map(of_traces)
    return group.where(group.notna(), values["experiment_id"].map(of_experiments))


def _text(held: Any, key: str) -> str | None:
    value = held.get(key) if isinstance(held, dict) else None
    return None if value is None else preview(value, _LONGEST)


def _read(texts: pd.Series[str], take: Callable[[Any], Any]) -> pd.Series[Any]:
    """What is taken of each JSON text; equal texts are read once."""
    places, distinct = pd.factorize(texts)
    taken = [take(held_value(text)) for text in distinct]
    return pd.Series([taken[place] for place in places], index=texts.index, dtype=object)


def _table(columns: Columns) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype=object)
