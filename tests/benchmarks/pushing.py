"""What a push costs: time, connections, memory, and what a person who labels feels of it."""

from __future__ import annotations

import base64
import json
import statistics
import threading
import time
from typing import TYPE_CHECKING, Any

from tests.benchmarks.figures import Figure, Floor, Target
from tests.benchmarks.harness import fresh_client, in_fresh_process
from tests.benchmarks.served import PUBLIC, SECRET, Watch, bare_server, own_server

if TYPE_CHECKING:
    from collections.abc import Callable

    import xeroml_nb as xn
    from tests.benchmarks.served import Served

_SCORES_EACH = 10
_BATCH = 250
_SPAN_BYTES = 700  # of a small span, before it is packed


def figures(*, quick: bool) -> list[Figure]:
    """All figures about pushing."""
    traces = 40 if quick else 1_000
    small = in_fresh_process("pushing", "measure", traces=traces // 4)
    large = in_fresh_process("pushing", "measure", traces=traces)
    labels = in_fresh_process("pushing", "labelling", traces=traces, decisions=traces // 4)
    what = f"{large['scores']:,} scores and {traces:,} traces"
    return [
        Figure(
            "pushing",
            f"{what}: s",
            large["seconds"],
            Target("<", 6),
            Floor("the same bytes to a server that stores nothing", large["floor"]),
        ),
        Figure("pushing", "scores on the server", large["stored"], Target("=", large["scores"])),
        Figure("pushing", "traces on the server", large["traces"], Target("=", traces)),
        Figure("pushing", "pushed again: changes", large["again"], Target("=", 0)),
        Figure("pushing", "connections at once", large["connections"], Target("<=", 4)),
        Figure(
            "pushing",
            "memory of the process that sends, MB",
            large["sender"],
            floor=Floor("a quarter of it", small["sender"]),
        ),
        Figure(
            "pushing",
            "memory of the server, MB",
            large["server"],
            floor=Floor("a quarter of it", small["server"]),
        ),
        Figure(
            "pushing",
            "ms to store a label while a push runs, median",
            labels["during"],
            floor=Floor("while none runs", labels["alone"]),
        ),
        Figure(
            "pushing",
            "ms to store a label while a push runs, p95",
            labels["during_p95"],
            floor=Floor("while none runs", labels["alone_p95"]),
        ),
    ]


def measure(*, traces: int) -> dict[str, Any]:
    """Push an experiment to a server of our own, then the same bytes to its floor."""
    import resource

    with own_server() as server, fresh_client() as (_, store):
        client = _client(store, server)
        experiment = _experiment(client, traces)
        with Watch(server) as watch:
            seconds = _seconds(lambda: client.push(experiment, progress=_silent))
        # The only process that has ended by now is the one that sent.
        sender = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
        again = client.preview(experiment).total.changes
        client.close()
        stored, seen = _counts(server, traces)
    return {
        "seconds": seconds,
        "floor": _floor(traces),
        "scores": traces * _SCORES_EACH,
        "stored": stored,
        "traces": seen,
        "again": again,
        "connections": watch.connections,
        "sender": sender,
        "server": watch.memory / 1e6,
    }


def labelling(*, traces: int, decisions: int) -> dict[str, float]:
    """Milliseconds that a label takes until it is on disk, without a push and during one."""
    with own_server() as server, fresh_client() as (_, store):
        client = _client(store, server)
        experiment = _experiment(client, traces)
        decide = _labeller(experiment)
        alone = [decide(n) for n in range(decisions)]
        over = threading.Event()

        def push() -> None:
            client.push(experiment, progress=_silent)
            over.set()

        thread = threading.Thread(target=push)
        thread.start()
        during: list[float] = []
        while not over.is_set() and decisions + len(during) < traces:
            during.append(decide(decisions + len(during)))
        thread.join()
        client.close()
    return {
        "alone": statistics.median(alone),
        "alone_p95": statistics.quantiles(alone, n=20)[-1],
        "during": statistics.median(during),
        "during_p95": statistics.quantiles(during, n=20)[-1],
    }


def _client(store: Any, server: Served) -> xn.Client:
    import xeroml_nb as xn

    return xn.get_client(store, **server.settings)


def _experiment(client: xn.Client, traces: int) -> Any:
    """An experiment of small items with ten scores each, none of which was sent yet."""
    dataset = client.create_dataset(
        name="pushed", items=[{"id": f"i{n:05}", "input": f"question {n}"} for n in range(traces)]
    )
    client._flow.stop()  # what is measured is one push, not what has gone by itself before
    return client.start(
        lambda input: f"The answer to {input}.",  # noqa: A006 - the field's word
        dataset,
        name="pushed",
        evaluators=[_ten_scores],
    ).wait()


def _ten_scores(output: str) -> dict[str, float]:
    return {f"score {n}": len(output) / (n + 1) for n in range(_SCORES_EACH)}


def _silent(_done: int, _total: int) -> None:
    """Say nothing of the progress."""


def _seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _counts(server: Served, traces: int) -> tuple[int, int]:
    import xeroml_nb as xn

    client = xn.get_client(server.store)
    scores, seen = len(client.get_scores()), len(client.get_traces(limit=2 * traces))
    client.close()
    return scores, seen


def _floor(traces: int) -> float:
    """Seconds to post as many bytes, as many at a time, over one connection."""
    import httpx

    score = {
        "id": "0" * 32,
        "traceId": "0" * 32,
        "name": "score 0",
        "value": 0.5,
        "dataType": "NUMERIC",
        "source": "api",
        "timestamp": "2026-01-01T00:00:00.000000Z",
    }
    event = {"id": "0" * 32, "type": "score-create", "timestamp": "2026-01-01", "body": score}
    batch = [event] * _BATCH
    keys = base64.b64encode(f"{PUBLIC}:{SECRET}".encode()).decode()
    with (
        bare_server() as server,
        httpx.Client(base_url=server.host, headers={"Authorization": f"Basic {keys}"}) as http,
    ):
        began = time.perf_counter()
        for _ in range(max(1, traces * _SCORES_EACH // _BATCH)):
            body = json.dumps({"batch": batch})
            http.post("/ingestion", content=body).raise_for_status()
        for _ in range(max(1, traces // _BATCH)):
            http.post("/traces", content=bytes(_BATCH * _SPAN_BYTES)).raise_for_status()
        return time.perf_counter() - began


def _labeller(experiment: Any) -> Callable[[int], float]:
    """A function that labels the item at a place, and tells how many ms that took."""
    from tests.labelling import Page, session_of

    session = session_of(experiment)
    session.join()
    page = Page(session)

    def decide(place: int) -> float:
        decision = page.decision("set", place, "verdict", "pass")
        time.sleep(0.005)  # a person looks before the next key
        began = time.perf_counter()
        session.decide(decision)
        return (time.perf_counter() - began) * 1e3

    return decide
