"""Run the benchmarks and print one table of their figures."""

from __future__ import annotations

import argparse
import os
import platform
import sys

from tests.benchmarks import (
    cluster,
    comparing,
    coroutines,
    coverage,
    evaluators,
    importing,
    judging,
    kill,
    labelling,
    million,
    overhead,
    peers,
    pushing,
    sandbox,
    serving,
    threads,
)
from tests.benchmarks.figures import Figure, table
from tests.benchmarks.soak import figures as soak

BENCHMARKS = {
    "threads": threads.figures,
    "coroutines": coroutines.figures,
    "overhead": overhead.figures,
    "import": importing.figures,
    "kill": kill.figures,
    "cluster": cluster.figures,
    "labelling": labelling.figures,
    "comparing": comparing.figures,
    "million": million.figures,
    "coverage": coverage.figures,
    "serving": serving.figures,
    "pushing": pushing.figures,
    "judging": judging.figures,
    "evaluators": evaluators.figures,
    "sandbox": sandbox.figures,
    "peers": peers.figures,
    "soak": soak.figures,
}
_NOTES = """
Each benchmark runs in a process of its own, the product and its floor by turns; medians.
A small run before the first measured one takes imports and other one-off work out of the figures
(but not out of the rows on importing). Overhead is timed from start() to the end of wait(), in a
fresh store each time; making the dataset is not in it. Its floors: a loop over sqlite3 (WAL,
synchronous=normal) that commits an item run, a trace and a score for each item, and a bare
ThreadPoolExecutor.map that stores nothing; opening and closing files is not in them either.
Memory is the peak of a process that does nothing but that run, in MB of 10^6 bytes.
Coverage is simulated with a fixed seed: the share of 95 % intervals that hold the truth, and of
tests at 5 % that find a difference where there is none, with a standard error below
0.3 points (0.5 for corrected means).
A million item runs are written straight to the tables, each as a real run leaves it, with its trace
and two scores; the floor is a new connection of sqlite3 that asks for the same in one statement.
Serving and pushing use a server in a process of its own on the same machine; the floor is the same
web server with nothing behind it. A push is timed from the call to its return, read back included.
A label is timed from the decision to its commit, in the process that pushes.
Score cards: processor time is that of this process and its child processes together.
Judging: the share of the lanes that wait for the model, as the model's endpoint sees it, from the
first question to the last answer; at the end of a run some lanes have nothing left to ask.
Evaluators are timed from the call to the score, without a store; their floor is a plain loop over
the same comparisons.
Peers are installed at first use, some 2.5 GB in the user's cache or in XEROML_BENCHMARK_PEERS, and
measured in one interleaved run: in each round every runner once, in a fresh process. All get the
same items, task and scorer, and none can reach another machine; Langfuse and LangSmith send to a
stub server here, so theirs is the client's cost alone, and Phoenix to a server of its own.
Overhead and efficiency are timed until the runner says that all is stored or sent. An output or a
score is kept if another process can read it after kill -9 (of a stub's: if it was received).
Import is the import statement; the first item after it takes a client, a dataset of one item and
the run of it.
The soak takes half an hour and a little more, and SOAK_SEED repeats one. What the kernel told as
done is looked for in its store at every stop, and on the server at the end. A full disk is a limit
of the system on what the kernel writes. "Executed again" are items that were under way at a kill
or a full disk. Memory is that of the kernel that lived longest, by quarters of its life.""".strip()


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that all works")
    asked = parser.parse_args()
    if unknown := set(asked.names) - BENCHMARKS.keys():
        parser.error(f"no benchmark called {', '.join(sorted(unknown))}")
    found: list[Figure] = []
    tables = []
    for name in asked.names or BENCHMARKS:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        figures = BENCHMARKS[name](quick=asked.quick)
        found += figures
        tables += ["", figures.markdown] if isinstance(figures, peers.Compared) else []
    print(_machine(), _NOTES, "", table(found), *tables, sep="\n")
    if asked.quick:
        print("\nSmall sizes: these figures show that all works, not how fast it is.")


def _machine() -> str:
    python, system = platform.python_version(), platform.system()
    busy = f"{os.getloadavg()[0]:.1f} processes running on average in the last minute"
    return f"Python {python} on {system}, {os.cpu_count()} cores, {busy}.\n"


if __name__ == "__main__":
    main()
