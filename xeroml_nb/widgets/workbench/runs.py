"""Which run a workbench is about, and which one it is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.records.experiment import ExperimentStatus

if TYPE_CHECKING:
    from xeroml_nb.client import Client
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.records.experiment import ExperimentRecord


def newest_over(client: Client, dataset_id: str) -> Experiment | None:
    """The newest run over a dataset, without those that another process works on."""
    records = (r for r in client.experiments() if r.dataset_id == dataset_id)
    found = (client.get_experiment(record.id) for record in records)
    mine = (e for e in found if e.is_running or e.status is not ExperimentStatus.RUNNING)
    return next(mine, None)


def one_before(client: Client, experiment: Experiment) -> ExperimentRecord | None:
    """The newest of the earlier runs over the same dataset."""
    record = experiment.record
    if record.dataset_id is None:
        return None
    same = [r for r in client.experiments() if r.dataset_id == record.dataset_id]
    earlier = [r.id for r in same].index(record.id) + 1
    return same[earlier] if earlier < len(same) else None
