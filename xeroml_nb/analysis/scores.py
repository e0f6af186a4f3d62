"""Scores as a table, and which of several scores of one name counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import NotFound
from xeroml_nb.experiments.counting import column_names, latest_last
from xeroml_nb.records.json_text import from_json_each
from xeroml_nb.records.score import DataType
from xeroml_nb.store import score_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    import pandas as pd
    from sqlalchemy.engine import Connection

    from xeroml_nb.records.score import ScoreValue
    from xeroml_nb.store.store import Store

COLUMNS = (
    "id",
    "trace_id",
    "observation_id",
    "session_id",
    "experiment_id",
    "name",
    "value",
    "data_type",
    "comment",
    "source",
    "author",
    "metadata",
    "created_at",
)
MOMENTS = "datetime64[us, UTC]"
# A score's stored name, and whether people gave it.
Origin = tuple[str, bool]


def score_frame(
    store: Store,
    *,
    experiment_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    **columns: str | None,
) -> pd.DataFrame:
    """One row a score, oldest first, with the columns of `COLUMNS`.

    Args:
        store: Where from.
        experiment_id: Those on an experiment, and on the traces of its item runs.
        since: Given then or later.
        until: Given before.
        columns: `trace_id`, `session_id`, `name`, `source`, `author`: each with the value given.
    """
    import pandas as pd

    with store.reading() as connection:
        found = score_columns.listing(
            connection, experiment_id=experiment_id, since=since, until=until, **columns
        )
    held: dict[str, Sequence[Any]] = {name: list(values) for name, values in found.items()}
    held["value"] = list(map(value_of, held["data_type"], held["number"], held["label"]))
    held["metadata"] = from_json_each(held["metadata"])
    frame = pd.DataFrame({name: pd.Series(held[name], dtype=object) for name in COLUMNS})
    frame["created_at"] = frame["created_at"].astype("datetime64[us]").dt.tz_localize("UTC")
    return frame


def value_of(data_type: str, number: float | None, label: str | None) -> ScoreValue:
    """A score's value from its columns: a float, a bool or a text."""
    if data_type == DataType.CATEGORICAL:
        return label or ""
    return bool(number) if data_type == DataType.BOOLEAN else float(number or 0)


def columns_of(names: Iterable[Origin]) -> dict[Origin, str]:
    """What the column of each score name is called.

    Args:
        names: Names, and whether people gave scores of that name.
    """
    every = sorted(names)
    called = column_names([name for name, _ in every], [human for _, human in every])
    return dict(zip(every, called, strict=True))


def origin_of(column: str, columns: Mapping[Origin, str]) -> Origin:
    """The scores that a column stands for.

    Args:
        column: What the user calls it: "accuracy", "accuracy (human)".
        columns: From `columns_of`.

    Raises:
        NotFound: If there is none; names those that come near.
    """
    for origin, called in columns.items():
        if called == column:
            return origin
    raise NotFound("score", column, set(columns.values()))


def counting(
    connection: Connection, trace_ids: Iterable[str]
) -> dict[str, dict[Origin, ScoreValue]]:
    """The values that count on some whole traces, by trace and then by name and by people or not.

    Args:
        connection: To read with.
        trace_ids: The traces.
    """
    rows = score_columns.on_traces(connection, trace_ids)
    found: dict[str, dict[Origin, ScoreValue]] = {}
    order = latest_last([row[-2] for row in rows], [row[-1] for row in rows])
    for row in map(rows.__getitem__, order):
        trace_id, name, by_people, data_type, number, label, *_ = row
        of_trace = found.setdefault(trace_id, {})
        of_trace[name, bool(by_people)] = value_of(data_type, number, label)
    return found
