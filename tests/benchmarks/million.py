"""A store with a million item runs: opened, listed, filtered, compared; and how large it is."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks import floors, history, overhead
from tests.benchmarks.figures import Figure, Floor, Target
from tests.benchmarks.harness import by_turns, cost, fresh_client, in_fresh_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from xeroml_nb import Client

_RUNS = 10
_SCORES = ("exact", "f1")
_ROUNDS = 3
_OPEN = "SELECT value FROM store_meta"
_LIST = "SELECT e.*, d.name FROM experiments e JOIN datasets d ON d.id = e.dataset_id"
# The newest thousand traces that are wanted, with their scores.
_TRACES = """
    SELECT t.*, s.name, s.number FROM (
        SELECT * FROM observations WHERE parent_id IS NULL AND {} ORDER BY start DESC LIMIT 1000
    ) t LEFT JOIN scores s ON s.trace_id = t.trace_id"""
_SCORED = "trace_id IN (SELECT trace_id FROM scores WHERE name = '{}' AND number {})"
_GIVEN = "SELECT * FROM scores WHERE {} ORDER BY created_at"
_OF_RUN = "trace_id IN (SELECT trace_id FROM item_runs WHERE experiment_id = '{}')"


@dataclass(frozen=True)
class _Question:
    """What is asked of a store, and the SQL that asks for the same."""

    what: str
    ask: Callable[[], Any]
    sql: str
    limit: float = 3.0


def figures(*, quick: bool) -> list[Figure]:
    """Seconds to open, list, filter and compare, and bytes an item run."""
    items, real = (200, 50) if quick else (100_000, 10_000)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "million.db"
        history.fill(place, runs=_RUNS, items=items, names=_SCORES)
        size = place.stat().st_size / (_RUNS * items)
        found = in_fresh_process("million", "measure", place=str(place))
    sizes = in_fresh_process("million", "measure_size", items=real)
    floor = Floor("sqlite3 loop, one score", sizes["sqlite"])
    many = f"{_RUNS * items:,} item runs"
    return [
        *(_timed(many, what, figure) for what, figure in found.items()),
        Figure("million", f"{many}: bytes each in the file", size, Target("<", 1_200), floor),
        Figure(
            "million",
            f"{real:,} item runs, really run: bytes each",
            sizes["product"],
            Target("<", 1_200),
            floor,
        ),
    ]


def _timed(many: str, what: str, found: dict[str, float]) -> Figure:
    floor = Floor("sqlite3", found["floor"])
    return Figure("million", f"{many}, {what}: s", found["s"], Target("<", found["limit"]), floor)


def measure(*, place: str) -> dict[str, Any]:
    """By question, the seconds to an answer, those of plain SQL, and the limit."""
    import xeroml_nb as xn

    _warm_up()
    opening = _Question("opened", lambda: xn.get_client(place).close(), _OPEN, 0.2)
    found = {opening.what: _answered(opening, place)}
    with closing(xn.get_client(place)) as client:
        return found | {one.what: _answered(one, place) for one in _questions(client)}


def _answered(question: _Question, place: str) -> dict[str, float]:
    def plain() -> None:
        with closing(sqlite3.connect(place)) as connection:
            connection.execute(question.sql).fetchall()

    taken = by_turns(_ROUNDS, product=lambda: cost(question.ask), floor=lambda: cost(plain))
    return {"s": taken["product"], "floor": taken["floor"], "limit": question.limit}


def _questions(client: Client) -> list[_Question]:
    third = client.get_experiment("run #3").record
    began, run = third.created_at, {"experiment": third.label}
    second = {"since": began, "until": began + timedelta(seconds=1)}
    within = "{} BETWEEN {} AND {}".format(
        "{}", *(int(moment.timestamp() * 1e6) for moment in second.values())
    )
    of_run = _OF_RUN.format(third.id)

    def traces(what: str, condition: str, **wanted: Any) -> _Question:
        sql = _TRACES.format(condition)
        return _Question(f"traces {what}", lambda: client.get_traces(**wanted), sql)

    def scores(what: str, condition: str, **wanted: Any) -> _Question:
        sql = _GIVEN.format(condition)
        return _Question(f"scores {what}", lambda: client.get_scores(**wanted), sql)

    return [
        _Question("experiments listed", client.experiments, _LIST),
        traces("without a filter", "1"),
        traces("by a frequent score", _SCORED.format("exact", "= 1"), score="exact == true"),
        traces("by an old score", _SCORED.format("exact", "= 0"), score="exact == false"),
        traces("by a rare score", _SCORED.format("f1", "< 1e-4"), score="f1 < 0.0001"),
        traces("of a second", within.format("start"), **second),
        traces("since a moment", f"start >= {int(began.timestamp() * 1e6)}", since=began),
        traces("by name", "name = 'run #3'", name="run #3"),
        traces("by tag", "tags LIKE '%\"odd\"%'", tags="odd"),
        traces("of a run", of_run, **run),
        scores("of a second", within.format("created_at"), **second),
        scores("of a run", of_run, **run),
        scores("of a run by name", f"name = 'f1' AND {of_run}", name="f1", **run),
        _Question("two runs compared", lambda: _compared(client), _both(client)),
    ]


def _compared(client: Client) -> None:
    assert client.compare("run #1", "run #2").sentences()


def _both(client: Client) -> str:
    """The SQL for all that is compared of two runs."""
    first, second = (client.get_experiment(f"run #{number}").id for number in (1, 2))
    return f"""
        SELECT r.*, s.name, s.number FROM item_runs r JOIN scores s ON s.trace_id = r.trace_id
        WHERE r.experiment_id IN ('{first}', '{second}')"""


def measure_size(*, items: int) -> dict[str, float]:
    """Bytes an item run takes where it was really run, and where a loop wrote it."""
    rows = [overhead.question(n) for n in range(items)]
    with fresh_client() as (client, path):
        client.create_dataset(name="questions", items=rows)
        client.close()
        before = path.stat().st_size
        _really_run(path)
        product = path.stat().st_size - before
    with floors.sqlite_store() as connection:
        floors.sqlite_loop(connection, rows, overhead.answer, overhead.exact)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        sqlite = pages * connection.execute("PRAGMA page_size").fetchone()[0]
    return {"product": product / items, "sqlite": sqlite / items}


def _really_run(path: Path) -> None:
    import xeroml_nb as xn

    with closing(xn.get_client(path)) as client:
        client.start(overhead.answer, "questions", evaluators=[overhead.exact, f1]).wait()


def f1(output: str, expected_output: str) -> float:
    """The other evaluator: the share of characters that are as they should be."""
    return sum(map(str.__eq__, output, expected_output)) / len(expected_output)


def _warm_up() -> None:
    """Import and do once, on a small store, what is measured."""
    import xeroml_nb as xn

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "warm.db"
        history.fill(place, runs=3, items=30, names=_SCORES)
        with closing(xn.get_client(place)) as client:
            for question in _questions(client):
                question.ask()
