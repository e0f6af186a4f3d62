"""Find the version of a dataset that an experiment made elsewhere ran over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.records.ids import content_hash
from xeroml_nb.store import datasets as stored

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from xeroml_nb.records.dataset import DatasetRecord
    from xeroml_nb.records.experiment import ExperimentRecord

_MOST_VERSIONS = 10


def version_for(
    connection: Connection, dataset: DatasetRecord, asked: ExperimentRecord
) -> datetime:
    """The version of a dataset here that an experiment made elsewhere ran over.

    Moments elsewhere are not those here: what its items were is told by their hash. Where none of
    the latest versions has that hash, it is the state at the moment it names.
    """
    named = asked.dataset_version or dataset.updated_at
    known = dataset.created_at <= named
    latest = stored.versions(connection, dataset.id)[:_MOST_VERSIONS]
    for version in dict.fromkeys([*([named] if known else []), *latest]):
        if asked.content_hash is None:
            break
        if _hash_at(connection, dataset.id, version, asked.item_ids) == asked.content_hash:
            return version
    return min(named, dataset.updated_at) if known else dataset.updated_at


def _hash_at(
    connection: Connection, dataset_id: str, version: datetime, ids: tuple[str, ...] | None
) -> str:
    items = stored.items(connection, dataset_id, version)
    if ids is not None:
        by_id = {item.id: item for item in items}
        items = [by_id[i] for i in ids if i in by_id]
    return content_hash([(item.id, item.content_hash) for item in items])
