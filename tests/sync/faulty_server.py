"""A server that misbehaves as it is told, over a real socket."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping


class Fault(Enum):
    """How an answer goes wrong on its way."""

    RESET = auto()  # the connection is reset in the middle of the body
    CLOSE = auto()  # the connection is closed before any answer
    DRIP = auto()  # the body comes a byte at a time, `delay` seconds between


@dataclass(frozen=True)
class Reply:
    """One answer.

    Args:
        status: Of HTTP.
        body: Bytes or text as they are; anything else as JSON.
        headers: Beside Content-Length, Content-Type and Date; given here, they win.
        delay: Seconds to wait before the answer, or between the bytes of a drip.
        fault: How it goes wrong.
    """

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    fault: Fault | None = None

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


@dataclass(frozen=True)
class Received:
    """One request: the path as it was sent, the names of the headers in lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class FaultyServer(ThreadingHTTPServer):
    """Answers requests by a script; a context manager that stops it.

    Args:
        script: One reply a request, in the order they come.
        otherwise: The reply after the script, or a function of the request that gives it.
        tls: To speak TLS with.
    """

    daemon_threads = False  # so that closing waits for them
    request_queue_size = 64

    def __init__(
        self,
        *script: Reply,
        otherwise: Reply | Callable[[Received], Reply] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = deque(script)
        self.otherwise = otherwise or Reply()
        self.tls = tls
        self.received: list[Received] = []
        self.most_open = 0
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.stopping.set()
        with self._lock:
            for connection in self._open:
                _hang_up(connection)
        self.server_close()

    def reply_to(self, request: Received) -> Reply:
        with self._lock:
            self.received.append(request)
            if self.script:
                return self.script.popleft()
        return self.otherwise(request) if callable(self.otherwise) else self.otherwise

    def finish_request(self, request: socket.socket, client_address: Any) -> None:
        if self.tls is not None:
            request = self.tls.wrap_socket(request, server_side=True)
        with self._lock:
            self._open.add(request)
            self.most_open = max(self.most_open, len(self._open))
            if self.stopping.is_set():
                _hang_up(request)
        try:
            super().finish_request(request, client_address)
        finally:
            with self._lock:
                self._open.discard(request)
            request.close()

    def shutdown_request(self, request: socket.socket) -> None:
        # Not shut down before: after a reset nothing polite may follow.
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The other side may be gone; what it makes of that is what the tests look at."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FaultyServer

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = parse_qs(parts.query, keep_blank_values=True)
        reply = self.server.reply_to(Received(self.command, parts.path, query, headers, body))
        if reply.fault is Fault.CLOSE:
            self.close_connection = True
            return
        if reply.fault is not Fault.DRIP:
            self.server.stopping.wait(reply.delay)
        self._head(reply)
        self._body(reply)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer  # noqa: N815 - http.server's names

    def _head(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        usual = {
            "Date": self.date_time_string(),
            "Content-Type": "application/json",
            "Content-Length": str(len(reply.content)),
        }
        for name, value in (usual | dict(reply.headers)).items():
            self.send_header(name, value)
        self.end_headers()

    def _body(self, reply: Reply) -> None:
        content = reply.content
        if reply.fault is Fault.RESET:
            self.wfile.write(content[: len(content) // 2])
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
        elif reply.fault is Fault.DRIP:
            for i in range(len(content)):
                self.wfile.write(content[i : i + 1])
                if self.server.stopping.wait(reply.delay):
                    break
        else:
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        pass


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):  # it may be closed already
        connection.shutdown(socket.SHUT_RDWR)
