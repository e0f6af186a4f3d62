"""A model's endpoint in a process of its own; now and then it turns everybody away for a while.

    python -m tests.benchmarks.soak.endpoint SEED SECONDS_LEAST SECONDS_MOST QUESTIONS_A_BURST

A burst is some tenths of a second in which every question is answered by 429 and `Retry-After`.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.benchmarks.harness import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.soak.plan import Plan

_SECONDS = 30


@contextmanager
def endpoint(plan: Plan) -> Iterator[str]:
    """The address of an endpoint that runs during a block."""
    arguments = [plan.seed, *plan.answers_in, plan.one_burst]
    command = [sys.executable, "-m", __name__, *map(str, arguments)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(_SECONDS)
        process.stdout.close()


def counted(url: str) -> dict[str, int]:
    """What an endpoint did so far: `answered`, `refused`, `bursts`."""
    with urllib.request.urlopen(f"{url}/counts", timeout=_SECONDS) as answer:
        return json.load(answer)


class _Model:
    """Answers in capitals.

    Args:
        seed: Of the bursts and of the seconds an answer takes.
        answers_in: Seconds, at least and at most.
        one_burst: Questions for each burst, on average.
    """

    def __init__(self, seed: int, answers_in: tuple[float, float], one_burst: int) -> None:
        self._draw = random.Random(f"{seed} endpoint")
        self._answers_in = answers_in
        self._one_burst = one_burst
        self._next_burst = self._further()
        self._closed_until = 0.0
        self.counts = {"answered": 0, "refused": 0, "bursts": 0}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                writer.write(await self._answer(head, await reader.readexactly(_length(head))))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # whoever asked is gone
        finally:
            writer.close()

    async def _answer(self, head: bytes, body: bytes) -> bytes:
        if head.startswith(b"GET /counts"):
            return _response("200 OK", self.counts)
        if self._turns_away():
            self.counts["refused"] += 1
            return _response("429 Too Many Requests", {"error": "too many"}, "Retry-After: 1")
        await asyncio.sleep(self._draw.uniform(*self._answers_in))
        self.counts["answered"] += 1
        return _response("200 OK", {"answer": json.loads(body)["question"].upper()})

    def _turns_away(self) -> bool:
        now = asyncio.get_running_loop().time()
        if self.counts["answered"] >= self._next_burst:
            self._next_burst += self._further()
            self._closed_until = now + self._draw.uniform(0.2, 0.8)
            self.counts["bursts"] += 1
        return now < self._closed_until

    def _further(self) -> int:
        return int(self._draw.uniform(0.5, 1.0) * self._one_burst)


def _length(head: bytes) -> int:
    """Bytes of the body that follows a head."""
    _, _, after = head.lower().partition(b"content-length:")
    return int(after.split()[0]) if after else 0


def _response(status: str, content: object, *headers: str) -> bytes:
    body = json.dumps(content).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _main() -> None:
    seed, least, most, one_burst = sys.argv[1:]
    model = _Model(int(seed), (float(least), float(most)), int(one_burst))
    server = await asyncio.start_server(model.serve, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
