"""Bring in the scores that others gave, and take back those that were deleted on the server."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.records.json_text import canonical_json, from_json, preview
from xeroml_nb.store import deliveries, scores, sendable
from xeroml_nb.store.rows import chunks
from xeroml_nb.sync.parcels.scores import Scores
from xeroml_nb.sync.pull.pulled import Conflict, Gathered, News
from xeroml_nb.sync.pull.reading import need, need_moment, shown_by
from xeroml_nb.sync.pull.standing import as_sent, note_delivered
from xeroml_nb.sync.sending.planning import is_there
from xeroml_nb.sync.wire import langfuse
from xeroml_nb.sync.wire.reading import moment_of
from xeroml_nb.sync.wire.scores import from_wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    import sqlalchemy as sa

    from xeroml_nb.records.score import ScoreRecord
    from xeroml_nb.store.deliveries import Delivery
    from xeroml_nb.sync.parcels.base import Link

KIND = Scores.name
# Their ids have to fit into the address of one request.
_ASKED_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Incoming:
    """A score as a server shows it.

    Args:
        score: The score.
        changed_at: When it was last changed there.
    """

    score: ScoreRecord
    changed_at: datetime


def bring_scores(link: Link, query: Mapping[str, Any], gathered: Gathered) -> set[str]:
    """Bring in scores page by page.

    Args:
        link: The way to the server.
        query: What the server is asked for; empty for all scores.
        gathered: What the pull brought so far.

    Returns:
        The ids here of all that the server has.

    Raises:
        ServerError: If the server cannot be asked, or a page cannot be read, of which nothing is
            stored then.
    """
    seen: set[str] = set()
    with link.store.reading() as connection:
        own_ids = deliveries.renamed(connection, link.remote_id, KIND)
    for rows in link.connection.pages("scores", query=query):
        page = [_read(link, row, own_ids) for row in rows]
        gathered.extend(link.store.write(partial(_merge, remote_id=link.remote_id, page=page)))
        seen.update(one.score.id for one in page)
    return seen


def take_back_deleted(link: Link, keys: Iterable[str], seen: set[str], gathered: Gathered) -> None:
    """Take back what the server had and has no more; what was changed here stays.

    A list may miss what moves in it while it is read: what is not seen is asked for by its id.

    Args:
        link: The way to the server.
        keys: The scores that may be there.
        seen: Those that are.
        gathered: What the pull brought so far.
    """
    for part in chunks((key for key in keys if key not in seen), _ASKED_AT_ONCE):
        known = {key: one for key, one in link.delivered(KIND, part).items() if is_there(one)}
        # Ids with a comma cannot be asked for in a list.
        asked = {k: one.remote_key or k for k, one in known.items() if "," not in k}
        found = _found(link, list(asked.values()))
        gone = sorted(key for key, id_there in asked.items() if id_there not in found)
        if gone:
            take = partial(_take_back, remote_id=link.remote_id, gone=gone)
            gathered.extend(link.store.write(take))


def _read(link: Link, row: Any, own_ids: Mapping[str, str]) -> Incoming:
    connection = link.connection
    with shown_by(connection.host, "score", row):
        body = need(row, "score", "id", "name", "value")
        need_moment(body, "timestamp", "createdAt")
        if connection.api.name == langfuse.NAME:
            body = langfuse.own_score(body)
        score = from_wire(body)
        score = replace(score, id=own_ids.get(score.id, score.id))
        return Incoming(score, moment_of(body, "updatedAt") or score.created_at)


def _merge(connection: sa.Connection, remote_id: str, page: Sequence[Incoming]) -> Gathered:
    """Store what is new or changed on the server, and note what it has."""
    keys = [one.score.id for one in page]
    mine = {score.id: score for score in sendable.some_scores(connection, keys)}
    known = deliveries.by_key(connection, remote_id, KIND, keys)
    sent = as_sent(connection, remote_id, KIND, keys)
    gathered = Gathered()
    taken: list[Incoming] = []
    agreed: list[str] = []
    for one in page:
        key = one.score.id
        news = _news(one.score, mine.get(key), known.get(key), is_sent=key in sent)
        if news is News.CONFLICT:
            here = "taken back" if key not in mine else _shown(mine[key])
            gathered.conflict(_conflict(one.score, here, _shown(one.score)))
            continue
        gathered.add(KIND, news)
        if news is not News.UNCHANGED:
            taken.append(one)
            agreed.append(key)
        elif key not in sent and _is_same(one.score, mine.get(key)):
            agreed.append(key)
    scores.bring_in(connection, [(one.score, one.changed_at) for one in taken])
    note_delivered(connection, remote_id, KIND, agreed)
    return gathered


def _news(
    there: ScoreRecord, here: ScoreRecord | None, known: Delivery | None, *, is_sent: bool
) -> News:
    """What to do with a score of the server.

    Args:
        there: As the server has it.
        here: As it is here; None where it was taken back, or never was.
        known: What was sent or brought in last.
        is_sent: It is here as it was then.
    """
    if here is None and not is_there(known):
        return News.NEW
    if _is_same(there, here):
        return News.UNCHANGED
    if is_sent:
        return News.CHANGED
    # Changed here only: that is still to be sent.
    return News.UNCHANGED if _is_same(there, _base(known)) else News.CONFLICT


def _is_same(one: ScoreRecord, other: ScoreRecord | None) -> bool:
    """Tell whether two scores of one id say the same; who gave it and when never changes."""
    return other is not None and _said(one) == _said(other)


def _said(score: ScoreRecord) -> tuple[Any, ...]:
    metadata = canonical_json(score.metadata) if score.metadata else ""
    return score.data_type, score.value, score.comment or "", metadata


def _base(known: Delivery | None) -> ScoreRecord | None:
    """The score as it was sent or brought in last."""
    if known is None or known.payload is None:
        return None
    try:
        return from_wire(from_json(known.payload))
    except BadInput:
        return None


def _conflict(score: ScoreRecord, here: str, there: str) -> Conflict:
    target = score.target
    about = target.trace_id or target.session_id or target.experiment_id
    return Conflict(KIND, score.id, f"{score.name} on {about}", here, there)


def _shown(score: ScoreRecord) -> str:
    return preview(score.value, 40)


def _found(link: Link, keys: Sequence[str]) -> set[str]:
    """Those of some scores that the server has."""
    if not keys:
        return set()
    query = {"scoreIds": ",".join(keys)}
    pages = link.connection.pages("scores", query=query)
    return {row["id"] for rows in pages for row in rows if isinstance(row.get("id"), str)}


def _take_back(connection: sa.Connection, remote_id: str, gone: Sequence[str]) -> Gathered:
    gathered = Gathered()
    sent = as_sent(connection, remote_id, KIND, gone)
    mine = {score.id: score for score in sendable.some_scores(connection, gone)}
    for key in mine.keys() - sent:
        gathered.conflict(_conflict(mine[key], _shown(mine[key]), "deleted"))
    if sent:
        scores.retract(connection, sorted(sent))
        gathered.add(KIND, News.REMOVED, len(sent))
    # What was taken back on both sides needs nothing more.
    done = [key for key in gone if key in sent or key not in mine]
    deliveries.forget(connection, remote_id, KIND, done)
    return gathered
