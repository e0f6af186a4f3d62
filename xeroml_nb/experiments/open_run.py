"""An item run that a user's own loop carries out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

from opentelemetry import context as otel

from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.asking import ask
from xeroml_nb.experiments.tracebacks import users_traceback
from xeroml_nb.records.experiment import ItemStatus
from xeroml_nb.records.json_text import said, to_json
from xeroml_nb.records.score import ScoreTarget, new_score

if TYPE_CHECKING:
    from collections.abc import Callable

    from xeroml_nb.experiments.flight import Flight
    from xeroml_nb.records.score import ScoreRecord


class OpenRun:
    """One item run: what is done inside its `with` block belongs to its trace.

    It is stored when the block ends, with its scores and its trace, as a failure if the block
    raised. Evaluators of the experiment run right after the block.

    Args:
        flight: The item on its way.
        store: Stores the finished flight and waits for it.
    """

    def __init__(self, flight: Flight, store: Callable[[Flight], None]) -> None:
        self._flight = flight
        self._store = store
        self._ended = False

    @property
    def trace_id(self) -> str:
        """Its trace: 32 hex digits."""
        return self._flight.trace_id

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        self._flight.begin()
        self._flight.attempts = 1
        self._token = self._flight.enter()
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        flight = self._flight
        flight.latency = time.perf_counter() - self._began
        if error is None:
            flight.status = ItemStatus.OK
        elif isinstance(error, Exception):
            flight.status = ItemStatus.FAILED
            flight.error, flight.traceback = said(error), users_traceback(error)
        try:
            flight.end_task()
            ask(flight)
        finally:
            otel.detach(self._token)
            self._ended = True
        self._store(flight)

    def set_output(self, output: Any) -> None:
        """Say what came out.

        Args:
            output: Anything; what JSON cannot hold is kept as a marked repr.
        """
        self._check_open("set_output")
        self._flight.output = output
        self._flight.output_json = to_json(output)

    def score(
        self,
        name: str,
        value: Any,
        *,
        data_type: str | None = None,
        comment: str | None = None,
    ) -> ScoreRecord:
        """Score this item run.

        Args:
            name: At most 200 characters.
            value: A number, a bool or a text.
            data_type: NUMERIC, BOOLEAN or CATEGORICAL; found from the value by default.
            comment: Why.

        Raises:
            BadScore: If name or value cannot be accepted.
        """
        self._check_open("score")
        target = ScoreTarget(trace_id=self.trace_id)
        score = new_score(target, name, value, data_type=data_type, comment=comment)
        self._flight.scores.append(score)
        return score

    def _check_open(self, what: str) -> None:
        if self._ended:
            raise BadInput(
                f"The run of item {self._flight.item.id!r} has ended; {what} came too late.",
                f"Call it inside the with block, or use client.score(trace_id={self.trace_id!r}).",
            )
