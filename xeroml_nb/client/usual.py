"""The usual client of this process, and what it does without being named."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from xeroml_nb.client.calibrating import CalibrationMethods
from xeroml_nb.client.files import FileMethods
from xeroml_nb.client.forecasting import ForecastMethods
from xeroml_nb.client.gating import GateMethods
from xeroml_nb.client.labels import LabelMethods
from xeroml_nb.client.pulling import PullMethods
from xeroml_nb.client.scores import ScoreMethods
from xeroml_nb.client.signatures import like_method
from xeroml_nb.records.access import Secret
from xeroml_nb.settings import GivenServer, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from xeroml_nb.analysis.calibration.calibration import Calibration
    from xeroml_nb.analysis.calibration.said import LabelSource
    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.analysis.forecast.plan import Plan
    from xeroml_nb.analysis.gate.verdict import Verdict
    from xeroml_nb.client.calibrating import JudgeLike
    from xeroml_nb.experiments.dataset import Dataset
    from xeroml_nb.experiments.evaluation import ItemEvaluator
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.experiments.task import Task
    from xeroml_nb.settings import ServerAddress

    TaskLike = Task | Callable[..., Any]

_clients: dict[tuple[str, ServerAddress | None], Client]
_lock = threading.Lock()


class Client(
    GateMethods,
    CalibrationMethods,
    ForecastMethods,
    ScoreMethods,
    LabelMethods,
    PullMethods,
    FileMethods,
):
    """Everything of one store and its server; `get_client()` gives the usual one.

    Args:
        settings: Where the store is, how traces are labelled, and which server is used.

    Raises:
        StoreError: If the store cannot be opened.
    """

    def close(self) -> None:
        """Store what is waiting and let go of the store; what is not sent yet stays noted."""
        for experiment in self._live.values():
            experiment.stop()
        self._recorder.disconnect(self._keep)
        self._let_go_of_server()
        self._store.close()
        with _lock:
            for place in [p for p, client in _clients.items() if client is self]:
                del _clients[place]


_clients = {}


def get_client(  # noqa: PLR0913 - each a setting of its own
    store: str | Path | None = None,
    *,
    host: str | None = None,
    public_key: str | None = None,
    secret_key: str | None = None,
    api: str | None = None,
    paths: Mapping[str, str | None] | None = None,
) -> Client:
    """The client of this process: one for each store and server.

    Args:
        store: Path of an SQLite file or an SQLAlchemy URL; by default `XEROML_STORE`, else
            `.xeroml/store.db` of the project.
        host: Address of a server, by default `XEROML_HOST`; without any, all stays local.
        public_key: By default `XEROML_PUBLIC_KEY`.
        secret_key: By default `XEROML_SECRET_KEY`.
        api: "xeroml" or "langfuse", by default `XEROML_API`, else "xeroml".
        paths: Where a server has something elsewhere than its API says, such as
            `{"scores": "/api/v3/scores"}`; None for what it does not have.

    Raises:
        StoreError: If the store cannot be opened.
        BadInput: If an environment variable or a path cannot be understood, or keys are missing.

    Example:
        >>> get_client() is get_client()
        True
    """
    # In no variable in clear from here on: a traceback may show those.
    hidden, secret_key = (Secret(secret_key) if secret_key else None), None
    server = GivenServer(host, public_key, hidden, api, paths or {})
    settings = Settings.from_environment(store, server)
    place = (settings.store, settings.server)
    with _lock:
        if place not in _clients:
            _clients[place] = Client(settings)
        return _clients[place]


@like_method(Client.start)
def start(task: TaskLike, dataset: str | Dataset, **options: Any) -> Experiment:
    """`Client.start` of the usual client."""
    return get_client().start(task, dataset, **options)


@like_method(Client.start)
def run(task: TaskLike, dataset: str | Dataset, **options: Any) -> Experiment:
    """`Client.run` of the usual client."""
    return get_client().run(task, dataset, **options)


@like_method(Client.start)
async def arun(task: TaskLike, dataset: str | Dataset, **options: Any) -> Experiment:
    """`Client.arun` of the usual client."""
    return await get_client().arun(task, dataset, **options)


@like_method(Client.score_experiment)
def score(
    experiment: Experiment | str,
    evaluators: Sequence[str | Callable[..., Any] | ItemEvaluator],
    **options: Any,
) -> Experiment:
    """`Client.score_experiment`, of the client whose store the experiment lives in.

    Example:
        `score(exp, evaluators=["exact_match", "helpfulness"])`
    """
    return _client_of([experiment]).score_experiment(experiment, evaluators, **options)


@like_method(Client.compare)
def compare(*experiments: Experiment | str, **options: Any) -> Comparison:
    """`Client.compare`, of the client whose store the first experiment lives in.

    Example:
        `compare(exp_a, exp_b, cluster="conversation")`
    """
    return _client_of(experiments).compare(*experiments, **options)


@like_method(Client.calibrate)
def calibrate(judge: JudgeLike, labels: LabelSource, **options: Any) -> Calibration:
    """`Client.calibrate`, of the client whose store the experiment or the labels live in.

    Example:
        `calibrate("helpful", "verdict (human)", experiment=exp)`
    """
    return _client_of([options.get("experiment"), labels]).calibrate(judge, labels, **options)


@like_method(Client.gate)
def gate(experiment: Experiment | str, **options: Any) -> Verdict:
    """`Client.gate`, of the client whose store the experiment lives in.

    Example:
        `gate("triage_v2", min={"accuracy": 0.85}, no_worse_than="triage_v1")`
    """
    return _client_of([experiment]).gate(experiment, **options)


def plan(task: TaskLike, dataset: str | Dataset, **options: Any) -> Plan:
    """`Client.plan` of the usual client.

    Example:
        `plan(task, "support/triage", pilot=10)`
    """
    return get_client().plan(task, dataset, **options)


def to_frame(*experiments: Experiment | str) -> pd.DataFrame:
    """`Client.to_frame`, of the client whose store the first experiment lives in."""
    return _client_of(experiments).to_frame(*experiments)


def _client_of(known: Sequence[Any]) -> Client:
    store = next((one.store for one in known if hasattr(one, "store")), None)
    with _lock:
        found = next((client for client in _clients.values() if client.store is store), None)
    return found or get_client()
