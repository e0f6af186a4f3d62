"""How a request fails: one envelope for every status that is no success."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Match

from xeroml_nb.errors import BadInput, NotFound, StoreBusy, StoreFull, XeromlError
from xeroml_nb.records.json_text import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI, Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)
_RETRY_SECONDS = "5"
# The document of these endpoints names 422 for a body that does not fit; all others say 400.
_UNPROCESSABLE = ("/report", "/api/public/v2/report")


class Issue(BaseModel):
    """What is wrong with one part of a request."""

    path: str
    message: str


class Failure(BaseModel):
    """The body of every answer that is no success."""

    message: str
    error: str | list[Issue] | None = None


class Json(JSONResponse):
    """JSON that can be sent whatever is stored: half surrogate pairs are escaped."""

    def render(self, content: Any) -> bytes:
        """The bytes of the body."""
        return to_json(content).encode()


class ApiError(Exception):
    """A request fails, and is told why.

    Args:
        status: Of HTTP.
        message: What is wrong, and what to do.
        error: A short word for programs, or what is wrong with each part.
        headers: Sent along.
    """

    def __init__(
        self,
        status: int,
        message: str,
        error: str | Sequence[Mapping[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.error = error
        self.headers = headers


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The statuses that a route can fail with, for its `responses=`.

    Those that every route can give (400, 401, 403, 429, 503; with a body 413 and 415) are added
    to the document by themselves.
    """
    return {s: {"model": Failure, "description": HTTPStatus(s).phrase} for s in statuses}


def answer(error: ApiError) -> Json:
    """The envelope of a failure."""
    body = {"message": error.message, "error": error.error}
    return Json(body, status_code=error.status, headers=dict(error.headers or {}))


def as_api_error(error: XeromlError) -> ApiError:
    """What an error of this package is to who made the request."""
    if isinstance(error, NotFound):
        return ApiError(404, str(error))
    if isinstance(error, BadInput):
        return ApiError(400, str(error))
    _log.error("A request failed: %s", error)
    if isinstance(error, (StoreBusy, StoreFull)):
        # What the store says names its file, which is nobody else's business.
        return ApiError(
            503,
            "The store cannot take this now; nothing was stored. Send the request again later.",
            headers={"Retry-After": _RETRY_SECONDS},
        )
    return broken()


def broken() -> ApiError:
    """The failure that says nothing of its cause, which stands in the log."""
    return ApiError(500, "The server failed; its log says why. Send the request again later.")


def handle(app: FastAPI) -> None:
    """Make an app answer every failure with the envelope."""
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(XeromlError, _package_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)


class Guard:
    """Answers what nobody expected with 500, so that headers of the outer layers still go out.

    Args:
        app: What it stands around.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            if started or scope["type"] != "http":
                raise
            _log.exception("%s %s failed", scope["method"], scope["path"])
            await answer(broken())(scope, receive, send)


async def _api_error(_: Request, error: Exception) -> Json:
    assert isinstance(error, ApiError)  # noqa: S101 - registered for these
    return answer(error)


async def _package_error(_: Request, error: Exception) -> Json:
    assert isinstance(error, XeromlError)  # noqa: S101 - registered for these
    return answer(as_api_error(error))


async def _http_error(request: Request, error: Exception) -> Json:
    """What the framework itself refuses: an unknown path or method, a body that is no JSON."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for these
    said = {
        404: f"There is nothing at {request.url.path}.",
        405: f"{request.method} is not possible at {request.url.path}.",
    }.get(error.status_code, f"{error.detail}.")
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed(request))
    return answer(ApiError(error.status_code, said, headers=headers))


def _allowed(request: Request) -> list[str]:
    """The methods of a path; the framework knows only those of the first route that it finds."""
    routes = request.app.router.routes
    return [
        method
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if any(r.matches({**request.scope, "method": method})[0] is Match.FULL for r in routes)
    ]


async def _invalid(request: Request, error: Exception) -> Json:
    """A body, a path or a query that does not fit its declaration."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for these
    if isinstance(error.body, bytes):
        return answer(ApiError(415, "Send JSON, with the header Content-Type: application/json."))
    issues = issues_of(error.errors())
    first = issues[0]
    where = f"{first['path']}: " if first["path"] else ""
    status = 422 if request.url.path.startswith(_UNPROCESSABLE) else 400
    return answer(ApiError(status, f"The request is not valid: {where}{first['message']}", issues))


def issues_of(errors: Sequence[Any]) -> list[dict[str, str]]:
    """What is wrong with each part, from what pydantic says."""
    return [{"path": _path(e["loc"]), "message": e["msg"]} for e in errors]


def _path(loc: Sequence[str | int]) -> str:
    parts = loc[1:] if loc and loc[0] in ("body", "query", "path", "header") else loc
    return ".".join(map(str, parts))
