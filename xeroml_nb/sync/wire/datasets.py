"""Datasets and their items as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.records import clock
from xeroml_nb.records.dataset import DatasetItem, DatasetRecord
from xeroml_nb.records.ids import checked_name, content_hash, random_id
from xeroml_nb.sync.wire.reading import (
    body_of,
    filled,
    id_of,
    moment_of,
    moment_text,
    number_of,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


def to_wire(record: DatasetRecord) -> dict[str, Any]:
    """A dataset as it is sent, without its items: only what is set."""
    return filled(_fields(record))


def shown(record: DatasetRecord) -> dict[str, Any]:
    """A dataset as a server shows it: every field, also those that are not set."""
    newest = moment_text(record.updated_at)
    return {
        "id": record.id,
        **_fields(record),
        "metadata": None,
        "createdAt": moment_text(record.created_at),
        "updatedAt": newest,
        "version": newest,
        "itemCount": record.item_count,
    }


def from_wire(given: Any) -> DatasetRecord:
    """Read a dataset that somebody sends or a server shows.

    Without an id it gets a random one; without moments, this one.

    Raises:
        BadInput: If a part of it cannot be accepted.
    """
    body = body_of("dataset", given)
    now = clock.now()
    return DatasetRecord(
        id=id_of(body, "id") or random_id(),
        name=checked_name("dataset", body.get("name")),
        description=text_of(body, "description"),
        input_schema=_schema(body, "inputSchema"),
        expected_output_schema=_schema(body, "expectedOutputSchema"),
        created_at=moment_of(body, "createdAt") or now,
        updated_at=moment_of(body, "version", "updatedAt") or now,
        item_count=number_of(body, "itemCount", 0),
    )


def item_to_wire(item: DatasetItem) -> dict[str, Any]:
    """An item as it is sent.

    What is None is sent as well: a server may keep the earlier value of a field that is not there.
    """
    return {
        "id": item.id,
        "input": item.input,
        "expectedOutput": item.expected_output,
        "metadata": item.metadata,
    }


def item_shown(item: DatasetItem, dataset: DatasetRecord, changed_at: datetime) -> dict[str, Any]:
    """An item as a server shows it.

    Args:
        item: The item.
        dataset: Its dataset.
        changed_at: The version it is from.
    """
    at = moment_text(changed_at)
    belongs = {"datasetId": dataset.id, "datasetName": dataset.name}
    sources = {"sourceTraceId": None, "sourceObservationId": None}
    status = {"status": "ACTIVE", "createdAt": at, "updatedAt": at}
    return item_to_wire(item) | belongs | sources | status


def item_from_wire(given: Any) -> DatasetItem:
    """Read an item that somebody sends or a server shows; without an id it gets a derived one.

    Raises:
        BadInput: If it has no input, or its id cannot be accepted.
    """
    body = body_of("item", given)
    if "input" not in body:
        raise BadInput("The item has no input.", 'Send {"input": ...}.')
    parts = (body["input"], body.get("expectedOutput"), body.get("metadata"))
    return DatasetItem(id_of(body, "id") or content_hash(*parts)[:12], *parts)


def _fields(record: DatasetRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "description": record.description,
        "inputSchema": record.input_schema,
        "expectedOutputSchema": record.expected_output_schema,
    }


def _schema(body: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    schema = body.get(name)
    return None if schema is None else dict(body_of(name, schema))
