"""A run of the runner as users handle it: how far it is, waiting for it, stopping it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from xeroml_nb.errors import BadInput
from xeroml_nb.experiments import lines
from xeroml_nb.experiments.experiment_base import ExperimentBase
from xeroml_nb.experiments.tally import Tally
from xeroml_nb.records.experiment import ExperimentStatus, ItemStatus
from xeroml_nb.store import experiments as stored

if TYPE_CHECKING:
    from xeroml_nb.experiments.live import Live
    from xeroml_nb.experiments.tally import Progress

_TICK = 0.1
_FAILURES = frozenset({ItemStatus.FAILED, ItemStatus.TIMEOUT})


class RunMethods(ExperimentBase):
    """Watch a run, and steer it where this process carries it out."""

    @property
    def is_live(self) -> bool:
        """This process started it, and so knows its task."""
        return self._live is not None

    @property
    def is_running(self) -> bool:
        """This process is working on it."""
        return self._live is not None and self._live.is_running

    @property
    def paused(self) -> bool:
        """It runs, but starts no further item for now."""
        return self.is_running and self._engine.paused

    @property
    def progress(self) -> Progress:
        """Counts, rates and running means of this moment; only what is stored is counted."""
        if self._live is not None:
            return self._live.tally.progress(self._engine.running)
        return self._stored_progress()

    @property
    def failure(self) -> BaseException | None:
        """Why the run itself ended early, such as a full disk; None if it did not."""
        return None if self._live is None else self._engine.error

    @property
    def stop_reason(self) -> str | None:
        """Which limit stopped the run, such as `max_cost`, in words; None if none did."""
        if self.status is not ExperimentStatus.STOPPED:
            return None
        reason: str | None = self.record.stop_reason if self._live is None else self._engine.reason
        return reason

    def progress_line(self) -> str:
        """How far it is, in one line."""
        return lines.progress_line(self.label, self.progress)

    def summary_line(self) -> str:
        """How it stands or ended, in one line."""
        line = lines.summary_line(self.label, self.status, self.progress)
        reason = self.stop_reason
        return line if reason is None else f"{line} · {reason}"

    def wait(self, timeout: float | None = None) -> Self:
        """Wait until the run has ended; interrupting the wait stops the run.

        Args:
            timeout: Seconds to wait at most; the run goes on after them.

        Returns:
            The experiment itself.

        Raises:
            StoreError: If the run ended because its results could not be stored.
        """
        if self._live is None:
            return self
        until = float("inf") if timeout is None else time.monotonic() + timeout
        try:
            while not self.wait_quietly(_TICK) and time.monotonic() < until:
                pass
        except KeyboardInterrupt:
            self.stop()
        self._raise_failure()
        return self

    async def wait_async(self) -> Self:
        """As `wait`, leaving the event loop free; cancelling it stops the run."""
        try:
            while self.is_running:
                await asyncio.sleep(_TICK / 2)
        except asyncio.CancelledError:
            self._ask_to_stop()
            raise
        self._raise_failure()
        return self

    def wait_quietly(self, seconds: float) -> bool:
        """Wait a moment; tell whether the run has ended, raising nothing."""
        return self._live is None or self._engine.ended.wait(seconds)

    def stop(self) -> Self:
        """Start no further item, keep what is finished, and return within a second."""
        self._ask_to_stop()
        if self._live is not None:
            self._engine.ended.wait(0.95)
        return self

    def pause(self) -> None:
        """Start no further item until `resume`."""
        if self.is_running:
            self._engine.pause()

    def resume(self) -> Self:
        """Go on after a pause or a stop: run what is missing."""
        if self.paused:
            self._engine.unpause()
        elif not self.is_running:
            self._needs_live("resume").launch()
        return self

    def retry_failed(self) -> Self:
        """Run again what failed or timed out, and what is missing; successes stay as they are."""
        if self.is_running:
            raise BadInput(f"{self.label} is still running.", "Wait for it, or stop it first.")
        self._needs_live("retry_failed").launch(again=_FAILURES)
        return self

    def reread(self) -> None:
        """Take in what was changed in the store beside the run, such as by scoring it again."""
        self._record = self.record
        if self._live is not None:
            self._count_stored(self._live.tally)

    # Inside.

    @property
    def _engine(self) -> Any:
        assert self._live is not None  # noqa: S101 - the callers checked
        return self._live.engine

    def _needs_live(self, what: str) -> Live:
        if self._live is None:
            raise BadInput(
                f"{self.label} was not started by this process, so {what} does not know its task.",
                f"Run the task again with name={self.name!r}: what is done is not repeated.",
            )
        return self._live

    def _ask_to_stop(self) -> None:
        if self._live is not None:
            self._engine.stop()

    def _raise_failure(self) -> None:
        if not self.is_running and self.failure is not None:
            raise self.failure

    def _stored_progress(self) -> Progress:
        record = self.record
        with self._store.reading() as connection:
            last = record.finished_at or stored.last_start(connection, self.id)
        tally = Tally(record.planned)
        self._count_stored(tally)
        elapsed = ((last or record.created_at) - record.created_at).total_seconds()
        return replace(tally.progress(0), elapsed=elapsed, rate=0.0)

    def _count_stored(self, tally: Tally) -> None:
        with self._store.reading() as connection:
            table = self._table(connection)
            troubled = stored.troubled(connection, self.id)
        tally.restore(table, troubled)
