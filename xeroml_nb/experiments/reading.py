"""Put an experiment's stored parts together again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.experiments.results import Result
from xeroml_nb.records.dataset import DatasetItem
from xeroml_nb.records.score import ScoreSource
from xeroml_nb.store import datasets, experiments, scores

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from xeroml_nb.records.experiment import ExperimentRecord, ItemRun
    from xeroml_nb.records.score import Score
    from xeroml_nb.store.store import Store


def read_results(store: Store, record: ExperimentRecord) -> list[Result]:
    """One result an item run, pending ones included, in the dataset's order."""
    with store.reading() as connection:
        runs = {run.key: run for run in experiments.item_runs(connection, record.id)}
        by_trace = _by_trace(scores.of_experiment(connection, record.id))
        items = _planned_items(connection, record)
    planned = [(item, r) for item in items for r in range(record.repetitions)]
    keys = {(item.id, r) for item, r in planned}
    unplanned = sorted((r for r in runs.values() if r.key not in keys), key=_begin)
    others = [(_item_of(run), run.repetition) for run in unplanned]
    return [
        _result(item, repetition, runs.get((item.id, repetition)), by_trace)
        for item, repetition in planned + others
    ]


def _planned_items(connection: Connection, record: ExperimentRecord) -> Sequence[DatasetItem]:
    """The items a run of the runner covers; a user's own loop covers what it covers."""
    if record.dataset_id is None or record.dataset_version is None:
        return ()
    every = datasets.items(connection, record.dataset_id, record.dataset_version)
    if record.item_ids is None:
        return every
    by_id = {item.id: item for item in every}
    return [by_id[i] for i in record.item_ids if i in by_id]


def _by_trace(found: list[Score]) -> dict[str, dict[str, Score]]:
    """Scores by trace and name.

    Of several people's scores with one name, what was settled counts, else the latest. Where code
    and people score under one name, people's is called "NAME (human)".
    """
    by_code = {score.name for score in found if score.source is not ScoreSource.HUMAN}
    by_trace: dict[str, dict[str, Score]] = {}
    for score in sorted(found, key=_is_settled):
        both = score.source is ScoreSource.HUMAN and score.name in by_code
        name = f"{score.name} (human)" if both else score.name
        by_trace.setdefault(score.target.trace_id or "", {})[name] = score
    return by_trace


def _is_settled(score: Score) -> bool:
    return isinstance(score.metadata, dict) and bool(score.metadata.get("adjudicated"))


def _begin(run: ItemRun) -> datetime:
    return run.started_at


def _item_of(run: ItemRun) -> DatasetItem:
    return run.local_item or DatasetItem(run.item_id, None)


def _result(
    item: DatasetItem,
    repetition: int,
    run: ItemRun | None,
    by_trace: dict[str, dict[str, Score]],
) -> Result:
    found = {} if run is None else by_trace.get(run.trace_id, {})
    return Result(item, repetition, run, found)
