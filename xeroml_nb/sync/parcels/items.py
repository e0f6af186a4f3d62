"""Send the items of datasets, as they are now."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from xeroml_nb.errors import Refused
from xeroml_nb.store import datasets, sendable
from xeroml_nb.sync.parcels.batches import by_payload, each, removed, sent
from xeroml_nb.sync.parcels.listing import shown_as_sent
from xeroml_nb.sync.parcels.making import body_of, in_order, in_two, joined, made
from xeroml_nb.sync.wire import langfuse
from xeroml_nb.sync.wire.datasets import item_to_wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import sqlalchemy as sa

    from xeroml_nb.records.dataset import DatasetItem, DatasetRecord
    from xeroml_nb.store.deliveries import Delivery
    from xeroml_nb.sync.parcels.base import Link, Parcel, Scope
    from xeroml_nb.sync.transport.connection import Outcome

# More would hold up the others that write to the same dataset.
_AT_ONCE = 500


class Items:
    """Items of datasets; each chunk of them makes one version on the server."""

    name = "item"
    undoable = True

    def keys(self, connection: sa.Connection, scope: Scope) -> list[str]:
        """The items that the datasets have now, in order."""
        return [joined(*key) for key in sendable.item_keys(connection, scope)]

    def gone(self, connection: sa.Connection, remote_id: str, scope: Scope) -> list[str]:  # noqa: ARG002
        """None: what an experiment ran over stays on the server."""
        return []

    def load(self, connection: sa.Connection, keys: Sequence[str]) -> list[Parcel]:
        """Input, expected output and metadata of each."""
        found = [
            (dataset, item)
            for dataset, ids in by_dataset(connection, keys)
            for item in _newest(connection, dataset, ids)
        ]
        parcels = (
            made(self.name, joined(dataset.id, item.id), _title(dataset, item), item_to_wire(item))
            for dataset, item in found
        )
        return in_order(parcels, keys)

    def send(self, link: Link, parcels: Sequence[Parcel]) -> list[Outcome]:
        """Add or change items: many at once where the API can."""
        if link.connection.api.name == langfuse.NAME:
            names = _names(link, [parcel.key for parcel in parcels])
            return each(parcels, lambda parcel: _post_alone(link, names, parcel))
        return [
            outcome
            for name, own in _by_name(link, parcels)
            for part in by_payload(own, _AT_ONCE)
            for outcome in _post_together(link, name, part)
        ]

    def remove(self, link: Link, known: Sequence[Delivery]) -> list[Outcome]:
        """Take items out of the newest version; earlier ones keep them."""
        names = _names(link, [one.key for one in known])

        def one(delivery: Delivery) -> Outcome:
            dataset_id, item_id = in_two(delivery.key)
            dataset, its_id = names.get(dataset_id, ""), delivery.remote_key or item_id
            delete = partial(link.connection.delete, "dataset item")
            return removed(delivery.key, partial(delete, dataset=dataset, item_id=its_id))

        return each(known, one)

    def read_back(self, link: Link, parcels: Sequence[Parcel]) -> set[str]:
        """Those that are there as they were sent."""
        if link.connection.api.name == langfuse.NAME:
            return {parcel.key for parcel in parcels if _is_there(link, parcel)}
        return {
            joined(in_two(own[0].key)[0], item_id)
            for name, own in _by_name(link, parcels)
            for item_id in shown_as_sent(
                link.connection,
                "dataset items",
                {in_two(parcel.key)[1]: body_of(parcel) for parcel in own},
                by=lambda row: row.get("id"),
                dataset=name,
            )
        }


def by_dataset(
    connection: sa.Connection, keys: Iterable[str]
) -> list[tuple[DatasetRecord, list[str]]]:
    """The datasets that some keys of items name, each with its items' ids."""
    grouped: dict[str, list[str]] = {}
    for key in keys:
        dataset_id, item_id = in_two(key)
        grouped.setdefault(dataset_id, []).append(item_id)
    found = ((datasets.by_id(connection, one), ids) for one, ids in grouped.items())
    return [(dataset, ids) for dataset, ids in found if dataset is not None]


def there(link: Link, keys: Iterable[str]) -> dict[str, str]:
    """By key, the ids that items have on a server whose ids are unique over all datasets."""
    every = list(keys)
    known = link.delivered(Items.name, every)
    return {
        key: (known[key].remote_key if key in known else None) or langfuse.item_id(*in_two(key))
        for key in every
    }


def _newest(
    connection: sa.Connection, dataset: DatasetRecord, ids: Sequence[str]
) -> list[DatasetItem]:
    found = datasets.items_by_id(connection, dataset.id, dataset.updated_at, ids)
    return list(found.values())


def _title(dataset: DatasetRecord, item: DatasetItem) -> str:
    return f"item {item.id} of {dataset.name}"


def _names(link: Link, keys: Iterable[str]) -> dict[str, str]:
    with link.store.reading() as connection:
        return {dataset.id: dataset.name for dataset, _ in by_dataset(connection, keys)}


def _by_name(link: Link, parcels: Sequence[Parcel]) -> list[tuple[str, list[Parcel]]]:
    """Parcels by the name of their dataset."""
    names = _names(link, [parcel.key for parcel in parcels])
    grouped: dict[str, list[Parcel]] = {}
    for parcel in parcels:
        grouped.setdefault(names[in_two(parcel.key)[0]], []).append(parcel)
    return list(grouped.items())


def _post_together(link: Link, dataset: str, parcels: Sequence[Parcel]) -> list[Outcome]:
    """Send items as one version; where one of them is refused, each by itself, in order."""
    post = link.connection.post
    bodies = [body_of(parcel) for parcel in parcels]
    if len(parcels) > 1:
        try:
            post("dataset items", {"items": bodies}, dataset=dataset)
        except Refused:
            pass
        else:
            return [sent(parcel.key) for parcel in parcels]

    def one(parcel: Parcel) -> Outcome:
        post("dataset items", body_of(parcel), dataset=dataset)
        return sent(parcel.key)

    return each(parcels, one, threads=1)


def _post_alone(link: Link, names: dict[str, str], parcel: Parcel) -> Outcome:
    dataset_id, _ = in_two(parcel.key)
    body = langfuse.item(there(link, [parcel.key])[parcel.key], names[dataset_id], body_of(parcel))
    link.connection.post("dataset items", body)
    return sent(parcel.key, body["id"])


def _is_there(link: Link, parcel: Parcel) -> bool:
    try:
        row = link.connection.get("dataset item", item_id=there(link, [parcel.key])[parcel.key])
    except Refused:
        return False
    sent_parts = {name: part for name, part in body_of(parcel).items() if name != "id"}
    return isinstance(row, dict) and all(row.get(n) == part for n, part in sent_parts.items())
