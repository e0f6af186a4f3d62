"""Read experiments and their item runs page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from xeroml_nb.store import datasets as stored_datasets
from xeroml_nb.store import experiments as stored
from xeroml_nb.store.paging import Part, part_of
from xeroml_nb.store.schema import datasets
from xeroml_nb.store.schema import experiments as table
from xeroml_nb.store.schema import item_runs as runs

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from xeroml_nb.records.dataset import DatasetItem
    from xeroml_nb.records.experiment import ExperimentRecord, ItemRun


def page(
    connection: Connection, part: Part, name: str | None = None, dataset_name: str | None = None
) -> tuple[list[ExperimentRecord], int]:
    """Experiments, newest first, and how many there are.

    Args:
        connection: To read with.
        part: Which of them.
        name: Only those of this name.
        dataset_name: Only those over this dataset.
    """
    query = sa.select(table.c.id).order_by(table.c.created_at.desc(), table.c.id)
    if name is not None:
        query = query.where(table.c.name == name)
    if dataset_name is not None:
        of_it = sa.select(datasets.c.id).where(datasets.c.name == dataset_name)
        query = query.where(table.c.dataset_id.in_(of_it))
    found, total = part_of(connection, query, part)
    records = [stored.by_id(connection, row.id) for row in found]
    return [record for record in records if record is not None], total


def item_runs(connection: Connection, experiment_id: str, part: Part) -> tuple[list[ItemRun], int]:
    """Item runs of an experiment by item and repetition, and how many are stored."""
    query = sa.select(runs).where(runs.c.experiment_id == experiment_id)
    found, total = part_of(connection, query.order_by(runs.c.item_id, runs.c.repetition), part)
    return [stored.run_from_row(row) for row in found], total


def items_of(
    connection: Connection, record: ExperimentRecord, item_runs: list[ItemRun]
) -> dict[str, DatasetItem]:
    """The items behind some item runs of an experiment, by id, where they are known."""
    found = {run.item_id: run.local_item for run in item_runs if run.local_item is not None}
    ids = {run.item_id for run in item_runs} - found.keys()
    if record.dataset_id is None or record.dataset_version is None:
        return found
    return found | stored_datasets.items_by_id(
        connection, record.dataset_id, record.dataset_version, ids
    )
