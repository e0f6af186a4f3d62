"""The usual client of this process, and what it does without being named."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from xeroml_nb.client.comparisons import ComparisonMethods
from xeroml_nb.client.labels import LabelMethods
from xeroml_nb.client.scores import ScoreMethods
from xeroml_nb.experiments.experiment import Experiment
from xeroml_nb.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pandas as pd

    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.experiments.dataset import Dataset
    from xeroml_nb.experiments.task import Task

    TaskLike = Task | Callable[..., Any]

_clients: dict[str, Client]
_lock = threading.Lock()


class Client(ComparisonMethods, ScoreMethods, LabelMethods):
    """Everything of one store; `get_client()` gives the usual one.

    Args:
        settings: Where the store is and how traces are labelled.

    Raises:
        StoreError: If the store cannot be opened.
    """

    def close(self) -> None:
        """Store what is waiting and let go of the store."""
        for experiment in self._live.values():
            experiment.stop()
        self._recorder.disconnect(self._keep)
        self._store.close()
        with _lock:
            for url in [u for u, client in _clients.items() if client is self]:
                del _clients[url]


_clients = {}


def get_client(store: str | Path | None = None) -> Client:
    """The client of this process.

    Args:
        store: Path of an SQLite file or an SQLAlchemy URL; by default `XEROML_STORE`, else
            `.xeroml/store.db` of the project.

    Raises:
        StoreError: If the store cannot be opened.
        BadInput: If an environment variable cannot be understood.

    Example:
        >>> get_client() is get_client()
        True
    """
    settings = Settings.from_environment(store)
    with _lock:
        if settings.store not in _clients:
            _clients[settings.store] = Client(settings)
        return _clients[settings.store]


def start(task: TaskLike, dataset: str | Dataset, **options: Any) -> Experiment:
    """`Client.start` of the usual client."""
    return get_client().start(task, dataset, **options)


def run(task: TaskLike, dataset: str | Dataset, **options: Any) -> Experiment:
    """`Client.run` of the usual client."""
    return get_client().run(task, dataset, **options)


async def arun(task: TaskLike, dataset: str | Dataset, **options: Any) -> Experiment:
    """`Client.arun` of the usual client."""
    return await get_client().arun(task, dataset, **options)


def compare(*experiments: Experiment | str, **options: Any) -> Comparison:
    """`Client.compare`, of the client whose store the first experiment lives in.

    Example:
        `compare(exp_a, exp_b, cluster="conversation")`
    """
    return _client_of(experiments).compare(*experiments, **options)


def to_frame(*experiments: Experiment | str) -> pd.DataFrame:
    """`Client.to_frame`, of the client whose store the first experiment lives in."""
    return _client_of(experiments).to_frame(*experiments)


def _client_of(experiments: Sequence[Experiment | str]) -> Client:
    store = next((one.store for one in experiments if isinstance(one, Experiment)), None)
    with _lock:
        found = next((client for client in _clients.values() if client.store is store), None)
    return found or get_client()
