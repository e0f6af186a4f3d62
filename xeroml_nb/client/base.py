"""What every part of a client needs: its store, its server, and where spans go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.store.rows import Rows
from xeroml_nb.store.store import Store
from xeroml_nb.sync.sending.flow import Flow
from xeroml_nb.sync.sending.remotes import Remote
from xeroml_nb.tracing import pipeline

if TYPE_CHECKING:
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.records.observation import Observation
    from xeroml_nb.settings import Settings


class ClientBase:
    """A store, the spans of this process that go into it, and the server it sends to.

    Args:
        settings: Where the store is, how traces are labelled, and which server is used.

    Raises:
        StoreError: If the store cannot be opened.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._store = Store(settings.store)
        self._recorder = pipeline.connect(settings, self._keep)
        self._live: dict[str, Experiment] = {}
        self._remote = None if settings.server is None else Remote(settings.server, self._store)
        self._flow = None if self._remote is None else Flow(self._remote)

    def __repr__(self) -> str:
        server = "" if self._remote is None else f", {self._remote.record.host}"
        return f"Client({self._store.place}{server})"

    @property
    def store(self) -> Store:
        """Where everything lives."""
        return self._store

    def flush(self, timeout: float = 30.0) -> None:
        """Wait until all that was recorded is stored and, where a server is set, sent to it.

        Args:
            timeout: Seconds to wait for the server at most; nothing is lost after them.

        Raises:
            StoreError: If something could not be stored.
            NotAllSent: If some scores or traces are not sent by then, or the server refused some
                since the last flush; says why.
        """
        self._store.flush()
        if self._flow is not None:
            self._flow.flush(timeout)

    def _keep(self, one: Observation) -> None:
        self._store.submit_quietly(Rows(observations=[one]))
