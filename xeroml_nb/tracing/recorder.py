"""The span processor that turns finished spans into observations for the store."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import StatusCode

from xeroml_nb.records import clock
from xeroml_nb.records.json_text import to_json
from xeroml_nb.records.observation import Observation, ObservationType
from xeroml_nb.tracing import attributes as names
from xeroml_nb.tracing import dialects
from xeroml_nb.tracing.prices import add_cost
from xeroml_nb.tracing.propagate import is_anchor, is_scoring, propagated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.context import Context

    from xeroml_nb.settings import Settings

_TYPES = frozenset(ObservationType)


class Recorder(SpanProcessor):
    """Hands every finished span on: to who holds its trace, else to the sink.

    A runner holds the trace of an item run, so that output, spans and scores are stored together.
    """

    def __init__(self) -> None:
        self.environment = "default"
        self.release: str | None = None
        self._sink: Callable[[Observation], None] | None = None
        self._held: dict[int, list[Observation]] = {}

    def connect(self, settings: Settings, sink: Callable[[Observation], None]) -> None:
        """Hand observations to a sink from now on, labelled as the settings say."""
        self.environment, self.release = settings.environment, settings.release
        self._sink = sink

    def disconnect(self, sink: Callable[[Observation], None]) -> None:
        """Hand nothing to a sink any more, if it is the present one."""
        if self._sink == sink:
            self._sink = None

    def hold(self, trace_id: int) -> None:
        """Keep the observations of a trace until they are taken."""
        self._held[trace_id] = []

    def take(self, trace_id: int) -> list[Observation]:
        """The observations of a held trace so far; later ones go to the sink."""
        return self._held.pop(trace_id, [])

    def held(self, trace_id: int) -> list[Observation]:
        """The observations of a held trace so far; none if it is not held."""
        return list(self._held.get(trace_id, ()))

    def add(self, found: Iterable[Observation]) -> None:
        """Hand on observations that were recorded in another process."""
        for observation in found:
            add_cost(observation.attributes)  # the other process knows no prices
            self._hand_on(int(observation.trace_id, 16), observation)

    def _hand_on(self, trace_id: int, observation: Observation) -> None:
        held = self._held.get(trace_id)
        if held is not None:
            held.append(observation)
        elif self._sink is not None:
            self._sink(observation)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Stamp the attributes that the surrounding block propagates."""
        carried = propagated(parent_context)
        span.set_attribute(names.ENVIRONMENT, self.environment)
        if release := carried.release or self.release:
            span.set_attribute(names.RELEASE, release)
        if is_scoring(parent_context):
            span.set_attribute(names.SCORING, value=True)
        if carried.user_id is not None:
            span.set_attribute(names.USER_ID, carried.user_id)
        if carried.session_id is not None:
            span.set_attribute(names.SESSION_ID, carried.session_id)
        if carried.version is not None:
            span.set_attribute(names.VERSION, carried.version)
        if carried.tags:
            span.set_attribute(names.TAGS, carried.tags)
        if carried.metadata:
            span.set_attribute(names.METADATA, to_json(carried.metadata))

    def on_end(self, span: ReadableSpan) -> None:
        """Make an observation of a finished span and hand it on."""
        context = span.get_span_context()
        held = None if context is None else self._held.get(context.trace_id)
        if held is not None:
            held.append(to_observation(span))
        elif self._sink is not None:
            self._sink(to_observation(span))


def to_observation(span: ReadableSpan) -> Observation:
    """The stored form of a finished span."""
    context = span.get_span_context()
    assert context is not None  # noqa: S101 - only spans that were never recorded have none
    found = dict(span.attributes or {})
    dialects.understand(found)
    dialects.note_first_token(found, span.start_time, span.events)
    add_cost(found)
    parent = None if is_anchor(span.parent) else span.parent
    kind = found.pop(names.TYPE, ObservationType.SPAN)
    return Observation(
        id=f"{context.span_id:016x}",
        trace_id=f"{context.trace_id:032x}",
        parent_id=None if parent is None else f"{parent.span_id:016x}",
        name=span.name,
        type=ObservationType(kind) if kind in _TYPES else ObservationType.SPAN,
        start=_moment(span.start_time),
        end=_moment(span.end_time),
        error=_error(span),
        input_json=_text(found.pop(names.INPUT, None)),
        output_json=_text(found.pop(names.OUTPUT, None)),
        user_id=_text(found.pop(names.USER_ID, None)),
        session_id=_text(found.pop(names.SESSION_ID, None)),
        tags=_tags(found.pop(names.TAGS, None)),
        metadata=_metadata(found.pop(names.METADATA, None))
        | _metadata(found.pop(names.OBSERVATION_METADATA, None)),
        version=_text(found.pop(names.VERSION, None)),
        release=_text(found.pop(names.RELEASE, None)),
        environment=_text(found.pop(names.ENVIRONMENT, None)) or "default",
        # What no field above took.
        attributes=found,
    )


def _moment(nanoseconds: int | None) -> datetime:
    return (
        datetime.fromtimestamp(0, UTC)
        if nanoseconds is None
        else clock.from_micros(nanoseconds // 1000)
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _tags(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part for part in value.split(",") if part)
    return tuple(str(tag) for tag in value or ())


def _metadata(value: Any) -> dict[str, Any]:
    """Read the metadata attribute; other instrumentations may put anything there."""
    if value is None:
        return {}
    try:
        found = json.loads(value)
    except (TypeError, ValueError):
        return {"value": value}
    return found if isinstance(found, dict) else {"value": found}


def _error(span: ReadableSpan) -> str | None:
    if span.status.status_code is not StatusCode.ERROR:
        return None
    return span.status.description or "error"
