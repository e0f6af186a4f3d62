"""The dataset of an export into a store: made where it is missing, else left as it is.

Where a dataset of that name has other items, those of the file become the version that they were,
at its own moment: what the dataset holds now, and what other experiments ran over, stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from xeroml_nb.errors import BadInput
from xeroml_nb.records.dataset import DatasetItem, DatasetRecord
from xeroml_nb.records.ids import checked_id, checked_name, random_id
from xeroml_nb.store import dataset_states, datasets, streams
from xeroml_nb.sync.files.details import Details
from xeroml_nb.sync.files.experiment_rows import ItemsHash

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from typing import Any

    from sqlalchemy.engine import Connection

    from xeroml_nb.sync.files.reading import Export, Row


@dataclass(slots=True)
class BroughtIn:
    """What became of a dataset.

    Args:
        id: Its id in this store.
        version: The moment whose items the file holds; None if it names none.
        content: By item id, the hash of what the item holds.
        notices: What people should know.
    """

    id: str
    version: datetime | None
    content: dict[str, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)


def take_dataset(
    connection: Connection, export: Export, row: Row, rows: Iterable[Row]
) -> BroughtIn:
    """Bring a dataset in at the version of the file.

    Args:
        connection: Inside a writing transaction.
        export: The file.
        row: What it says of the dataset.
        rows: The items.

    Raises:
        BadInput: If a row cannot be accepted, or the store has other items at that very version.
    """
    try:
        details = Details(row.cells["details"])
        record, version = _record_of(details), details.moment_or_none("version")
        items_hash = details.text("items_hash")
    except ValueError as error:
        raise export.bad(row, error) from None
    found = BroughtIn(record.id, version)
    items = _items(export, rows, found, items_hash)
    known = datasets.by_name(connection, record.name)
    if known is None:
        if datasets.by_id(connection, record.id) is not None:
            found.id = random_id()
        streams.begin_dataset(connection, replace(record, id=found.id), items)
        return found
    found.id = known.id
    if version is None or _hash_at(connection, known.id, version) == items_hash:
        for _ in items:
            pass  # each is checked, and there already
    else:
        is_other = _hash_at(connection, known.id, known.updated_at) != items_hash
        _add_version(connection, known, version, items)
        found.notices += [_notice(known, version)] if is_other else []
    return found


def item_of(cells: Mapping[str, Any], item_id: str) -> DatasetItem:
    """The item that some cells hold."""
    return DatasetItem(
        item_id, cells["input"], cells.get("expected_output"), cells.get("item_metadata")
    )


def _record_of(details: Details) -> DatasetRecord:
    created_at = details.moment("created_at")
    return DatasetRecord(
        id=checked_id("id of the dataset", details.text("id")),
        name=checked_name("dataset", details.text("name")),
        description=details.text_or_none("description"),
        input_schema=details.record_or_none("input_schema"),
        expected_output_schema=details.record_or_none("expected_output_schema"),
        created_at=created_at,
        updated_at=details.moment_or_none("version") or created_at,
    )


def _items(
    export: Export, rows: Iterable[Row], found: BroughtIn, items_hash: str
) -> Iterator[DatasetItem]:
    """The items of a file, each checked, and at the end all of them together."""
    content = ItemsHash()
    for row in rows:
        try:
            item = item_of(row.cells, checked_id("item_id", row.cells["item_id"]))
        except ValueError as error:
            raise export.bad(row, error) from None
        if item.id in found.content:
            raise export.bad(row, f"there is an item {item.id!r} before it")
        found.content[item.id] = item.content_hash
        content.add(item)
        yield item
    if content.text() != items_hash:
        raise BadInput(
            f"The items in {export.path} are not those that were written to it.",
            "Export it again; to change a dataset, use upsert_item() or create_dataset().",
        )


def _hash_at(connection: Connection, dataset_id: str, moment: datetime) -> str:
    content = ItemsHash()
    for item in streams.items(connection, dataset_id, moment):
        content.add(item)
    return content.text()


def _add_version(
    connection: Connection, known: DatasetRecord, version: datetime, items: Iterable[DatasetItem]
) -> None:
    if version in datasets.versions(connection, known.id):
        raise BadInput(
            f"Dataset {known.name!r} has other items here at its version {version.isoformat()}.",
            "Import into another store: get_client('other.db').import_file(...).",
        )
    dataset_states.put_past(connection, known.id, list(items), version)
    streams.known_since(connection, known.id, version)


def _notice(known: DatasetRecord, version: datetime) -> str:
    return (
        f"Dataset {known.name!r} has other items in this store and keeps them; those of the file "
        f"are get_dataset({known.name!r}, version={version.isoformat()!r})."
    )
