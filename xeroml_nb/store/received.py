"""Write experiments that somebody else carried out, and take them away again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xeroml_nb.records.experiment import ItemStatus
from xeroml_nb.store import evaluations, reports
from xeroml_nb.store import experiments as stored
from xeroml_nb.store import scores as stored_scores
from xeroml_nb.store.rows import chunks
from xeroml_nb.store.schema import experiments as table
from xeroml_nb.store.schema import item_runs as runs
from xeroml_nb.store.schema import scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from xeroml_nb.records.experiment import ExperimentRecord, ItemRun

# What an experiment is called, and when it was made, never changes.
_FIXED = ("id", "name", "number", "created_at")


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of item runs that were sent.

    Args:
        stored: How many stand in the store as they were sent.
        kept: How many do not, since the store has another success of the same item run.
    """

    stored: int
    kept: int


def put_experiment(connection: Connection, record: ExperimentRecord) -> ExperimentRecord:
    """Store an experiment, or bring the one of that id to what is said of it now.

    A new one gets the number it asks for if that is free, else the next of its name; and the
    reports that the blueprints of its task give it.
    """
    row = stored.to_row(record)
    is_new = stored.by_id(connection, record.id) is None
    if not is_new:
        changed = {name: value for name, value in row.items() if name not in _FIXED}
        connection.execute(sa.update(table).where(table.c.id == record.id), changed)
    elif record.number < 1 or stored.by_name(connection, record.name, record.number):
        stored.create(connection, record)
    else:
        connection.execute(sa.insert(table), row)
    if is_new and record.task is not None:
        reports.from_blueprints(connection, record.task.name, record.id, record.created_at)
    found = stored.by_id(connection, record.id)
    assert found is not None  # noqa: S101 - it was written a moment ago
    return found


def put_item_runs(connection: Connection, sent: Sequence[ItemRun]) -> Kept:
    """Store item runs of one experiment: a success is immutable, a failure is replaced.

    What is sent again changes nothing: attempts are those of the sender, not added up.
    """
    before: dict[tuple[str, int], ItemRun] = {}
    if sent:
        keys = [run.key for run in sent]
        before = stored.item_runs_by_key(connection, sent[0].experiment_id, keys)
    new: dict[tuple[str, int], ItemRun] = {}
    kept = 0
    for run in sent:
        old = before.get(run.key)
        if old is None or (old != run and old.status is not ItemStatus.OK):
            new[run.key] = before[run.key] = run
        elif old != run:
            kept += 1
    _delete_runs(connection, list(new.values()))
    stored.put_item_runs(connection, list(new.values()))
    return Kept(len(sent) - kept, kept)


def delete_experiment(connection: Connection, experiment_id: str) -> None:
    """Take an experiment and its item runs away, and the scores on it as a whole.

    Its traces and the scores on them stay.
    """
    query = sa.select(scores.c.id).where(scores.c.experiment_id == experiment_id)
    for ids in chunks(connection.execute(query).scalars()):
        stored_scores.retract(connection, ids)
    reports.delete_of(connection, experiment_id)
    evaluations.delete_of(connection, experiment_id)
    connection.execute(sa.delete(runs).where(runs.c.experiment_id == experiment_id))
    connection.execute(sa.delete(table).where(table.c.id == experiment_id))


def _delete_runs(connection: Connection, gone: Sequence[ItemRun]) -> None:
    """Make room for item runs, so that what is there is replaced and not added to."""
    if not gone:
        return
    key: dict[str, Any] = {
        "experiment_id": runs.c.experiment_id,
        "item_id": runs.c.item_id,
        "repetition": runs.c.repetition,
    }
    same = sa.and_(*(column == sa.bindparam(f"the_{name}") for name, column in key.items()))
    rows = [{f"the_{name}": getattr(run, name) for name in key} for run in gone]
    connection.execute(sa.delete(runs).where(same), rows)
