"""What the kernel runs: items whose fate is drawn beforehand, two tasks and two evaluators."""

from __future__ import annotations

import asyncio
import functools
import os
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import httpx

from tests.benchmarks.soak.words import say_executed

if TYPE_CHECKING:
    from tests.benchmarks.soak.plan import Plan
    from xeroml_nb.records.dataset import DatasetItem

ENDPOINT, HANGS_FOR = "SOAK_ENDPOINT", "SOAK_HANGS_FOR"  # variables of the kernel's environment
_SECONDS = 30


class Fate(StrEnum):
    """What happens to an item: it is answered, its task raises, or its task hangs."""

    ANSWERED = "answered"
    RAISES = "raises"
    HANGS = "hangs"


def items(plan: Plan) -> list[dict[str, Any]]:
    """The items of the dataset that every batch is run over."""
    draw = plan.draw("fates")
    fates = [Fate.RAISES] * (plan.size // plan.one_raises)
    fates += [Fate.HANGS] * (plan.size // plan.one_hangs)
    fates += [Fate.ANSWERED] * (plan.size - len(fates))
    draw.shuffle(fates)
    return [_item(number, fate) for number, fate in enumerate(fates)]


def _item(number: int, fate: Fate) -> dict[str, Any]:
    question = f"What is the answer to question {number}?"
    expected = question.upper() if fate is Fate.ANSWERED else None
    inputs = {"question": question, "fate": fate.value}
    return {"id": f"i{number:05}", "input": inputs, "expected_output": expected}


def plain(item: DatasetItem) -> str:
    """The task as a function."""
    if item.input["fate"] == Fate.HANGS:
        time.sleep(float(os.environ[HANGS_FOR]))
    _fail_if_fated(item)
    answer = _read(_client().post("/ask", json={"question": item.input["question"]}))
    say_executed(item.id)
    return answer


async def coroutine(item: DatasetItem) -> str:
    """The task as a coroutine."""
    if item.input["fate"] == Fate.HANGS:
        await asyncio.sleep(float(os.environ[HANGS_FOR]))
    _fail_if_fated(item)
    answer = _read(await _async_client().post("/ask", json={"question": item.input["question"]}))
    say_executed(item.id)
    return answer


def exact(output: str, expected_output: str) -> bool:
    """An evaluator: whether it is the answer."""
    return output == expected_output


def length(output: str) -> float:
    """An evaluator: how long the answer is."""
    return float(len(output))


def _fail_if_fated(item: DatasetItem) -> None:
    if item.input["fate"] != Fate.ANSWERED:
        raise ValueError(f"{item.id} was to fail")


def _read(response: httpx.Response) -> str:
    return response.raise_for_status().json()["answer"]


@functools.cache
def _client() -> httpx.Client:
    return httpx.Client(base_url=os.environ[ENDPOINT], timeout=_SECONDS)


@functools.cache
def _async_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=os.environ[ENDPOINT], timeout=_SECONDS)
