"""The shapes of experiments and their item runs."""

from typing import Annotated, Any, Literal

from pydantic import Field

from xeroml_nb.server.models.common import Id, Moment, Wire
from xeroml_nb.server.models.fields import LARGEST, MomentText, Name, Object, Text, Value
from xeroml_nb.server.paging import Meta

MOST_RUNS = 1000
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Status = Literal["open", "running", "stopped", "finished"]
RunStatus = Literal["ok", "failed", "timeout", "stopped"]


class Task(Wire):
    """What produced an experiment."""

    name: Text | None = None
    source: Text | None = None
    fingerprint: Text | None = None


class ExperimentGiven(Wire):
    """An experiment to make, or to bring to what is said of it now."""

    id: Id | None = Field(None, description="A new one by default.")
    name: Name
    number: Count = Field(0, description="Given if it is free, else the next of that name.")
    dataset_name: Name | None = None
    dataset_version: MomentText | None = Field(None, description="The newest by default.")
    content_hash: Text | None = None
    status: Status = "open"
    task: Task | None = None
    planned: Count = 0
    repetitions: Annotated[int, Field(ge=1, le=LARGEST)] = 1
    evaluators: list[Text] = Field(default_factory=list)
    environment: Object | None = None
    metadata: Object | None = None
    created_at: MomentText | None = None
    finished_at: MomentText | None = None
    stop_reason: Text | None = Field(None, description="Which limit stopped it, in words.")
    item_ids: list[Id] | None = Field(None, description="None if it covers the whole dataset.")


class ExperimentMade(Wire):
    """What an experiment is called here, and where people see it."""

    id: str
    name: str
    number: int
    url: str


class ExperimentShown(Wire):
    """An experiment without its item runs."""

    id: str
    name: str
    number: int
    url: str
    dataset_name: str | None
    dataset_version: Moment | None
    content_hash: str | None
    status: Status
    task: Task | None
    planned: int
    repetitions: int
    evaluators: list[str]
    environment: dict[str, Any]
    metadata: dict[str, Any]
    created_at: Moment
    finished_at: Moment | None
    stop_reason: str | None
    item_ids: list[str] | None


class ExperimentList(Wire):
    """A page of experiments."""

    data: list[ExperimentShown]
    meta: Meta


class RunGiven(Wire):
    """One item inside an experiment, as it ended."""

    item_id: Id
    repetition: Count = 0
    status: RunStatus
    trace_id: Id
    started_at: MomentText | None = None
    latency: Annotated[float, Field(ge=0, le=1e12, description="Seconds.")] | None = None
    attempts: Count = 1
    input: Value = None
    expected_output: Value = None
    item_metadata: Value = None
    output: Value = None
    error: Text | None = None
    traceback: Text | None = None
    evaluator_errors: dict[str, Text] | None = None
    local: bool = Field(default=False, description="No dataset holds the item: it is kept here.")


class RunsGiven(Wire):
    """Item runs to store: a success is immutable, a failure is replaced."""

    items: Annotated[list[RunGiven], Field(min_length=1, max_length=MOST_RUNS)]


class RunsStored(Wire):
    """How many item runs stand as they were sent, and how many stand as another success."""

    stored: int
    kept: int


class RunShown(Wire):
    """One item inside an experiment, with its item."""

    experiment_id: str
    item_id: str
    repetition: int
    status: RunStatus
    trace_id: str
    started_at: Moment
    attempts: int
    local: bool
    latency: float | None = None
    input: Any = None
    expected_output: Any = None
    item_metadata: Any = None
    output: Any = None
    error: str | None = None
    traceback: str | None = None
    evaluator_errors: dict[str, str] | None = None


class RunList(Wire):
    """A page of item runs."""

    data: list[RunShown]
    meta: Meta
