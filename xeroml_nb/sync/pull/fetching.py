"""Fetch a dataset from a server, as it is now or as it was at a moment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput, Refused
from xeroml_nb.experiments.dataset import hash_of_items
from xeroml_nb.sync.pull.reading import need, shown_by
from xeroml_nb.sync.wire import langfuse
from xeroml_nb.sync.wire.datasets import from_wire, item_from_wire
from xeroml_nb.sync.wire.reading import moment_of, moment_text

if TYPE_CHECKING:
    from datetime import datetime

    from xeroml_nb.records.dataset import DatasetItem, DatasetRecord
    from xeroml_nb.sync.parcels.base import Link
    from xeroml_nb.sync.transport.connection import Connection


@dataclass(frozen=True, slots=True)
class Shown:
    """A dataset as a server shows it, without its items.

    Args:
        record: Its name, schemas and moments.
        remote_id: Its id there, if the server shows one.
        says_version: The server says which version is the newest: as long as it says the same,
            nothing has changed there.
    """

    record: DatasetRecord
    remote_id: str | None
    says_version: bool

    @property
    def newest(self) -> datetime:
        """The newest version, as far as the server says."""
        return self.record.updated_at


@dataclass(frozen=True, slots=True)
class State:
    """All items of a dataset at a moment.

    Args:
        items: In order; the ids are those of this store.
        there: The moment on the server.
        remote_ids: By id, what an item is called on the server, where that is another.
    """

    items: tuple[DatasetItem, ...]
    there: datetime
    remote_ids: dict[str, str] = field(default_factory=dict)

    @property
    def content_hash(self) -> str:
        """As `Dataset.content_hash`."""
        return hash_of_items(self.items)


def fetch_dataset(connection: Connection, name: str) -> Shown | None:
    """What a server says of a dataset; None where it has none of that name.

    Raises:
        ServerError: If the server cannot be asked, or its answer cannot be read.
    """
    try:
        row = connection.get("dataset", dataset=name)
    except Refused as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise
    with shown_by(connection.host, f"dataset {name}", row):
        body = need(row, "dataset", "name")
        record = from_wire(body)
        if record.name != name:
            raise BadInput(f"It is called {record.name!r}.")
        if moment_of(body, "version", "updatedAt") is None:
            raise BadInput("It has no version and no updatedAt.")
    return Shown(record, body.get("id"), body.get("version") is not None)


def fetch_state(
    link: Link, shown: Shown, at: datetime | None, own: dict[str, str] | None = None
) -> State:
    """The items that a dataset had at a moment.

    Args:
        link: The way to the server.
        shown: The dataset.
        at: The moment; None for the newest version.
        own: What items of the server are called here, where that is another id.

    Raises:
        ServerError: If the server cannot be asked, or one of the items cannot be read.
    """
    name, connection = shown.record.name, link.connection
    has_own_ids = connection.api.name == langfuse.NAME
    asked = shown.newest if at is None and shown.says_version else at
    query = {
        "version": None if asked is None else moment_text(asked),
        "datasetName": name if has_own_ids else None,
    }
    items: dict[str, DatasetItem] = {}
    remote_ids: dict[str, str] = {}
    changed = shown.newest
    for rows in connection.pages("dataset items", query=query, dataset=name):
        for row in rows:
            with shown_by(connection.host, f"item of dataset {name}", row):
                item = _item(row, items, own or {})
                changed = max(changed, moment_of(row, "updatedAt") or changed)
            items[item.id] = item
            if has_own_ids:
                remote_ids[item.id] = row["id"]
    return State(tuple(items.values()), asked or changed, remote_ids)


def _item(row: Any, before: dict[str, DatasetItem], own: dict[str, str]) -> DatasetItem:
    item = item_from_wire(need(row, "item", "id"))
    item = replace(item, id=own.get(item.id, item.id))
    if item.id in before:
        raise BadInput("It is there twice.")
    return item
