"""Find sessions."""

from typing import Annotated, Any

from fastapi import Query

from xeroml_nb.server.access import Reading, Stored
from xeroml_nb.server.failures import ApiError, Json, declared
from xeroml_nb.server.models.common import Id, Moment
from xeroml_nb.server.models.traces import SessionList, SessionShown
from xeroml_nb.server.naming import topic
from xeroml_nb.server.paging import Paged, listed
from xeroml_nb.server.trace_lists import traces_listed
from xeroml_nb.store import sessions, trace_pages
from xeroml_nb.store.paging import Part
from xeroml_nb.store.sessions import SessionRecord
from xeroml_nb.store.trace_pages import TraceFilter
from xeroml_nb.sync.wire.reading import moment_text

router = topic("sessions")


@router.get("/sessions", response_model=SessionList)
def list_sessions(
    store: Stored,
    _: Reading,
    asked: Paged,
    since: Annotated[Moment | None, Query(alias="fromTimestamp", description="Or later.")] = None,
    until: Annotated[Moment | None, Query(alias="toTimestamp", description="Before it.")] = None,
) -> Json:
    """Sessions, newest first."""
    with store.reading() as connection:
        found, total = sessions.page(connection, Part(asked.limit, asked.offset), since, until)
    return Json(listed(asked, [_shown(one) for one in found], total))


@router.get("/sessions/{session_id}", response_model=SessionShown, responses=declared(404))
def get_session(session_id: Id, store: Stored, _: Reading, asked: Paged) -> Json:
    """One session with a page of its traces."""
    with store.reading() as connection:
        found = sessions.by_id(connection, session_id)
        if found is None:
            raise ApiError(404, f"There is no session {session_id!r}.")
        part = Part(asked.limit, asked.offset)
        ids, total = trace_pages.page(connection, TraceFilter(session_id=session_id), part)
        inside = listed(asked, traces_listed(connection, ids), total)
    return Json(_shown(found) | {"traces": inside["data"], "meta": inside["meta"]})


def _shown(record: SessionRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "createdAt": moment_text(record.began_at),
        "environment": record.environment,
        "countTraces": record.traces,
    }
