"""What every part of a client needs: its store, and where spans go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.store.rows import Rows
from xeroml_nb.store.store import Store
from xeroml_nb.tracing import pipeline

if TYPE_CHECKING:
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.records.observation import Observation
    from xeroml_nb.settings import Settings


class ClientBase:
    """A store, and the spans of this process that go into it.

    Args:
        settings: Where the store is and how traces are labelled.

    Raises:
        StoreError: If the store cannot be opened.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._store = Store(settings.store)
        self._recorder = pipeline.connect(settings, self._keep)
        self._live: dict[str, Experiment] = {}

    def __repr__(self) -> str:
        return f"Client({self._store.place})"

    @property
    def store(self) -> Store:
        """Where everything lives."""
        return self._store

    def flush(self) -> None:
        """Wait until all that was recorded is stored.

        Raises:
            StoreError: If something could not be stored.
        """
        self._store.flush()

    def _keep(self, one: Observation) -> None:
        self._store.submit_quietly(Rows(observations=[one]))
