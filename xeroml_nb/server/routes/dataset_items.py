"""Items of datasets by their own ids, whatever dataset they are in."""

from typing import Annotated, Any

from fastapi import Query

from xeroml_nb.experiments.dataset import get as dataset_at
from xeroml_nb.server.access import Reading, Stored, Writing
from xeroml_nb.server.dataset_items import dataset_named, dated_shown, store_items
from xeroml_nb.server.failures import ApiError, Json, declared
from xeroml_nb.server.models.common import Moment
from xeroml_nb.server.models.datasets import (
    ItemGone,
    ItemList,
    ItemShown,
    ItemStored,
    NamedItemGiven,
)
from xeroml_nb.server.models.fields import Name
from xeroml_nb.server.naming import topic
from xeroml_nb.server.paging import WidelyPaged, listed
from xeroml_nb.store import dataset_pages
from xeroml_nb.store import datasets as stored
from xeroml_nb.store.dataset_pages import DatedItem
from xeroml_nb.store.paging import Part
from xeroml_nb.sync.wire.reading import filled, moment_text

router = topic("datasets")
_PARTS = {"input": "input", "expectedOutput": "expected_output", "metadata": "metadata"}
Dataset = Annotated[
    Name | None,
    Query(alias="datasetName", description="Needed where several datasets have such an item."),
]


@router.get("/dataset-items", response_model=ItemList, responses=declared(404))
def list_items(
    store: Stored,
    _: Reading,
    asked: WidelyPaged,
    name: Annotated[Name, Query(alias="datasetName")],
    version: Annotated[Moment | None, Query(description="The state at that moment.")] = None,
) -> Json:
    """Items of a dataset in order, of its newest version or of an earlier one."""
    with store.reading() as connection:
        record = dataset_named(connection, name)
    at, part = dataset_at(store, name, version).version, Part(asked.limit, asked.offset)
    with store.reading() as connection:
        found, total = dataset_pages.items(connection, record.id, at, part)
    return Json(listed(asked, [dated_shown(dated, record) for dated in found], total))


@router.post("/dataset-items", response_model=ItemStored, responses=declared(404))
def put_item(given: NamedItemGiven, store: Stored, _: Writing) -> Json:
    """Add an item, or change the one with its id: what is missing or null stays as it is."""
    sent = filled(given.model_dump(by_alias=True, exclude_unset=True))
    with store.reading() as connection:
        record = dataset_named(connection, given.dataset_name)
        ids = [given.id] if given.id is not None else []
        for before in dataset_pages.items_with_ids(connection, ids, record.id):
            sent = {f: getattr(before.item, n) for f, n in _PARTS.items()} | sent
    found, version = store_items(store, record, [sent])
    return Json(found[0] | {"version": moment_text(version)})


@router.get("/dataset-items/{item_id}", response_model=ItemShown, responses=declared(404, 409))
def get_item(item_id: Name, store: Stored, _: Reading, name: Dataset = None) -> Json:
    """One item in the newest version of its dataset."""
    with store.reading() as connection:
        found = _only(connection, item_id, name)
        record = stored.by_id(connection, found.dataset_id)
    assert record is not None  # noqa: S101 - datasets are never deleted
    return Json(dated_shown(found, record))


@router.delete("/dataset-items/{item_id}", response_model=ItemGone, responses=declared(404, 409))
def delete_item(item_id: Name, store: Stored, _: Writing, name: Dataset = None) -> Json:
    """Take an item out of its dataset; earlier versions keep it."""

    def work(connection: Any) -> Any:
        found = _only(connection, item_id, name)
        return stored.end_items(connection, found.dataset_id, [item_id])

    version = moment_text(store.write(work))
    return Json({"message": f"The item {item_id} has left its dataset.", "version": version})


def _only(connection: Any, item_id: str, name: str | None) -> DatedItem:
    """The one item of that id."""
    found = dataset_pages.items_with_ids(connection, [item_id])
    if name is not None:
        dataset = stored.by_name(connection, name)
        found = [d for d in found if dataset is not None and d.dataset_id == dataset.id]
    if not found:
        raise ApiError(404, f"There is no item {item_id!r}.")
    if len(found) > 1:
        raise ApiError(409, f"{len(found)} datasets have an item {item_id!r}. Name one of them.")
    return found[0]
