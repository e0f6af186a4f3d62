"""Start a run: take up the one that is unfinished, or make a new one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xeroml_nb.experiments import claims
from xeroml_nb.experiments.experiment import Experiment
from xeroml_nb.experiments.live_run import LiveRun, Recipe
from xeroml_nb.records import clock
from xeroml_nb.records.experiment import ExperimentRecord, ExperimentStatus
from xeroml_nb.records.ids import random_id
from xeroml_nb.store import experiments as stored
from xeroml_nb.store import reports

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from sqlalchemy.engine import Connection

    from xeroml_nb.experiments.pilot import Pilot
    from xeroml_nb.store.store import Store
    from xeroml_nb.tracing.recorder import Recorder


@dataclass(frozen=True)
class Wanted:
    """What is asked for: a name and a recipe."""

    name: str
    recipe: Recipe
    resume: bool
    metadata: dict[str, Any] = field(default_factory=dict)


def launch(
    store: Store,
    recorder: Recorder,
    wanted: Wanted,
    live: MutableMapping[str, Experiment],
    pilot: Pilot | None = None,
) -> Experiment:
    """Begin or take up a run.

    Args:
        store: Where everything goes.
        recorder: Holds the traces of item runs.
        wanted: What is asked for.
        live: The runs this process carries out, by id: one of them is not begun
            twice, and the new one is added.
        pilot: Only its items; the run then counts as stopped.
    """
    new = _new_record(wanted)  # reads and hashes the items before the store is locked
    record, fresh = store.write(lambda c: _find_or_create(c, wanted, new, live))
    if record.id in live and live[record.id].is_running:
        return live[record.id]
    run = LiveRun(store, recorder, wanted.recipe, record, fresh=fresh)
    experiment = Experiment(store, recorder, record, evaluators=wanted.recipe.evaluators, live=run)
    run.prepare(pilot=pilot)
    # Known before it begins: its own task may ask for it.
    live[record.id] = experiment
    run.begin()
    return experiment


def _find_or_create(
    connection: Connection,
    wanted: Wanted,
    new: ExperimentRecord,
    live: Mapping[str, Experiment],
) -> tuple[ExperimentRecord, bool]:
    """The record to run, claimed for this process; and whether it is new."""
    record = stored.by_name(connection, wanted.name) if wanted.resume else None
    free = record is not None and (record.id in live or not claims.is_held(record))
    if record is not None and free and _fits(record, wanted):
        claims.take(connection, record.id)
        return record, False
    created = stored.create(connection, new)
    reports.from_blueprints(connection, wanted.recipe.task.name, created.id, created.created_at)
    claims.take(connection, created.id)
    return created, True


def _fits(record: ExperimentRecord, wanted: Wanted) -> bool:
    """An unfinished run of the same task over the same items, as often."""
    recipe = wanted.recipe
    return (
        record.status in (ExperimentStatus.RUNNING, ExperimentStatus.STOPPED)
        and record.task is not None
        and record.task.fingerprint == recipe.task.record.fingerprint
        and record.content_hash == recipe.dataset.content_hash
        and record.repetitions == recipe.options.repetitions
    )


def _new_record(wanted: Wanted) -> ExperimentRecord:
    recipe, dataset = wanted.recipe, wanted.recipe.dataset
    return ExperimentRecord(
        id=random_id(),
        name=wanted.name,
        number=0,
        status=ExperimentStatus.RUNNING,
        created_at=clock.now(),
        dataset_id=dataset.id,
        dataset_version=dataset.version,
        content_hash=dataset.content_hash,
        task=recipe.task.record,
        item_ids=tuple(i.id for i in dataset.items) if dataset.is_selection else None,
        planned=len(dataset) * recipe.options.repetitions,
        repetitions=recipe.options.repetitions,
        evaluators=tuple(e.name for e in recipe.evaluators),
        metadata=wanted.metadata,
    )
