"""Read spans as OTLP carries them, and turn them into observations."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import (  # type: ignore[import-untyped]
    ParseDict,
    ParseError,
)
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, Status, StatusCode

from xeroml_nb.records.json_text import clean_text, to_json
from xeroml_nb.server.failures import ApiError
from xeroml_nb.server.recorded import KIND, LEVEL, STATUS_MESSAGE, usage_attributes
from xeroml_nb.sync.wire.reading import body_of
from xeroml_nb.tracing import attributes as names
from xeroml_nb.tracing.recorder import to_observation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.proto.common.v1.common_pb2 import AnyValue
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from xeroml_nb.records.observation import Observation

_ID_FIELDS = ("traceId", "spanId", "parentSpanId")
_OTHER_PREFIX, _PREFIX = "langfuse.", "xeroml."
_USAGE = "xeroml.observation.usage_details"
_COST = "xeroml.observation.cost_details"
_METADATA_PARTS = {
    "xeroml.trace.metadata.": names.METADATA,
    "xeroml.observation.metadata.": names.OBSERVATION_METADATA,
}
# Other names for what a field of ours holds, the first that is there wins.
_ALSO_CALLED = {
    names.INPUT: ("xeroml.input", "gen_ai.input.messages", "gen_ai.prompt"),
    names.OUTPUT: ("xeroml.output", "gen_ai.output.messages", "gen_ai.completion"),
    names.USER_ID: ("user.id", "enduser.id"),
    names.SESSION_ID: ("session.id",),
    names.TAGS: ("xeroml.trace.tags",),
    names.METADATA: ("xeroml.trace.metadata",),
    names.MODEL: ("xeroml.observation.model.name",),
    names.ENVIRONMENT: ("deployment.environment.name", "deployment.environment"),
}
# Without one, each span would look for what its process runs on.
_NO_RESOURCE = Resource.get_empty()
_OF_RESOURCE = ("deployment.environment.name", "deployment.environment")
_TYPES = ("span", "generation", "event")


def from_protobuf(body: bytes) -> ExportTraceServiceRequest:
    """The request in a binary body.

    Raises:
        ApiError: If it is none.
    """
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(body)
    except DecodeError:
        raise ApiError(400, "The body is no OTLP request in protobuf.") from None
    return request


def from_json(body: Any) -> ExportTraceServiceRequest:
    """The request in a JSON body, which writes ids as hexadecimal digits.

    Raises:
        ApiError: If it is none.
    """
    given, request = body_of("OTLP request", body), ExportTraceServiceRequest()
    try:
        ParseDict(_with_binary_ids(given), request, ignore_unknown_fields=True)
    except (ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        said = clean_text(str(error))[:200]
        raise ApiError(400, f"The body is no OTLP request in JSON: {said}") from None
    return request


def observations_in(request: ExportTraceServiceRequest) -> list[Observation]:
    """The observations that the spans of a request stand for.

    Raises:
        ApiError: If a span has no ids.
    """
    return [
        to_observation(_readable(span, shared))
        for resource in request.resource_spans
        for shared in [_of_resource(resource.resource.attributes)]
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def _with_binary_ids(value: Any) -> Any:
    """A body whose ids are written as protobuf's JSON has bytes: in base 64."""
    if isinstance(value, list):
        return [_with_binary_ids(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _in_base64(part) if name in _ID_FIELDS else _with_binary_ids(part)
        for name, part in value.items()
    }


def _in_base64(digits: str) -> str:
    return base64.b64encode(bytes.fromhex(digits)).decode()


def _readable(span: Span, shared: Mapping[str, Any]) -> ReadableSpan:
    if len(span.trace_id) != 16 or len(span.span_id) != 8:  # noqa: PLR2004 - bytes of OTLP's ids
        raise ApiError(400, f"The span {clean_text(span.name)!r} has no trace id and span id.")
    if not any(span.trace_id) or not any(span.span_id):
        raise ApiError(400, f"The span {clean_text(span.name)!r} has an id of zeros.")
    found = _in_own_words({**shared} | {a.key: _value(a.value) for a in span.attributes})
    end = span.end_time_unix_nano or span.start_time_unix_nano
    return ReadableSpan(
        name=clean_text(span.name),
        context=_context(span.trace_id, span.span_id),
        parent=_context(span.trace_id, span.parent_span_id) if any(span.parent_span_id) else None,
        resource=_NO_RESOURCE,
        attributes=found,
        status=_status(span, found),
        start_time=span.start_time_unix_nano,
        end_time=max(end, span.start_time_unix_nano),
    )


def _context(trace_id: bytes, span_id: bytes) -> SpanContext:
    return SpanContext(int.from_bytes(trace_id), int.from_bytes(span_id), is_remote=True)


def _status(span: Span, found: Mapping[str, Any]) -> Status:
    if span.status.code != span.status.STATUS_CODE_ERROR and found.get(LEVEL) != "ERROR":
        return Status()
    said = clean_text(span.status.message) or found.get(STATUS_MESSAGE)
    return Status(StatusCode.ERROR, None if said is None else str(said))


def _of_resource(attributes: Any) -> dict[str, Any]:
    """What a resource says of each of its spans."""
    return {a.key: _value(a.value) for a in attributes if a.key in _OF_RESOURCE}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "string_value":
        return clean_text(value.string_value)
    if kind == "array_value":
        return [_value(part) for part in value.array_value.values]
    if kind == "kvlist_value":
        return {clean_text(part.key): _value(part.value) for part in value.kvlist_value.values}
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    return getattr(value, kind)


def _in_own_words(given: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes in the names of this package."""
    found = {_own_name(name): value for name, value in given.items()}
    for name, others in _ALSO_CALLED.items():
        for other in others:
            value = found.pop(other, None)
            if value is not None:
                found.setdefault(name, value)
    _gather_metadata(found)
    _gather_usage(found)
    _settle_type(found)
    for name in (names.INPUT, names.OUTPUT):
        if name in found:
            found[name] = _as_json(found[name])
    return found


def _own_name(name: str) -> str:
    name = clean_text(name)
    return _PREFIX + name.removeprefix(_OTHER_PREFIX) if name.startswith(_OTHER_PREFIX) else name


def _gather_metadata(found: dict[str, Any]) -> None:
    """Put metadata that comes field by field together."""
    for prefix, name in _METADATA_PARTS.items():
        parts = {n.removeprefix(prefix): found.pop(n) for n in list(found) if n.startswith(prefix)}
        if parts:
            found[name] = to_json(_object(found.get(name)) | parts)
        elif isinstance(found.get(name), (dict, list)):
            found[name] = to_json(found[name])


def _gather_usage(found: dict[str, Any]) -> None:
    for count, value in usage_attributes(_object(found.pop(_USAGE, None))).items():
        found.setdefault(count, value)
    total = _object(found.pop(_COST, None)).get("total")
    for count, value in usage_attributes({"cost": total}).items():
        found.setdefault(count, value)


def _settle_type(found: dict[str, Any]) -> None:
    """A kind that is none of ours is remembered; a call of a model is a generation."""
    kind = str(found.get(names.TYPE, "")).lower()
    if kind in _TYPES:
        found[names.TYPE] = kind
    elif kind:
        found[KIND] = kind
        found[names.TYPE] = "span"
    elif names.MODEL in found:
        found[names.TYPE] = "generation"


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _as_json(value: Any) -> str:
    """JSON text as it is; any other value as JSON."""
    return value if isinstance(value, str) and _is_json(value) else to_json(value)


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_refused)
    except (ValueError, RecursionError):
        return False
    return True


def _refused(constant: str) -> float:
    raise ValueError(constant)
