"""A report: an experiment's rows as named columns, and how they become one score."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

USUAL_COLUMNS = "*"


class ColumnType(StrEnum):
    """What fills a column of a report."""

    USUAL = "USUAL"
    SOURCE = "SOURCE"
    VALUES = "VALUES"


@dataclass(frozen=True, slots=True)
class CardRecord:
    """A score card as it is stored.

    Args:
        column_names: The columns that count where there is no code.
        code: The body of a function of `data` that makes the score; None for the usual score.
        code_language: PYTHON or JAVASCRIPT.
        name: What the score is called.
        timeout: Seconds the code may run.
        memory_mb: Megabytes it may use.
    """

    column_names: Sequence[str] = ()
    code: str | None = None
    code_language: str = "PYTHON"
    _: KW_ONLY
    name: str = "score card"
    timeout: float = 10.0
    memory_mb: int = 256


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """One column of a report.

    Args:
        name: Unique in the report; `*` for the usual columns.
        column_type: USUAL, SOURCE or VALUES.
        configuration: `{"source": text}` of a SOURCE; `{"values": [[item, repetition, value]]}`
            of VALUES; empty otherwise.
        id: Counts from 1; None until it is stored.
    """

    name: str
    column_type: ColumnType
    configuration: dict[str, Any] = field(default_factory=dict, repr=False)
    id: int | None = None


@dataclass(frozen=True, slots=True)
class ReportResult:
    """What a report's score card came to last.

    Args:
        score: 0..100, of the last time that it did not fail; None where it always did.
        score_matrix: The breakdown that came with that score.
        printed: What the code printed the last time.
        error: Why it failed the last time; None if it did not.
        error_line: Of the user's code, counted from 1.
        content_hash: Of the card and the cells it was calculated from; empty where the same is to
            be tried again.
        calculated_at: When.
    """

    score: float | None
    score_matrix: list[Any] | None
    printed: str
    error: str | None
    error_line: int | None
    content_hash: str
    calculated_at: datetime


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """A report as it is stored.

    Args:
        id: Counts from 1.
        name: For people.
        experiment_id: What it reports on; None for a blueprint.
        is_blueprint: A plan for reports to come, which has no rows.
        columns: What it shows.
        card: How its score is made; None where nobody has said so.
        result: What the card came to last.
        parent_id: The blueprint it was made from.
        task_name: The task whose later experiments a blueprint is for.
        comment: For people.
        created_at: When it was made.
        updated_at: When its columns or its card last changed.
    """

    id: int
    name: str
    experiment_id: str | None
    is_blueprint: bool
    columns: tuple[ReportColumn, ...]
    card: CardRecord | None
    result: ReportResult | None
    parent_id: int | None
    task_name: str | None
    comment: str | None
    created_at: datetime
    updated_at: datetime
