"""What one request and one key may use up."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from xeroml_nb.errors import StoreError
from xeroml_nb.server.access import admit, unknown_caller
from xeroml_nb.server.failures import ApiError, answer, as_api_error

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from xeroml_nb.server.access import Caller, KeyRing

BODY_LIMIT = 4_500_000
TRACES_LIMIT = 16_000_000
TRACES_PATH = "/api/public/otel/v1/traces"
# Whoever has no key may ask whether the server lives and how to talk to it.
OPEN_PATHS = frozenset(
    {"/api/public/health", "/api/public/v2/health", "/docs", "/openapi.json", "/favicon.ico"}
)
_WINDOW_SECONDS = 60
_MOST_COUNTS = 10_000
_ANY_COMPRESSION = 32 + zlib.MAX_WBITS  # zlib reads from the header whether it is gzip


@dataclass(slots=True)
class _Count:
    """How often a key was used since a moment."""

    began: float
    used: int = 0


class Gate:
    """Finds who makes a request, lets in who may, and counts what they use.

    Args:
        app: What it stands before.
        keys: Who may come in.
        rate_limit: Requests a minute of each key; 0 is any number.
    """

    def __init__(self, app: ASGIApp, keys: KeyRing, rate_limit: int) -> None:
        self._app = app
        self._keys = keys
        self._limit = rate_limit
        self._counts: dict[str, _Count] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            caller = await self._keys.caller(Headers(scope=scope).get("authorization"))
        except StoreError as error:
            await answer(as_api_error(error))(scope, receive, send)
            return
        admit(scope, caller)
        count = self._counted(_who(scope, caller))
        told = send if self._limit == 0 else self._telling(send, count)
        if 0 < self._limit < count.used:
            await answer(_too_many(self._limit, count))(scope, receive, told)
        elif caller is None and scope["path"] not in OPEN_PATHS:
            await answer(unknown_caller())(scope, receive, told)
        else:
            await self._app(scope, receive, told)

    def _counted(self, who: str) -> _Count:
        now = time.time()
        count = self._counts.get(who)
        if count is None or now >= count.began + _WINDOW_SECONDS:
            if len(self._counts) >= _MOST_COUNTS:
                self._counts = {w: c for w, c in self._counts.items() if not _is_over(c, now)}
            count = self._counts[who] = _Count(now)
        count.used += 1
        return count

    def _telling(self, send: Send, count: _Count) -> Send:
        left = max(0, self._limit - count.used)
        reset = int(count.began + _WINDOW_SECONDS) + 1  # seconds since 1970
        said = [
            (b"x-ratelimit-limit", b"%d" % self._limit),
            (b"x-ratelimit-remaining", b"%d" % left),
            (b"x-ratelimit-reset", b"%d" % reset),
        ]

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *said]
            await send(message)

        return told


def _who(scope: Scope, caller: Caller | None) -> str:
    """What is counted: a key, or the address of who has none."""
    if caller is not None:
        return caller.public_key
    client = scope.get("client")
    return f"@{client[0] if client else ''}"


def _is_over(count: _Count, now: float) -> bool:
    return now >= count.began + _WINDOW_SECONDS


def _too_many(limit: int, count: _Count) -> ApiError:
    wait = max(1, int(count.began + _WINDOW_SECONDS - time.time()) + 1)
    return ApiError(
        429,
        f"More than {limit} requests in a minute. Come back in {wait} s.",
        "rate_limited",
        {"Retry-After": str(wait)},
    )


class BodyLimit:
    """Takes a request's body in, up to a limit, and unpacks it.

    Args:
        app: What it stands before; it gets the whole body as one plain message.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] == "GET":
            await self._app(scope, receive, send)
            return
        limit = TRACES_LIMIT if scope["path"] == TRACES_PATH else BODY_LIMIT
        headers = Headers(scope=scope)
        try:
            body = await _taken_in(headers, receive, limit)
            if body is None:
                return
            body = _unpacked(body, headers.get("content-encoding", ""), limit)
        except ApiError as error:
            await answer(error)(scope, receive, send)
            return
        await self._app(scope, _replaying(body, receive), send)


async def _taken_in(headers: Headers, receive: Receive, limit: int) -> bytes | None:
    """The body as it was sent; None if the sender went away."""
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its compression; never more of it than the limit is made."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "deflate"):
        raise ApiError(415, f"The body is packed as {encoding!r}. Use gzip, or no packing.")
    unpacking = zlib.decompressobj(_ANY_COMPRESSION)
    try:
        plain = unpacking.decompress(body, limit + 1)
    except zlib.error:
        raise ApiError(400, f"The body is no {encoding}, which its header says it is.") from None
    if len(plain) > limit:
        raise _too_large(limit)
    if not unpacking.eof:
        raise ApiError(400, f"The {encoding} body breaks off.")
    return plain


def _too_large(limit: int) -> ApiError:
    return ApiError(413, f"The body is larger than {limit:,} bytes. Send it in smaller parts.")


def _replaying(body: bytes, receive: Receive) -> Receive:
    """What the app receives: the body in one message, then whatever else comes."""
    left = [body]

    async def replay() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return replay
