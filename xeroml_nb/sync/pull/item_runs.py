"""Bring in the item runs of an experiment."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.records.experiment import ItemStatus
from xeroml_nb.records.json_text import canonical_json, from_json, preview
from xeroml_nb.store import deliveries, received
from xeroml_nb.store import experiments as stored
from xeroml_nb.sync.parcels.making import joined
from xeroml_nb.sync.pull.pulled import Conflict, Gathered, News
from xeroml_nb.sync.pull.reading import need, need_moment, shown_by
from xeroml_nb.sync.pull.standing import as_sent, note_delivered
from xeroml_nb.sync.wire.experiments import item_of_run, run_from_wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from xeroml_nb.records.experiment import ExperimentRecord, ItemRun
    from xeroml_nb.store.deliveries import Delivery
    from xeroml_nb.sync.parcels.base import Link

KIND = "item run"


def bring_item_runs(
    link: Link, id_there: str, experiment: ExperimentRecord, gathered: Gathered
) -> None:
    """Bring in the item runs of an experiment page by page.

    A success that is here stays; a failure is replaced by what the server has.

    Args:
        link: The way to the server.
        id_there: The experiment's id on the server.
        experiment: As it is here.
        gathered: What the pull brought so far.

    Raises:
        ServerError: If the server cannot be asked, or a page cannot be read, of which nothing is
            stored then.
    """
    # Where no dataset here holds the items, each item run does.
    holds_item = experiment.dataset_id is None
    for rows in link.connection.pages("experiment items", query={"experimentId": id_there}):
        runs = [_read(link, experiment.id, row, holds_item=holds_item) for row in rows]
        gathered.extend(link.store.write(partial(_merge, remote_id=link.remote_id, runs=runs)))


def _read(link: Link, experiment_id: str, row: Any, *, holds_item: bool) -> ItemRun:
    with shown_by(link.connection.host, KIND, row):
        need_moment(need(row, KIND, "itemId", "traceId", "status"), "startedAt")
        run = run_from_wire(experiment_id, row)
        return replace(run, local_item=item_of_run(row)) if holds_item else run


def _merge(connection: sa.Connection, remote_id: str, runs: Sequence[ItemRun]) -> Gathered:
    """Store what is new or changed on the server, and note what it has."""
    keys = {run.key: joined(run.experiment_id, *run.key) for run in runs}
    before = stored.item_runs_by_key(connection, runs[0].experiment_id, keys)
    known = deliveries.by_key(connection, remote_id, KIND, keys.values())
    sent = as_sent(connection, remote_id, KIND, list(keys.values()))
    gathered = Gathered()
    taken: list[ItemRun] = []
    agreed: list[str] = []
    for run in runs:
        here, key = before.get(run.key), keys[run.key]
        news = _news(run, here, known.get(key), is_sent=key in sent)
        if here is not None and news is News.CONFLICT:
            gathered.conflict(Conflict(KIND, key, _title(run), _shown(here), _shown(run)))
            continue
        gathered.add(KIND, news)
        if here is None or news is not News.UNCHANGED:
            taken.append(run)
            agreed.append(key)
        elif key not in known and _came_out(run) == _came_out(here):
            agreed.append(key)
    received.put_item_runs(connection, taken)
    note_delivered(connection, remote_id, KIND, agreed)
    return gathered


def _news(there: ItemRun, here: ItemRun | None, known: Delivery | None, *, is_sent: bool) -> News:
    """What to do with an item run of the server; see `scores`."""
    if here is None:
        return News.NEW
    if _came_out(there) == _came_out(here):
        return News.UNCHANGED
    if here.status is not ItemStatus.OK and (is_sent or there.status is ItemStatus.OK):
        return News.CHANGED
    return News.UNCHANGED if _came_out(there) == _base(known) else News.CONFLICT


def _came_out(run: ItemRun) -> tuple[Any, ...]:
    return run.status, run.trace_id, canonical_json(run.output), run.error


def _base(known: Delivery | None) -> tuple[Any, ...] | None:
    """What came out as it was sent or brought in last."""
    if known is None or known.payload is None:
        return None
    try:
        return _came_out(run_from_wire("", from_json(known.payload)))
    except BadInput:
        return None


def _title(run: ItemRun) -> str:
    again = f" (repetition {run.repetition})" if run.repetition else ""
    return f"item run {run.item_id}{again}"


def _shown(run: ItemRun) -> str:
    return run.error or preview(run.output, 40)
