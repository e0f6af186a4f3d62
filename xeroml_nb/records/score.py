"""A score: a named value on a trace, an observation, a session or an experiment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, SupportsFloat, TypeVar

from xeroml_nb.errors import BadInput, BadScore
from xeroml_nb.records import clock
from xeroml_nb.records.ids import checked_id, checked_name, score_id
from xeroml_nb.records.json_text import clean_text, safe_repr

if TYPE_CHECKING:
    from datetime import datetime

ScoreValue = float | bool | str
E = TypeVar("E", bound=StrEnum)
_TARGETS = ("trace_id", "observation_id", "session_id", "experiment_id")


class DataType(StrEnum):
    """What values a score takes."""

    NUMERIC = "NUMERIC"
    BOOLEAN = "BOOLEAN"
    CATEGORICAL = "CATEGORICAL"


class ScoreSource(StrEnum):
    """Who gives a score: code, a person, or a model."""

    API = "api"
    HUMAN = "human"
    LLM = "llm"


@dataclass(frozen=True, slots=True)
class ScoreTarget:
    """What a score is about: a trace or one observation of it, a session, or an experiment.

    Args:
        trace_id: Opaque text; OpenTelemetry's ids and others.
        observation_id: An observation of that trace.
        session_id: A session.
        experiment_id: A whole experiment.
    """

    trace_id: str | None = None
    observation_id: str | None = None
    session_id: str | None = None
    experiment_id: str | None = None

    def __post_init__(self) -> None:
        given = [name for name in _TARGETS if getattr(self, name) is not None]
        for name in given:
            checked_id(name, getattr(self, name))
        whole = [name for name in given if name != "observation_id"]
        if len(whole) != 1:
            raise BadInput(
                "A score needs exactly one of a trace, a session or an experiment; "
                f"it was given {' and '.join(whole) or 'none'}.",
                "Pass trace_id=..., or use score_session(session_id=...).",
            )
        if self.observation_id is not None and self.trace_id is None:
            raise BadInput(
                f"The score on observation {self.observation_id!r} names no trace.",
                "Pass the trace_id the observation belongs to.",
            )

    @property
    def key(self) -> tuple[str, ...]:
        """What of the target goes into a score's id."""
        return tuple(
            part or ""
            for part in (self.trace_id, self.observation_id, self.session_id, self.experiment_id)
        )


@dataclass(frozen=True, slots=True)
class ScoreRecord:
    """One score as it is stored.

    Args:
        id: Derived from target, name, source and author: the same score written again updates.
        target: What it is about.
        name: At most 200 characters.
        value: A finite float, a bool or a text, as `data_type` says.
        data_type: NUMERIC, BOOLEAN or CATEGORICAL.
        comment: Why, for people.
        source: Code, a person, or a model.
        author: Which person or which evaluator.
        metadata: Anything else.
        created_at: When it was given; an update keeps the first moment.
    """

    id: str
    target: ScoreTarget
    name: str
    value: ScoreValue
    data_type: DataType
    comment: str | None
    source: ScoreSource
    author: str
    metadata: Any
    created_at: datetime


def new_score(  # noqa: PLR0913 - a score has these parts
    target: ScoreTarget,
    name: str,
    value: Any,
    *,
    data_type: str | None = None,
    comment: str | None = None,
    source: str = ScoreSource.API,
    author: str = "",
    metadata: Any = None,
    id: str | None = None,  # noqa: A002 - the word of the field
    created_at: datetime | None = None,
) -> ScoreRecord:
    """Check the parts of a score and put them together.

    One that was given elsewhere brings its id and its moment along.

    Raises:
        BadScore: If the name or the value cannot be accepted, or the type does not fit the value.
    """
    name = checked_name("score", name, BadScore)
    kind, checked = checked_value(name, value, data_type)
    origin = _member(ScoreSource, "source", name, source)
    return ScoreRecord(
        id=score_id(target.key, name, origin, author) if id is None else id,
        target=target,
        name=name,
        value=checked,
        data_type=kind,
        comment=None if comment is None else clean_text(str(comment)),
        source=origin,
        author=author,
        metadata=metadata,
        created_at=clock.now() if created_at is None else created_at,
    )


def checked_value(name: str, value: Any, data_type: str | None) -> tuple[DataType, ScoreValue]:
    """Find a score's type and its value in that type.

    Raises:
        BadScore: If the value is not of the type, or not finite.
    """
    value = _unboxed(value)
    if data_type is None:
        kind = _inferred(name, value)
    else:
        kind = _member(DataType, "data_type", name, data_type)
    if kind is DataType.NUMERIC:
        return kind, _numeric(name, value)
    if kind is DataType.BOOLEAN:
        return kind, _boolean(name, value)
    return kind, _categorical(name, value)


def _unboxed(value: Any) -> Any:
    """Take a numpy scalar out of its box."""
    item = getattr(value, "item", None)
    return item() if callable(item) and getattr(value, "shape", None) == () else value


def _inferred(name: str, value: Any) -> DataType:
    if isinstance(value, bool):
        return DataType.BOOLEAN
    if isinstance(value, str):
        return DataType.CATEGORICAL
    if isinstance(value, SupportsFloat):
        return DataType.NUMERIC
    raise BadScore(
        f"Score {name!r} has the value {safe_repr(value)[:80]} of type {type(value).__name__}.",
        "Use a number, a bool or a text.",
    )


def _numeric(name: str, value: Any) -> float:
    try:
        number = math.nan if isinstance(value, str) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise BadScore(
            f"NUMERIC score {name!r} has the value {safe_repr(value)[:80]}.",
            "Use a finite number; leave the item unscored where there is none.",
        )
    return number


def _boolean(name: str, value: Any) -> bool:
    if not isinstance(value, (bool, int, float)) or value not in (0, 1):
        raise BadScore(
            f"BOOLEAN score {name!r} has the value {safe_repr(value)[:80]}.",
            "Use True or False (or 1 or 0); for shares in between use data_type='NUMERIC'.",
        )
    return bool(value)


def _categorical(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise BadScore(
            f"CATEGORICAL score {name!r} has the value {safe_repr(value)[:80]}.",
            "Use a text naming the category.",
        )
    return clean_text(value)


def _member(kind: type[E], what: str, name: str, text: str) -> E:
    try:
        return kind(text)
    except ValueError:
        options = ", ".join(repr(m.value) for m in kind)
        raise BadScore(f"Score {name!r} has {what} {text!r}.", f"Use one of {options}.") from None
