"""What it costs to compare runs, to read them as a table, and to report on them."""

from __future__ import annotations

import json
import resource
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks import history
from tests.benchmarks.figures import Figure, Floor, Target
from tests.benchmarks.harness import by_turns, cost, in_fresh_process

_RUNS = """
    SELECT r.experiment_id, r.item_id, r.repetition, r.status, r.latency, r.trace_id, r.output,
        d.input, d.expected_output
    FROM item_runs r JOIN experiments e ON e.id = r.experiment_id
        JOIN dataset_items d INDEXED BY dataset_items_by_id
            ON d.dataset_id = e.dataset_id AND d.id = r.item_id"""
_SCORES = """
    SELECT r.experiment_id, r.item_id, r.repetition, s.name, s.number
    FROM item_runs r JOIN scores s ON s.trace_id = r.trace_id"""
_KEY = ["experiment_id", "item_id", "repetition"]
_ROUNDS = 3


def figures(*, quick: bool) -> list[Figure]:
    """Seconds to a verdict and a chart, the table's ratio to plain SQL, sizes, memory."""
    large, small = (300, 20) if quick else (100_000, 1_000)
    with tempfile.TemporaryDirectory() as folder:
        two, ten = f"{folder}/two.db", f"{folder}/ten.db"
        history.fill(two, runs=2, items=large)
        history.fill(ten, runs=10, items=small)
        compared = in_fresh_process("comparing", "measure_comparison", place=two)
        memory = in_fresh_process("comparing", "measure_memory", place=two)
        table = in_fresh_process("comparing", "measure_table", place=ten)
        report = in_fresh_process("comparing", "measure_report", place=ten, folder=folder)
    return [
        *_comparison_figures(large, compared, memory),
        *_table_figures(small, table),
        *_report_figures(small, report),
    ]


def _comparison_figures(n: int, found: dict[str, float], memory: dict[str, float]) -> list[Figure]:
    plain = Floor("two read_sql and a pivot", found["plain"])
    return [
        Figure(
            "comparing",
            f"2 x {n:,} x 3, store to verdict and chart: s",
            found["product"],
            Target("<", 3),
            plain,
        ),
        Figure("comparing", f"2 x {n:,} x 3, largest chart: kB", found["chart"], Target("<", 100)),
        Figure(
            "comparing",
            f"2 x {n:,} x 3: peak memory, MB",
            memory["peak"],
            Target("<", 1_000),
            Floor("imports and an empty comparison", memory["before"]),
        ),
    ]


def _table_figures(n: int, found: dict[str, float]) -> list[Figure]:
    what = f"10 x {n:,} x 3 as one DataFrame: s"
    ratio = found["product"] / found["plain"]
    return [
        Figure(
            "comparing",
            what,
            found["product"],
            None,
            Floor("two read_sql, a pivot, a merge", found["plain"]),
        ),
        Figure("comparing", f"{what}, times the plain one", ratio, Target("<=", 1.5)),
    ]


def _report_figures(n: int, found: dict[str, float]) -> list[Figure]:
    return [
        Figure("comparing", f"report of {n:,} items: MB", found["size"], Target("<", 1)),
        Figure("comparing", f"report of {n:,} items: s", found["seconds"]),
    ]


def measure_comparison(place: str) -> dict[str, float]:
    """Compare two large runs and draw the differences, by turns with the plainest reading."""
    import xeroml_nb as xn
    from xeroml_nb import charts

    client = xn.get_client(place)
    _warm_up()

    def product() -> None:
        compared = client.compare("run #1", "run #2")
        assert compared.sentences()
        charts.differences(compared).to_json()

    found = by_turns(_ROUNDS, product=lambda: cost(product), plain=lambda: cost(_plain(place)))
    compared = client.compare("run #1", "run #2")
    drawn = [
        charts.summary(compared),
        charts.differences(compared),
        charts.changes(compared, "f1"),
        charts.distribution(compared, "f1"),
        charts.heat_map(compared, "f1"),
        charts.against(compared, "exact"),
    ]
    largest = max(len(json.dumps(chart.to_dict())) for chart in drawn)
    return found | {"chart": largest / 1_000}


def measure_memory(place: str) -> dict[str, float]:
    """The peak of a process that compares once and draws once, in MB."""
    import xeroml_nb as xn
    from xeroml_nb import charts

    _warm_up()
    before = _peak()
    compared = xn.get_client(place).compare("run #1", "run #2")
    compared.table()
    charts.differences(compared).to_json()
    return {"before": before, "peak": _peak()}


def measure_table(place: str) -> dict[str, float]:
    """Read ten runs as one table, by turns with plain SQL."""
    import xeroml_nb as xn

    client = xn.get_client(place)
    labels = [record.label for record in client.experiments()]
    client.to_frame(labels[0])
    plain = _plain(place, merge=True)
    return by_turns(
        5, product=lambda: cost(lambda: client.to_frame(*labels)), plain=lambda: cost(plain)
    )


def measure_report(place: str, folder: str) -> dict[str, float]:
    """Write the report of two runs."""
    import xeroml_nb as xn

    compared = xn.get_client(place).compare("run #1", "run #2")
    path = Path(folder) / "report.ipynb"
    taken = cost(lambda: compared.to_notebook(path))
    return {"size": path.stat().st_size / 1e6, "seconds": taken.wall}


def _plain(place: str, *, merge: bool = False) -> Any:
    """Read item runs and scores with pandas alone."""
    import pandas as pd

    def work() -> None:
        connection = sqlite3.connect(place)
        runs = pd.read_sql(_RUNS, connection)
        scores = pd.read_sql(_SCORES, connection)
        wide = scores.pivot(index=_KEY, columns="name", values="number")  # noqa: PD010
        if merge:
            runs.merge(wide, on=_KEY)
        connection.close()

    return work


def _warm_up() -> None:
    """Import and do once, on a small store, what is measured."""
    import xeroml_nb as xn
    from xeroml_nb import charts

    with tempfile.TemporaryDirectory() as folder:
        place = f"{folder}/warm.db"
        history.fill(place, runs=2, items=30)
        client = xn.get_client(place)
        charts.differences(client.compare("run #1", "run #2")).to_json()
        client.close()


def _peak() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
