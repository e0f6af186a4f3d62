"""A judge keeps the model busy: how many of the lanes wait for an answer at any time."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from tests.benchmarks.figures import Figure, Floor, Target
from tests.benchmarks.harness import ROOT, fresh_client, in_fresh_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONCURRENCY = 16
_SECONDS = 30
_ANSWER = '{"explanation": "It says what was asked for.", "verdict": 4}'

# A chat endpoint that answers after 50 to 100 ms, and tells when each question was with it.
_CHAT = """
import asyncio, json, random, socket, time
import uvicorn

delays, spans = random.Random(0), []
message = {"role": "assistant", "content": ANSWER}
choices = [{"index": 0, "finish_reason": "stop", "message": message}]
usage = {"prompt_tokens": 300, "completion_tokens": 20}
answer = json.dumps({"model": "m", "choices": choices, "usage": usage}).encode()

async def app(scope, receive, send):
    began, body, more = time.perf_counter(), b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    content = answer
    if scope["path"] == "/spans":
        content = json.dumps(spans).encode()
        spans.clear()
    else:
        json.loads(body)
        await asyncio.sleep(delays.uniform(0.05, 0.1))
        spans.append([began, time.perf_counter()])
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": content})

listener = socket.create_server(("127.0.0.1", 0), backlog=256)
print(f"Serving at http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
config = uvicorn.Config(
    app, http="httptools", loop="uvloop", ws="none", lifespan="off", access_log=False,
    log_config=None,
)
uvicorn.Server(config).run(sockets=[listener])
""".replace("ANSWER", repr(_ANSWER))


def figures(*, quick: bool) -> list[Figure]:
    """The share of the lanes that wait for an answer, beside bare posts from a thread pool."""
    items, rounds = (48, 1) if quick else (960, 3)
    found = in_fresh_process("judging", "measure", items=items, rounds=rounds)
    floor = Floor("ThreadPoolExecutor, httpx", found["floor"])
    what = f"{items} items, concurrency {CONCURRENCY}, answers in 50 to 100 ms, "
    known = f"{items} items whose answers are kept: milliseconds an item"
    return [
        Figure("judging", f"{what}%: {task}", found[task], Target(">=", 95), floor)
        for task in ("plain task", "coroutine task", "scored again")
    ] + [Figure("judging", known, found["kept"])]


def measure(*, items: int, rounds: int) -> dict[str, float]:
    """Medians of the share of lanes that were busy, in percent, and what a kept answer costs."""
    from statistics import median

    shares: dict[str, list[float]] = {}
    kept: list[float] = []
    with _chat() as url:
        # What happens once in a process is not in the figures.
        _judged(url, 2 * CONCURRENCY, plain)
        for _ in range(rounds):
            sides = {
                "plain task": lambda: _judged(url, items, plain),
                "coroutine task": lambda: _judged(url, items, coroutine),
                "scored again": lambda: _scored_again(url, items, kept),
                "floor": lambda: _posted(url, items),
            }
            for name, side in sides.items():
                side()
                shares.setdefault(name, []).append(_busy(url))
    return {name: median(values) for name, values in shares.items()} | {"kept": median(kept)}


def plain(input: str) -> str:  # noqa: A002 - the word of the field
    """A task that costs nothing."""
    return input.upper()


async def coroutine(input: str) -> str:  # noqa: A002 - the word of the field
    """The same as a coroutine."""
    await asyncio.sleep(0)
    return input.upper()


def _judge(url: str):
    from xeroml_nb.scoring.judging.judge import Judge

    return Judge(
        "good", "Is it good?", range=(1, 5), model="m", base_url=f"{url}/v1", api_key="none"
    )


def _judged(url: str, items: int, task: Callable) -> None:
    with fresh_client() as (client, _):
        dataset = client.create_dataset(name="d", items=_items(items))
        run = client.start(task, dataset, evaluators=[_judge(url)], concurrency=CONCURRENCY).wait()
        [summary] = run.score_summaries()
        assert summary.scored == items


def _scored_again(url: str, items: int, kept: list[float]) -> None:
    """A run is judged after it has ended; and a second run with the same outputs."""
    with fresh_client() as (client, _):
        dataset = client.create_dataset(name="d", items=_items(items))
        run = client.start(plain, dataset).wait()
        client.score_experiment(run, [_judge(url)], concurrency=CONCURRENCY)
        again = client.start(plain, dataset, resume=False).wait()
        began = time.perf_counter()
        client.score_experiment(again, [_judge(url)], concurrency=CONCURRENCY)
        kept.append((time.perf_counter() - began) / items * 1e3)
        [summary] = again.score_summaries()
        assert summary.scored == items


def _posted(url: str, items: int) -> None:
    """The floor: posts of the same size from a thread pool, whose answers are read as JSON."""
    with httpx.Client() as http, ThreadPoolExecutor(CONCURRENCY) as pool:

        def post(item: dict) -> None:
            messages = [{"role": "user", "content": item["input"] + 1_500 * "x"}]
            body = {"model": "m", "messages": messages}
            answer = http.post(f"{url}/v1/chat/completions", json=body).json()
            json.loads(answer["choices"][0]["message"]["content"])

        list(pool.map(post, _items(items)))


def _items(count: int) -> list[dict]:
    return [{"id": f"i{n}", "input": f"Question {n:06d} of some."} for n in range(count)]


def _busy(url: str) -> float:
    """How much of the time, from the first question to the last answer, the lanes were busy."""
    spans = httpx.get(f"{url}/spans").json()
    whole = max(ended for _, ended in spans) - min(began for began, _ in spans)
    return 100 * sum(ended - began for began, ended in spans) / (CONCURRENCY * whole)


@contextmanager
def _chat() -> Iterator[str]:
    command = [sys.executable, "-u", "-c", _CHAT]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield re.search(r"http://\S+", process.stdout.readline())[0]
    finally:
        process.terminate()
        process.wait(_SECONDS)
        process.stdout.close()
