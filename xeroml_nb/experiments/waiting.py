"""Waiting that is no fault of an evaluator: no time limit runs meanwhile."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.experiments.flight import Flight

_scored: ContextVar[Flight | None] = ContextVar("xeroml_scored", default=None)


@contextmanager
def clock_of(flight: Flight) -> Iterator[None]:
    """What is called inside the block scores that item run, whose clock can be stopped."""
    token = _scored.set(flight)
    try:
        yield
    finally:
        _scored.reset(token)


@contextmanager
def off_the_clock() -> Iterator[None]:
    """Stop the clock of the item run that is being scored here, if any, for the block."""
    flight = _scored.get()
    if flight is None:
        yield
        return
    with flight.paused_clock():
        yield


def is_stopping() -> bool:
    """Tell whether the run is being stopped that scores an item run here."""
    flight = _scored.get()
    return flight is not None and flight.route.is_stopping()
