"""Asking evaluators about an item run, one after the other, each with its own time limit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from xeroml_nb.experiments.attempting import in_time
from xeroml_nb.experiments.background import wait_for
from xeroml_nb.experiments.evaluation import Level, level_of
from xeroml_nb.experiments.retries import Stopped
from xeroml_nb.experiments.task import known_of
from xeroml_nb.experiments.waiting import clock_of
from xeroml_nb.tracing.propagate import scoring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.experiments.evaluation import ItemEvaluator
    from xeroml_nb.experiments.flight import Flight


def ask(flight: Flight) -> None:
    """Let every evaluator score an item run; a failing one leaves its error."""
    with clock_of(flight):
        for evaluator in _those_left(flight):
            try:
                with scoring():
                    result = wait_for(evaluator.call(flight.known), flight.route.timeout)
                flight.keep_scores(evaluator, result)
            except BaseException as error:  # noqa: BLE001 - an evaluator may raise anything
                if isinstance(error, Stopped) and flight.route.is_stopping():
                    flight.call_off()
                    return
                flight.keep_evaluator_error(evaluator, error)


async def ask_async(flight: Flight) -> None:
    """As `ask`, for evaluators that all return coroutines."""
    for evaluator in _those_left(flight):
        try:
            with scoring():
                result = await in_time(evaluator.call(flight.known), flight.route.timeout)
            flight.keep_scores(evaluator, result)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - an evaluator may raise anything
            flight.keep_evaluator_error(evaluator, error)


def _those_left(flight: Flight) -> Iterator[ItemEvaluator]:
    """The evaluators that are still to score it; the clock runs while one of them is asked."""
    scorers = flight.scorers
    if flight.is_scored:
        return
    own = {"output": flight.output, "trace_id": flight.trace_id, "error": flight.error}
    flight.known = known_of(flight.item) | own
    while flight.scored < len(scorers):
        evaluator = scorers[flight.scored]
        if level_of(evaluator) is Level.COMPOSITE:
            flight.known["scores"] = flight.values
        flight.begin_asking()
        yield evaluator
        flight.end_asking()
