"""What a score card came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from xeroml_nb.provided import provided


@dataclass(frozen=True, slots=True)
class ColumnScore:
    """What one column counts for in the usual score.

    Args:
        name: The column.
        score: 0..100: the share of True in percent, or the mean of the numbers.
        kind: "boolean" or "number".
        counted: Rows with a value.
        skipped: Rows without one.
    """

    name: str
    score: float
    kind: str
    counted: int
    skipped: int


@dataclass(frozen=True, slots=True)
class CardResult:
    """What a score card came to.

    Args:
        score: 0..100.
        score_matrix: The breakdown that the code gave: a list of tables, each a list of rows, each
            a list of cells; a cell is a plain value or `{"value": ..., "positive_metric": bool}`.
        printed: What the code printed, at most 20,000 characters.
        columns: What each column counted for; empty where code made the score.
    """

    score: float
    score_matrix: list[Any] | None = field(default=None, repr=False)
    printed: str = field(default="", repr=False)
    columns: tuple[ColumnScore, ...] = ()

    def _repr_html_(self) -> str:
        html: str = provided("show card result")(self)
        return html
