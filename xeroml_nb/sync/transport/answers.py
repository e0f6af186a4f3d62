"""What an answer means: data, or one of our errors."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import AccessDenied, Refused, ServerBusy, ServerFault
from xeroml_nb.experiments.patience import Passing
from xeroml_nb.sync.transport.retrying import retry_after
from xeroml_nb.sync.transport.words import is_html

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xeroml_nb.sync.transport.request import Request

_BUSY = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
# What a server does not do it will not do a moment later either.
_LASTING = (HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
_STEPS: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "Check XEROML_PUBLIC_KEY and XEROML_SECRET_KEY: they must be a pair "
    "of this server.",
    HTTPStatus.FORBIDDEN: "Use keys that may do this.",
    HTTPStatus.NOT_FOUND: "Check that it exists on the server, and that XEROML_HOST is the right "
    "one.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This server cannot do it: see XEROML_API for another kind.",
    HTTPStatus.CONFLICT: "Another object on the server stands in the way: remove it there, or "
    "give this one another name.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Make it smaller, or raise the limit of the server.",
}
_CORRECT = "Correct what the server names, then send it again."
_CHECK_HOST = "Check XEROML_HOST: this address may be a web page or a proxy, not the API."
_LATER = "Try again later; nothing stored here is lost."


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered.

    Args:
        status: Of HTTP.
        headers: Names in lower case.
        content: The body, unpacked.
        said: The server's own words where it is no plain success, without our keys.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    said: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether it is any 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people."""
        return is_html(self.headers.get("content-type", ""), self.content)


def checked(request: Request, answer: Answer) -> Answer:
    """An answer that is a success.

    Args:
        request: What was asked.
        answer: What came back.

    Raises:
        Passing: If it may succeed a little later.
        AccessDenied: If the keys are wrong, or may not do this.
        Refused: If this request is refused.
        ServerFault: If no such server would answer this.
    """
    if answer.succeeded and not answer.is_page:
        return answer
    problem = f"{request.title} was answered with {answer.status}: {answer.said}."
    if answer.status in _BUSY:
        wait = retry_after(answer.headers)
        raise Passing(ServerBusy(problem, _when(wait), wait=wait), wait)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        fault = ServerFault(problem, _LATER)
        raise fault if answer.status in _LASTING else Passing(fault, retry_after(answer.headers))
    if answer.status < HTTPStatus.BAD_REQUEST:
        raise ServerFault(problem, _CHECK_HOST)
    raise _refusal(problem, answer)


def _refusal(problem: str, answer: Answer) -> AccessDenied | Refused:
    step = _STEPS.get(answer.status, _CORRECT)
    if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return AccessDenied(problem, step)
    if answer.is_page:
        step = _CHECK_HOST
    return Refused(problem, step, status=answer.status, said=answer.said)


def _when(wait: float | None) -> str:
    return _LATER if wait is None else f"Try again in {wait:.0f} s; nothing stored here is lost."


def data_of(request: Request, answer: Answer) -> Any:
    """The JSON of a success; None where it is empty, or is no JSON and nothing was asked for.

    Raises:
        ServerFault: If something was asked for, and the answer cannot be read.
    """
    if not answer.content.strip():
        return None
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError):
        if request.method != "GET":
            return None
    raise ServerFault(f"{request.title} was answered with what is no JSON.", _CHECK_HOST)
