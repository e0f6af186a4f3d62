"""Scores as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadScore
from xeroml_nb.records.json_text import safe_repr
from xeroml_nb.records.score import DataType, ScoreRecord, ScoreSource, ScoreTarget, new_score
from xeroml_nb.sync.wire.reading import (
    body_of,
    filled,
    id_of,
    is_id,
    moment_of,
    moment_text,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# Both spellings that servers of this kind use.
_SOURCES = {
    "api": ScoreSource.API,
    "human": ScoreSource.HUMAN,
    "llm": ScoreSource.LLM,
    "annotation": ScoreSource.HUMAN,
    "eval": ScoreSource.LLM,
}
# Texts are kept as categories, which here may be any text.
_TEXTS = ("TEXT", "CORRECTION")
_BOOLEANS = {"true": True, "false": False}


def to_wire(score: ScoreRecord) -> dict[str, Any]:
    """A score as it is sent: only what is set, with the moment it was given."""
    return filled(_fields(score))


def shown(score: ScoreRecord, updated_at: datetime) -> dict[str, Any]:
    """A score as a server shows it: every field, also those that are not set.

    Args:
        score: The score.
        updated_at: When it was last changed.
    """
    moments = {"createdAt": score.created_at, "updatedAt": updated_at}
    return _fields(score) | {name: moment_text(moment) for name, moment in moments.items()}


def from_wire(given: Any) -> ScoreRecord:
    """Read a score that somebody sends or a server shows.

    Args:
        given: A JSON object. Both spellings of the source are read; a BOOLEAN is true, false, 1, 0
            or their texts. Without an id the score gets the derived one, without a timestamp it is
            given now. Fields that are not known are passed over.

    Raises:
        BadScore: If a part of it cannot be accepted.
        BadInput: If its target, an id, a text or a moment cannot be.
    """
    body = body_of("score", given)
    kind = _data_type(body)
    return new_score(
        _target(body),
        body.get("name", ""),
        _value(body, kind),
        data_type=kind,
        comment=text_of(body, "comment"),
        source=_source(body),
        author=text_of(body, "author", "authorUserId") or "",
        metadata=_metadata(body),
        id=id_of(body, "id"),
        created_at=moment_of(body, "timestamp", "createdAt"),
    )


def value_of(body: Mapping[str, Any]) -> Any:
    """The value that a score on the wire has, however it is written; no part is checked.

    Example:
        >>> value_of({"dataType": "BOOLEAN", "value": 1})
        True
    """
    kind = _data_type(body)
    value = _value(body, kind)
    return bool(value) if kind == DataType.BOOLEAN else value


def _fields(score: ScoreRecord) -> dict[str, Any]:
    target, known = score.target, score.metadata
    labels = known if isinstance(known, dict) else {}
    return {
        "id": score.id,
        "traceId": target.trace_id,
        "observationId": target.observation_id,
        "sessionId": target.session_id,
        "experimentId": target.experiment_id,
        "name": score.name,
        "value": score.value,
        "dataType": score.data_type.value,
        "comment": score.comment,
        "source": score.source.value,
        "author": score.author,
        "metadata": known,
        "configId": _id(labels.get("config")),
        "queueId": _id(labels.get("queue")),
        "timestamp": moment_text(score.created_at),
    }


def _id(value: Any) -> str | None:
    return value if value is not None and is_id(value) else None


def _target(body: Mapping[str, Any]) -> ScoreTarget:
    return ScoreTarget(
        trace_id=id_of(body, "traceId"),
        observation_id=id_of(body, "observationId"),
        session_id=id_of(body, "sessionId"),
        experiment_id=id_of(body, "experimentId", "datasetRunId"),
    )


def _data_type(body: Mapping[str, Any]) -> str | None:
    kind = text_of(body, "dataType")
    return DataType.CATEGORICAL.value if kind in _TEXTS else kind


def _value(body: Mapping[str, Any], kind: str | None) -> Any:
    """The value; lists of scores may give a category's number, and its name beside it."""
    value, text = body.get("value"), body.get("stringValue")
    if kind == DataType.CATEGORICAL and isinstance(text, str) and not isinstance(value, str):
        return text
    if kind == DataType.BOOLEAN and isinstance(value, str):
        return _BOOLEANS.get(value.lower(), value)
    return value


def _source(body: Mapping[str, Any]) -> str:
    given = body.get("source")
    if given is None:
        return ScoreSource.API
    found = _SOURCES.get(given.lower()) if isinstance(given, str) else None
    if found is None:
        raise BadScore(
            f"Score {body.get('name')!r} has source {safe_repr(given)[:80]}.",
            "Use one of 'api', 'human', 'llm'.",
        )
    return found


def _metadata(body: Mapping[str, Any]) -> Any:
    """Metadata, with the question and the queue that a label belongs to in it."""
    known = body.get("metadata")
    links = filled({"config": id_of(body, "configId"), "queue": id_of(body, "queueId")})
    if not links:
        return known
    if known is None or isinstance(known, dict):
        return links | (known or {})
    return links | {"value": known}
