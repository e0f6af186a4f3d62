"""The shapes of score configs and annotation queues."""

from typing import Annotated, Any, Literal

from pydantic import Field

from xeroml_nb.server.models.common import Id, Moment, Wire
from xeroml_nb.server.models.fields import Name, Object, Text
from xeroml_nb.server.paging import Meta

DataType = Literal["NUMERIC", "BOOLEAN", "CATEGORICAL", "TEXT"]
Progress = Literal["PENDING", "COMPLETED"]


class Category(Wire):
    """One answer."""

    label: str
    value: float | None = None


class ConfigGiven(Wire):
    """What a score of a name may be; the same definition again is the same config."""

    id: Id | None = Field(None, description="Derived from the definition by default.")
    name: Name
    data_type: DataType | None = Field(None, description="Needed where no definition is given.")
    categories: list[Category] | None = None
    min_value: float | None = None
    max_value: float | None = None
    description: Text | None = None
    definition: Object | None = Field(
        None, description="A dimension of xeroml_nb; it counts where it is given."
    )


class ConfigShown(Wire):
    """What a score of a name may be."""

    id: str
    project_id: str
    name: str
    data_type: DataType
    categories: list[Category] | None
    min_value: float | None
    max_value: float | None
    description: str | None
    definition: dict[str, Any]
    is_archived: bool
    created_at: Moment
    updated_at: Moment


class ConfigList(Wire):
    """A page of score configs."""

    data: list[ConfigShown]
    meta: Meta


class QueueGiven(Wire):
    """A queue of traces to make, or to bring to what is said of it now."""

    id: Id | None = Field(None, description="A new one by default.")
    name: Name = Field(description="Unique.")
    description: Text | None = None
    score_config_ids: Annotated[list[Id], Field(min_length=1, max_length=100)] = Field(
        description="What is asked."
    )


class QueueShown(Wire):
    """A queue of traces."""

    id: str
    name: str
    description: str | None
    score_config_ids: list[str]
    created_at: Moment
    updated_at: Moment


class QueueList(Wire):
    """A page of queues."""

    data: list[QueueShown]
    meta: Meta


class QueueItemGiven(Wire):
    """A trace to put at the end of a queue."""

    object_id: Id
    object_type: Literal["TRACE"] = "TRACE"
    status: Literal["PENDING"] = Field(
        "PENDING", description="A trace is completed when people have scored it."
    )


class QueueItemShown(Wire):
    """A trace in a queue; the item's id is the trace's."""

    id: str
    queue_id: str
    object_id: str
    object_type: Literal["TRACE"]
    status: Progress
    completed_at: Moment | None
    created_at: Moment
    updated_at: Moment


class QueueItemList(Wire):
    """A page of traces in a queue."""

    data: list[QueueItemShown]
    meta: Meta
