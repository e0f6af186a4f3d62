"""One request over the network and its answer: the only place that uses httpx."""

from __future__ import annotations

import os
import ssl
import threading
import time
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from xeroml_nb.errors import NotReachable
from xeroml_nb.sync.transport.answers import Answer
from xeroml_nb.sync.transport.words import is_html, words
from xeroml_nb.tracing.propagate import disable_tracing

if TYPE_CHECKING:
    import httpx

    from xeroml_nb.sync.transport.credentials import Credentials
    from xeroml_nb.sync.transport.request import Request

MOST_CONNECTIONS = 4
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_loopback(address: str) -> bool:
    """Tell whether a server is on this machine."""
    return urlsplit(address).hostname in _LOOPBACK


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds.

    Args:
        connect: For a connection.
        read: For the next piece of an answer.
        answer: For a whole answer, however steadily it drips.
    """

    connect: float = 5.0
    read: float = 30.0
    answer: float = 300.0


class Exchange:
    """Requests and answers, without another attempt and without following.

    Args:
        credentials: Go with every request.
        timeouts: How long to wait.
        transport: What carries the requests instead of the network.
    """

    def __init__(
        self,
        credentials: Credentials,
        timeouts: Timeouts,
        transport: httpx.BaseTransport | None,
    ) -> None:
        self._credentials = credentials
        self._timeouts = timeouts
        self._transport = transport
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._process = 0
        self._closed = False

    def once(self, request: Request) -> Answer:
        """Make a request and read the whole answer.

        Raises:
            Passing: If no answer came, which may be otherwise a little later.
            NotReachable: If none will come.
        """
        import httpx

        from xeroml_nb.sync.transport.unreachable import unreachable

        client = self._opened(request)
        try:
            # Where HTTP is instrumented, a span of sending would be one more thing to send.
            with disable_tracing():
                return self._answer(client, request)
        except httpx.RequestError as error:
            trouble: BaseException = unreachable(request, error)
        except BaseException as error:  # noqa: BLE001 - raised again below
            trouble = error
        # The frames below held the keys in the clear: a traceback that shows the values of
        # variables must not reach them, neither directly nor through what was raised before.
        trouble.__cause__ = trouble.__context__ = None
        raise trouble.with_traceback(None)

    def close(self) -> None:
        """Close all connections; nothing is sent from now on."""
        with self._lock:
            self._closed = True
            client, self._client = self._client, None
        if client is not None and self._process == os.getpid():
            client.close()

    def _answer(self, client: httpx.Client, request: Request) -> Answer:
        with client.stream(
            request.method, request.url, content=request.content, headers=request.headers
        ) as response:
            content = self._whole(response)
        kind = response.headers.get("content-type", "")
        plain = response.is_success and not is_html(kind, content)
        status = response.status_code
        said = "" if plain else words(status, kind, content, self._credentials.hide)
        return Answer(status, dict(response.headers), content, said)

    def _whole(self, response: httpx.Response) -> bytes:
        import httpx

        ends = time.monotonic() + self._timeouts.answer
        pieces = []
        for piece in response.iter_bytes():
            pieces.append(piece)
            if time.monotonic() > ends:
                raise httpx.ReadTimeout("too slow", request=response.request)
        return b"".join(pieces)

    def _opened(self, request: Request) -> httpx.Client:
        """The client of this process: one that a fork took along shares its sockets."""
        with self._lock:
            if self._closed:
                raise NotReachable(
                    f"{request.title} was not asked: the connection is closed.",
                    "Get a new client with get_client().",
                )
            if self._client is None or self._process != os.getpid():
                self._client, self._process = self._made(request.url), os.getpid()
            return self._client

    def _made(self, url: str) -> httpx.Client:
        import httpx

        wait, is_local = self._timeouts, is_loopback(url)
        # Over plain HTTP no certificate is shown: the authorities, 50 ms to load, are not needed.
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return httpx.Client(
            verify=nobody if is_local and url.startswith("http://") else True,
            auth=self._signed,
            headers={"User-Agent": f"xeroml_nb/{metadata.version('xeroml_nb')}"},
            timeout=httpx.Timeout(wait.read, connect=wait.connect, pool=None),
            limits=httpx.Limits(max_connections=MOST_CONNECTIONS),
            # A proxy of the company cannot reach a server on this machine.
            mounts={f"all://{urlsplit(url).netloc}": None} if is_local else None,
            transport=self._transport,
        )

    def _signed(self, request: httpx.Request) -> httpx.Request:
        request.headers["Authorization"] = self._credentials.header()
        return request
