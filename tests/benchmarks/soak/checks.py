"""What the stores of the kernel and of the server have, read by plain SQL."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from tests.benchmarks.soak.tasks import Fate

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.benchmarks.soak.ledger import Key

_STORED = """
SELECT e.name, r.item_id FROM item_runs r JOIN experiments e ON e.id = r.experiment_id
WHERE r.status IN ('ok', 'failed', 'timeout')
"""
_FATES = """
SELECT json_extract(i.input, '$.fate'), r.status, r.output IS i.expected_output, r.error, count(*)
FROM item_runs r JOIN experiments e ON e.id = r.experiment_id
JOIN dataset_items i ON i.dataset_id = e.dataset_id AND i.id = r.item_id
GROUP BY 1, 2, 3, 4
"""
_COUNTS = {
    "experiments": "SELECT count(*) FROM experiments",
    "item_runs": "SELECT count(*) FROM item_runs",
    # Of each item run: one trace and, where it has an output, two scores.
    "untraced": "SELECT count(*) FROM item_runs r WHERE 1 <> (SELECT count(*) FROM observations o"
    " WHERE o.trace_id = r.trace_id AND o.parent_id IS NULL)",
    "unscored": "SELECT count(*) FROM item_runs r WHERE 2 * (r.status = 'ok') <>"
    " (SELECT count(*) FROM scores s WHERE s.trace_id = r.trace_id)",
    "scores": "SELECT count(*) FROM scores",
    "traces": "SELECT count(DISTINCT trace_id) FROM observations",
}
_ON_SERVER = {
    "server_scores": "SELECT count(*) FROM server.scores",
    "server_doubled": "SELECT count(*) - count(DISTINCT trace_id || name) FROM server.scores",
    "server_traces": "SELECT count(DISTINCT trace_id) FROM server.observations",
    "server_missing": "SELECT count(*) FROM (SELECT trace_id, name, number FROM scores"
    " EXCEPT SELECT trace_id, name, number FROM server.scores)",
}


def stored(store: Path) -> Iterable[Key]:
    """The item runs that ended with an output or an error."""
    with closing(sqlite3.connect(store)) as connection:
        found = connection.execute(_STORED).fetchall()
    return [(int(name.removeprefix("batch ")), item) for name, item in found]


def counts(store: Path, server: Path) -> dict[str, int]:
    """How much there is on both sides, and how the item runs ended."""
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("ATTACH ? AS server", (str(server),))
        queries = _COUNTS | _ON_SERVER
        found = {name: connection.execute(sql).fetchone()[0] for name, sql in queries.items()}
        return found | _ended(connection)


def _ended(connection: sqlite3.Connection) -> dict[str, int]:
    """How many item runs ended in each way, and how many in another way than was fated."""
    ended = {fate.value: 0 for fate in Fate} | {"otherwise": 0}
    for fate, status, as_expected, error, number in connection.execute(_FATES):
        as_fated = _is_fated(fate, status, error, as_expected=bool(as_expected))
        ended[fate if as_fated else "otherwise"] += number
        if not as_fated:
            print(f"soak: {number} × {fate} ended as {status}: {error}", file=sys.stderr)
    return ended


def _is_fated(fate: str, status: str, error: str | None, *, as_expected: bool) -> bool:
    if fate == Fate.ANSWERED:
        return status == "ok" and as_expected
    if fate == Fate.RAISES:
        return status == "failed" and "was to fail" in (error or "")
    return status == "timeout" and bool(error)
