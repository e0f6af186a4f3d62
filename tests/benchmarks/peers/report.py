"""The comparison as figures, and as a table in Markdown for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.figures import Figure, Floor, Target, shown
from tests.benchmarks.peers.runners import AT_ONCE, PAUSE

if TYPE_CHECKING:
    from tests.benchmarks.peers.killing import Killed
    from tests.benchmarks.peers.rounds import Row

_FLOOR, _OWN = "sqlite3", "xeroml_nb"
# Column, what it is called among the figures, and what its values are multiplied by.
_FIGURES = {
    "overhead": ("overhead, ms an item", 1e3),
    "concurrency": (f"efficiency, {AT_ONCE} items of {PAUSE} s at once", 1),
    "read": ("read back into a DataFrame, ms a row", 1e3),
    "import": ("import, s", 1),
    "first": ("first item after it, s", 1),
}
_HEADS = (
    "runner",
    "its runs end up in",
    "overhead, ms an item",
    "× sqlite3 loop",
    f"efficiency, {AT_ONCE} at once",
    "read back, ms a row",
    "kept after kill -9: outputs, scores",
    "done, yet run again by a resume",
    "import and first item, s",
)


def figures(rows: list[Row]) -> list[Figure]:
    """One figure a value, beside that of the floor; first how many runners could be measured."""
    return [
        _measured(rows),
        *_beside_peers(rows),
        *(figure for row in rows for figure in [*_of_columns(row, rows[0]), *_of_kill(row)]),
    ]


def markdown(rows: list[Row]) -> str:
    """One row a runner, ready for the README, and what has to be said about it."""
    table = [_HEADS, ["---"] * len(_HEADS), *(_cells(row, rows[0]) for row in rows)]
    lines = ["| " + " | ".join(cells) + " |" for cells in table]
    return "\n".join([*lines, "", *_remarks(rows)])


def _measured(rows: list[Row]) -> Figure:
    failed = [row for row in rows if row.failed]
    names = ", ".join(row.runner.title for row in failed)
    what = "runners measured in full" + (f"; not {names}" if failed else "")
    return Figure("peers", what, len(rows) - len(failed), Target("=", len(rows)))


def _beside_peers(rows: list[Row]) -> list[Figure]:
    """Our overhead beside the least of the peers that keep anything."""
    keeping = [row for row in rows if row.killed is not None and row.killed.outputs is not None]
    values = {row.runner.name: row.value("overhead") for row in keeping}
    known = {name: value for name, value in values.items() if value is not None}
    own, least = known.pop(_OWN, None), min(known.keys() - {_FLOOR}, key=known.get, default=None)
    if own is None or least is None:
        return []
    what = f"overhead of xeroml_nb / that of {least}, the least of the peers that keep runs"
    return [Figure("peers", what, own / known[least], Target("<", 1))]


def _of_columns(row: Row, floor: Row) -> list[Figure]:
    found = []
    for column, (what, factor) in _FIGURES.items():
        value, plain = row.value(column), floor.value(column)
        if value is not None:
            is_beside = plain is not None and row is not floor
            beside = Floor(floor.runner.title, plain * factor) if is_beside else None
            title = f"{row.runner.title}: {what}"
            found.append(Figure("peers", title, value * factor, floor=beside))
    return found


def _of_kill(row: Row) -> list[Figure]:
    killed = row.killed
    if killed is None or killed.outputs is None or killed.scores is None:
        return []
    done = Floor("done before it", killed.done)
    kept = {"outputs": killed.outputs, "scores": killed.scores}
    return [
        Figure("peers", f"{row.runner.title}: {kind} kept after kill -9", count, floor=done)
        for kind, count in kept.items()
    ]


def _cells(row: Row, floor: Row) -> list[str]:
    runner = row.runner
    if "all" in row.failed:
        return [runner.title, row.failed["all"], *["–"] * (len(_HEADS) - 2)]
    return [
        runner.title,
        runner.keeps,
        _cell(row, "overhead"),
        _ratio(row.value("overhead"), floor.value("overhead")),
        _cell(row, "concurrency"),
        _cell(row, "read"),
        "failed" if "kill" in row.failed else _kept(row.killed),
        "–" if row.killed is None or row.killed.repeated is None else f"{row.killed.repeated:,}",
        _until_first(row),
    ]


def _cell(row: Row, column: str) -> str:
    if column in row.failed:
        return "failed"
    value = row.value(column)
    return "–" if value is None else shown(value * _FIGURES[column][1])


def _until_first(row: Row) -> str:
    """Both together: what a runner does not import at once, its first item waits for."""
    if row.failed.keys() & {"import", "first"}:
        return "failed"
    parts = row.value("import"), row.value("first")
    return "–" if None in parts else shown(sum(filter(None, parts)))


def _ratio(value: float | None, floor: float | None) -> str:
    return "–" if value is None or not floor else shown(value / floor)


def _kept(killed: Killed | None) -> str:
    if killed is None:
        return "–"
    if killed.outputs is None:
        return "nothing: memory only"
    return f"{killed.outputs:,}, {killed.scores:,} of {killed.done:,}"


def _remarks(rows: list[Row]) -> list[str]:
    usual = rows[0].sizes
    said = (
        f"{usual.overhead:,} items of a task that returns at once; {usual.concurrency:,} of {PAUSE}"
        f" s; {usual.runs} runs of {usual.history:,} items with three scores read back;"
        f" {usual.killed:,} items one after another, half of them done at the kill; medians of"
        f" {usual.rounds} rounds, the kill once."
    )
    remarks = [said, "Runs that end up in a stub server are the client's cost alone."]
    for row in rows:
        sizes, title = row.sizes, row.runner.title
        if sizes != usual:
            remarks.append(
                f"{title}: {sizes.overhead:,} items, {sizes.concurrency:,} of {PAUSE} s,"
                f" {sizes.runs} runs of {sizes.history:,}, {sizes.killed:,} for the kill."
            )
        remarks += [f"{title}, {what}: {why}." for what, why in row.failed.items() if what != "all"]
    return remarks
