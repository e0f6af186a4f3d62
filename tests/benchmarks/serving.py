"""The server under load: many users who give scores at once."""

from __future__ import annotations

import asyncio
import base64
import json
import statistics
import time
from typing import TYPE_CHECKING, Any

from tests.benchmarks.figures import Figure, Floor, Target
from tests.benchmarks.harness import in_fresh_process
from tests.benchmarks.served import PUBLIC, SECRET, bare_server, own_server

if TYPE_CHECKING:
    from tests.benchmarks.served import Served

USERS = 100
_ROUNDS = 3
_BATCHES = {True: 2, False: 20}


def figures(*, quick: bool) -> list[Figure]:
    """All figures about serving."""
    found = in_fresh_process("serving", "measure", each=_BATCHES[quick])
    own, bare = found["own"], found["bare"]
    what = f"{USERS} users, each {found['each']} scores one after another: ms"
    return [
        Figure(
            "serving",
            f"{what}, p95",
            own["p95"],
            Target("<", 100),
            Floor("a server that stores nothing", bare["p95"]),
        ),
        Figure("serving", f"{what}, median", own["median"], floor=Floor("same", bare["median"])),
        Figure("serving", "scores a second", own["rate"], floor=Floor("same", bare["rate"])),
        Figure("serving", "answers that were no success", own["errors"], Target("=", 0)),
        Figure("serving", "scores stored", own["stored"], Target("=", found["asked"])),
    ]


def measure(*, each: int) -> dict[str, Any]:
    """Load the server and its floor by turns."""
    with own_server() as own, bare_server() as bare:
        for served in (own, bare):
            asyncio.run(_load(served, 1, "warm"))
        loads: dict[str, list[tuple[float, list[float], int]]] = {"own": [], "bare": []}
        for number in range(_ROUNDS):
            for name, served in (("own", own), ("bare", bare)):
                loads[name].append(asyncio.run(_load(served, each, f"round-{number}")))
        found = {name: _summary(of) for name, of in loads.items()}
        found["own"]["stored"] = _stored(own) - USERS
    return {**found, "each": each, "asked": USERS * each * _ROUNDS}


def _summary(loads: list[tuple[float, list[float], int]]) -> dict[str, Any]:
    """Medians over the rounds, so that one in which the machine was busy does not decide."""
    return {
        "median": statistics.median(statistics.median(times) for _, times, _ in loads) * 1e3,
        "p95": statistics.median(statistics.quantiles(t, n=20)[-1] for _, t, _ in loads) * 1e3,
        "rate": statistics.median(len(times) / seconds for seconds, times, _ in loads),
        "errors": sum(errors for *_, errors in loads),
    }


async def _load(served: Served, each: int, name: str) -> tuple[float, list[float], int]:
    """Seconds in all, seconds of each request, and how many failed."""
    began = time.perf_counter()
    done = await asyncio.gather(*(_user(served, user, each, name) for user in range(USERS)))
    seconds = time.perf_counter() - began
    return seconds, [t for times, _ in done for t in times], sum(errors for _, errors in done)


async def _user(served: Served, user: int, each: int, name: str) -> tuple[list[float], int]:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    times, errors = [], 0
    for number in range(each):
        request = _request(f"{name}-{user}-{number}")
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        times.append(time.perf_counter() - began)
        errors += b" 200 " not in head.split(b"\r\n")[0]
    writer.close()
    await writer.wait_closed()
    return times, errors


def _request(trace: str) -> bytes:
    keys = base64.b64encode(f"{PUBLIC}:{SECRET}".encode()).decode()
    score = {"traceId": trace, "name": "user-feedback", "value": 1, "dataType": "NUMERIC"}
    body = json.dumps(score | {"comment": "User clicked helpful"}).encode()
    lines = [
        "POST /api/public/v2/scores HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Basic {keys}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _stored(served: Served) -> int:
    import xeroml_nb as xn

    client = xn.get_client(served.store)
    count = len(client.get_scores(name="user-feedback"))
    client.close()
    return count
