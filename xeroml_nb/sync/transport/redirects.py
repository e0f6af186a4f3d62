"""Where an answer sends on to; the keys go nowhere but to the server they belong to."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from xeroml_nb.errors import NotReachable, ServerFault

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from xeroml_nb.sync.transport.answers import Answer
    from xeroml_nb.sync.transport.request import Request

_REDIRECTS = (
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
)
_PORTS = {"http": 80, "https": 443}


def following(request: Request, answer: Answer) -> Request | None:
    """The request an answer sends on to; None where it does not.

    Args:
        request: What was asked.
        answer: What came back.

    Raises:
        NotReachable: If it leads to another host: nothing is sent there.
        ServerFault: If it leads nowhere.
    """
    place = answer.headers.get("location")
    if answer.status not in _REDIRECTS or not place:
        return None
    try:
        target = urlsplit(urljoin(request.url, place))
        elsewhere = _origin(target) != _origin(urlsplit(request.url))
    except ValueError:
        raise ServerFault(
            f"{request.title} is sent on to what is no address.", "Check XEROML_HOST."
        ) from None
    if elsewhere:
        raise _leaving(request, target)
    # Put together anew: a user name in the address is not taken over.
    url = f"{request.host}{target.path}" + (f"?{target.query}" if target.query else "")
    if answer.status == HTTPStatus.SEE_OTHER:
        return replace(request, method="GET", url=url, content=None)
    # Also after 301 and 302: a POST turned into a GET would look sent and change nothing.
    return replace(request, url=url)


def _leaving(request: Request, target: SplitResult) -> NotReachable:
    other = f"{target.scheme}://{target.netloc.rpartition('@')[2]}"
    return NotReachable(
        f"{request.title} is sent on to another host, {other}; the keys were not sent there.",
        f"Set XEROML_HOST to {other} if you trust it.",
    )


def _origin(address: SplitResult) -> tuple[str, str | None, int | None]:
    return address.scheme, address.hostname, address.port or _PORTS.get(address.scheme)
