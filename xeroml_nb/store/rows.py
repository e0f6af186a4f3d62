"""The rows that a run produces, gathered so that many of them go in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Iterable

    import sqlalchemy as sa

    from xeroml_nb.records.evaluation import Evaluation, Rescored
    from xeroml_nb.records.experiment import ItemRun
    from xeroml_nb.records.observation import Observation
    from xeroml_nb.records.score import ScoreRecord
    from xeroml_nb.store.judge_answers import JudgeAnswer


@dataclass(slots=True)
class Rows:
    """Records that are stored together or not at all.

    Args:
        item_runs: Written first.
        observations: Spans of their traces, or of any other.
        scores: On those traces, or on anything.
        evaluations: What evaluators scored, and in which state.
        rescored: Item runs that are stored already, and were scored again.
        judge_answers: What judges said, to be asked no more.
    """

    item_runs: list[ItemRun] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    scores: list[ScoreRecord] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    rescored: list[Rescored] = field(default_factory=list)
    judge_answers: list[JudgeAnswer] = field(default_factory=list)

    @property
    def ended(self) -> list[ItemRun]:
        """The item runs that something was done to."""
        return self.item_runs + [one.run_after for one in self.rescored]

    def extend(self, other: Rows) -> None:
        """Take in the records of another."""
        self.item_runs += other.item_runs
        self.observations += other.observations
        self.scores += other.scores
        self.evaluations += other.evaluations
        self.rescored += other.rescored
        self.judge_answers += other.judge_answers


@cache
def upsert(
    dialect: str,
    table: sa.Table,
    key: tuple[str, ...],
    changed: tuple[str, ...] = (),
    unless_status: str | None = None,
) -> Any:
    """An insert that, where the key exists, changes the columns named or does nothing.

    Args:
        dialect: Of the connection it is for.
        table: Where to.
        key: The columns that make a row unique.
        changed: The columns that a new row changes; `attempts` are added up.
        unless_status: A stored row with this status stays as it is.
    """
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    if not changed:
        return insert.on_conflict_do_nothing(index_elements=key)
    new: dict[str, Any] = {column: insert.excluded[column] for column in changed}
    if "attempts" in new:
        new["attempts"] = table.c.attempts + insert.excluded.attempts
    where = None if unless_status is None else table.c.status != unless_status
    return insert.on_conflict_do_update(index_elements=key, set_=new, where=where)


def chunks(values: Iterable[Any], size: int = 500) -> list[list[Any]]:
    """Cut values into lists that fit a database's limit on parameters."""
    every = list(values)
    return [every[i : i + size] for i in range(0, len(every), size)]
