"""Find the version of a dataset that an experiment ran over, here or on its server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.experiments.dataset import hash_of_items
from xeroml_nb.sync.pull.fetching import fetch_dataset, fetch_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from xeroml_nb.experiments.dataset import Dataset
    from xeroml_nb.records.dataset import DatasetItem
    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.sync.parcels.base import Link
    from xeroml_nb.sync.pull.datasets import Datasets
    from xeroml_nb.sync.pull.fetching import Shown


def ran_over(link: Link, datasets: Datasets, record: ExperimentRecord) -> Dataset | None:
    """The dataset and version that an experiment ran over; it is kept here from now on.

    Args:
        link: The way to the server.
        datasets: Those of the server.
        record: The experiment as the server shows it; it names its dataset.

    Returns:
        None if no version has the content that the experiment ran over.

    Raises:
        ServerError: If the server cannot be asked.
    """
    name = record.dataset_name or ""
    for kept in _kept(datasets, name, record.dataset_version):
        if record.content_hash is not None and _covers(kept.items, record):
            return kept
    shown = fetch_dataset(link.connection, name)
    if shown is None:
        return None
    for at in _moments(shown, record.dataset_version):
        state = fetch_state(link, shown, at, datasets.own_ids(link, name))
        if _covers(state.items, record):
            return datasets.keep(link, shown, state, is_newest=at is None)
    return None


def _kept(datasets: Datasets, name: str, version: datetime | None) -> Iterator[Dataset]:
    """What is here of a dataset: as it was then, and as it is now."""
    then = None if version is None else datasets.version_here(name, version)
    now = datasets.newest_here(name)
    return (one for one in (then, now) if one is not None)


def _moments(shown: Shown, version: datetime | None) -> Iterator[datetime | None]:
    """The versions on the server to look at: the one that is named, and the newest."""
    if version is not None and shown.record.created_at <= version < shown.newest:
        yield version
    yield None


def _covers(items: Sequence[DatasetItem], record: ExperimentRecord) -> bool:
    """Tell whether an experiment ran over these items, or over some of them."""
    if record.content_hash is None:
        return True
    if record.item_ids is None:
        return hash_of_items(items) == record.content_hash
    by_id = {item.id: item for item in items}
    chosen = [by_id[one] for one in record.item_ids if one in by_id]
    return hash_of_items(chosen) == record.content_hash
