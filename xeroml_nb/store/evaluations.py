"""Which state of an evaluator item runs and experiments were scored with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from xeroml_nb.records.evaluation import EVERY_ITEM, WHOLE_EXPERIMENT, Evaluation
from xeroml_nb.records.score import ScoreSource
from xeroml_nb.store import scores
from xeroml_nb.store.rows import chunks, upsert
from xeroml_nb.store.schema import evaluations as table
from xeroml_nb.store.schema import experiments, item_runs
from xeroml_nb.store.schema import scores as scores_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from xeroml_nb.records.evaluation import Rescored
    from xeroml_nb.records.score import ScoreRecord

_KEY = ("experiment_id", "evaluator", "item_id", "repetition")
_COLUMNS = (*_KEY, "fingerprint", "error")


@dataclass(frozen=True, slots=True)
class Given:
    """A score that a trace has.

    Args:
        score_id: Its id.
        author: The evaluator; None where a person gave it.
        updated_at: When it was last changed.
    """

    score_id: str
    author: str | None
    updated_at: datetime


def put(connection: Connection, evaluations: Sequence[Evaluation]) -> None:
    """Note evaluations; a later one of the same replaces the earlier."""
    if evaluations:
        statement = upsert(connection.dialect.name, table, _KEY, ("fingerprint", "error"))
        rows = [{name: getattr(one, name) for name in _COLUMNS} for one in evaluations]
        connection.execute(statement, rows)


def find(connection: Connection, experiment_id: str) -> list[Evaluation]:
    """Everything noted of an experiment's evaluators."""
    query = sa.select(*(table.c[name] for name in _COLUMNS))
    rows = connection.execute(query.where(table.c.experiment_id == experiment_id)).mappings()
    return [Evaluation(**row) for row in rows]


def of_whole(connection: Connection, experiment_id: str) -> list[Evaluation]:
    """What is noted of those that score the experiment as a whole."""
    query = sa.select(*(table.c[name] for name in _COLUMNS)).where(
        table.c.experiment_id == experiment_id, table.c.repetition == WHOLE_EXPERIMENT
    )
    return [Evaluation(**row) for row in connection.execute(query).mappings()]


def expect(connection: Connection, experiment_id: str, evaluators: Iterable[str]) -> None:
    """Note that evaluators are to score the experiment as a whole, where that is not noted."""
    known = {one.evaluator for one in of_whole(connection, experiment_id)}
    new = [name for name in evaluators if name not in known]
    put(connection, [Evaluation(experiment_id, n, "", "", WHOLE_EXPERIMENT) for n in new])


def begin(
    connection: Connection, experiment_id: str, states: dict[str, str], *, has_runs: bool
) -> None:
    """Note what a run scores every item run with from here on.

    Where a part of it was scored with other evaluators, or other states of them, nothing can be
    said of all of it any more.

    Args:
        connection: To write with.
        experiment_id: The experiment.
        states: Evaluators of item runs, with their fingerprints.
        has_runs: Some of it is stored already.
    """
    mine = table.c.experiment_id == experiment_id, table.c.repetition == EVERY_ITEM
    if not has_runs:
        connection.execute(sa.delete(table).where(*mine))
        put(connection, [Evaluation(experiment_id, name, state) for name, state in states.items()])
        return
    for name, state in connection.execute(
        sa.select(table.c.evaluator, table.c.fingerprint).where(*mine)
    ).all():
        if states.get(name) != state:
            connection.execute(sa.delete(table).where(*mine, table.c.evaluator == name))


def forget(connection: Connection, experiment_id: str, keys: Iterable[tuple[str, int]]) -> None:
    """Forget what is noted of single item runs, which are going to be replaced."""
    statement = sa.delete(table).where(
        table.c.experiment_id == experiment_id,
        table.c.item_id == sa.bindparam("item"),
        table.c.repetition == sa.bindparam("number"),
    )
    if parameters := [{"item": item, "number": number} for item, number in keys]:
        connection.execute(statement, parameters)


def delete_of(connection: Connection, experiment_id: str) -> None:
    """Forget everything that is noted of an experiment's evaluators."""
    connection.execute(sa.delete(table).where(table.c.experiment_id == experiment_id))


def add_evaluators(connection: Connection, experiment_id: str, names: Iterable[str]) -> None:
    """Add to the evaluators that an experiment lists."""
    mine = experiments.c.id == experiment_id
    listed = connection.execute(sa.select(experiments.c.evaluators).where(mine)).scalar_one()
    every = list(dict.fromkeys([*listed, *names]))
    if every != listed:
        connection.execute(sa.update(experiments).where(mine).values(evaluators=every))


def put_rescored(connection: Connection, rescored: Sequence[Rescored]) -> None:
    """Note that item runs were scored again; their new scores are stored by themselves."""
    for part in chunks(score for one in rescored for score in one.retracted):
        scores.retract(connection, part)
    for one in rescored:
        if one.errors or one.run.evaluator_errors:
            _put_errors(connection, one)
    put(
        connection,
        [
            Evaluation(one.run.experiment_id, name, state, *one.run.key)
            for one in rescored
            for name, state in one.fingerprints.items()
        ],
    )


def _put_errors(connection: Connection, one: Rescored) -> None:
    """Replace the errors of the evaluators that were asked; those of others stay."""
    run = one.run
    mine = (
        item_runs.c.experiment_id == run.experiment_id,
        item_runs.c.item_id == run.item_id,
        item_runs.c.repetition == run.repetition,
    )
    query = sa.select(item_runs.c.evaluator_errors).where(*mine)
    before = connection.execute(query).scalar_one_or_none() or {}
    after = one.errors_of(before) or None
    connection.execute(sa.update(item_runs).where(*mine).values(evaluator_errors=after))


def own_scores(connection: Connection, experiment_id: str) -> list[ScoreRecord]:
    """The scores on an experiment as a whole, oldest first."""
    return scores.find(connection, experiment_id=experiment_id)


def given_before(connection: Connection, experiment_id: str) -> dict[str, list[Given]]:
    """What the traces of an experiment's item runs were given, by trace."""
    columns = ("trace_id", "id", "author", "source", "updated_at")
    query = (
        sa.select(*(scores_table.c[name] for name in columns))
        .join(item_runs, item_runs.c.trace_id == scores_table.c.trace_id)
        .where(item_runs.c.experiment_id == experiment_id)
        .where(scores_table.c.observation_id.is_(None))
    )
    found: dict[str, list[Given]] = {}
    for trace_id, score_id, author, source, updated_at in connection.execute(query):
        by_people = source == ScoreSource.HUMAN.value
        one = Given(score_id, None if by_people else author, updated_at)
        found.setdefault(trace_id, []).append(one)
    return found
