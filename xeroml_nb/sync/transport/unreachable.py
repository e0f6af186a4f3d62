"""Why no answer came, in words."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import httpx

from xeroml_nb.errors import NotReachable, ServerError
from xeroml_nb.experiments.patience import Passing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.sync.transport.request import Request

_CHECK = "Check XEROML_HOST and that the server runs; nothing stored here is lost."
_LATER = "Try again later; nothing stored here is lost."


def unreachable(request: Request, error: httpx.RequestError) -> ServerError | Passing:
    """Our error for one of httpx; wrapped in `Passing` where it may pass by itself."""
    causes = list(_chain(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            return _not_safe(request, cause)
    if isinstance(error, (httpx.UnsupportedProtocol, httpx.LocalProtocolError)):
        return NotReachable(f"{request.title} cannot be asked: {error}.", "Check XEROML_HOST.")
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return Passing(NotReachable(f"There is no host {request.host}.", _CHECK))
    return Passing(NotReachable(*_broken(request, error)))


def _broken(request: Request, error: httpx.RequestError) -> tuple[str, str]:
    """Problem and next step where a connection was not made, or broke off."""
    if isinstance(error, httpx.ConnectTimeout):
        return f"{request.host} did not answer in time when {request.method} was begun.", _CHECK
    if isinstance(error, httpx.TimeoutException):
        return f"{request.title} was not answered in time.", _LATER
    if isinstance(error, httpx.ProxyError):
        return f"{request.title} was stopped by a proxy: {error}.", "Check HTTPS_PROXY."
    if isinstance(error, httpx.ConnectError):
        return f"Nothing answers at {request.host}: {error}.", _CHECK
    return f"{request.title} broke off before its answer was whole: {error}.", _LATER


def _not_safe(request: Request, error: ssl.SSLError) -> NotReachable:
    if isinstance(error, ssl.SSLCertVerificationError):
        return NotReachable(
            f"The certificate of {request.host} is not trusted: {error.verify_message}.",
            "The keys were not sent. If the server is your own, set SSL_CERT_FILE to the file of "
            "the authority that signed its certificate.",
        )
    return NotReachable(
        f"{request.host} does not speak TLS: {error.reason or error}.",
        "Check XEROML_HOST: https:// and the port must be those of the server.",
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
