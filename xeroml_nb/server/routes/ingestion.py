"""Many scores, traces and observations in one request."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from xeroml_nb.server.access import Stored, Writing
from xeroml_nb.server.bodies import documented, json_body
from xeroml_nb.server.events import MOST_EVENTS, take_in
from xeroml_nb.server.failures import ApiError, Json
from xeroml_nb.server.models.ingestion import Batch, Outcome

router = APIRouter(tags=["ingestion"])


@router.post(
    "/api/public/ingestion",
    status_code=207,
    response_model=Outcome,
    openapi_extra=documented(Batch),
)
async def ingest(request: Request, store: Stored, _: Writing) -> Json:
    """Take in a batch of events; one that is wrong does not stop the others."""
    batch = _batch(await json_body(request))
    return Json(await run_in_threadpool(take_in, store, batch), status_code=207)


def _batch(body: Any) -> list[Any]:
    batch = body.get("batch") if isinstance(body, dict) else None
    if not isinstance(batch, list):
        raise ApiError(400, 'Send {"batch": [...]}, a list of events.')
    if len(batch) > MOST_EVENTS:
        raise ApiError(400, f"The batch has {len(batch)} events. Send at most {MOST_EVENTS}.")
    return batch
