"""The shapes of scores."""

from typing import Any, Literal

from pydantic import Field

from xeroml_nb.server.models.common import Id, Moment, Wire
from xeroml_nb.server.paging import Meta

Kind = Literal["NUMERIC", "BOOLEAN", "CATEGORICAL"]
Value = bool | float | str


class ScoreGiven(Wire):
    """A score to store; its target is a trace, an observation of it, a session or an experiment."""

    name: str = Field(min_length=1, max_length=200)
    value: Value = Field(
        description="NUMERIC: a finite number. BOOLEAN: true or false, or 1 or 0. "
        "CATEGORICAL: a text."
    )
    data_type: Literal[Kind, "TEXT", "CORRECTION"] | None = Field(
        None, description="Found from the value where it is not given; texts are categories."
    )
    trace_id: Id | None = None
    observation_id: Id | None = Field(None, description="An observation of the trace.")
    session_id: Id | None = None
    experiment_id: Id | None = Field(None, description="Also spelt datasetRunId.")
    id: Id | None = Field(None, description="Under the same id a score is updated.")
    comment: str | None = None
    source: Literal["api", "human", "llm", "API", "ANNOTATION", "EVAL"] | None = None
    author: str | None = None
    metadata: Any = None
    timestamp: Moment | None = Field(None, description="When it was given; now by default.")
    config_id: Id | None = None
    queue_id: Id | None = None


class ScoreShown(Wire):
    """A score as it is stored."""

    id: str
    trace_id: str | None
    observation_id: str | None
    session_id: str | None
    experiment_id: str | None
    name: str
    value: Value
    data_type: Kind
    comment: str | None
    source: Literal["api", "human", "llm"]
    author: str
    metadata: Any
    config_id: str | None
    queue_id: str | None
    timestamp: Moment
    created_at: Moment
    updated_at: Moment


class ScoreList(Wire):
    """A page of scores."""

    data: list[ScoreShown]
    meta: Meta
