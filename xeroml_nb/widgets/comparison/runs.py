"""Which runs a comparison can be made of."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from xeroml_nb.records import clock
from xeroml_nb.records.json_text import clean_text, preview

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.client import Client
    from xeroml_nb.records.experiment import ExperimentRecord

_OFFERED = 60
_NAME = 60


def newest_pair(client: Client) -> list[ExperimentRecord]:
    """The two newest experiments over one dataset, the older one first; empty if there are none."""
    by_dataset: dict[str, list[ExperimentRecord]] = defaultdict(list)
    for record in client.experiments():
        if record.dataset_id is None:
            continue
        found = by_dataset[record.dataset_id]
        found.append(record)
        if len(found) > 1:
            return found[::-1]
    return []


def offered(client: Client, chosen: Sequence[ExperimentRecord]) -> list[ExperimentRecord]:
    """The experiments over the datasets of those chosen, newest first; of many the newest.

    Where nothing is chosen yet, all are offered.
    """
    datasets = {record.dataset_id for record in chosen}
    ids = {record.id for record in chosen}
    found = [
        r
        for r in client.experiments()
        if r.id in ids or not chosen or (r.dataset_id is not None and r.dataset_id in datasets)
    ]
    kept = found[:_OFFERED]
    return kept + [r for r in found[_OFFERED:] if r.id in ids]


def run_wire(record: ExperimentRecord) -> dict[str, Any]:
    """A run as it is offered."""
    return {
        "id": record.id,
        "label": clean_text(preview(record.label, _NAME)),
        "note": f"{record.status.value} · {clock.age(record.created_at)}",
    }
