"""Drives the floor: the loop over `sqlite3` that the other benchmarks use too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from protocol import Driver, Run, main

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable


class SqliteLoop(Driver):
    """A database for each run, an item at a time; threads only for tasks that wait."""

    def load(self) -> None:
        """The standard library."""
        from tests.benchmarks import floors

        self.floors = floors

    def prepare(self, run: Run) -> Callable[[], Any]:
        """Make the tables."""
        connection = self._open(run.name)
        if run.at_once in (None, 1):
            return lambda: self._loop(connection, run, run.rows, run.task)
        return lambda: self._loop_over_threads(connection, run)

    def right(self, result: Any) -> float:
        """From the table."""
        sql = "SELECT avg(value) FROM scores WHERE name = 'exact'"
        return result.execute(sql).fetchone()[0]

    def kept(self, name: str) -> tuple[int, int]:
        """Rows of two tables."""
        with self._open(name) as connection:
            outputs, scores = (
                connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                for table in ("item_runs", "scores")
            )
        return outputs, scores

    def resume(self, run: Run) -> bool:
        """The same loop over what is not in the table."""
        connection = self._open(run.name)
        known = {row[0] for row in connection.execute("SELECT item_id FROM item_runs")}
        missing = [row for row in run.rows if row["id"] not in known]
        self._loop(connection, run, missing, run.task)
        return True

    def frame(self, names: list[str]) -> Any:
        """Two `read_sql` and a pivot a run."""
        import pandas as pd

        return pd.concat([self._frame(name) for name in names], ignore_index=True)

    def _frame(self, name: str) -> Any:
        import pandas as pd

        connection = self._open(name)
        runs = pd.read_sql("SELECT * FROM item_runs", connection)
        scores = pd.read_sql("SELECT * FROM scores", connection)
        wide = scores.pivot_table(index="trace_id", columns="name", values="value")
        return runs.merge(wide, left_on="trace_id", right_index=True, how="left")

    def _open(self, name: str) -> sqlite3.Connection:
        return self.floors.open_store(self.folder / f"{name}.db")

    def _loop_over_threads(self, connection: sqlite3.Connection, run: Run) -> sqlite3.Connection:
        with ThreadPoolExecutor(run.at_once) as pool:
            outputs = pool.map(run.task, [row["input"] for row in run.rows])
            return self._loop(connection, run, run.rows, lambda _: next(outputs))

    def _loop(
        self, connection: sqlite3.Connection, run: Run, rows: list[Any], task: Any
    ) -> sqlite3.Connection:
        exact, *others = run.scorers
        self.floors.sqlite_loop(connection, rows, task, exact)
        for scorer in others:
            connection.create_function("scored", 1, lambda output, s=scorer: float(s(output, None)))
            sql = "INSERT INTO scores SELECT trace_id, ?, scored(output) FROM item_runs"
            connection.execute(sql, (scorer.__name__,))
        return connection


if __name__ == "__main__":
    main(SqliteLoop)
