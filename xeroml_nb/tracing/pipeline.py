"""Where spans come from and go to in this process."""

from __future__ import annotations

import os
import random
import threading
import time
from functools import cache
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

from xeroml_nb.provided import provided
from xeroml_nb.settings import Settings
from xeroml_nb.tracing.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable

    from xeroml_nb.records.observation import Observation

_lock = threading.Lock()
_recorder = Recorder()
_provider: TracerProvider | None = None
_worker: int | None = None  # the id of this process, once it records for another one


def connect(settings: Settings, sink: Callable[[Observation], None]) -> Recorder:
    """Send the spans of this process to a sink from now on; the newest sink gets them.

    An application's own tracer provider is used where there is one, so that all instrumentations
    land in one trace; else one is set up.
    """
    global _provider  # noqa: PLW0603 - a process has one provider
    with _lock:
        _recorder.connect(settings, sink)
        if _provider is None:
            present = trace.get_tracer_provider()
            if isinstance(present, TracerProvider):
                _provider = present
            else:
                _provider = TracerProvider(id_generator=TimeOrderedIds())
                trace.set_tracer_provider(_provider)
            _provider.add_span_processor(_recorder)
    return _recorder


def record_only(environment: str, release: str | None) -> Recorder:
    """Record spans in a process that works for another one and has no store of its own.

    What nobody holds is dropped, unless the process has opened a client of its own since.

    Args:
        environment: Label on every span.
        release: Of the application, or None.
    """
    global _worker  # noqa: PLW0603 - a forked process inherits what its parent was connected to
    if _worker != os.getpid():
        connect(Settings("", environment, release), _drop)
        _worker = os.getpid()
    return _recorder


def recorder() -> Recorder:
    """What records the spans of this process."""
    return _recorder


def _drop(_: Observation) -> None:
    """Keep nothing."""


class TimeOrderedIds(RandomIdGenerator):
    """Trace ids that begin with the time: 48 bits of milliseconds, then 80 random ones.

    New traces then lie side by side in the store's indexes, which keeps the cost of writing one
    the same however many there are.
    """

    def __init__(self) -> None:
        # Not the shared generator, which users seed; nor the system's, since waiting for that
        # makes lanes take turns at every item.
        self._random = random.Random()  # noqa: S311 - ids are no secrets
        if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
            os.register_at_fork(after_in_child=self._random.seed)

    def generate_trace_id(self) -> int:
        """A trace id."""
        return (time.time_ns() // 1_000_000) << 80 | self._random.getrandbits(80)


def tracer() -> trace.Tracer:
    """The tracer for spans this package starts; the first one opens the store."""
    if _provider is None:
        provided("client")()
    return _tracer()


@cache
def _tracer() -> trace.Tracer:
    return trace.get_tracer("xeroml_nb")
