"""What the items of an experiment were: to compare only answers to the same question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.experiments.reading import planned_items
from xeroml_nb.records.json_text import canonical_json
from xeroml_nb.store import experiments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from xeroml_nb.records.dataset import DatasetItem
    from xeroml_nb.records.experiment import ExperimentRecord


def same_contents(records: Sequence[ExperimentRecord]) -> bool:
    """Tell without reading them that experiments ran over the same items."""
    first = records[0]
    if first.dataset_id is None:
        return len(records) == 1
    return all(
        record.dataset_id == first.dataset_id
        and (
            record.dataset_version == first.dataset_version
            or record.content_hash == first.content_hash
        )
        for record in records
    )


def contents(connection: Connection, record: ExperimentRecord) -> dict[str, str]:
    """Input and expected output of each item of an experiment, as one text, by item."""
    return {
        item.id: canonical_json([item.input, item.expected_output])
        for item in items(connection, record)
    }


def items(connection: Connection, record: ExperimentRecord) -> list[DatasetItem]:
    """The items of an experiment: its dataset's as they were, and those of a loop of the user's."""
    planned = list(planned_items(connection, record))
    known = {item.id for item in planned}
    local = experiments.local_items(connection, record.id)
    return planned + [item for item in local if item.id not in known]
