"""Take in what others record: scores under ids of their own, and observations bit by bit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records.observation import Observation, ObservationType
from xeroml_nb.store import observations as stored_observations
from xeroml_nb.store import scores as stored_scores
from xeroml_nb.store.rows import chunks
from xeroml_nb.store.schema import observations, scores

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from xeroml_nb.records.score import ScoreRecord

# The attribute of an observation that stands for a trace as a whole.
TRACE_RECORD = "xeroml.trace.record"
_WHOSE = (
    *("trace_id", "observation_id", "session_id", "experiment_id"),
    *("name", "source", "author"),
)
_ADDED_UP = ("attributes", "metadata")


@dataclass(frozen=True, slots=True)
class Partial:
    """What is known so far of an observation.

    Args:
        trace_id: Of its trace.
        id: Its own.
        at: When this was said; when it began, if nobody says so.
        known: Fields of an `Observation` by name; those that are missing stay as they are.
    """

    trace_id: str
    id: str
    at: datetime
    known: Mapping[str, Any]


def trace_record(trace_id: str, at: datetime, known: Mapping[str, Any]) -> Partial:
    """What is known of a trace as a whole, for an observation that stands for it.

    Args:
        trace_id: Of the trace.
        at: When it began.
        known: Fields of an `Observation` by name.
    """
    attributes = {**known.get("attributes", {}), TRACE_RECORD: True}
    return Partial(trace_id, record_id(trace_id), at, {**known, "attributes": attributes})


def record_id(trace_id: str) -> str:
    """The id of the observation that stands for a trace as a whole.

    Example:
        >>> record_id("trace_abc123")
        '77333990099f6878'
    """
    return hashlib.sha256(f"trace{trace_id}".encode()).hexdigest()[:16]


def put_scores(connection: Connection, given: Sequence[ScoreRecord]) -> list[ScoreRecord]:
    """Store scores as `scores.put` does, but none under the id of a score on something else.

    Args:
        connection: To write with.
        given: The scores; of two with one id the later is the newer state.

    Returns:
        Those refused: a score of that id has another target, name, source or author.
    """
    owners = _owners(connection, [score.id for score in given])
    fitting: list[ScoreRecord] = []
    refused: list[ScoreRecord] = []
    for score in given:
        whose = _whose(score)
        fits = owners.setdefault(score.id, whose) == whose
        (fitting if fits else refused).append(score)
    stored_scores.put(connection, fitting)
    return refused


def put_partials(connection: Connection, given: Sequence[Partial]) -> None:
    """Store what is known of observations over what was known before."""
    if not given:
        return
    before = _stored(connection, given)
    after = dict(before)
    for partial in given:
        key = (partial.trace_id, partial.id)
        after[key] = _merged(after.get(key), partial)
    changed = [one for key, one in after.items() if before.get(key) != one]
    stored_observations.put_over(connection, changed)


def _owners(connection: Connection, ids: list[str]) -> dict[str, tuple[Any, ...]]:
    columns = [scores.c[name] for name in _WHOSE]
    return {
        row[0]: tuple(row[1:])
        for some in chunks(ids)
        for row in connection.execute(sa.select(scores.c.id, *columns).where(scores.c.id.in_(some)))
    }


def _whose(score: ScoreRecord) -> tuple[Any, ...]:
    target = score.target
    on = (target.trace_id, target.observation_id, target.session_id, target.experiment_id)
    return (*on, score.name, score.source.value, score.author)


def _stored(connection: Connection, given: Iterable[Partial]) -> dict[tuple[str, str], Observation]:
    wanted = {(partial.trace_id, partial.id) for partial in given}
    found: dict[tuple[str, str], Observation] = {}
    for some in chunks(sorted(wanted), 250):
        query = sa.select(observations).where(
            observations.c.trace_id.in_({trace_id for trace_id, _ in some}),
            observations.c.id.in_({own_id for _, own_id in some}),
        )
        read = map(stored_observations.from_row, connection.execute(query))
        found |= {(one.trace_id, one.id): one for one in read if (one.trace_id, one.id) in wanted}
    return found


def _merged(before: Observation | None, partial: Partial) -> Observation:
    known = dict(partial.known)
    one = _blank(partial) if before is None else before
    for name in _ADDED_UP:
        if name in known:
            known[name] = getattr(one, name) | known[name]
    if "tags" in known:
        known["tags"] = tuple(sorted({*one.tags, *known["tags"]}))
    if before is None and "start" in known:
        known.setdefault("end", known["start"])
    merged = replace(one, **known)
    return merged if merged.start <= merged.end else replace(merged, end=merged.start)


def _blank(partial: Partial) -> Observation:
    """An observation of which nothing is known but that it is there."""
    return Observation(
        id=partial.id,
        trace_id=partial.trace_id,
        parent_id=None,
        name="",
        type=ObservationType.SPAN,
        start=partial.at,
        end=partial.at,
        error=None,
        input_json=None,
        output_json=None,
        attributes={},
        user_id=None,
        session_id=None,
        tags=(),
        metadata={},
        version=None,
        release=None,
        environment="default",
    )
