"""Traces as OpenTelemetry's exporters send them."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from xeroml_nb.records.observation import Observation
from xeroml_nb.server.access import Stored, Writing
from xeroml_nb.server.bodies import JSON, media_type, read_json
from xeroml_nb.server.failures import ApiError, Json
from xeroml_nb.server.limits import TRACES_PATH
from xeroml_nb.server.spans import from_json, from_protobuf, observations_in
from xeroml_nb.store.rows import Rows

router = APIRouter(tags=["traces"])

_PROTOBUF = "application/x-protobuf"
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_OBJECT = {"schema": {"type": "object"}}
_DOCUMENTED: dict[str, Any] = {
    "requestBody": {"required": True, "content": {_PROTOBUF: _BINARY, JSON: _OBJECT}}
}


@router.post(
    TRACES_PATH,
    response_class=Response,
    responses={200: {"content": {_PROTOBUF: _BINARY, JSON: _OBJECT}}},
    openapi_extra=_DOCUMENTED,
)
async def take_traces(request: Request, store: Stored, _: Writing) -> Response:
    """Store spans in protobuf or JSON, plain or packed; a span that is there stays as it is."""
    kind, body = media_type(request), await request.body()
    if kind not in (_PROTOBUF, JSON):
        raise ApiError(415, f"Send OTLP as {_PROTOBUF} or as {JSON}.")
    found = await run_in_threadpool(_read, kind, body)
    if found:
        await run_in_threadpool(store.write_rows, Rows(observations=found))
    return Json({}) if kind == JSON else Response(b"", media_type=_PROTOBUF)


def _read(kind: str, body: bytes) -> list[Observation]:
    request = from_json(read_json(body)) if kind == JSON else from_protobuf(body)
    return observations_in(request)
