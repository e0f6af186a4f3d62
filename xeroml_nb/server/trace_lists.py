"""Read the traces of one page."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from xeroml_nb.records import clock
from xeroml_nb.server.showing import parted, root_of, trace_shown
from xeroml_nb.store import trace_pages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from xeroml_nb.records.observation import Observation


def traces_listed(connection: Connection, trace_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Some traces with the ids of their observations and scores, in the order given."""
    stored: dict[str, list[Observation]] = defaultdict(list)
    for one in trace_pages.observations_of(connection, trace_ids):
        stored[one.trace_id].append(one)
    scores: dict[str, list[str]] = defaultdict(list)
    for trace_id, score_id in trace_pages.score_ids_of(connection, trace_ids):
        scores[trace_id].append(score_id)
    _add_contents(connection, stored)
    return [
        trace_shown(trace_id, stored[trace_id], clock.now())
        | {"observations": [one.id for one in parted(stored[trace_id])[1]]}
        | {"scores": scores[trace_id]}
        for trace_id in trace_ids
    ]


def _add_contents(connection: Connection, stored: dict[str, list[Observation]]) -> None:
    """Read what went in and came out of those observations that stand for their trace."""
    heads = [
        head
        for found in stored.values()
        for record, spans in (parted(found),)
        for head in (record, root_of(spans))
        if head is not None
    ]
    read = {(o.trace_id, o.id): o for o in trace_pages.with_contents(connection, heads)}
    for trace_id, found in stored.items():
        stored[trace_id] = [read.get((trace_id, one.id), one) for one in found]
