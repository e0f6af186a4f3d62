"""The process that runs the experiments, as a notebook's kernel does; started again, it goes on."""

from __future__ import annotations

import faulthandler
import signal
import time
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import xeroml_nb as xn
from tests.benchmarks.soak import tasks
from tests.benchmarks.soak.words import BATCH, say
from xeroml_nb.errors import ServerError, StoreFull
from xeroml_nb.sync.pull.datasets import KeptVersionWarning

if TYPE_CHECKING:
    from collections.abc import Callable

    from xeroml_nb import Client, Experiment

T = TypeVar("T")
DATASET = "questions"
_TICK = 0.1
_LOOK_AGAIN = 0.5
_FLUSH_SECONDS = 600


def run(
    *, store: str, server: dict[str, str], batches: int, ends_at: float, options: dict[str, Any]
) -> dict[str, int]:
    """Run batch after batch, and push each.

    Args:
        store: Path of the store.
        server: How to reach the server.
        batches: How many.
        ends_at: Seconds since 1970; no batch is begun after it.
        options: Of every run.
    """
    faulthandler.register(signal.SIGUSR1)  # says where it hangs
    warnings.simplefilter("ignore", KeptVersionWarning)  # the server is away every so often
    client = _with_space(partial(xn.get_client, store, **server))
    for batch in range(batches):
        if not _with_space(partial(_did, client, batch, ends_at, options)):
            break
    client.close()
    return {}


def push_rest(*, store: str, server: dict[str, str]) -> dict[str, int]:
    """Send what the kernel did not; tell what would be left to send, and what was refused."""
    client = xn.get_client(store, **server)
    client.flush(_FLUSH_SECONDS)
    client.push(progress=lambda _done, _all: None)
    left, refused = client.preview().total.changes, len(client.dead_letters())
    client.close()
    return {"left": left, "refused": refused}


def name_of(batch: int) -> str:
    """The name of a batch's experiment."""
    return f"batch {batch}"


def _with_space(work: Callable[[], T]) -> T:
    """Do something; where the disk is full, tell so and do it again, until it is not."""
    while True:
        try:
            return work()
        except StoreFull:
            say("full")
            time.sleep(_LOOK_AGAIN)


def _did(client: Client, batch: int, ends_at: float, options: dict[str, Any]) -> bool:
    """Run and push a batch, unless that was done before; False where time is up."""
    known = {record.name: record.status for record in client.experiments()}
    status = known.get(name_of(batch))
    if status is None and time.time() > ends_at:
        return False
    if status != "finished":
        BATCH.set(batch)
        _push(client, _carried_out(client, batch, options))
    return True


def _carried_out(client: Client, batch: int, options: dict[str, Any]) -> Experiment:
    """Run a batch to its end, or what is missing of it."""
    experiment = _started(client, batch, options)
    while not experiment.wait_quietly(_TICK):
        say("acknowledged", batch, experiment.progress.done)
    say("acknowledged", batch, experiment.progress.done)
    return experiment.wait()


def _started(client: Client, batch: int, options: dict[str, Any]) -> Experiment:
    """Batches by turns: functions that are tried again, coroutines that keep to a rate."""
    further: dict[str, Any] = {"retries": xn.Retries(6)}
    if batch % 2:
        further = {"rate_limit": xn.RateLimit()}
    return client.start(
        tasks.coroutine if batch % 2 else tasks.plain,
        DATASET,
        name=name_of(batch),
        evaluators=[tasks.exact, tasks.length],
        **options,
        **further,
    )


def _push(client: Client, experiment: Experiment) -> None:
    """Send an experiment; what cannot be sent now is sent later."""
    try:
        client.push(experiment, progress=_say_pushed)
    except ServerError as error:
        say("unsent", type(error).__name__)


def _say_pushed(done: int, _total: int) -> None:
    say("pushed", done)
