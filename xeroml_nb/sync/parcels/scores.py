"""Send scores: many at once where the API can, else one by one over a few threads."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import Refused
from xeroml_nb.store import sendable
from xeroml_nb.store.rows import chunks
from xeroml_nb.sync.parcels import ingestion
from xeroml_nb.sync.parcels.batches import MISSING, by_payload, each, impossible, removed, sent
from xeroml_nb.sync.parcels.linking import links_of
from xeroml_nb.sync.parcels.listing import shows
from xeroml_nb.sync.parcels.making import body_of, in_order, made, short
from xeroml_nb.sync.wire import langfuse
from xeroml_nb.sync.wire.scores import to_wire, value_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from xeroml_nb.records.score import ScoreRecord
    from xeroml_nb.store.deliveries import Delivery
    from xeroml_nb.sync.parcels.base import Link, Parcel, Scope
    from xeroml_nb.sync.parcels.linking import Links
    from xeroml_nb.sync.transport.connection import Outcome

_AT_ONCE = 250
_LISTED = 100
_COMPARED = ("traceId", "observationId", "sessionId", "name", "comment")


class Scores:
    """Scores and labels, each under its own id there."""

    name = "score"
    undoable = True

    def keys(self, connection: sa.Connection, scope: Scope) -> list[str]:
        """The scores on the experiments and given in the queues that are meant, oldest first."""
        return sendable.score_ids(connection, scope)

    def gone(self, connection: sa.Connection, remote_id: str, scope: Scope) -> list[str]:
        """What was taken back here, of what is meant."""
        found = sendable.scores_gone(connection, remote_id)
        if scope.everything:
            return [key for key, _ in found]
        traces = sendable.traces_of(connection, scope.experiment_ids)
        return [key for key, payload in found if _is_meant(payload, scope, traces)]

    def load(self, connection: sa.Connection, keys: Sequence[str]) -> list[Parcel]:
        """Each with the moment it was given."""
        parcels = [
            made(self.name, score.id, _title(score), to_wire(score))
            for score in sendable.some_scores(connection, keys)
        ]
        return in_order(parcels, keys)

    def send(self, link: Link, parcels: Sequence[Parcel]) -> list[Outcome]:
        """Give scores, or change those that are there."""
        links = links_of(link, [body_of(parcel) for parcel in parcels])
        return [
            outcome
            for part in by_payload(parcels, _AT_ONCE)
            for outcome in _post(link, links, part)
        ]

    def remove(self, link: Link, known: Sequence[Delivery]) -> list[Outcome]:
        """Delete scores."""
        keys = [one.key for one in known]
        done = ingestion.delete(link, keys) if link.connection.offers("ingestion") else {}
        left = [one for one in known if one.key not in done]

        def one(delivery: Delivery) -> Outcome:
            its_id = delivery.remote_key or delivery.key
            delete = partial(link.connection.delete, "score by id", score_id=its_id)
            return removed(delivery.key, delete)

        return [*done.values(), *each(left, one)]

    def read_back(self, link: Link, parcels: Sequence[Parcel]) -> set[str]:
        """Those that are there as they were sent."""
        return {
            key
            for part in chunks(parcels, _LISTED)
            for key in _shown(link, {parcel.key: body_of(parcel) for parcel in part})
        }


def _title(score: ScoreRecord) -> str:
    target = score.target
    about = {
        "trace": target.trace_id,
        "session": target.session_id,
        "experiment": target.experiment_id,
    }
    kind, its_id = next((word, one) for word, one in about.items() if one is not None)
    return f"{score.name} on {kind} {short(its_id)}"


def _is_meant(payload: str, scope: Scope, traces: set[str]) -> bool:
    """Tell whether a score that is not here any more belonged to what is meant."""
    body = json.loads(payload)
    if body.get("experimentId") in scope.experiment_ids or body.get("traceId") in traces:
        return True
    return body.get("queueId") in scope.queue_ids


def _post(link: Link, links: Links, parcels: Sequence[Parcel]) -> list[Outcome]:
    bodies = {parcel.key: links.linked(body_of(parcel)) for parcel in parcels}
    done: dict[str, Outcome] = {}
    if link.connection.offers("ingestion"):
        done = ingestion.create(link, bodies)

    def one(parcel: Parcel) -> Outcome:
        body = bodies[parcel.key]
        if links.is_langfuse and not langfuse.has_target(body):
            return impossible(parcel.key, langfuse.NO_RUN, "Give scores on its traces instead.")
        answer = link.connection.post("score", body) or {}
        return sent(parcel.key, answer.get("id"))

    left = [parcel for parcel in parcels if parcel.key not in done]
    return [*done.values(), *each(left, one)]


def _shown(link: Link, bodies: dict[str, dict[str, Any]]) -> set[str]:
    """Those of at most a page of scores that the server shows as they were sent."""
    found = _rows(link, list(bodies))
    if found is None:
        return set(bodies)  # nothing can be said against it
    rows = {row.get("id"): langfuse.own_score(row) for row in found}
    return {key for key, body in bodies.items() if key in rows and _is_same(rows[key], body)}


def _rows(link: Link, ids: list[str]) -> list[dict[str, Any]] | None:
    """Scores as the server lists them; None where it has no such list."""
    asked = ",".join(ids)
    lists = {
        "scores": {"scoreIds": asked},
        "newer scores": {"id": asked, "fields": "details,subject"},
    }
    for word, query in lists.items():
        if not link.connection.offers(word):
            continue
        try:
            answer = link.connection.get(word, query=query | {"limit": _LISTED}) or {}
            return list(answer.get("data", ()))
        except Refused as error:
            if error.status not in MISSING:
                raise
            link.connection.note_missing(word)
    return None


def _is_same(row: dict[str, Any], body: dict[str, Any]) -> bool:
    compared = {name: body[name] for name in _COMPARED if name in body}
    return shows(row, compared) and value_of(row) == value_of(body)
