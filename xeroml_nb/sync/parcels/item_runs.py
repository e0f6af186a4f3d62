"""Send the item runs of experiments, which link items and traces."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import Refused
from xeroml_nb.store import datasets, experiments, sendable
from xeroml_nb.sync.parcels.batches import MISSING, by_payload, cannot_remove, each, sent
from xeroml_nb.sync.parcels.experiments import id_there
from xeroml_nb.sync.parcels.items import Items, there
from xeroml_nb.sync.parcels.listing import rows_of, shown_as_sent
from xeroml_nb.sync.parcels.making import body_of, in_order, in_three, joined, made
from xeroml_nb.sync.wire import langfuse
from xeroml_nb.sync.wire.experiments import run_to_wire, to_wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import sqlalchemy as sa

    from xeroml_nb.records.dataset import DatasetItem
    from xeroml_nb.records.experiment import ExperimentRecord, ItemRun
    from xeroml_nb.store.deliveries import Delivery
    from xeroml_nb.sync.parcels.base import Link, Parcel, Scope
    from xeroml_nb.sync.transport.connection import Outcome

_AT_ONCE = 500
# What a server shows of an item run beside its item, which may have changed there since.
_COMPARED = ("itemId", "repetition", "status", "traceId", "output", "error")


class ItemRuns:
    """Item runs; they are removed with their experiment."""

    name = "item run"
    undoable = False

    def keys(self, connection: sa.Connection, scope: Scope) -> list[str]:
        """The item runs of the experiments meant."""
        return [joined(*key) for key in sendable.run_keys(connection, scope)]

    def gone(self, connection: sa.Connection, remote_id: str, scope: Scope) -> list[str]:  # noqa: ARG002
        """None: an item run is never taken back."""
        return []

    def load(self, connection: sa.Connection, keys: Sequence[str]) -> list[Parcel]:
        """What came of each, with its item as it was when it ran."""
        parcels = [
            made(
                self.name, joined(record.id, *run.key), _title(record, run), run_to_wire(run, item)
            )
            for record, found in of_experiments(connection, keys)
            for run, item in found
        ]
        return in_order(parcels, keys)

    def send(self, link: Link, parcels: Sequence[Parcel]) -> list[Outcome]:
        """Add item runs: many at once where the API can."""
        if not link.connection.offers("run items"):
            return [sent(parcel.key) for parcel in parcels]
        if link.connection.api.name == langfuse.NAME:
            return _link_each(link, parcels)
        return [
            outcome
            for experiment_id, own in _by_experiment(parcels).items()
            for part in by_payload(own, _AT_ONCE)
            for outcome in _post_together(link, id_there(link, experiment_id), part)
        ]

    def remove(self, link: Link, known: Sequence[Delivery]) -> list[Outcome]:  # noqa: ARG002
        """No API removes them alone."""
        return cannot_remove(known, "item runs without their experiment")

    def read_back(self, link: Link, parcels: Sequence[Parcel]) -> set[str]:
        """Those that are there as they were sent."""
        if link.connection.api.name == langfuse.NAME:
            return _linked(link, parcels)
        if not link.connection.offers("experiment items"):
            return {parcel.key for parcel in parcels}
        return {
            joined(experiment_id, *run_key)
            for experiment_id, own in _by_experiment(parcels).items()
            for run_key in shown_as_sent(
                link.connection,
                "experiment items",
                {in_three(parcel.key)[1:]: _compared(parcel) for parcel in own},
                by=lambda row: (row.get("itemId"), row.get("repetition")),
                query={"experimentId": id_there(link, experiment_id)},
            )
        }


def of_experiments(
    connection: sa.Connection, keys: Iterable[str]
) -> list[tuple[ExperimentRecord, list[tuple[ItemRun, DatasetItem | None]]]]:
    """The experiments that some keys of item runs name, each with those item runs and items."""
    grouped: dict[str, list[tuple[str, int]]] = {}
    for key in keys:
        experiment_id, item_id, repetition = in_three(key)
        grouped.setdefault(experiment_id, []).append((item_id, repetition))
    return [
        (record, _with_items(connection, record, run_keys))
        for experiment_id, run_keys in grouped.items()
        if (record := experiments.by_id(connection, experiment_id)) is not None
    ]


def _with_items(
    connection: sa.Connection, record: ExperimentRecord, run_keys: list[tuple[str, int]]
) -> list[tuple[ItemRun, DatasetItem | None]]:
    runs = experiments.item_runs_by_key(connection, record.id, run_keys)
    held: dict[str, DatasetItem] = {}
    if record.dataset_id is not None and record.dataset_version is not None:
        ids = {item_id for item_id, _ in run_keys}
        held = datasets.items_by_id(connection, record.dataset_id, record.dataset_version, ids)
    return [(run, run.local_item or held.get(run.item_id)) for run in runs.values()]


def _title(record: ExperimentRecord, run: ItemRun) -> str:
    again = f" (repetition {run.repetition})" if run.repetition else ""
    return f"item run {run.item_id}{again} of {record.label}"


def _by_experiment(parcels: Sequence[Parcel]) -> dict[str, list[Parcel]]:
    grouped: dict[str, list[Parcel]] = {}
    for parcel in parcels:
        grouped.setdefault(in_three(parcel.key)[0], []).append(parcel)
    return grouped


def _compared(parcel: Parcel) -> dict[str, Any]:
    return {name: part for name, part in body_of(parcel).items() if name in _COMPARED}


def _post_together(link: Link, experiment_id: str, parcels: Sequence[Parcel]) -> list[Outcome]:
    """Send item runs of one experiment; where one of them is refused, each by itself."""

    def post(bodies: list[dict[str, Any]]) -> None:
        link.connection.post("run items", {"items": bodies}, experiment_id=experiment_id)

    if len(parcels) > 1:
        try:
            post([body_of(parcel) for parcel in parcels])
        except Refused:
            pass
        else:
            return [sent(parcel.key) for parcel in parcels]

    def one(parcel: Parcel) -> Outcome:
        post([body_of(parcel)])
        return sent(parcel.key)

    return each(parcels, one)


def _link_each(link: Link, parcels: Sequence[Parcel]) -> list[Outcome]:
    """Link items and traces one by one, as Langfuse wants it."""
    with link.store.reading() as connection:
        keys = list(_by_experiment(parcels))
        found = (experiments.by_id(connection, key) for key in keys)
        records = {record.id: record for record in found if record is not None}

    def one(parcel: Parcel) -> Outcome:
        return _link(link, records[in_three(parcel.key)[0]], parcel)

    return each(parcels, one)


def _link(link: Link, record: ExperimentRecord, parcel: Parcel) -> Outcome:
    """Link an item and a trace; a server that links by the trace itself needs no more."""
    run, linked = body_of(parcel), link.connection.offers("run items")
    if run.get("local") or record.dataset_id is None or not linked:
        return sent(parcel.key)
    item_key = joined(record.dataset_id, run["itemId"])
    body = langfuse.run_item(to_wire(record), there(link, [item_key])[item_key], run)
    try:
        answer = link.connection.post("run items", body) or {}
    except Refused as error:
        if error.status not in MISSING or _is_about_item(link, error, item_key):
            raise
        link.connection.note_missing("run items")
        return sent(parcel.key)
    return sent(parcel.key, answer.get("datasetRunId"))


def _is_about_item(link: Link, error: Refused, item_key: str) -> bool:
    """Tell whether 404 means that the item is not there, not that the path is not."""
    is_known = item_key in link.delivered(Items.name, [item_key])
    return error.status == HTTPStatus.NOT_FOUND and not is_known


def _linked(link: Link, parcels: Sequence[Parcel]) -> set[str]:
    """Those whose trace a run on Langfuse lists; all where it links by the traces themselves."""
    if not link.connection.offers("run items"):
        return {parcel.key for parcel in parcels}
    with link.store.reading() as connection:
        keys = [parcel.key for parcel in parcels]
        records = [record for record, _ in of_experiments(connection, keys)]
    traces = {trace for record in records for trace in _listed_traces(link, record)}
    return {
        parcel.key
        for parcel in parcels
        if (run := body_of(parcel)).get("local") or run["traceId"] in traces
    }


def _listed_traces(link: Link, record: ExperimentRecord) -> list[str]:
    known = link.delivered("dataset", [record.dataset_id or ""])
    dataset = known.get(record.dataset_id or "")
    if dataset is None:
        return []
    run = langfuse.run_name(to_wire(record))
    query = {"datasetId": dataset.remote_key or dataset.key, "runName": run}
    return [str(row.get("traceId")) for row in rows_of(link.connection, "run items", query)]
