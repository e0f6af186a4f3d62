"""Stored observations as OpenTelemetry spans, and as the bytes that OTLP carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

from xeroml_nb.records import clock
from xeroml_nb.records.ids import is_otel_trace_id
from xeroml_nb.records.json_text import to_json
from xeroml_nb.tracing import attributes as names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xeroml_nb.records.observation import Observation

_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_SCOPE = InstrumentationScope("xeroml_nb")
_RESOURCE = Resource({"service.name": "xeroml_nb"})
_SPAN_DIGITS = 16


def is_sendable(trace_id: str, span_id: str) -> bool:
    """Tell whether OpenTelemetry can carry the ids of an observation.

    Example:
        >>> is_sendable("trace_abc123", "obs_1")
        False
    """
    return is_otel_trace_id(trace_id) and len(span_id) == _SPAN_DIGITS and _is_number(span_id)


def to_span(one: Observation, attributes: Mapping[str, Any] | None = None) -> ReadableSpan:
    """An observation as the span it was; `to_observation` of it is the observation again.

    Args:
        one: Its ids are OpenTelemetry's.
        attributes: Its attributes in other names than ours.
    """
    status = Status() if one.error is None else Status(StatusCode.ERROR, one.error)
    return ReadableSpan(
        name=one.name,
        context=_context(one.trace_id, one.id),
        parent=None if one.parent_id is None else _context(one.trace_id, one.parent_id),
        resource=_RESOURCE,
        attributes=attributes_of(one) if attributes is None else attributes,
        status=status,
        start_time=clock.to_micros(one.start) * 1_000,
        end_time=clock.to_micros(one.end) * 1_000,
        instrumentation_scope=_SCOPE,
    )


def attributes_of(one: Observation) -> dict[str, Any]:
    """All that an observation says, as attributes of a span."""
    said = {
        names.TYPE: one.type.value,
        names.INPUT: one.input_json,
        names.OUTPUT: one.output_json,
        names.USER_ID: one.user_id,
        names.SESSION_ID: one.session_id,
        names.TAGS: _tags(one.tags),
        names.METADATA: to_json(one.metadata) if one.metadata else None,
        names.VERSION: one.version,
        names.RELEASE: one.release,
        names.ENVIRONMENT: one.environment,
    }
    return one.attributes | {name: value for name, value in said.items() if value is not None}


def encoded(spans: Iterable[ReadableSpan]) -> bytes:
    """Spans as the protobuf message of an OTLP request."""
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    message: bytes = encode_spans(list(spans)).SerializeToString()
    return message


def _tags(tags: tuple[str, ...]) -> str | list[str] | None:
    """Tags as one text, as the API documents them; as a list where a comma is part of one."""
    if not tags:
        return None
    return list(tags) if any("," in tag or not tag for tag in tags) else ",".join(tags)


def _context(trace_id: str, span_id: str) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=_SAMPLED)


def _is_number(span_id: str) -> bool:
    return all(digit in "0123456789abcdef" for digit in span_id) and set(span_id) != {"0"}
