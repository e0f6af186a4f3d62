"""An experiment as rows: its dataset at the version it ran over, its item runs, their scores."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Any

from xeroml_nb.records.experiment import ExperimentRecord, ExperimentStatus, TaskRecord
from xeroml_nb.store import datasets, score_merging, streams
from xeroml_nb.sync.files.cells import moment_text
from xeroml_nb.sync.files.details import Details, optional_moment
from xeroml_nb.sync.files.score_rows import score_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy.engine import Connection

    from xeroml_nb.records.dataset import DatasetItem, DatasetRecord
    from xeroml_nb.records.experiment import ItemRun

    Row = dict[str, Any]

_AT_ONCE = 200


class ItemsHash:
    """The content of many items, added one by one: equal items in equal order, equal hash."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, item: DatasetItem) -> None:
        """Take the next item in."""
        self._hash.update(f"{item.content_hash}{item.id}\n".encode())

    def text(self) -> str:
        """The hash of all that was added."""
        return self._hash.hexdigest()[:32]


def experiment_rows(connection: Connection, record: ExperimentRecord) -> Iterator[Row]:
    """All rows of an experiment, made while they are asked for."""
    if record.dataset_id is not None:
        dataset = datasets.by_id(connection, record.dataset_id)
        if dataset is not None:
            yield from _dataset_rows(connection, dataset, record)
    yield {"record": "experiment", "details": record_details(record)}
    for score, changed_at in score_merging.on_experiment(connection, record.id):
        yield score_row(score, changed_at)
    yield from _run_rows(connection, record)


def record_details(record: ExperimentRecord) -> dict[str, Any]:
    """What is kept of an experiment besides its item runs."""
    return {
        "id": record.id,
        "name": record.name,
        "number": record.number,
        "status": record.status.value,
        "created_at": moment_text(record.created_at),
        "finished_at": optional_moment(record.finished_at),
        "stop_reason": record.stop_reason,
        "dataset_version": optional_moment(record.dataset_version),
        "content_hash": record.content_hash,
        "task": None if record.task is None else asdict(record.task),
        "item_ids": None if record.item_ids is None else list(record.item_ids),
        "planned": record.planned,
        "repetitions": record.repetitions,
        "evaluators": list(record.evaluators),
        "environment": record.environment,
        "metadata": record.metadata,
    }


def record_of(details: Details, dataset_id: str | None) -> ExperimentRecord:
    """The experiment that such details are of.

    Raises:
        ValueError: If they are of none.
    """
    status = ExperimentStatus(details.text("status"))
    if status is ExperimentStatus.RUNNING:
        raise ValueError("it says that the experiment is running; none is in a file")
    task = details.record_or_none("task")
    return ExperimentRecord(
        id=details.text("id"),
        name=details.text("name"),
        number=details.count("number"),
        status=status,
        created_at=details.moment("created_at"),
        finished_at=details.moment_or_none("finished_at"),
        stop_reason=details.text_or_none("stop_reason"),
        dataset_id=dataset_id,
        dataset_version=details.moment_or_none("dataset_version"),
        content_hash=details.text_or_none("content_hash"),
        task=None if task is None else _task(Details(task)),
        item_ids=details.texts_or_none("item_ids"),
        planned=details.count("planned"),
        repetitions=details.count("repetitions"),
        evaluators=details.texts("evaluators"),
        environment=details.record("environment"),
        metadata=details.record("metadata"),
    )


def item_cells(item: DatasetItem) -> Row:
    """The cells that say what an item is."""
    optional = {"expected_output": item.expected_output, "item_metadata": item.metadata}
    return {"item_id": item.id, "input": item.input} | {
        name: value for name, value in optional.items() if value is not None
    }


def _task(details: Details) -> TaskRecord:
    return TaskRecord(*(details.text(name) for name in ("name", "source", "fingerprint")))


def _dataset_rows(
    connection: Connection, dataset: DatasetRecord, record: ExperimentRecord
) -> Iterator[Row]:
    version = record.dataset_version
    content = ItemsHash()
    if version is not None:
        for item in streams.items(connection, dataset.id, version):
            content.add(item)
    details = {
        "id": dataset.id,
        "name": dataset.name,
        "description": dataset.description,
        "input_schema": dataset.input_schema,
        "expected_output_schema": dataset.expected_output_schema,
        "created_at": moment_text(dataset.created_at),
        "version": optional_moment(version),
        "items_hash": content.text(),
    }
    yield {"record": "dataset", "details": details}
    if version is not None:
        for item in streams.items(connection, dataset.id, version):
            yield {"record": "item", **item_cells(item)}


def _run_rows(connection: Connection, record: ExperimentRecord) -> Iterator[Row]:
    """Each item run, followed by its scores."""
    runs = streams.item_runs(connection, record)
    seen: set[str] = set()
    while part := list(islice(runs, _AT_ONCE)):
        # Of item runs that share a trace, the first is followed by its scores.
        traces = {run.trace_id for run, _ in part} - seen
        seen |= traces
        by_trace: dict[str, list[Row]] = {}
        for score, changed_at in score_merging.on_traces(connection, traces):
            trace_id = score.target.trace_id or ""
            by_trace.setdefault(trace_id, []).append(score_row(score, changed_at))
        yield from _with_scores(part, by_trace)


def _with_scores(
    part: Iterable[tuple[ItemRun, DatasetItem | None]], by_trace: dict[str, list[Row]]
) -> Iterator[Row]:
    for run, item in part:
        place = {"item_id": run.item_id, "repetition": run.repetition}
        yield _run_row(run, item) | place
        for row in by_trace.pop(run.trace_id, ()):
            yield row | place


def _run_row(run: ItemRun, item: DatasetItem | None) -> Row:
    optional = {
        "error": run.error,
        "traceback": run.traceback,
        "latency_s": run.latency,
        "evaluator_errors": run.evaluator_errors or None,
        "local": None if run.local_item is None else True,
    }
    return {
        "record": "run",
        "status": run.status.value,
        "attempts": run.attempts,
        "trace_id": run.trace_id,
        "started_at": run.started_at,
        **({} if item is None else item_cells(item)),
        **({} if run.output_json is None else {"output": run.output}),
        **{name: value for name, value in optional.items() if value is not None},
    }
