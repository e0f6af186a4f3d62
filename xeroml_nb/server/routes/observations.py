"""Find observations."""

from typing import Annotated

from fastapi import Depends, Query

from xeroml_nb.server.access import Reading, Stored
from xeroml_nb.server.failures import ApiError, Json, declared
from xeroml_nb.server.models.common import Id, Moment
from xeroml_nb.server.models.traces import ObservationList, ObservationShown, Type
from xeroml_nb.server.naming import topic
from xeroml_nb.server.paging import Paged, listed
from xeroml_nb.server.showing import observation_shown
from xeroml_nb.store.ingest import TRACE_RECORD
from xeroml_nb.store.observation_pages import ObservationFilter, page
from xeroml_nb.store.paging import Part

router = topic("observations")


async def _filter(  # noqa: PLR0913 - what observations are found by
    *,
    trace_id: Annotated[Id | None, Query(alias="traceId")] = None,
    parent_id: Annotated[Id | None, Query(alias="parentObservationId")] = None,
    name: Annotated[Id | None, Query()] = None,
    kind: Annotated[Type | None, Query(alias="type")] = None,
    user_id: Annotated[Id | None, Query(alias="userId")] = None,
    session_id: Annotated[Id | None, Query(alias="sessionId")] = None,
    environment: Annotated[Id | None, Query()] = None,
    version: Annotated[Id | None, Query()] = None,
    since: Annotated[Moment | None, Query(alias="fromStartTime", description="Or later.")] = None,
    until: Annotated[Moment | None, Query(alias="toStartTime", description="Before it.")] = None,
) -> ObservationFilter:
    return ObservationFilter(
        trace_id=trace_id,
        parent_id=parent_id,
        name=name,
        type=kind,
        user_id=user_id,
        session_id=session_id,
        environment=environment,
        version=version,
        since=since,
        until=until,
    )


@router.get("/observations", response_model=ObservationList)
def list_observations(
    store: Stored,
    _: Reading,
    asked: Paged,
    wanted: Annotated[ObservationFilter, Depends(_filter)],
) -> Json:
    """Observations, newest first."""
    with store.reading() as connection:
        part = Part(asked.limit, asked.offset)
        found, total = page(connection, wanted, part, TRACE_RECORD)
    return Json(listed(asked, [observation_shown(one) for one in found], total))


@router.get(
    "/observations/{observation_id}", response_model=ObservationShown, responses=declared(404)
)
def get_observation(
    observation_id: Id,
    store: Stored,
    _: Reading,
    trace_id: Annotated[
        Id | None, Query(alias="traceId", description="An id is unique in its trace.")
    ] = None,
) -> Json:
    """One observation; of several with that id in different traces, the newest."""
    wanted = ObservationFilter(id=observation_id, trace_id=trace_id)
    with store.reading() as connection:
        found, _total = page(connection, wanted, Part(1), TRACE_RECORD)
    if not found:
        raise ApiError(404, f"There is no observation {observation_id!r}.")
    return Json(observation_shown(found[0]))
