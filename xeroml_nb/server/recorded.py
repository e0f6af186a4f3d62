"""Read what others record of traces and observations, in the words of this API."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.records.ids import random_id
from xeroml_nb.records.json_text import safe_repr, to_json
from xeroml_nb.records.observation import ObservationType
from xeroml_nb.store.ingest import Partial, trace_record
from xeroml_nb.sync.wire.reading import filled, id_of, moment_of, text_of
from xeroml_nb.tracing import attributes as names

if TYPE_CHECKING:
    from datetime import datetime

# Attributes for what an observation has no field for.
KIND = "xeroml.observation.kind"
LEVEL = "xeroml.observation.level"
STATUS_MESSAGE = "xeroml.observation.status_message"
MODEL_PARAMETERS = "xeroml.observation.model.parameters"
COMPLETION_START = names.COMPLETION_START
_ERROR = "ERROR"
_TOKENS = {
    "input": names.INPUT_TOKENS,
    "output": names.OUTPUT_TOKENS,
    "promptTokens": names.INPUT_TOKENS,
    "completionTokens": names.OUTPUT_TOKENS,
    "totalTokens": f"{names.USAGE_PREFIX}total",
    "totalCost": names.COST,
}
# Of these usage says how it counts, or repeats a part of the cost.
_NO_USAGE = frozenset({"unit", "inputCost", "outputCost"})


def trace_partial(body: Mapping[str, Any], at: datetime) -> Partial:
    """What a body says of a trace as a whole.

    Args:
        body: `id, timestamp, name, userId, input, output, sessionId, release, version, metadata,
            tags, environment`; those missing or null stay as they are.
        at: When it was said.

    Raises:
        BadInput: If a field cannot be accepted.
    """
    known = {
        "user_id": id_of(body, "userId"),
        "session_id": id_of(body, "sessionId"),
        "release": text_of(body, "release"),
        "tags": _tags(body.get("tags")),
        "start": moment_of(body, "timestamp"),
    }
    trace_id = id_of(body, "id") or random_id() + random_id()
    return trace_record(trace_id, at, filled(_common(body) | known))


def observation_partial(kind: str, body: Mapping[str, Any], at: datetime) -> Partial:
    """What a body says of an observation.

    Args:
        kind: What it is said to be, such as "span", "generation" or "agent"; "" if the body says.
        body: `id, traceId, name, startTime, endTime, input, output, metadata, level, model, ...`.
        at: When it was said.

    Raises:
        BadInput: If a field cannot be accepted, or it names no trace.
    """
    trace_id = id_of(body, "traceId")
    if trace_id is None:
        raise BadInput("The observation names no trace.", "Send its traceId.")
    start, end = moment_of(body, "startTime"), moment_of(body, "endTime")
    known = {
        "parent_id": id_of(body, "parentObservationId"),
        "start": start,
        "end": end,
        **_typed(kind or text_of(body, "type") or ""),
    }
    attributes = filled(known.pop("attributes", {}) | _attributes(body))
    known["attributes"] = attributes or None
    known["error"] = _error(body)
    own_id = id_of(body, "id") or random_id()
    return Partial(trace_id, own_id, at, filled(_common(body) | known))


def usage_attributes(usage: Any) -> dict[str, float]:
    """Tokens and cost by kind as attributes of a span; what is no number is passed over."""
    given = usage if isinstance(usage, Mapping) else {}
    return {
        _TOKENS.get(kind, names.USAGE_PREFIX + kind): count
        for kind, count in given.items()
        if kind not in _NO_USAGE and _is_number(count)
    }


def _common(body: Mapping[str, Any]) -> dict[str, Any]:
    """What traces and observations both have."""
    return {
        "name": text_of(body, "name"),
        "version": text_of(body, "version"),
        "environment": text_of(body, "environment") or None,
        "input_json": _json(body.get("input")),
        "output_json": _json(body.get("output")),
        "metadata": _metadata(body.get("metadata")),
    }


def _typed(kind: str) -> dict[str, Any]:
    """The type of an observation; a kind that is none of ours is a span that remembers it."""
    kind = kind.lower()
    if not kind:
        return {}
    if kind in frozenset(ObservationType):
        return {"type": ObservationType(kind)}
    return {"type": ObservationType.SPAN, "attributes": {KIND: kind}}


def _attributes(body: Mapping[str, Any]) -> dict[str, Any]:
    cost = body.get("costDetails")
    total = cost.get("total") if isinstance(cost, Mapping) else None
    return {
        names.MODEL: text_of(body, "model"),
        MODEL_PARAMETERS: body.get("modelParameters"),
        COMPLETION_START: text_of(body, "completionStartTime"),
        LEVEL: text_of(body, "level"),
        STATUS_MESSAGE: text_of(body, "statusMessage"),
        **usage_attributes(body.get("usage")),
        **usage_attributes(body.get("usageDetails")),
        **({names.COST: total} if _is_number(total) else {}),
    }


def _error(body: Mapping[str, Any]) -> str | None:
    if body.get("level") != _ERROR:
        return None
    return text_of(body, "statusMessage") or "error"


def _json(value: Any) -> str | None:
    return None if value is None else to_json(value)


def _metadata(value: Any) -> dict[str, Any] | None:
    return value if value is None or isinstance(value, dict) else {"value": value}


def _tags(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise BadInput(f"tags is {safe_repr(value)[:80]}.", "Send a list of texts.")
    return tuple(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
