"""Values that every span started inside a block carries, and blocks without tracing."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from xeroml_nb.errors import BadInput
from xeroml_nb.records.ids import create_trace_id, is_otel_trace_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from opentelemetry.context import Context

_LIMIT = 200
_KEY = otel.create_key("xeroml-propagated")
_OFF = otel.create_key("xeroml-tracing-off")
_SCORING = otel.create_key("xeroml-scoring")


@dataclass(frozen=True, slots=True)
class Propagated:
    """What the spans of a block carry."""

    user_id: str | None = None
    session_id: str | None = None
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    version: str | None = None
    release: str | None = None


_NOTHING = Propagated()


def propagated(context: Context | None = None) -> Propagated:
    """What spans started in this context carry."""
    found = otel.get_value(_KEY, context)
    return found if isinstance(found, Propagated) else _NOTHING


@contextmanager
def propagate_attributes(  # noqa: PLR0913 - the attributes a trace has
    *,
    trace_id: str | None = None,
    user_id: str | None = None,
    session_id: str | None = None,
    tags: Iterable[str] = (),
    metadata: Mapping[str, Any] | None = None,
    version: str | None = None,
    release: str | None = None,
) -> Iterator[None]:
    """Give every span started inside the block these attributes; blocks nest and add up.

    Args:
        trace_id: Spans inside belong to this trace: 32 hex digits, from `create_trace_id`.
        user_id: At most 200 characters, as are the session, the tags, version and release.
        session_id: ASCII.
        tags: Merged with those of outer blocks.
        metadata: Merged with that of outer blocks.
        version: Of the application.
        release: Of the application.

    Raises:
        BadInput: If a value cannot be carried.

    Example:
        >>> with propagate_attributes(trace_id=create_trace_id(seed="msg-1"), user_id="ann"):
        ...     propagated().user_id
        'ann'
    """
    named = {"user_id": user_id, "session_id": session_id, "version": version, "release": release}
    given: dict[str, Any] = {
        n: _checked(n, value) for n, value in named.items() if value is not None
    }
    outer = propagated()
    inner = replace(
        outer,
        tags=tuple(sorted({*outer.tags, *(_checked("tag", tag) for tag in tags)})),
        metadata=outer.metadata | dict(metadata or {}),
        **given,
    )
    context = otel.set_value(_KEY, inner)
    if trace_id is not None:
        context = trace.set_span_in_context(_anchor(trace_id), context)
    token = otel.attach(context)
    try:
        yield
    finally:
        otel.detach(token)


@contextmanager
def scoring() -> Iterator[None]:
    """Mark every span started inside the block as the work of evaluators."""
    token = otel.attach(otel.set_value(_SCORING, value=True))
    try:
        yield
    finally:
        otel.detach(token)


def is_scoring(context: Context | None = None) -> bool:
    """Tell whether a span started in this context is the work of evaluators."""
    return otel.get_value(_SCORING, context) is True


@contextmanager
def disable_tracing() -> Iterator[None]:
    """Record no span inside the block, neither ours nor any instrumentation's.

    Example:
        >>> with disable_tracing():
        ...     pass  # a secret can be handled here
    """
    # A parent that is not sampled makes OpenTelemetry's default sampler drop all below it.
    here = trace.get_current_span().get_span_context()
    trace_id = here.trace_id if here.is_valid else int(create_trace_id(), 16)
    context = trace.set_span_in_context(_unsampled(trace_id), otel.set_value(_OFF, value=True))
    token = otel.attach(context)
    try:
        yield
    finally:
        otel.detach(token)


def carrying(carried: Propagated) -> Context:
    """A context without a span, in which new ones carry these attributes."""
    return otel.set_value(_KEY, carried, otel.Context())


def root_context() -> Context:
    """The context for the root of a new trace, whatever span surrounds it."""
    if otel.get_value(_OFF):
        return trace.set_span_in_context(_unsampled(int(create_trace_id(), 16)))
    return trace.set_span_in_context(trace.INVALID_SPAN)


def is_anchor(parent: SpanContext | None) -> bool:
    """Tell whether a span's parent is no span, but only carries a trace id that was asked for."""
    return parent is not None and parent.is_remote and parent.span_id == _anchor_id(parent.trace_id)


def _anchor(trace_id: str) -> NonRecordingSpan:
    """A parent that makes the next span the root of a trace with a given id."""
    if not is_otel_trace_id(trace_id):
        raise BadInput(
            f"The trace id {trace_id!r} is not 32 hex digits, which OpenTelemetry needs.",
            "Derive one with create_trace_id(seed=...).",
        )
    number = int(trace_id, 16)
    if otel.get_value(_OFF):
        return _unsampled(number)
    sampled = TraceFlags(TraceFlags.SAMPLED)
    return NonRecordingSpan(
        SpanContext(number, _anchor_id(number), is_remote=True, trace_flags=sampled)
    )


def _unsampled(trace_id: int) -> NonRecordingSpan:
    return NonRecordingSpan(SpanContext(trace_id, 1, is_remote=False, trace_flags=TraceFlags(0)))


def _anchor_id(trace_id: int) -> int:
    return (trace_id & (1 << 64) - 1) or 1


def _checked(name: str, value: str) -> str:
    text = str(value)
    if len(text) > _LIMIT:
        raise BadInput(
            f"The {name} starting with {text[:40]!r} has {len(text)} characters.",
            f"Use at most {_LIMIT}.",
        )
    if name == "session_id" and not text.isascii():
        raise BadInput(f"The session_id {text!r} is not ASCII.", "Use ASCII characters only.")
    return text
