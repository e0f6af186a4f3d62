"""Give scores, find them, take them back."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request

from xeroml_nb.records.score import ScoreSource
from xeroml_nb.server.access import SCORERS, SCORERS_DOCUMENTED, Reading, Stored, Writing
from xeroml_nb.server.bodies import documented, json_body
from xeroml_nb.server.desk import desk_of
from xeroml_nb.server.failures import ApiError, Json, declared
from xeroml_nb.server.models.common import Id, Made, Moment, Said
from xeroml_nb.server.models.scores import Kind, ScoreGiven, ScoreList, ScoreShown
from xeroml_nb.server.naming import topic
from xeroml_nb.server.paging import Paged, ids_of, listed
from xeroml_nb.server.plain import PlainRoute
from xeroml_nb.server.signing import signed
from xeroml_nb.store import score_pages, scores
from xeroml_nb.store.paging import Part
from xeroml_nb.store.score_pages import ScoreFilter
from xeroml_nb.sync.wire.scores import from_wire, shown

router = topic("scores")
plain_router = APIRouter(prefix=router.prefix, tags=["scores"], route_class=PlainRoute)

_SOURCES = {
    "ANNOTATION": ScoreSource.HUMAN,
    "API": ScoreSource.API,
    "EVAL": ScoreSource.LLM,
    "HUMAN": ScoreSource.HUMAN,
    "LLM": ScoreSource.LLM,
}
_Source = Literal["api", "human", "llm", "API", "ANNOTATION", "EVAL"]


async def score_filter(  # noqa: PLR0913 - what scores are found by
    *,
    trace_id: Annotated[Id | None, Query(alias="traceId")] = None,
    session_id: Annotated[Id | None, Query(alias="sessionId")] = None,
    observation_id: Annotated[Id | None, Query(alias="observationId")] = None,
    experiment_id: Annotated[Id | None, Query(alias="experimentId")] = None,
    name: Annotated[Id | None, Query()] = None,
    source: Annotated[_Source | None, Query()] = None,
    data_type: Annotated[Kind | None, Query(alias="dataType")] = None,
    author: Annotated[Id | None, Query()] = None,
    score_ids: Annotated[str | None, Query(alias="scoreIds", description="Comma list.")] = None,
    since: Annotated[Moment | None, Query(alias="fromTimestamp", description="Or later.")] = None,
    until: Annotated[Moment | None, Query(alias="toTimestamp", description="Before it.")] = None,
    changed: Annotated[Moment | None, Query(alias="updatedAfter")] = None,
) -> ScoreFilter:
    """What a request asks for."""
    return ScoreFilter(
        trace_id=trace_id,
        session_id=session_id,
        observation_id=observation_id,
        experiment_id=experiment_id,
        name=name,
        source=None if source is None else _SOURCES[source.upper()].value,
        data_type=data_type,
        author=author,
        ids=None if score_ids is None else ids_of("scoreIds", score_ids),
        since=since,
        until=until,
        changed_after=changed,
    )


@plain_router.post(
    "/scores",
    response_model=Made,
    responses=declared(409),
    openapi_extra=documented(ScoreGiven),
    dependencies=SCORERS_DOCUMENTED,
)
async def give_score(request: Request) -> Json:
    """Store a score; the same again changes nothing, another value under its id updates it."""
    caller = await SCORERS(request)
    score = from_wire(signed(caller, await json_body(request)))
    await desk_of(request).take(score)
    return Json({"id": score.id})


@router.get("/scores", response_model=ScoreList)
def list_scores(
    store: Stored, _: Reading, page: Paged, wanted: Annotated[ScoreFilter, Depends(score_filter)]
) -> Json:
    """Scores, oldest first."""
    with store.reading() as connection:
        found, total = score_pages.page(connection, wanted, Part(page.limit, page.offset))
    return Json(listed(page, [shown(score, changed) for score, changed in found], total))


@router.get("/scores/{score_id}", response_model=ScoreShown, responses=declared(404))
def get_score(score_id: Id, store: Stored, _: Reading) -> Json:
    """One score."""
    with store.reading() as connection:
        found = score_pages.one(connection, score_id)
    if found is None:
        raise _missing(score_id)
    return Json(shown(*found))


@router.delete("/scores/{score_id}", status_code=202, response_model=Said, responses=declared(404))
def delete_score(score_id: Id, store: Stored, _: Writing) -> dict[str, Any]:
    """Take a score back; what it was stays in the store's history."""

    def work(connection: Any) -> bool:
        known = score_pages.one(connection, score_id) is not None
        scores.retract(connection, [score_id])
        return known

    if not store.write(work):
        raise _missing(score_id)
    return {"message": f"The score {score_id} is deleted."}


def _missing(score_id: str) -> ApiError:
    return ApiError(404, f"There is no score {score_id!r}.")
