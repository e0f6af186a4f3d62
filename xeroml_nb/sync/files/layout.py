"""Which columns and rows a file has.

Every file is one table. Its column `record` says what a row is; the first row, `head`, says what
the file is, and the last, `end`, how many rows stand between the two, so that no row gets lost
unnoticed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.sync.files.cells import Cell

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1
OURS = "xeroml_nb"
HEAD = "head"
END = "end"


@dataclass(frozen=True, slots=True)
class Record:
    """One kind of row.

    Args:
        section: Rows of one section stand together.
        needed: Columns that always have a value.
        further: Columns that may have one.
    """

    section: str
    needed: tuple[str, ...]
    further: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """What a kind of file looks like.

    Args:
        columns: By name, in order; one is `record`.
        records: The kinds of rows by name, in the order of their sections.
    """

    columns: Mapping[str, Cell]
    records: Mapping[str, Record]

    @property
    def sections(self) -> list[str]:
        """The sections in order."""
        return list(dict.fromkeys(record.section for record in self.records.values()))

    def check(self, record: str, cells: Mapping[str, Any]) -> None:
        """Refuse a row that is not as rows of its kind are.

        Raises:
            ValueError: If a value is missing, or stands where none belongs.
        """
        known = self.records.get(record)
        if known is None:
            raise ValueError(f"its record is {record!r}; use one of {', '.join(self.records)}")
        if missing := [name for name in known.needed if name not in cells]:
            raise ValueError(f"it is a row of {record!r} and has no {' and no '.join(missing)}")
        # Most rows have nothing wrong, which is found without looking for what.
        if not cells.keys() <= {*known.needed, *known.further}:
            odd = sorted(cells.keys() - {*known.needed, *known.further})
            raise ValueError(f"it is a row of {record!r}, in which {' and '.join(odd)} stay empty")


_DETAILS = {"details": Cell.JSON}
_SCORE = {
    "name": Cell.TEXT,
    "value": Cell.JSON,
    "data_type": Cell.TEXT,
    "comment": Cell.TEXT,
    "source": Cell.TEXT,
    "author": Cell.TEXT,
    "metadata": Cell.JSON,
    "score_id": Cell.TEXT,
    "observation_id": Cell.TEXT,
    "created_at": Cell.MOMENT,
    "updated_at": Cell.MOMENT,
}
_SCORE_NEEDED = (
    "name",
    "value",
    "data_type",
    "source",
    "score_id",
    "created_at",
    "updated_at",
)
_SCORE_FURTHER = ("comment", "author", "metadata", "observation_id", "trace_id")
_ITEM_FURTHER = ("expected_output", "item_metadata")

EXPERIMENT = Layout(
    columns={
        "record": Cell.TEXT,
        "item_id": Cell.TEXT,
        "repetition": Cell.INTEGER,
        "input": Cell.JSON,
        "expected_output": Cell.JSON,
        "output": Cell.JSON,
        "status": Cell.TEXT,
        "error": Cell.TEXT,
        "attempts": Cell.INTEGER,
        "latency_s": Cell.NUMBER,
        "trace_id": Cell.TEXT,
        **_SCORE,
        "item_metadata": Cell.JSON,
        "started_at": Cell.MOMENT,
        "local": Cell.TRUTH,
        "traceback": Cell.TEXT,
        "evaluator_errors": Cell.JSON,
        **_DETAILS,
    },
    records={
        HEAD: Record(HEAD, ("details",)),
        "dataset": Record("dataset", ("details",)),
        "item": Record("item", ("item_id", "input"), _ITEM_FURTHER),
        "experiment": Record("experiment", ("details",)),
        "run": Record(
            "run",
            ("item_id", "repetition", "status", "attempts", "trace_id", "started_at"),
            (
                "input",
                *_ITEM_FURTHER,
                "output",
                "error",
                "latency_s",
                "local",
                "traceback",
                "evaluator_errors",
            ),
        ),
        "score": Record("run", _SCORE_NEEDED, (*_SCORE_FURTHER, "item_id", "repetition")),
        END: Record(END, ("details",)),
    },
)

LABELS = Layout(
    columns={
        "record": Cell.TEXT,
        "annotator": Cell.TEXT,
        "item_id": Cell.TEXT,
        "repetition": Cell.INTEGER,
        "repeat": Cell.TRUTH,
        "action": Cell.TEXT,
        "dimension": Cell.TEXT,
        **_SCORE,
        "previous": Cell.JSON,
        "decided_at": Cell.MOMENT,
        "active_s": Cell.NUMBER,
        "trace_id": Cell.TEXT,
        "drawn": Cell.TEXT,
        "part": Cell.INTEGER,
        "position": Cell.INTEGER,
        "swapped": Cell.TRUTH,
        "blind": Cell.TRUTH,
        "carried_from": Cell.TEXT,
        "presented_at": Cell.MOMENT,
        "config_id": Cell.TEXT,
        "content_hash": Cell.TEXT,
        "session": Cell.TEXT,
        "sequence": Cell.INTEGER,
        "tool_version": Cell.TEXT,
        **_DETAILS,
    },
    records={
        HEAD: Record(HEAD, ("details",)),
        "queue": Record("queue", ("details",)),
        "question": Record("question", ("details",)),
        "trace": Record("trace", ("trace_id",)),
        "place": Record(
            "place", ("annotator", "part", "item_id", "repetition", "repeat"), ("drawn",)
        ),
        "event": Record(
            "event",
            (
                "annotator",
                "session",
                "sequence",
                "action",
                "item_id",
                "repetition",
                "repeat",
                "blind",
            ),
            (
                "trace_id",
                "content_hash",
                "dimension",
                "value",
                "previous",
                "config_id",
                "position",
                "swapped",
                "carried_from",
                "presented_at",
                "decided_at",
                "active_s",
                "tool_version",
            ),
        ),
        "score": Record("score", _SCORE_NEEDED, _SCORE_FURTHER),
        END: Record(END, ("details",)),
    },
)

LAYOUTS = {"experiment": EXPERIMENT, "labels": LABELS}
