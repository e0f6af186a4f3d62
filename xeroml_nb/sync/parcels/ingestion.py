"""Give and delete many scores in one request, where the server takes batches."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import Refused
from xeroml_nb.records import clock
from xeroml_nb.records.ids import random_id
from xeroml_nb.sync.parcels.batches import MISSING, sent
from xeroml_nb.sync.transport.connection import Outcome, OutcomeState
from xeroml_nb.sync.wire.reading import moment_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xeroml_nb.sync.parcels.base import Link

_LATER = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
)
_CORRECT = "Correct what the server names, then send it again."


def create(link: Link, bodies: Mapping[str, Mapping[str, Any]]) -> dict[str, Outcome]:
    """Give scores in one request.

    Args:
        link: To the server.
        bodies: Scores by their ids.

    Returns:
        What became of each; nothing where the server does not take this batch, so that each score
        has to be given by itself.
    """
    events = [_event("score-create", body, body["timestamp"]) for body in bodies.values()]
    return _sent(link, list(bodies), events)


def delete(link: Link, keys: Sequence[str]) -> dict[str, Outcome]:
    """Delete at most 250 scores in one request.

    Returns:
        Those that are deleted, or were not there; the others have to be deleted by themselves.
    """
    now = moment_text(clock.now())
    outcomes = _sent(link, keys, [_event("score-delete", {"id": key}, now) for key in keys])
    return {
        key: sent(key)
        for key, outcome in outcomes.items()
        if outcome.state is OutcomeState.SENT or outcome.status == HTTPStatus.NOT_FOUND
    }


def _event(kind: str, body: Mapping[str, Any], timestamp: str) -> dict[str, Any]:
    """An event; its own id is new each time, since a server may pass over one it knows."""
    return {"id": random_id(), "type": kind, "timestamp": timestamp, "body": body}


def _sent(
    link: Link, keys: Sequence[str], events: Sequence[Mapping[str, Any]]
) -> dict[str, Outcome]:
    try:
        answer = link.connection.post("ingestion", {"batch": events})
    except Refused as error:
        if error.status in MISSING:
            link.connection.note_missing("ingestion")
        return {}
    errors = _errors(answer)
    by_event = zip(keys, events, strict=True)
    return {key: _outcome(key, errors.get(event["id"])) for key, event in by_event}


def _errors(answer: Any) -> dict[str, dict[str, Any]]:
    """What went wrong by event; an answer without errors says that nothing did."""
    errors = answer.get("errors") if isinstance(answer, dict) else None
    found = [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    return {str(one.get("id")): one for one in found}


def _outcome(key: str, error: Mapping[str, Any] | None) -> Outcome:
    if error is None:
        return sent(key)
    status = error.get("status")
    number = status if isinstance(status, int) else HTTPStatus.BAD_REQUEST.value
    said = ": ".join(str(error[name]) for name in ("message", "error") if error.get(name))
    is_passing = number in _LATER or number >= HTTPStatus.INTERNAL_SERVER_ERROR
    state = OutcomeState.LEFT if is_passing else OutcomeState.REFUSED
    return Outcome(key, state, number, said or "no reason given", _CORRECT)
