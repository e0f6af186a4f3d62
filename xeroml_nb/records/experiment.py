"""An experiment and its item runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from xeroml_nb.records.json_text import from_json

if TYPE_CHECKING:
    from datetime import datetime

    from xeroml_nb.records.dataset import DatasetItem


class ItemStatus(StrEnum):
    """How an item run stands."""

    PENDING = "pending"
    OK = "ok"
    FAILED = "failed"
    TIMEOUT = "timeout"
    STOPPED = "stopped"

    @property
    def is_failure(self) -> bool:
        """An attempt was made and gave no output."""
        return self in (ItemStatus.FAILED, ItemStatus.TIMEOUT)


class ExperimentStatus(StrEnum):
    """How an experiment stands."""

    OPEN = "open"
    RUNNING = "running"
    STOPPED = "stopped"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """What is kept of the task that produced an experiment.

    Args:
        name: What it is called.
        source: Its text: the function or the cell.
        fingerprint: Changes when the text, or anything of the notebook it uses, changes.
    """

    name: str
    source: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Claim:
    """Who says that they run an experiment, and when they last said so.

    Args:
        owner: A process.
        renewed_at: The last sign of life.
    """

    owner: str
    renewed_at: datetime


@dataclass(frozen=True, slots=True)
class ExperimentRecord:
    """What the store knows of an experiment, without its item runs.

    Args:
        id: 16 hex digits.
        name: Not unique; with `number` it is.
        number: 1 for the first experiment of that name.
        status: open, running, stopped or finished.
        dataset_id: None for an experiment over local inputs.
        dataset_name: The dataset's name.
        dataset_version: The state of the dataset it ran over.
        content_hash: Of the items it ran over.
        task: What produced it, if the runner did.
        item_ids: The items it covers, in order; None if those are all of the dataset.
        planned: How many item runs it is meant to hold; 0 where items come one by one.
        repetitions: How often each item is run.
        evaluators: Names of the evaluators that score each item run.
        environment: Python and package versions, and the git commit if there is one.
        metadata: Whatever the user attached.
        created_at: When it was made.
        finished_at: When it ended, or None.
        stop_reason: Which limit stopped it, such as `max_cost`, in words; None if none did.
        claim: Who runs it, if anybody says so.
    """

    id: str
    name: str
    number: int
    status: ExperimentStatus
    created_at: datetime
    dataset_id: str | None = None
    dataset_name: str | None = None
    dataset_version: datetime | None = None
    content_hash: str | None = None
    task: TaskRecord | None = None
    item_ids: tuple[str, ...] | None = field(default=None, repr=False)
    planned: int = 0
    repetitions: int = 1
    evaluators: tuple[str, ...] = ()
    environment: dict[str, Any] = field(default_factory=dict, repr=False)
    metadata: dict[str, Any] = field(default_factory=dict)
    finished_at: datetime | None = None
    stop_reason: str | None = None
    claim: Claim | None = None

    @property
    def label(self) -> str:
        """Name and number, as people say it: "triage_v2 #3"."""
        return f"{self.name} #{self.number}"


@dataclass(frozen=True, slots=True)
class ItemRun:
    """One item inside an experiment.

    Args:
        experiment_id: The experiment.
        item_id: The item.
        repetition: 0 for the first.
        status: ok, failed, timeout or stopped; pending ones are not stored.
        local_item: The item itself, where no dataset holds it.
        output_json: What the task returned, as JSON text.
        error: Type and message of what went wrong.
        traceback: The lines of the user's code that led there.
        evaluator_errors: Evaluator name to what went wrong in it.
        attempts: How often the task was called, over all tries.
        latency: Seconds of the last attempt, without waiting.
        trace_id: Its trace.
        started_at: When the first attempt began.
    """

    experiment_id: str
    item_id: str
    repetition: int
    status: ItemStatus
    trace_id: str
    started_at: datetime
    latency: float | None = None
    attempts: int = 1
    local_item: DatasetItem | None = None
    output_json: str | None = None
    error: str | None = None
    traceback: str | None = None
    evaluator_errors: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, int]:
        """Item and repetition: unique in an experiment."""
        return self.item_id, self.repetition

    @property
    def output(self) -> Any:
        """What the task returned, as JSON holds it."""
        return from_json(self.output_json)
