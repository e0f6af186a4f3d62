"""What Langfuse's API wants otherwise than ours: everything about that is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.records.ids import content_hash
from xeroml_nb.records.json_text import to_json
from xeroml_nb.records.score import DataType
from xeroml_nb.sync.wire.reading import ID_LIMIT, filled
from xeroml_nb.tracing import attributes as names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xeroml_nb.records.observation import Observation

NAME = "langfuse"
NO_RUN = "Langfuse knows scores on an experiment only where a dataset's items were run."
# Under this name stands what a score has no field for.
OWN = "xeroml"
# What only a score on another server of ours has, or what its worker sets itself.
_SCORE_FIELDS = (
    "id",
    "traceId",
    "observationId",
    "sessionId",
    "name",
    "value",
    "dataType",
    "comment",
    "configId",
    "queueId",
)
_ATTRIBUTES = {
    names.TYPE: "langfuse.observation.type",
    names.INPUT: "langfuse.observation.input",
    names.OUTPUT: "langfuse.observation.output",
    names.USER_ID: "langfuse.user.id",
    names.SESSION_ID: "langfuse.session.id",
    names.TAGS: "langfuse.trace.tags",
    names.METADATA: "langfuse.observation.metadata",
    names.VERSION: "langfuse.version",
    names.RELEASE: "langfuse.release",
    names.ENVIRONMENT: "langfuse.environment",
}


def item_id(dataset_id: str, own_id: str) -> str:
    """The id of an item there, where ids are unique over all datasets."""
    whole = f"{dataset_id}-{own_id}"
    return whole if len(whole) <= ID_LIMIT else content_hash(dataset_id, own_id)


def item(item_there: str, dataset_name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """An item as it takes it."""
    return {**body, "id": item_there, "datasetName": dataset_name}


def score(body: Mapping[str, Any], run_id: str | None) -> dict[str, Any]:
    """A score as it takes it.

    A BOOLEAN is 1 or 0. Source, author and the moment it was given, for which it has no fields, go
    with the metadata.

    Args:
        body: The score as ours.
        run_id: Of a score on an experiment, the id of its run there.
    """
    known = body.get("metadata")
    metadata = dict(known) if isinstance(known, dict) else filled({"value": known})
    own = {name: body[name] for name in ("source", "author", "timestamp")}
    sent = {name: body[name] for name in _SCORE_FIELDS if name in body}
    if body["dataType"] == DataType.BOOLEAN:
        sent["value"] = int(body["value"])
    return sent | filled({"datasetRunId": run_id}) | {"metadata": metadata | {OWN: own}}


def has_target(body: Mapping[str, Any]) -> bool:
    """Tell whether a score is on anything that it knows."""
    return any(name in body for name in ("traceId", "sessionId", "datasetRunId"))


def fits(config: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Tell whether a score may name a config there: it would take over its name and its type."""
    same = ("name", "dataType")
    return all(config.get(name) == body.get(name) for name in same)


def own_score(row: Mapping[str, Any]) -> dict[str, Any]:
    """A score that it shows, with what was sent in the metadata back in its place."""
    shown = {**row, **_target(row.get("subject"))}
    metadata = row.get("metadata")
    own = metadata.get(OWN) if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or not isinstance(own, dict):
        return shown
    rest = {name: value for name, value in metadata.items() if name != OWN}
    return {**shown, **own, "metadata": rest or None}


def _target(subject: Any) -> dict[str, Any]:
    """What a score is on, as newer lists say it."""
    if not isinstance(subject, dict):
        return {}
    field = f"{subject.get('kind')}Id"
    return filled({"traceId": subject.get("traceId"), field: subject.get("id")})


def config(body: Mapping[str, Any]) -> dict[str, Any]:
    """A score config as it takes it; the id is its own."""
    return {name: value for name, value in body.items() if name not in ("id", "definition")}


def queue(body: Mapping[str, Any]) -> dict[str, Any]:
    """A queue as it takes it; the id is its own."""
    return {name: value for name, value in body.items() if name != "id"}


def run_item(experiment: Mapping[str, Any], item_there: str, run: Mapping[str, Any]) -> Any:
    """What links an item and a trace to a run, which it makes with the first of them.

    Args:
        experiment: The experiment as ours.
        item_there: The id of the item there.
        run: The item run as ours.
    """
    return filled(
        {
            "runName": run_name(experiment),
            "metadata": run_metadata(experiment),
            "datasetItemId": item_there,
            "traceId": run["traceId"],
            "createdAt": run["startedAt"],
        }
    )


def run_name(experiment: Mapping[str, Any]) -> str:
    """What an experiment is called there: name and number, since names alone are not unique."""
    return f"{experiment['name']} #{experiment['number']}"


def run_metadata(experiment: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an experiment with its run there."""
    kept = ("id", "status", "contentHash", "task", "evaluators", "environment", "metadata")
    return {name: experiment[name] for name in kept if name in experiment}


def attributes(given: Mapping[str, Any], one: Observation) -> dict[str, Any]:
    """The attributes of a span in its names.

    Args:
        given: In our names.
        one: The observation they are of; a root speaks for its trace.
    """
    found = {_ATTRIBUTES.get(name, name): value for name, value in given.items()}
    if one.tags:
        found["langfuse.trace.tags"] = list(one.tags)
    if one.error is not None:
        found["langfuse.observation.level"] = "ERROR"
        found["langfuse.observation.status_message"] = one.error
    if one.parent_id is None:
        of_trace = {
            "langfuse.trace.name": one.name,
            "langfuse.trace.input": one.input_json,
            "langfuse.trace.output": one.output_json,
            "langfuse.trace.metadata": to_json(one.metadata) if one.metadata else None,
        }
        found |= filled(of_trace)
    return found


def experiment_attributes(
    experiment: Mapping[str, Any],
    run: Mapping[str, Any],
    dataset_there: str | None,
    item_there: str,
) -> dict[str, Any]:
    """What the root of an item run's trace says of the experiment.

    Args:
        experiment: The experiment as ours.
        run: The item run as ours.
        dataset_there: The id of its dataset there.
        item_there: The id of the item there.
    """
    texts = {
        "metadata": run_metadata(experiment),
        "item.metadata": run.get("itemMetadata"),
        "item.expected_output": run.get("expectedOutput"),
    }
    said = {
        "id": experiment["id"],
        "name": run_name(experiment),
        "dataset.id": dataset_there,
        "item.id": item_there,
        "item.version": experiment.get("datasetVersion") if dataset_there else None,
    } | {name: None if value is None else to_json(value) for name, value in texts.items()}
    return {f"langfuse.experiment.{name}": value for name, value in filled(said).items()}
