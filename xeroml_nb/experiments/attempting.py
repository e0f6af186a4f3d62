"""The attempts at a task: each in its turn and on time, repeated where that is worth it."""

from __future__ import annotations

import asyncio
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from xeroml_nb.experiments.retries import OutOfTime, Stopped, once

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
    from contextlib import AbstractContextManager

    from xeroml_nb.experiments.flight import Flight


def attempt(flight: Flight) -> None:
    """Call the task of a flight until it succeeds or its errors are not worth another attempt.

    Raises:
        BaseException: What the last attempt raised; a task may raise anything.
    """
    for again in flight.route.retries.attempts():
        with again:
            for turn in _turns(flight):
                with turn:
                    _call(flight)


async def attempt_async(flight: Flight, call: Callable[[dict[str, Any]], Any]) -> None:
    """As `attempt`, for a coroutine function.

    Args:
        flight: The item run.
        call: The task.
    """
    async for again in flight.route.retries.async_attempts():
        with again:
            async for turn in _async_turns(flight):
                with turn:
                    await _call_async(flight, call)


async def in_time(awaitable: Awaitable[Any], seconds: float) -> Any:
    """The result of a coroutine; it is cancelled where it takes longer than it may.

    Raises:
        OutOfTime: If it was.
    """
    try:
        async with asyncio.timeout(seconds) as limit:
            return await awaitable
    except TimeoutError as error:
        raise OutOfTime if limit.expired() else error from None


def _call(flight: Flight) -> None:
    _count(flight)
    try:
        flight.succeed(*flight.route.call(flight.known, flight.start_clock))
    finally:
        flight.stop_clock()  # waiting for the next attempt has no limit


async def _call_async(flight: Flight, call: Callable[[dict[str, Any]], Any]) -> None:
    _count(flight)
    began = time.perf_counter()
    flight.start_clock()
    try:
        output = await in_time(call(flight.known), flight.route.timeout)
    finally:
        flight.stop_clock()
    flight.succeed(output, time.perf_counter() - began)


def _count(flight: Flight) -> None:
    if flight.route.is_stopping():
        raise Stopped
    flight.attempts += 1


# A turn comes when the provider's limits allow it; what the provider turns away has another.


def _turns(flight: Flight) -> Iterable[AbstractContextManager[Any]]:
    limit = flight.route.limit
    if limit is None:
        return (nullcontext(),)
    return limit.turns(flight.recorded, flight.route.is_stopping)


def _async_turns(flight: Flight) -> AsyncIterator[AbstractContextManager[Any]]:
    limit = flight.route.limit
    if limit is None:
        return once()
    return limit.async_turns(flight.recorded, flight.route.is_stopping)
