"""Item runs that a loop of the user's own carries out."""

from __future__ import annotations

import contextvars
import threading
from collections import Counter
from typing import TYPE_CHECKING

from xeroml_nb.experiments.evaluation import of_items
from xeroml_nb.experiments.flight import Flight
from xeroml_nb.experiments.live_run import DEFAULT_TIMEOUT
from xeroml_nb.experiments.open_run import OpenRun
from xeroml_nb.experiments.route import Route
from xeroml_nb.records.evaluation import Evaluation
from xeroml_nb.store import experiments as stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.experiments.evaluation import ItemEvaluator
    from xeroml_nb.records.dataset import DatasetItem
    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.store.store import Store
    from xeroml_nb.tracing.recorder import Recorder


class OwnLoop:
    """Makes item runs of what a loop hands in, and stores them when they end.

    Args:
        store: Where they go.
        recorder: Holds their traces until they are stored.
        record: The experiment they belong to.
        evaluators: Score each of them.
    """

    def __init__(
        self,
        store: Store,
        recorder: Recorder,
        record: ExperimentRecord,
        evaluators: Sequence[ItemEvaluator],
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._record = record
        self._evaluators = evaluators
        self._repeats: Counter[str] | None = None
        self._repeats_lock = threading.Lock()

    def run_of(self, item: DatasetItem) -> OpenRun:
        """One item run; of an item that was run before, a further repetition."""
        mine = contextvars.copy_context()
        flight = Flight(self._route(), item, self._next_repetition(item.id), mine)
        return OpenRun(flight, self._store_flight)

    def _route(self) -> Route:
        return Route(
            experiment_id=self._record.id,
            label=self._record.label,
            evaluators=of_items(self._evaluators),
            recorder=self._recorder,
            timeout=DEFAULT_TIMEOUT,
            is_stopping=lambda: False,
            keep_items=True,
        )

    def _next_repetition(self, item_id: str) -> int:
        with self._repeats_lock:
            if self._repeats is None:
                with self._store.reading() as connection:
                    stored_keys = stored.statuses(connection, self._record.id)
                self._repeats = Counter(i for i, _ in stored_keys)
            self._repeats[item_id] += 1
            return self._repeats[item_id] - 1

    def _store_flight(self, flight: Flight) -> None:
        rows = flight.rows()
        rows.evaluations += [
            Evaluation(
                self._record.id, one.name, one.fingerprint, flight.item.id, flight.repetition
            )
            for one in flight.scorers
            if one.name not in flight.evaluator_errors
        ]
        self._store.write_rows(rows)
