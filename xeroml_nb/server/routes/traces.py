"""Record, find and delete traces."""

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request
from starlette.concurrency import run_in_threadpool

from xeroml_nb.records import clock
from xeroml_nb.server.access import Reading, Stored, Writing
from xeroml_nb.server.bodies import documented, json_body
from xeroml_nb.server.failures import ApiError, Json, declared
from xeroml_nb.server.models.common import Id, Made, Moment, Said
from xeroml_nb.server.models.traces import TraceGiven, TraceList, TracesGone, TraceShown
from xeroml_nb.server.naming import topic
from xeroml_nb.server.paging import Paged, ids_of, listed
from xeroml_nb.server.recorded import trace_partial
from xeroml_nb.server.showing import observation_shown, parted, trace_shown
from xeroml_nb.server.trace_lists import traces_listed
from xeroml_nb.store import observations, trace_pages
from xeroml_nb.store.ingest import put_partials
from xeroml_nb.store.paging import Part
from xeroml_nb.store.trace_pages import TraceFilter
from xeroml_nb.sync.wire.reading import body_of
from xeroml_nb.sync.wire.scores import shown as score_shown

router = topic("traces")


async def _filter(  # noqa: PLR0913 - what traces are found by
    *,
    name: Annotated[Id | None, Query()] = None,
    user_id: Annotated[Id | None, Query(alias="userId")] = None,
    session_id: Annotated[Id | None, Query(alias="sessionId")] = None,
    environment: Annotated[Id | None, Query()] = None,
    version: Annotated[Id | None, Query()] = None,
    release: Annotated[Id | None, Query()] = None,
    tags: Annotated[list[Id] | None, Query(description="All of them; give it again.")] = None,
    since: Annotated[Moment | None, Query(alias="fromTimestamp", description="Or later.")] = None,
    until: Annotated[Moment | None, Query(alias="toTimestamp", description="Before it.")] = None,
    trace_ids: Annotated[str | None, Query(alias="traceIds", description="Comma list.")] = None,
) -> TraceFilter:
    return TraceFilter(
        name=name,
        user_id=user_id,
        session_id=session_id,
        environment=environment,
        version=version,
        release=release,
        tags=tuple(tags or ()),
        since=since,
        until=until,
        ids=None if trace_ids is None else ids_of("traceIds", trace_ids),
    )


@router.get("/traces", response_model=TraceList)
def list_traces(
    store: Stored,
    _: Reading,
    asked: Paged,
    wanted: Annotated[TraceFilter, Depends(_filter)],
    order: Annotated[
        Literal["timestamp.asc", "timestamp.desc"], Query(alias="orderBy")
    ] = "timestamp.desc",
) -> Json:
    """Traces of which an observation is stored, newest first."""
    part, oldest_first = Part(asked.limit, asked.offset), order == "timestamp.asc"
    with store.reading() as connection:
        ids, total = trace_pages.page(connection, wanted, part, oldest_first=oldest_first)
        found = traces_listed(connection, ids)
    return Json(listed(asked, found, total))


@router.get("/traces/{trace_id}", response_model=TraceShown, responses=declared(404))
def get_trace(trace_id: Id, store: Stored, _: Reading) -> Json:
    """One trace with its observations, and all scores on it and on them."""
    with store.reading() as connection:
        stored = observations.of_trace(connection, trace_id)
        scores = trace_pages.scores_of(connection, trace_id)
    if not stored and not scores:
        raise ApiError(404, f"There is no trace {trace_id!r}.")
    first_score = min((score.created_at for score, _ in scores), default=clock.now())
    return Json(
        trace_shown(trace_id, stored, first_score)
        | {"observations": [observation_shown(one) for one in parted(stored)[1]]}
        | {"scores": [score_shown(score, changed) for score, changed in scores]}
    )


@router.post("/traces", response_model=Made, openapi_extra=documented(TraceGiven))
async def record_trace(request: Request, store: Stored, _: Writing) -> Json:
    """Say something of a trace as a whole; what is said again of it is added or replaces it."""
    found = trace_partial(body_of("trace", await json_body(request)), clock.now())
    await run_in_threadpool(store.write, partial(put_partials, given=[found]))
    return Json({"id": found.trace_id})


@router.delete("/traces/{trace_id}", response_model=Said, responses=declared(404))
def delete_trace(trace_id: Id, store: Stored, _: Writing) -> Json:
    """Delete a trace with its observations and scores; item runs stay."""
    if not _deleted(store, [trace_id]):
        raise ApiError(404, f"There is no trace {trace_id!r}.")
    return Json({"message": f"The trace {trace_id} is deleted."})


@router.delete("/traces", response_model=Said)
def delete_traces(given: TracesGone, store: Stored, _: Writing) -> Json:
    """Delete up to 1,000 traces with their observations and scores; item runs stay."""
    gone = _deleted(store, list(dict.fromkeys(given.trace_ids)))
    return Json({"message": f"{len(gone)} of {len(set(given.trace_ids))} traces are deleted."})


def _deleted(store: Any, trace_ids: list[str]) -> list[str]:
    found: list[str] = store.write(partial(trace_pages.delete, trace_ids=trace_ids))
    return found
