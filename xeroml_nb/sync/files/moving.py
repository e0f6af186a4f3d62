"""Export an experiment or labels into a file, and import such a file into a store."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

from xeroml_nb.annotation.queue import queue_by_id
from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.claims import present_status
from xeroml_nb.records.experiment import ExperimentRecord, ExperimentStatus
from xeroml_nb.sync.files.experiment_import import take_experiment
from xeroml_nb.sync.files.experiment_rows import experiment_rows
from xeroml_nb.sync.files.label_import import take_labels
from xeroml_nb.sync.files.label_rows import label_rows
from xeroml_nb.sync.files.reading import checked_file, opened
from xeroml_nb.sync.files.writing import checked_target, head_of, write

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from xeroml_nb.store.store import Store


def export_experiment(store: Store, record: ExperimentRecord, path: str | Path) -> Path:
    """Write an experiment into a file.

    Raises:
        BadInput: If it is running, or the file cannot be written there.
    """
    status = present_status(record)
    if status is ExperimentStatus.RUNNING:
        raise BadInput(f"{record.label} is still running.", "Wait for it, or stop it first.")
    head = head_of("experiment", record.id, record.label)
    target = checked_target(path, head)
    with store.reading() as connection:
        rows = experiment_rows(connection, replace(record, status=status))
        return write(target, head, rows)


def export_labels(store: Store, queue_id: str, path: str | Path) -> Path:
    """Write what people said in a queue into a file.

    Raises:
        NotFound: If there is no such queue.
        BadInput: If the file cannot be written there.
    """
    queue = queue_by_id(store, queue_id)
    head = head_of("labels", queue.id, queue.name)
    target = checked_target(path, head)
    with store.reading() as connection:
        return write(target, head, label_rows(connection, queue))


def import_export(store: Store, path: str | Path) -> tuple[str, str]:
    """Bring the experiment or the labels of a file in: all of it, or nothing.

    Returns:
        "experiment" or "labels", and the id of the experiment or queue.

    Raises:
        BadInput: If the file is no export, or a row cannot be accepted; nothing is stored then.
    """
    file = checked_file(path)

    def work(connection: Connection) -> tuple[str, str, list[str]]:
        with opened(file) as export:
            take = take_experiment if export.kind == "experiment" else take_labels
            return export.kind, *take(connection, export)

    kind, key, notices = store.write(work)
    for notice in notices:
        warnings.warn(notice, stacklevel=3)
    return kind, key
