"""A server on this machine that takes what Langfuse and LangSmith send, and keeps it on disk.

It is a script with the standard library alone: `python stub.py FILE` prints its address and then
writes each request that brings something as one JSON line to the file.
"""

from __future__ import annotations

import base64
import json
import sys
import uuid
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar

_ORGANIZATION = {"id": "o", "name": "o"}
_PROJECT = {"id": "p", "name": "p", "metadata": {}, "organization": _ORGANIZATION}
_INGEST = {
    "use_multipart_endpoint": True,
    "size_limit": 100,
    "size_limit_bytes": 20_971_520,
    "scale_up_qsize_trigger": 1_000,
    "scale_up_nthreads_limit": 16,
    "scale_down_nempty_trigger": 4,
}
_ANSWERS: dict[str, Any] = {
    "/api/public/projects": {"data": [_PROJECT]},
    "/info": {"version": "0.12.0", "batch_ingest_config": _INGEST},
}


class Taking(BaseHTTPRequestHandler):
    """Answers every request as a backend would that accepts it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    lock = Lock()
    sessions: ClassVar[dict[str, dict[str, Any]]] = {}
    file: Path

    def do_GET(self) -> None:
        """What clients ask before they send."""
        path = self.path.split("?")[0]
        self._reply(200, _ANSWERS.get(path, {}))

    def do_POST(self) -> None:
        """Keep what is sent."""
        body = self._body()
        if body is None:
            return
        if self.path.startswith("/sessions"):
            self._reply(200, self._session(json.loads(body)))
            return
        self._keep(body)
        self._reply(200, {"successes": [], "errors": []})

    def do_PATCH(self) -> None:
        """As when it is posted."""
        self.do_POST()

    def _session(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A project of LangSmith as it was asked for, or as it was before with what is new."""
        known = self.path.removeprefix("/sessions").strip("/") or asked["id"]
        now = datetime.now(UTC).isoformat()
        before = self.sessions.setdefault(
            known, {"start_time": now, "tenant_id": str(uuid.uuid4())}
        )
        before.update((key, value) for key, value in asked.items() if value is not None)
        return before

    def _body(self) -> bytes | None:
        """The whole body; None if the sender died in the middle of it."""
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            return self._chunks()
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        return body if len(body) == length else None

    def _chunks(self) -> bytes | None:
        parts = []
        while line := self.rfile.readline():
            size = int(line, 16)
            part = self.rfile.read(size + 2)
            if len(part) < size + 2:
                return None
            if not size:
                return b"".join(parts)
            parts.append(part[:-2])
        return None

    def _keep(self, body: bytes) -> None:
        line = {
            "path": self.path,
            "type": self.headers.get("Content-Type", ""),
            "encoding": self.headers.get("Content-Encoding", ""),
            "body": base64.b64encode(body).decode(),
        }
        with self.lock, self.file.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def _reply(self, status: int, answer: Any) -> None:
        body = b"" if self.path.startswith("/api/public/otel") else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    Taking.file = Path(sys.argv[1])
    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
