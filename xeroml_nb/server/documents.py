"""The OpenAPI document, and the page that shows it to people."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse

from xeroml_nb.server.docs_page import docs_html
from xeroml_nb.server.limits import OPEN_PATHS

if TYPE_CHECKING:
    from fastapi import FastAPI

_ALWAYS = (400, 401, 403, 429, 503)
_WITH_BODY = (413, 415)
_NOTHING_FETCHED = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
_ENVELOPE = {"$ref": "#/components/schemas/Failure"}


def document(app: FastAPI) -> None:
    """Let an app describe itself at /openapi.json, and for people at /docs."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(title=app.title, version=app.version, routes=app.routes)
            app.openapi_schema = _completed(found)
        return app.openapi_schema

    async def docs() -> HTMLResponse:
        return HTMLResponse(docs_html(described()), headers=_NOTHING_FETCHED)

    app.openapi = described  # type: ignore[method-assign]
    app.add_api_route("/docs", docs, include_in_schema=False)


def _completed(found: dict[str, Any]) -> dict[str, Any]:
    """Add to each operation the failures that all have, in the one envelope."""
    for path, operations in found["paths"].items():
        for operation in operations.values():
            _complete(operation, is_open=path in OPEN_PATHS)
    return found


def _complete(operation: dict[str, Any], *, is_open: bool) -> None:
    responses = operation["responses"]
    # The framework says 422 for what this server answers with 400, or declares itself.
    said = responses.get("422", {}).get("content", {}).get("application/json", {})
    if said.get("schema", {}).get("$ref", "").endswith("HTTPValidationError"):
        del responses["422"]
    statuses = (429, 503) if is_open else _ALWAYS
    for status in statuses + (_WITH_BODY if "requestBody" in operation else ()):
        responses.setdefault(str(status), {"description": HTTPStatus(status).phrase})
    for status, answer in responses.items():
        if int(status) >= HTTPStatus.BAD_REQUEST:
            # The envelope is JSON also where the answer itself is a page or protobuf.
            answer["content"] = {"application/json": {"schema": _ENVELOPE}}
