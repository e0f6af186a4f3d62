"""Bring in the experiments that others carried out."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.claims import is_held
from xeroml_nb.records.json_text import canonical_json, from_json
from xeroml_nb.store import deliveries, received
from xeroml_nb.store import experiments as stored
from xeroml_nb.sync.pull.item_runs import bring_item_runs
from xeroml_nb.sync.pull.linking import ran_over
from xeroml_nb.sync.pull.pulled import Conflict, News
from xeroml_nb.sync.pull.reading import need, need_moment, shown_by
from xeroml_nb.sync.pull.standing import as_sent, note_delivered
from xeroml_nb.sync.wire.experiments import from_wire

if TYPE_CHECKING:
    import sqlalchemy as sa

    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.store.deliveries import Delivery
    from xeroml_nb.sync.parcels.base import Link
    from xeroml_nb.sync.pull.datasets import Datasets
    from xeroml_nb.sync.pull.pulled import Gathered

KIND = "experiment"


def read_experiment(link: Link, row: Any) -> ExperimentRecord:
    """An experiment as a server shows it.

    Raises:
        ServerFault: If it cannot be read.
    """
    with shown_by(link.connection.host, KIND, row):
        body = need(row, KIND, "id", "name", "status")
        need_moment(body, "createdAt")
        return from_wire(body)


def bring_experiment(
    link: Link,
    datasets: Datasets,
    shown: ExperimentRecord,
    gathered: Gathered,
    *,
    thorough: bool = True,
) -> ExperimentRecord:
    """Bring in an experiment: its record, the version of its dataset, its item runs.

    Args:
        link: The way to the server.
        datasets: Those of the server.
        shown: The experiment as the server shows it.
        gathered: What the pull brought so far.
        thorough: Item runs are fetched also where the experiment is here as it is there, with as
            many item runs.

    Returns:
        The experiment as it is here.

    Raises:
        ServerError: If the server cannot be asked, or what it shows cannot be read.
    """
    its_id = _own_id(link, shown.id)
    with link.store.reading() as connection:
        before = stored.by_id(connection, its_id)
    there = _linked(link, datasets, replace(shown, id=its_id), before, gathered)
    news, here = link.store.write(partial(_merge, remote_id=link.remote_id, there=there))
    _tell(news, shown, here, gathered)
    if thorough or news is not News.UNCHANGED or not _has_all_runs(link, shown, here):
        bring_item_runs(link, shown.id, here, gathered)
    if news in (News.NEW, News.CHANGED) or _is_met(link, there, here):
        note = partial(note_delivered, remote_id=link.remote_id, kind=KIND, keys=[here.id])
        link.store.write(note)
    return here


def _is_met(link: Link, there: ExperimentRecord, here: ExperimentRecord) -> bool:
    """Tell whether the same experiment is here and there, though neither was sent nor pulled."""
    return not link.delivered(KIND, [here.id]) and _said(here) == _said(there)


def _own_id(link: Link, id_there: str) -> str:
    """What an experiment of the server is called here."""
    with link.store.reading() as connection:
        return deliveries.renamed(connection, link.remote_id, KIND).get(id_there, id_there)


def _linked(
    link: Link,
    datasets: Datasets,
    there: ExperimentRecord,
    here: ExperimentRecord | None,
    gathered: Gathered,
) -> ExperimentRecord:
    """An experiment over the dataset and version that are here."""
    if there.dataset_name is None:
        return replace(there, dataset_version=None)
    if here is not None and here.content_hash == there.content_hash:
        return replace(there, dataset_id=here.dataset_id, dataset_version=here.dataset_version)
    dataset = ran_over(link, datasets, there)
    if dataset is None:
        gathered.say(
            f"{_called(there)} ran over a version of dataset {there.dataset_name!r} that the "
            "server does not have: its items are kept with the item runs"
        )
        return replace(there, dataset_version=None)
    return replace(there, dataset_id=dataset.id, dataset_version=dataset.version)


def _merge(
    connection: sa.Connection, remote_id: str, there: ExperimentRecord
) -> tuple[News, ExperimentRecord]:
    """Store an experiment if it is new or changed on the server; gives what is here then."""
    here = stored.by_id(connection, there.id)
    known = deliveries.by_key(connection, remote_id, KIND, [there.id]).get(there.id)
    sent = as_sent(connection, remote_id, KIND, [there.id])
    news = _news(there, here, known, is_sent=bool(sent))
    if here is None or news is News.CHANGED:
        return news, received.put_experiment(connection, there)
    return news, here


def _news(
    there: ExperimentRecord,
    here: ExperimentRecord | None,
    known: Delivery | None,
    *,
    is_sent: bool,
) -> News:
    if here is None:
        return News.NEW
    # What this or another process carries out at this moment is further than the server knows.
    if is_held(here) or _said(here) == _said(there):
        return News.UNCHANGED
    if is_sent:
        return News.CHANGED
    return News.UNCHANGED if _said(there) == _base(known) else News.CONFLICT


def _said(record: ExperimentRecord) -> str:
    """What may change of an experiment."""
    parts = (
        record.status,
        record.finished_at and record.finished_at.isoformat(),
        record.stop_reason,
        record.content_hash,
        record.planned,
        record.repetitions,
        record.evaluators,
        record.environment,
        record.metadata,
        record.task and (record.task.name, record.task.source, record.task.fingerprint),
        record.item_ids,
    )
    return canonical_json(parts)


def _base(known: Delivery | None) -> str | None:
    """What the experiment said as it was sent or brought in last."""
    if known is None or known.payload is None:
        return None
    try:
        return _said(from_wire(from_json(known.payload)))
    except BadInput:
        return None


def _tell(news: News, there: ExperimentRecord, here: ExperimentRecord, gathered: Gathered) -> None:
    if news is News.CONFLICT:
        title = f"experiment {here.label}"
        gathered.conflict(Conflict(KIND, here.id, title, here.status, there.status))
    else:
        gathered.add(KIND, news)
    if news is News.NEW and there.number and here.label != there.label:
        gathered.say(f"{there.label} of the server is {here.label} here: the number was taken")


def _called(there: ExperimentRecord) -> str:
    """What an experiment is called on the server, which may give no numbers."""
    return there.label if there.number else there.name


def _has_all_runs(link: Link, there: ExperimentRecord, here: ExperimentRecord) -> bool:
    """Tell whether as many item runs are here as on the server, which may not say it."""
    query = {"experimentId": there.id, "page": 1, "limit": 1}
    answer = link.connection.get("experiment items", query=query)
    meta = answer.get("meta") if isinstance(answer, dict) else None
    with link.store.reading() as connection:
        return isinstance(meta, dict) and meta.get("totalItems") == len(
            stored.statuses(connection, here.id)
        )
