"""A span that is being recorded, as users handle it."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC
from typing import TYPE_CHECKING, Any, Self

from opentelemetry.trace import Status, StatusCode

from xeroml_nb.errors import BadInput
from xeroml_nb.records.json_text import said, to_json
from xeroml_nb.records.observation import ObservationType
from xeroml_nb.tracing import attributes as names
from xeroml_nb.tracing.pipeline import tracer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from opentelemetry.trace import Span

_TYPES = frozenset(ObservationType)
_UNSET: Any = object()


class LiveObservation:
    """A span that has begun and not ended.

    Args:
        span: The OpenTelemetry span.
    """

    def __init__(self, span: Span) -> None:
        self.span = span

    @property
    def id(self) -> str:
        """16 hex digits: what `score(observation_id=)` takes."""
        return f"{self.span.get_span_context().span_id:016x}"

    @property
    def trace_id(self) -> str:
        """32 hex digits: what `score(trace_id=)` takes."""
        return f"{self.span.get_span_context().trace_id:032x}"

    def update(  # noqa: PLR0913 - what can be known of a call
        self,
        *,
        input: Any = _UNSET,  # noqa: A002 - the word of the field
        output: Any = _UNSET,
        model: str | None = None,
        usage: Mapping[str, float] | None = None,
        cost: float | None = None,
        completion_start_time: datetime | None = None,
        metadata: Mapping[str, Any] | None = None,
        tags: Iterable[str] | None = None,
    ) -> Self:
        """Add what became known since the span began.

        Args:
            input: What went in.
            output: What came out.
            model: Name of the model called.
            usage: Tokens by kind, such as `{"input": 12, "output": 3}`.
            cost: What the call cost, in any currency; without it, what `xn.prices` says.
            completion_start_time: When the first token of the answer came; with a time zone.
            metadata: Anything else.
            tags: Short words to find the trace by.

        Returns:
            The observation itself.

        Raises:
            BadInput: If a moment has no time zone.
        """
        if input is not _UNSET:
            self.span.set_attribute(names.INPUT, to_json(input))
        if output is not _UNSET:
            self.span.set_attribute(names.OUTPUT, to_json(output))
        if model is not None:
            self.span.set_attribute(names.MODEL, model)
        for kind, tokens in (usage or {}).items():
            known = {"input": names.INPUT_TOKENS, "output": names.OUTPUT_TOKENS}
            self.span.set_attribute(known.get(kind, names.USAGE_PREFIX + kind), tokens)
        if cost is not None:
            self.span.set_attribute(names.COST, cost)
        if completion_start_time is not None:
            moment = _with_zone(completion_start_time)
            self.span.set_attribute(names.COMPLETION_START, moment.isoformat())
        if metadata is not None:
            self.span.set_attribute(names.OBSERVATION_METADATA, to_json(dict(metadata)))
        if tags is not None:
            there = (getattr(self.span, "attributes", None) or {}).get(names.TAGS, ())
            self.span.set_attribute(names.TAGS, tuple(sorted({*there, *tags})))
        return self

    def fail(self, error: BaseException) -> None:
        """Mark the span as failed."""
        self.span.set_status(Status(StatusCode.ERROR, said(error)))


def _with_zone(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise BadInput(
            f"The completion_start_time {moment.isoformat()} has no time zone.",
            "Use datetime.now(UTC).",
        )
    return moment.astimezone(UTC)


def checked_type(kind: str) -> ObservationType:
    """Return the observation type of that name.

    Raises:
        BadInput: If there is none.
    """
    if kind not in _TYPES:
        options = ", ".join(repr(t.value) for t in ObservationType)
        raise BadInput(f"{kind!r} is no observation type.", f"Use one of {options}.")
    return ObservationType(kind)


@contextmanager
def observation(
    name: str,
    type: str = ObservationType.SPAN,  # noqa: A002 - the word of the spec
    **known: Any,
) -> Iterator[LiveObservation]:
    """Record what happens in a block as one span of the current trace, or of a new one.

    Args:
        name: What is done.
        type: "span", "generation" or "event".
        known: What `LiveObservation.update` takes.
    """
    kind = checked_type(type)
    with tracer().start_as_current_span(
        name, record_exception=False, set_status_on_exception=False
    ) as span:
        live = LiveObservation(span)
        span.set_attribute(names.TYPE, kind.value)
        live.update(**known)
        try:
            yield live
        except Exception as error:
            live.fail(error)
            raise
