"""The shapes of datasets and their items."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from xeroml_nb.server.models.common import Id, Moment, Wire
from xeroml_nb.server.models.fields import Name, Object, Text, Value
from xeroml_nb.server.paging import Meta

Status = Literal["ACTIVE", "ARCHIVED"]
MOST_ITEMS = 1000


class DatasetGiven(Wire):
    """A dataset to make or to change; what is not given stays as it is."""

    name: Name = Field(description="A `/` makes folders.")
    id: Id | None = Field(None, description="Of a new dataset; made here by default.")
    description: Text | None = None
    metadata: Value = None
    input_schema: Object | None = Field(None, description="Every input has to meet it.")
    expected_output_schema: Object | None = Field(
        None, description="Every expected output has to meet it."
    )


class DatasetShown(Wire):
    """A dataset without its items."""

    id: str
    name: str
    description: str | None
    metadata: Any
    input_schema: dict[str, Any] | None
    expected_output_schema: dict[str, Any] | None
    created_at: Moment
    updated_at: Moment
    version: Moment = Field(description="The newest one.")
    item_count: int


class DatasetList(Wire):
    """A page of datasets."""

    data: list[DatasetShown]
    meta: Meta


class ItemGiven(Wire):
    """An item to add, or to put in the place of the one with its id."""

    id: Name | None = Field(None, description="Derived from the content by default.")
    input: Value = None
    expected_output: Value = None
    metadata: Value = None
    status: Status = Field("ACTIVE", description="An archived item leaves the dataset.")


class ItemsGiven(Wire):
    """Items that make one new version together; all are stored or none."""

    items: Annotated[list[ItemGiven], Field(min_length=1, max_length=MOST_ITEMS)]


def _how_many(given: Any) -> str:
    is_many = isinstance(given, ItemsGiven) or (isinstance(given, dict) and "items" in given)
    return "many" if is_many else "one"


OneOrMany = Annotated[
    Annotated[ItemsGiven, Tag("many")] | Annotated[ItemGiven, Tag("one")], Discriminator(_how_many)
]


class NamedItemGiven(ItemGiven):
    """An item and the dataset it belongs to; what is missing or null keeps its stored value."""

    dataset_name: Name


class ItemShown(Wire):
    """An item of a dataset."""

    id: str
    status: Status
    input: Any
    expected_output: Any
    metadata: Any
    dataset_id: str
    dataset_name: str
    source_trace_id: str | None
    source_observation_id: str | None
    created_at: Moment
    updated_at: Moment


class ItemStored(ItemShown):
    """An item as it was stored, and the version of the dataset that has it."""

    version: Moment


class ItemsStored(Wire):
    """Items as they were stored, and the version of the dataset that has them."""

    items: list[ItemShown]
    version: Moment


class ItemList(Wire):
    """A page of items."""

    data: list[ItemShown]
    meta: Meta


class ItemGone(Wire):
    """That an item left its dataset, and with which version."""

    message: str
    version: Moment
