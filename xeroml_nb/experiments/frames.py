"""Item runs and their scores as columns, read from the store without an object for each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from xeroml_nb.experiments.counting import column_names, latest_last
from xeroml_nb.experiments.reading import planned_items
from xeroml_nb.experiments.results import COLUMNS, USAGE_COLUMNS
from xeroml_nb.experiments.usage import usage_by_trace
from xeroml_nb.records.dataset import DatasetItem
from xeroml_nb.records.experiment import ItemStatus
from xeroml_nb.records.json_text import from_json, from_json_each
from xeroml_nb.store import run_columns as stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from sqlalchemy.engine import Connection

    from xeroml_nb.records.experiment import ExperimentRecord

    Floats = npt.NDArray[np.float64]
    Places = npt.NDArray[np.intp]
    Objects = npt.NDArray[np.object_]

_DTYPES: dict[str, Any] = {"repetition": "int64", "attempts": "int64", "latency_s": "float64"}


@dataclass(frozen=True)
class ScoreColumn:
    """The scores of one name, one place an item run.

    Args:
        numbers: NUMERIC and BOOLEAN values; NaN where there is none.
        labels: CATEGORICAL values; None where there is none.
        is_boolean: Which of the numbers are truth values.
    """

    numbers: Floats
    labels: Objects
    is_boolean: npt.NDArray[np.bool_]

    def totals(self) -> tuple[int, float, Counter[str]]:
        """How many values there are, the sum of the numbers, and how often each category is."""
        numbers = self.numbers[~np.isnan(self.numbers)]
        categories = Counter(label for label in self.labels if label is not None)
        # Plain addition: a sum too large for a float is infinite, and no error.
        return len(numbers) + categories.total(), sum(numbers.tolist()), categories

    def values(self) -> list[Any]:
        """A float, a bool, a text, or None for each item run."""
        missing = np.isnan(self.numbers)
        found = self.numbers.astype(object)
        found[self.is_boolean] = found[self.is_boolean].astype(bool)
        found[missing] = self.labels[missing]
        return list(found)


@dataclass(frozen=True)
class RunTable:
    """The item runs of one experiment as columns, in the order of items and repetitions.

    Args:
        record: The experiment.
        columns: Those of the store, by name.
        scores: By name; one place an item run.
    """

    record: ExperimentRecord
    columns: dict[str, Objects]
    scores: dict[str, ScoreColumn] = field(repr=False)


def read_table(
    connection: Connection, record: ExperimentRecord, *, texts: bool = False
) -> RunTable:
    """The item runs that an experiment has by now, and their scores.

    Args:
        connection: To read with.
        record: The experiment.
        texts: Whether outputs, errors and the items of a user's own loop are read too.
    """
    columns = stored.run_columns(connection, record.id, texts=texts)
    found = stored.score_columns(connection, record.id, history=False)
    traces = _Traces(columns["trace_id"])
    scores = _Scores(traces, found)
    if scores.several_count:
        found = stored.score_columns(connection, record.id, history=True)
        scores = _Scores(traces, found)
    return RunTable(record, columns, scores.columns())


def results_frame(
    connection: Connection, record: ExperimentRecord, items: Sequence[DatasetItem]
) -> pd.DataFrame:
    """One row an item run, pending ones included, in the order of the items.

    The columns are those of `results.COLUMNS`, then one a score; a score whose name is that of a
    fixed column appears as `score:NAME`.

    Args:
        connection: To read with.
        record: The experiment.
        items: The ones it is meant to cover.
    """
    table = read_table(connection, record, texts=True)
    rows = _rows_in_order(table, items)
    frame = {
        name: pd.Series(values, dtype=_DTYPES.get(name, object))
        for name, values in zip(COLUMNS, _fixed_columns(table, rows), strict=True)
    }
    places = [place for _, _, place in rows]
    for name, column in sorted(table.scores.items()):
        found = column.values()
        values = [None if place is None else found[place] for place in places]
        key = f"score:{name}" if name in COLUMNS else name
        frame[key] = pd.Series(values).infer_objects()
    return pd.DataFrame(frame)


def frame_with_usage(
    connection: Connection, record: ExperimentRecord, items: Sequence[DatasetItem]
) -> pd.DataFrame:
    """As `results_frame`, with what the item runs used.

    Those of `results.USAGE_COLUMNS` that any item run recorded stand before the scores; a score of
    such a name then appears as `score:NAME`.
    """
    frame = results_frame(connection, record, items)
    used = usage_by_trace(connection, record.id)
    place = len(COLUMNS)
    for name in USAGE_COLUMNS if used else ():
        by_trace = {trace: getattr(usage, name) for trace, usage in used.items()}
        values = frame["trace_id"].map(by_trace).astype("float64")
        if values.notna().any():
            frame = frame.rename(columns={name: f"score:{name}"})
            frame.insert(place, name, values)
            place += 1
    return frame


def joined_frame(connection: Connection, records: Sequence[ExperimentRecord]) -> pd.DataFrame:
    """The item runs of several experiments, each behind its label in the column `experiment`."""
    planned: dict[Any, Sequence[DatasetItem]] = {}
    frames = []
    for record in records:
        key = (record.dataset_id, record.dataset_version, record.item_ids)
        if key not in planned:
            planned[key] = planned_items(connection, record)
        frame = frame_with_usage(connection, record, planned[key])
        frame.insert(0, "experiment", pd.Series(record.label, index=frame.index, dtype=object))
        frames.append(frame)
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


class _Traces:
    """Where each trace's scores go.

    Args:
        trace_ids: Of each item run.
    """

    def __init__(self, trace_ids: Objects) -> None:
        self._place = {trace: place for place, trace in enumerate(dict.fromkeys(trace_ids))}
        self.of_run = self.places(trace_ids)

    def places(self, trace_ids: Objects) -> Places:
        """The place of each trace."""
        return np.fromiter(map(self._place.__getitem__, trace_ids), np.intp, len(trace_ids))

    def placed(self, values: npt.NDArray[Any], at: Places, fill: Any) -> npt.NDArray[Any]:
        """Values where their item runs stand; where several belong to one trace, the last."""
        by_trace = np.full(len(self._place), fill, dtype=values.dtype)
        by_trace[at] = values
        return by_trace[self.of_run]


class _Scores:
    """The scores of an experiment, sorted out by name and trace.

    Args:
        traces: Where they go.
        found: The columns of the store.
    """

    def __init__(self, traces: _Traces, found: dict[str, Objects]) -> None:
        self._traces = traces
        self._found = found
        named = column_names(list(found["name"]), list(found["by_people"]))
        self._code, self._names = pd.factorize(np.array(named, dtype=object))
        self._place = traces.places(found["trace_id"])

    @property
    def several_count(self) -> bool:
        """Somewhere several scores have one name: which of them counts has to be found out."""
        key = self._place * max(1, len(self._names)) + self._code
        return bool(len(key)) and int(np.bincount(key).max()) > 1

    def columns(self) -> dict[str, ScoreColumn]:
        """The scores that count, by name."""
        order = self._order()
        numbers = self._found["number"].astype(np.float64)
        is_boolean = self._found["is_boolean"].astype(bool)
        columns = {}
        for code, name in enumerate(self._names):
            mine = order[self._code[order] == code]
            at = self._place[mine]
            columns[str(name)] = ScoreColumn(
                self._traces.placed(numbers[mine], at, np.nan),
                self._traces.placed(self._found["label"][mine], at, None),
                self._traces.placed(is_boolean[mine], at, fill=False),
            )
        return columns

    def _order(self) -> Places:
        """The order in which the last score of a name and trace is the one that counts."""
        if "updated_at" not in self._found:
            return np.arange(len(self._code))
        order = latest_last(list(self._found["updated_at"]), list(self._found["metadata"]))
        return np.array(order, dtype=np.intp)


def _rows_in_order(
    table: RunTable, items: Sequence[DatasetItem]
) -> list[tuple[DatasetItem, int, int | None]]:
    """Item, repetition and place of its run, if it has one: the planned ones, then the others."""
    keys = zip(table.columns["item_id"], table.columns["repetition"], strict=True)
    place_of = {key: place for place, key in enumerate(keys)}
    rows: list[tuple[DatasetItem, int, int | None]] = [
        (item, repetition, place_of.pop((item.id, repetition), None))
        for item in items
        for repetition in range(table.record.repetitions)
    ]
    began, local = table.columns["started_at"], table.columns["local_item"]
    for (item_id, repetition), place in sorted(place_of.items(), key=lambda one: began[one[1]]):
        held = from_json(local[place])
        item = DatasetItem(item_id, None) if held is None else DatasetItem(**held)
        rows.append((item, repetition, place))
    return rows


def _fixed_columns(
    table: RunTable, rows: Sequence[tuple[DatasetItem, int, int | None]]
) -> list[list[Any]]:
    """The values of `results.COLUMNS`."""
    places = [place for _, _, place in rows]

    def column(name: str, missing: Any = None) -> list[Any]:
        values = table.columns[name]
        return [missing if place is None else values[place] for place in places]

    return [
        [item.id for item, _, _ in rows],
        [repetition for _, repetition, _ in rows],
        [item.input for item, _, _ in rows],
        [item.expected_output for item, _, _ in rows],
        from_json_each(column("output")),
        column("status", ItemStatus.PENDING.value),
        column("error"),
        column("attempts", 0),
        column("latency"),
        column("trace_id"),
    ]
