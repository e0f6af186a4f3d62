"""Which runners are measured, where each keeps its runs, and how many items it gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PAUSE = 0.1
AT_ONCE = 50
KILLED_PAUSE = 0.005


@dataclass(frozen=True)
class Sizes:
    """How many items are run.

    Args:
        overhead: Items of a task that returns at once.
        concurrency: Items of `PAUSE` seconds, `AT_ONCE` at the same time.
        killed: Items of `KILLED_PAUSE` seconds, of which half are done at the kill.
        history: Items of each run that is read back.
        runs: How many of these runs there are.
        rounds: How often everything but the kill is measured.
    """

    overhead: int = 1_000
    concurrency: int = 400
    killed: int = 2_000
    history: int = 1_000
    runs: int = 10
    rounds: int = 3


FULL = Sizes()
QUICK = Sizes(overhead=10, concurrency=10, killed=40, history=5, runs=2, rounds=1)
# They need some 10 to 70 ms an item, so that all items would take most of an hour.
_MAKES_RUNS_SLOWLY = Sizes(history=200)
_SLOW = Sizes(overhead=200, concurrency=100, killed=400, history=200, runs=2)


@dataclass(frozen=True)
class Runner:
    """One row of the comparison.

    Args:
        name: The driver is `drivers/with_<name>.py`.
        title: What people call it, with its version.
        keeps: Where its runs are when it says that they are done.
        requirements: What is installed for it; nothing, if this Python runs it.
        server: What it sends its runs to: none, the stub, or a server that is installed too.
        server_requirements: What is installed for that server.
        reads: It can read finished runs back without a network.
        sizes: Its items, where the usual ones would take too long.
    """

    name: str
    title: str
    keeps: str
    requirements: tuple[str, ...] = ()
    server: Literal["none", "stub", "phoenix"] = "none"
    server_requirements: tuple[str, ...] = ()
    reads: bool = False
    sizes: Sizes = FULL


RUNNERS = (
    Runner("sqlite3", "sqlite3 loop", "a SQLite file", reads=True),
    Runner("xeroml_nb", "xeroml_nb", "a SQLite file", reads=True),
    Runner(
        "phoenix",
        "Phoenix 20.26.1",
        "its server's SQLite file",
        ("arize-phoenix-client==3.5.0", "pandas==3.1.1"),
        server="phoenix",
        server_requirements=("arize-phoenix==20.26.1",),
        reads=True,
        sizes=_SLOW,
    ),
    Runner("langfuse", "Langfuse 5.0.4", "stub server", ("langfuse==5.0.4",), server="stub"),
    Runner("langsmith", "LangSmith 0.15.0", "stub server", ("langsmith==0.15.0",), server="stub"),
    Runner("braintrust", "Braintrust 0.47.0", "memory only", ("braintrust==0.47.0",)),
    Runner(
        "inspect",
        "Inspect 0.3.285",
        "log files",
        ("inspect-ai==0.3.285", "pandas==3.1.1", "pyarrow==25.0.1"),
        reads=True,
        sizes=_MAKES_RUNS_SLOWLY,
    ),
    Runner(
        "mlflow",
        "MLflow 3.17.2",
        "a SQLite file",
        ("mlflow==3.17.2",),
        reads=True,
        sizes=_SLOW,
    ),
)
