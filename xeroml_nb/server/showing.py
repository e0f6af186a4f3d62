"""Traces and observations as the API shows them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from xeroml_nb.analysis.traces import held_value
from xeroml_nb.server.recorded import (
    COMPLETION_START,
    KIND,
    LEVEL,
    MODEL_PARAMETERS,
    STATUS_MESSAGE,
)
from xeroml_nb.store.ingest import TRACE_RECORD
from xeroml_nb.sync.wire.reading import moment_text
from xeroml_nb.tracing import attributes as names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from xeroml_nb.records.observation import Observation

_FIELDS = {
    "userId": "user_id",
    "sessionId": "session_id",
    "version": "version",
    "release": "release",
}
_USED = {"input_tokens": "input", "output_tokens": "output", "total_tokens": "total"}
_DEFAULT = "default"


def observation_shown(one: Observation) -> dict[str, Any]:
    """An observation with everything that is known of it."""
    said, cost = one.attributes, cost_of(one.attributes)
    return {
        "id": one.id,
        "traceId": one.trace_id,
        "parentObservationId": one.parent_id,
        "type": said.get(KIND, one.type.value),
        "name": one.name,
        "startTime": moment_text(one.start),
        "endTime": moment_text(one.end),
        "latency": (one.end - one.start).total_seconds(),
        "level": said.get(LEVEL, "DEFAULT" if one.error is None else "ERROR"),
        "statusMessage": said.get(STATUS_MESSAGE, one.error),
        "input": held_value(one.input_json),
        "output": held_value(one.output_json),
        "metadata": one.metadata,
        "model": model_of(said),
        "modelParameters": said.get(MODEL_PARAMETERS),
        "completionStartTime": said.get(COMPLETION_START),
        "usageDetails": usage(said),
        "costDetails": {} if cost is None else {"total": cost},
        **{field: getattr(one, name) for field, name in _FIELDS.items()},
        "tags": list(one.tags),
        "environment": one.environment,
        "attributes": said,
    }


def trace_shown(trace_id: str, stored: Sequence[Observation], began: datetime) -> dict[str, Any]:
    """A trace without its parts: what its root says, and what was said of it as a whole.

    Args:
        trace_id: Its id.
        stored: Its observations, oldest first, roots before others of the same moment; contents
            are read of those alone that stand for the trace.
        began: When it began, where no observation is stored.
    """
    record, spans = parted(stored)
    root = root_of(spans)
    said = [one for one in (record, root) if one is not None]
    timed = spans or said
    start = min((one.start for one in (*spans, *said)), default=began)
    end = max((one.end for one in timed), default=start)
    return {
        "id": trace_id,
        "timestamp": moment_text(start),
        "name": next((one.name for one in said if one.name), None),
        "input": held_value(next((o.input_json for o in said if o.input_json is not None), None)),
        "output": held_value(
            next((o.output_json for o in said if o.output_json is not None), None)
        ),
        **{f: _first(said, spans, name) for f, name in _FIELDS.items()},
        "metadata": {k: v for one in reversed(said) for k, v in one.metadata.items()},
        "tags": sorted({tag for one in (*said, *spans) for tag in one.tags}),
        "environment": _environment([*said, *spans]),
        "latency": (end - min((one.start for one in timed), default=end)).total_seconds(),
        "totalCost": total_cost(spans),
    }


def parted(stored: Sequence[Observation]) -> tuple[Observation | None, list[Observation]]:
    """The observation that stands for a trace as a whole, if there is one, and all others."""
    spans = [one for one in stored if TRACE_RECORD not in one.attributes]
    record = next((one for one in stored if TRACE_RECORD in one.attributes), None)
    return record, spans


def root_of(spans: Sequence[Observation]) -> Observation | None:
    """The oldest observation whose parent is not stored; the oldest where they make a circle."""
    known = {one.id for one in spans}
    return next((o for o in spans if o.parent_id not in known), spans[0] if spans else None)


def model_of(attributes: dict[str, Any]) -> str | None:
    """The model that was called, or None."""
    model = attributes.get(names.MODEL)
    return None if model is None else str(model)


def usage(attributes: dict[str, Any]) -> dict[str, float]:
    """What an observation used, by kind: `input`, `output` and `total` are tokens."""
    found: dict[str, float] = {}
    for name, value in attributes.items():
        if name.startswith(names.USAGE_PREFIX) and name != names.COST:
            kind = name.removeprefix(names.USAGE_PREFIX)
            amount = _amount(value)
            if amount is not None:
                found[_USED.get(kind, kind)] = amount
    if found:
        found.setdefault("total", found.get("input", 0) + found.get("output", 0))
    return found


def cost_of(attributes: dict[str, Any]) -> float | None:
    """What an observation cost, or None where nobody says."""
    return _amount(attributes.get(names.COST))


def total_cost(spans: Sequence[Observation]) -> float | None:
    """What some observations cost together; None where nobody says of any."""
    costs = [cost for one in spans if (cost := cost_of(one.attributes)) is not None]
    return math.fsum(costs) if costs else None


def _first(said: Sequence[Observation], spans: Sequence[Observation], name: str) -> Any:
    """A field of what stands for the trace, or of the oldest observation that has it."""
    every = (getattr(one, name) for one in (*said, *spans))
    return next((value for value in every if value is not None), None)


def _environment(every: Sequence[Observation]) -> str:
    """The first environment that somebody named."""
    found = (one.environment for one in every if one.environment != _DEFAULT)
    return next(found, _DEFAULT)


def _amount(value: Any) -> float | None:
    """A recorded amount as a number; other instrumentations may put anything there."""
    if isinstance(value, bool):
        return None
    try:
        amount = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return amount if math.isfinite(amount) else None
