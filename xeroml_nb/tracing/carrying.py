"""A trace that goes on in another process: what is sent there, and the spans that come back."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from xeroml_nb.tracing import pipeline
from xeroml_nb.tracing.propagate import Propagated, carrying, propagated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xeroml_nb.records.observation import Observation

_WIRE = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])
_SEED = secrets.token_hex(8)


def this_process() -> str:
    """A word for this process; one that was forked from it has another."""
    return f"{os.getpid()}-{_SEED}"


def current_headers() -> dict[str, str]:
    """The current span as W3C headers, `traceparent` among them."""
    headers: dict[str, str] = {}
    _WIRE.inject(headers)
    return headers


@dataclass(frozen=True, slots=True)
class Labels:
    """What the spans of a run carry wherever they are recorded.

    Args:
        process: Where the run is carried out, as `this_process` calls it.
        environment: Label on every trace.
        release: Of the application.
        carried: From the blocks around the run.
    """

    process: str
    environment: str
    release: str | None
    carried: Propagated

    @classmethod
    def present(cls) -> Labels:
        """Those of this process at this moment."""
        recorder = pipeline.recorder()
        return cls(this_process(), recorder.environment, recorder.release, propagated())


@contextmanager
def joined(headers: Mapping[str, str], labels: Labels) -> Iterator[list[Observation]]:
    """Let spans inside the block belong to a trace that was begun elsewhere.

    Args:
        headers: From `current_headers`.
        labels: What the spans carry.

    Yields:
        A list that holds the finished spans once the block has ended; it stays empty in the
        process that began the trace, whose recorder has them already.
    """
    found: list[Observation] = []
    context = _WIRE.extract(headers, carrying(labels.carried))
    trace_id = trace.get_current_span(context).get_span_context().trace_id
    at_home = labels.process == this_process()
    recorder = None if at_home else pipeline.record_only(labels.environment, labels.release)
    if recorder is not None:
        recorder.hold(trace_id)
    token = otel.attach(context)
    try:
        yield found
    finally:
        otel.detach(token)
        if recorder is not None:
            found += recorder.take(trace_id)
