"""Put an experiment's stored parts together again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.experiments.counting import scores_by_trace
from xeroml_nb.experiments.results import Result
from xeroml_nb.records.dataset import DatasetItem
from xeroml_nb.store import datasets, experiments, scores

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from xeroml_nb.records.experiment import ExperimentRecord, ItemRun
    from xeroml_nb.records.score import ScoreRecord
    from xeroml_nb.store.store import Store


def read_results(store: Store, record: ExperimentRecord) -> list[Result]:
    """One result an item run, pending ones included, in the dataset's order."""
    with store.reading() as connection:
        runs = {run.key: run for run in experiments.item_runs(connection, record.id)}
        by_trace = scores_by_trace(scores.of_experiment(connection, record.id))
        items = planned_items(connection, record)
    planned = [(item, r) for item in items for r in range(record.repetitions)]
    keys = {(item.id, r) for item, r in planned}
    unplanned = sorted((r for r in runs.values() if r.key not in keys), key=_begin)
    others = [(_item_of(run), run.repetition) for run in unplanned]
    return [
        _result(item, repetition, runs.get((item.id, repetition)), by_trace)
        for item, repetition in planned + others
    ]


def planned_items(connection: Connection, record: ExperimentRecord) -> Sequence[DatasetItem]:
    """The items a run of the runner covers; a user's own loop covers what it covers."""
    if record.dataset_id is None or record.dataset_version is None:
        return ()
    every = datasets.items(connection, record.dataset_id, record.dataset_version)
    if record.item_ids is None:
        return every
    by_id = {item.id: item for item in every}
    return [by_id[i] for i in record.item_ids if i in by_id]


def _begin(run: ItemRun) -> datetime:
    return run.started_at


def _item_of(run: ItemRun) -> DatasetItem:
    return run.local_item or DatasetItem(run.item_id, None)


def _result(
    item: DatasetItem,
    repetition: int,
    run: ItemRun | None,
    by_trace: dict[str, dict[str, ScoreRecord]],
) -> Result:
    found = {} if run is None else by_trace.get(run.trace_id, {})
    return Result(item, repetition, run, found)
