"""The events of a batch: each is read by itself, and all that are valid are stored at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.records import clock
from xeroml_nb.records.json_text import safe_repr
from xeroml_nb.records.score import ScoreRecord
from xeroml_nb.server.desk import conflict
from xeroml_nb.server.recorded import observation_partial, trace_partial
from xeroml_nb.store import scores
from xeroml_nb.store.ingest import Partial, put_partials, put_scores
from xeroml_nb.sync.wire.reading import body_of, id_of, moment_of
from xeroml_nb.sync.wire.scores import from_wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection

    from xeroml_nb.store.store import Store

MOST_EVENTS = 1000
_OBSERVATIONS = (
    *("span", "generation", "event", "observation"),
    *("agent", "tool", "chain", "retriever", "evaluator", "embedding", "guardrail"),
)
_IGNORED = "sdk-log"
TYPES = (
    *("trace-create", "score-create", "score-delete", _IGNORED),
    *(f"{kind}-{what}" for kind in _OBSERVATIONS for what in ("create", "update")),
)


@dataclass(frozen=True, slots=True)
class _Deletion:
    """A score that is to be taken back."""

    score_id: str


@dataclass(frozen=True, slots=True)
class _Event:
    """An event that could be read: where it stands in its batch, its id, what it asks for."""

    position: int
    id: str
    wanted: ScoreRecord | Partial | _Deletion | None


def take_in(store: Store, batch: Sequence[Any]) -> dict[str, Any]:
    """Store what the events of a batch say.

    Args:
        store: Where to.
        batch: The events as they were sent, in their order.

    Returns:
        The answer: `successes` and `errors`, each with the event's id and status.

    Raises:
        StoreError: If the store cannot be written; nothing of the batch is stored then.
    """
    events: list[_Event] = []
    errors: list[dict[str, Any]] = []
    for position, given in enumerate(batch):
        try:
            events.append(_read(position, given))
        except BadInput as error:
            errors.append(_failed(_shown_id(given), 400, str(error)))
    refused = store.write(partial(_apply, events=events)) if events else {}
    errors += [_failed(e.id, 409, refused[e.position]) for e in events if e.position in refused]
    successes = [{"id": e.id, "status": 201} for e in events if e.position not in refused]
    return {"successes": successes, "errors": errors}


def _read(position: int, given: Any) -> _Event:
    event = body_of("event", given)
    event_id = id_of(event, "id")
    if event_id is None:
        raise BadInput("The event has no id.", "Give each event an id of its own.")
    kind = event.get("type")
    if kind == _IGNORED:
        return _Event(position, event_id, None)
    body = body_of("body of the event", event.get("body"))
    return _Event(position, event_id, _wanted(kind, event, body))


def _wanted(
    kind: Any, event: Mapping[str, Any], body: Mapping[str, Any]
) -> ScoreRecord | Partial | _Deletion:
    if kind == "score-create":
        return from_wire({"timestamp": event.get("timestamp"), **body})
    if kind == "score-delete":
        return _Deletion(_needed_id(kind, body))
    at = moment_of(event, "timestamp") or clock.now()
    if kind == "trace-create":
        return trace_partial(body, at)
    if kind not in TYPES:
        raise BadInput(
            f"The event's type is {safe_repr(kind)[:80]}.", f"Use one of {', '.join(TYPES)}."
        )
    what, _, action = kind.partition("-")
    if action == "update":
        _needed_id(kind, body)
    return observation_partial("" if what == "observation" else what, body, at)


def _needed_id(kind: str, body: Mapping[str, Any]) -> str:
    found = id_of(body, "id")
    if found is None:
        raise BadInput(f"The {kind} names no id.", "Put the id of what it is about in the body.")
    return found


def _apply(connection: Connection, events: Sequence[_Event]) -> dict[int, str]:
    """Do what events ask for, in their order; the positions of those refused, and why."""
    refused: dict[int, str] = {}
    for kind, group in groupby(events, key=lambda event: type(event.wanted)):
        alike = list(group)
        wanted: list[Any] = [event.wanted for event in alike]
        if kind is ScoreRecord:
            left_out = {id(score) for score in put_scores(connection, wanted)}
            refused |= {
                e.position: conflict(s).message
                for e, s in zip(alike, wanted, strict=True)
                if id(s) in left_out
            }
        elif kind is Partial:
            put_partials(connection, wanted)
        elif kind is _Deletion:
            scores.retract(connection, [deletion.score_id for deletion in wanted])
    return refused


def _shown_id(given: Any) -> str:
    found = given.get("id") if isinstance(given, dict) else None
    return found if isinstance(found, str) else ""


def _failed(event_id: str, status: int, message: str) -> dict[str, Any]:
    return {"id": event_id, "status": status, "message": message, "error": None}
