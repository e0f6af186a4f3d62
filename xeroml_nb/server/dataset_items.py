"""Items of datasets as they are sent, stored and shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput, BadRow
from xeroml_nb.experiments.schemas import check_items
from xeroml_nb.experiments.sources import ColumnMap, read_items
from xeroml_nb.server.failures import ApiError
from xeroml_nb.store import dataset_pages
from xeroml_nb.store import datasets as stored
from xeroml_nb.sync.wire.datasets import item_from_wire, item_shown
from xeroml_nb.sync.wire.reading import moment_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from xeroml_nb.records.dataset import DatasetItem, DatasetRecord
    from xeroml_nb.store.dataset_pages import DatedItem
    from xeroml_nb.store.store import Store

_ARCHIVED = "ARCHIVED"


def store_items(
    store: Store, record: DatasetRecord, given: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], datetime]:
    """Store items as one new version of a dataset; those that are archived leave it.

    Args:
        store: Where to.
        record: The dataset.
        given: The items as they were sent.

    Returns:
        The items as they are shown, and the newest version of the dataset.

    Raises:
        BadRow: If an item cannot be accepted; none is stored then.
        ApiError: If an archived item is not there (404).
    """
    active = [_read(n, one) for n, one in enumerate(given, 1) if one.get("status") != _ARCHIVED]
    items = read_items(active, ColumnMap())
    source = f"the items for {record.name!r}"
    check_items(items, record.input_schema, record.expected_output_schema, source)
    gone = [str(one.get("id")) for one in given if one.get("status") == _ARCHIVED]

    def work(connection: Connection) -> tuple[list[dict[str, Any]], datetime]:
        left = _archived(connection, record, gone)
        version = stored.put_items(connection, record.id, items)
        ids = [item.id for item in items]
        found = {d.item.id: d for d in dataset_pages.items_with_ids(connection, ids, record.id)}
        return [dated_shown(found[i], record) for i in ids] + left, version

    return store.write(work)


def dataset_named(connection: Connection, name: str) -> DatasetRecord:
    """The dataset of that name.

    Raises:
        ApiError: If there is none (404).
    """
    found = stored.by_name(connection, name)
    if found is None:
        raise ApiError(404, f"There is no dataset {name!r}.")
    return found


def dated_shown(dated: DatedItem, record: DatasetRecord) -> dict[str, Any]:
    """An item as it is shown."""
    shown = item_shown(dated.item, record, dated.updated_at)
    return shown | {"createdAt": moment_text(dated.created_at)}


def _read(number: int, given: Mapping[str, Any]) -> DatasetItem:
    try:
        return item_from_wire(given)
    except BadInput as error:
        raise BadRow(number, str(error), "the items") from None


def _archived(connection: Connection, record: DatasetRecord, ids: list[str]) -> list[Any]:
    """Take items out of a dataset; gives them as they were."""
    found = {d.item.id: d for d in dataset_pages.items_with_ids(connection, ids, record.id)}
    for item_id in ids:
        if item_id not in found:
            raise ApiError(404, f"Dataset {record.name!r} has no item {item_id!r}.")
    version = stored.end_items(connection, record.id, ids) if ids else None
    changed = {} if version is None else {"updatedAt": moment_text(version)}
    return [dated_shown(found[i], record) | {"status": _ARCHIVED} | changed for i in ids]
