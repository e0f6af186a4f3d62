"""An observation: one OpenTelemetry span as it is stored; a trace is its observations."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from xeroml_nb.records.json_text import from_json

if TYPE_CHECKING:
    from datetime import datetime


class ObservationType(StrEnum):
    """What a span stands for: any work, a call of a model, or a moment."""

    SPAN = "span"
    GENERATION = "generation"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Observation:
    """One span of a trace.

    Args:
        id: 16 hex digits.
        trace_id: 32 hex digits.
        parent_id: None for a trace's root.
        name: What was done.
        type: span, generation or event.
        start: When it began.
        end: When it ended.
        error: What went wrong, or None.
        input_json: What went in, as JSON text.
        output_json: What came out, as JSON text.
        attributes: All other OpenTelemetry attributes.
        user_id: Set by `propagate_attributes`, as are the following.
        session_id: The session it belongs to.
        tags: Sorted and unique.
        metadata: Anything else.
        version: Of the application.
        release: Of the application.
        environment: Such as "production".
    """

    id: str
    trace_id: str
    parent_id: str | None
    name: str
    type: ObservationType
    start: datetime
    end: datetime
    error: str | None
    input_json: str | None
    output_json: str | None
    attributes: dict[str, Any]
    user_id: str | None
    session_id: str | None
    tags: tuple[str, ...]
    metadata: dict[str, Any]
    version: str | None
    release: str | None
    environment: str

    @property
    def input(self) -> Any:
        """What went in."""
        return from_json(self.input_json)

    @property
    def output(self) -> Any:
        """What came out."""
        return from_json(self.output_json)
