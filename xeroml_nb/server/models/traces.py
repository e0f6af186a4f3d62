"""The shapes of traces, sessions and observations."""

from typing import Annotated, Any, Literal

from pydantic import Field

from xeroml_nb.server.models.common import Id, Moment, Wire
from xeroml_nb.server.models.scores import ScoreShown
from xeroml_nb.server.paging import Meta

Type = Literal["span", "generation", "event"]


class ObservationShown(Wire):
    """An observation with everything that is known of it."""

    id: str
    trace_id: str
    parent_observation_id: str | None
    type: Any = Field(description="span, generation, event, or what it was said to be.")
    name: str
    start_time: Moment
    end_time: Moment
    latency: float = Field(description="Seconds.")
    level: Any
    status_message: Any
    input: Any
    output: Any
    metadata: dict[str, Any]
    model: str | None
    model_parameters: Any
    completion_start_time: Any
    usage_details: dict[str, float] = Field(description="Tokens.")
    cost_details: dict[str, float]
    user_id: str | None
    session_id: str | None
    version: str | None
    release: str | None
    tags: list[str]
    environment: str
    attributes: dict[str, Any] = Field(description="All other attributes of OpenTelemetry.")


class ObservationList(Wire):
    """A page of observations."""

    data: list[ObservationShown]
    meta: Meta


class TraceCore(Wire):
    """A trace without its parts."""

    id: str
    timestamp: Moment
    name: str | None
    input: Any
    output: Any
    user_id: str | None
    session_id: str | None
    version: str | None
    release: str | None
    metadata: dict[str, Any]
    tags: list[str]
    environment: str
    latency: float = Field(description="Seconds.")
    total_cost: float | None


class TraceGiven(Wire):
    """What is said of a trace as a whole."""

    id: Id | None = Field(None, description="A new one by default.")
    timestamp: Moment | None = Field(None, description="When it began; now by default.")
    name: str | None = None
    input: Any = None
    output: Any = None
    user_id: str | None = None
    session_id: str | None = None
    version: str | None = None
    release: str | None = None
    metadata: Any = None
    tags: list[str] | None = None
    environment: str | None = None


class TraceShown(TraceCore):
    """A trace with its observations and all scores on it and on them."""

    observations: list[ObservationShown]
    scores: list[ScoreShown]


class TraceListed(TraceCore):
    """A trace with the ids of its observations, and of the scores on it and on them."""

    observations: list[str]
    scores: list[str]


class TraceList(Wire):
    """A page of traces."""

    data: list[TraceListed]
    meta: Meta


class TracesGone(Wire):
    """Traces to delete."""

    trace_ids: Annotated[list[Id], Field(min_length=1, max_length=1000)]


class SessionCore(Wire):
    """A session."""

    id: str
    created_at: Moment = Field(description="When its first observation began.")
    environment: str | None
    count_traces: int


class SessionShown(SessionCore):
    """A session with a page of its traces, newest first."""

    traces: list[TraceListed]
    meta: Meta


class SessionList(Wire):
    """A page of sessions."""

    data: list[SessionCore]
    meta: Meta
