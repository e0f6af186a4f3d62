"""Experiments and their item runs as JSON."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from xeroml_nb.errors import BadInput
from xeroml_nb.records import clock
from xeroml_nb.records.dataset import DatasetItem
from xeroml_nb.records.experiment import (
    ExperimentRecord,
    ExperimentStatus,
    ItemRun,
    ItemStatus,
    TaskRecord,
)
from xeroml_nb.records.ids import checked_name, random_id
from xeroml_nb.records.json_text import clean_text, safe_repr, to_json
from xeroml_nb.sync.wire.reading import (
    body_of,
    filled,
    id_of,
    is_id,
    moment_of,
    moment_text,
    number_of,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

E = TypeVar("E", bound=StrEnum)
_LONGEST = 1e12  # seconds


def to_wire(record: ExperimentRecord) -> dict[str, Any]:
    """An experiment as it is sent, without its item runs: only what is set."""
    return filled(shown(record))


def shown(record: ExperimentRecord) -> dict[str, Any]:
    """An experiment as a server shows it: every field, also those that are not set."""
    task, version, ended = record.task, record.dataset_version, record.finished_at
    named = {"name": task.name, "source": task.source} if task else {}
    return {
        "id": record.id,
        "name": record.name,
        "number": record.number,
        "status": record.status.value,
        "datasetName": record.dataset_name,
        "datasetVersion": None if version is None else moment_text(version),
        "contentHash": record.content_hash,
        "task": named | {"fingerprint": task.fingerprint} if task else None,
        "planned": record.planned,
        "repetitions": record.repetitions,
        "evaluators": list(record.evaluators),
        "environment": record.environment,
        "metadata": record.metadata,
        "itemIds": None if record.item_ids is None else list(record.item_ids),
        "createdAt": moment_text(record.created_at),
        "finishedAt": None if ended is None else moment_text(ended),
        "stopReason": record.stop_reason,
    }


def from_wire(given: Any) -> ExperimentRecord:
    """Read an experiment that somebody sends or a server shows.

    Its dataset is known by name alone. Without an id it gets a random one, without a number 0.

    Raises:
        BadInput: If a part of it cannot be accepted.
    """
    body = body_of("experiment", given)
    dataset = text_of(body, "datasetName")
    return ExperimentRecord(
        id=id_of(body, "id") or random_id(),
        name=checked_name("experiment", body.get("name")),
        number=number_of(body, "number", 0),
        status=_member(ExperimentStatus, "status", body.get("status") or ExperimentStatus.OPEN),
        created_at=moment_of(body, "createdAt") or clock.now(),
        dataset_name=None if dataset is None else checked_name("dataset", dataset),
        dataset_version=moment_of(body, "datasetVersion"),
        content_hash=text_of(body, "contentHash"),
        task=_task(body.get("task")),
        item_ids=_ids(body, "itemIds"),
        planned=number_of(body, "planned", 0),
        repetitions=number_of(body, "repetitions", 1, least=1),
        evaluators=_texts(body, "evaluators"),
        environment=_object(body, "environment"),
        metadata=_object(body, "metadata"),
        finished_at=moment_of(body, "finishedAt"),
        stop_reason=text_of(body, "stopReason"),
    )


def run_to_wire(run: ItemRun, item: DatasetItem | None) -> dict[str, Any]:
    """An item run as it is sent, with the item as it was when it ran.

    Args:
        run: The item run.
        item: Its item; None where its dataset has it no more.
    """
    held = run.local_item or item
    parts = filled(
        {
            "itemId": run.item_id,
            "repetition": run.repetition,
            "status": run.status.value,
            "traceId": run.trace_id,
            "startedAt": moment_text(run.started_at),
            "latency": run.latency,
            "attempts": run.attempts,
            "input": held.input if held else None,
            "expectedOutput": held.expected_output if held else None,
            "itemMetadata": held.metadata if held else None,
            "error": run.error,
            "traceback": run.traceback,
            "evaluatorErrors": run.evaluator_errors or None,
            "local": run.local_item is not None,
        }
    )
    # An output of None is an output, too.
    return parts if run.output_json is None else parts | {"output": run.output}


def run_from_wire(experiment_id: str, given: Any) -> ItemRun:
    """Read an item run that somebody sends or a server shows.

    Args:
        experiment_id: The experiment it is of.
        given: A JSON object; `local` says that no dataset holds the item.

    Raises:
        BadInput: If a part of it cannot be accepted.
    """
    body = body_of("item run", given)
    item_id, trace_id = id_of(body, "itemId"), id_of(body, "traceId")
    if item_id is None or trace_id is None:
        raise BadInput("The item run names no item or no trace.", "Send itemId and traceId.")
    status = _member(ItemStatus, "status", body.get("status"))
    has_output = "output" in body and (status is ItemStatus.OK or body["output"] is not None)
    return ItemRun(
        experiment_id=experiment_id,
        item_id=item_id,
        repetition=number_of(body, "repetition", 0),
        status=status,
        trace_id=trace_id,
        started_at=moment_of(body, "startedAt") or clock.now(),
        latency=_seconds(body, "latency"),
        attempts=number_of(body, "attempts", 1),
        local_item=_local_item(item_id, body),
        output_json=to_json(body["output"]) if has_output else None,
        error=text_of(body, "error"),
        traceback=text_of(body, "traceback"),
        evaluator_errors=_errors(body),
    )


def item_of_run(given: Any) -> DatasetItem:
    """The item that an item run was sent with.

    Raises:
        BadInput: If it names none.
    """
    body = body_of("item run", given)
    item_id = id_of(body, "itemId")
    if item_id is None:
        raise BadInput("The item run names no item.", "Send itemId.")
    return DatasetItem(
        item_id, body.get("input"), body.get("expectedOutput"), body.get("itemMetadata")
    )


def _local_item(item_id: str, body: Mapping[str, Any]) -> DatasetItem | None:
    local = body.get("local")
    if local is None or local is False:
        return None
    if local is not True:
        raise BadInput(f"local is {safe_repr(local)[:80]}.", "Send true or false.")
    return item_of_run({**body, "itemId": item_id})


def _task(given: Any) -> TaskRecord | None:
    if given is None:
        return None
    body = body_of("task", given)
    parts = (text_of(body, name) for name in ("name", "source", "fingerprint"))
    return TaskRecord(*(part or "" for part in parts))


def _object(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    return {} if value is None else dict(body_of(name, value))


def _texts(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = body.get(name)
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise BadInput(f"{name} is {safe_repr(found)[:80]}.", "Send a list of texts.")
    return tuple(map(clean_text, found))


def _ids(body: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    if body.get(name) is None:
        return None
    found = _texts(body, name)
    if not all(map(is_id, found)):
        raise BadInput(f"{name} holds what is no id.", "Send texts of 1 to 255 characters.")
    return found


def _errors(body: Mapping[str, Any]) -> dict[str, str]:
    found = _object(body, "evaluatorErrors")
    return {clean_text(name): clean_text(str(error)) for name, error in found.items()}


def _seconds(body: Mapping[str, Any], name: str) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    # Every comparison with NaN is False.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _LONGEST:
        raise BadInput(f"{name} is {safe_repr(value)[:80]}.", "Send seconds.")
    return float(value)


def _member(kind: type[E], name: str, value: Any) -> E:
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(repr(one.value) for one in kind)
        raise BadInput(f"{name} is {safe_repr(value)[:80]}.", f"Use one of {known}.") from None
