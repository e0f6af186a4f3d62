"""Make datasets, fill them, and read any of their versions."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Query

from xeroml_nb.experiments.dataset import get as dataset_at
from xeroml_nb.experiments.schemas import check_items
from xeroml_nb.records.dataset import DatasetRecord
from xeroml_nb.server.access import Reading, Stored, Writing
from xeroml_nb.server.dataset_items import dataset_named, dated_shown, store_items
from xeroml_nb.server.failures import ApiError, Json, declared
from xeroml_nb.server.models.common import Moment
from xeroml_nb.server.models.datasets import (
    DatasetGiven,
    DatasetList,
    DatasetShown,
    ItemGone,
    ItemList,
    ItemsGiven,
    ItemShown,
    ItemsStored,
    ItemStored,
    OneOrMany,
)
from xeroml_nb.server.models.fields import Name
from xeroml_nb.server.naming import topic
from xeroml_nb.server.paging import Paged, WidelyPaged, listed
from xeroml_nb.store import dataset_pages
from xeroml_nb.store import datasets as stored
from xeroml_nb.store.paging import Part
from xeroml_nb.sync.wire.datasets import from_wire, shown
from xeroml_nb.sync.wire.reading import moment_text

router = topic("datasets")
Version = Annotated[Moment | None, Query(description="The state at that moment.")]


@router.get("/datasets", response_model=DatasetList)
def list_datasets(store: Stored, _: Reading, asked: Paged) -> Json:
    """Datasets by name."""
    with store.reading() as connection:
        found, total = dataset_pages.page(connection, Part(asked.limit, asked.offset))
        kept = dataset_pages.metadata_of(connection, [record.id for record in found])
    data = [shown(record) | {"metadata": kept.get(record.id)} for record in found]
    return Json(listed(asked, data, total))


@router.post("/datasets", response_model=DatasetShown, responses=declared(409))
def put_dataset(given: DatasetGiven, store: Stored, _: Writing) -> Json:
    """Make a dataset, or change the one of that name."""
    asked = from_wire(given.model_dump(by_alias=True, exclude_unset=True))
    check_items([], asked.input_schema, asked.expected_output_schema, asked.name)

    def work(connection: Any) -> dict[str, Any]:
        known = stored.by_name(connection, asked.name)
        if known is None and stored.by_id(connection, asked.id) is not None:
            raise ApiError(409, f"The id {asked.id!r} is that of another dataset.", "id_taken")
        stored.create(connection, asked if known is None else _changed(known, asked))
        record = dataset_named(connection, asked.name)
        if given.metadata is not None:
            dataset_pages.put_metadata(connection, record.id, given.metadata)
        return _described(connection, record)

    return Json(store.write(work))


@router.get("/datasets/{name:path}/items", response_model=ItemList, responses=declared(404))
def list_items(
    name: Name, store: Stored, _: Reading, asked: WidelyPaged, version: Version = None
) -> Json:
    """Items of a dataset in order, of its newest version or of an earlier one."""
    with store.reading() as connection:
        record = dataset_named(connection, name)
    at, part = dataset_at(store, name, version).version, Part(asked.limit, asked.offset)
    with store.reading() as connection:
        found, total = dataset_pages.items(connection, record.id, at, part)
    return Json(listed(asked, [dated_shown(dated, record) for dated in found], total))


@router.post(
    "/datasets/{name:path}/items",
    response_model=ItemsStored | ItemStored,
    responses=declared(404),
)
def add_items(name: Name, given: OneOrMany, store: Stored, _: Writing) -> Json:
    """Add items or change them, one or many, as one new version of the dataset; all or none."""
    with store.reading() as connection:
        record = dataset_named(connection, name)
    several = isinstance(given, ItemsGiven)
    items = given.items if isinstance(given, ItemsGiven) else [given]
    sent = [item.model_dump(by_alias=True, exclude_unset=True) for item in items]
    found, version = store_items(store, record, sent)
    at = {"version": moment_text(version)}
    return Json({"items": found} | at if several else found[0] | at)


@router.get(
    "/datasets/{name:path}/items/{item_id}", response_model=ItemShown, responses=declared(404)
)
def get_item(name: Name, item_id: Name, store: Stored, _: Reading) -> Json:
    """One item in the newest version of a dataset."""
    with store.reading() as connection:
        record = dataset_named(connection, name)
        found = dataset_pages.items_with_ids(connection, [item_id], record.id)
    if not found:
        raise ApiError(404, f"Dataset {name!r} has no item {item_id!r}.")
    return Json(dated_shown(found[0], record))


@router.delete(
    "/datasets/{name:path}/items/{item_id}", response_model=ItemGone, responses=declared(404)
)
def delete_item(name: Name, item_id: Name, store: Stored, _: Writing) -> Json:
    """Take an item out of a dataset; earlier versions keep it."""

    def work(connection: Any) -> Any:
        return stored.end_items(connection, dataset_named(connection, name).id, [item_id])

    version = store.write(work)
    if version is None:
        raise ApiError(404, f"Dataset {name!r} has no item {item_id!r}.")
    message = f"The item {item_id} has left dataset {name}."
    return Json({"message": message, "version": moment_text(version)})


# The last of them, since a name may hold all that the paths above end with.
@router.get("/datasets/{name:path}", response_model=DatasetShown, responses=declared(404))
def get_dataset(name: Name, store: Stored, _: Reading) -> Json:
    """One dataset, without its items."""
    with store.reading() as connection:
        return Json(_described(connection, dataset_named(connection, name)))


def _described(connection: Any, record: DatasetRecord) -> dict[str, Any]:
    kept = dataset_pages.metadata_of(connection, [record.id])
    return shown(record) | {"metadata": kept.get(record.id)}


def _changed(known: DatasetRecord, asked: DatasetRecord) -> DatasetRecord:
    """A dataset with what is said of it; what is not said stays."""
    return replace(
        known,
        description=asked.description or known.description,
        input_schema=asked.input_schema or known.input_schema,
        expected_output_schema=asked.expected_output_schema or known.expected_output_schema,
    )
