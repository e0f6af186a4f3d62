"""Labels that follow the item: what a person said of the same output in an earlier experiment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xeroml_nb.annotation.fold import Fold
from xeroml_nb.store import labels, queues

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xeroml_nb.annotation.rubric import Rubric
    from xeroml_nb.records.label import Label, QueueRecord
    from xeroml_nb.store.store import Store


@dataclass(frozen=True, slots=True)
class Earlier:
    """One person's labels in other queues over the same dataset, under the same rubric name.

    Args:
        by_item: Item id to the hash of what was shown to the latest label of it.
    """

    by_item: Mapping[str, Mapping[str, Label]]

    def of(self, item_id: str, content_hash: str, rubric: Rubric) -> Label | None:
        """The label of the same content, if every value of it still answers the rubric."""
        label = self.by_item.get(item_id, {}).get(content_hash)
        return label if label is not None and _still_valid(label, rubric) else None


def earlier_labels(store: Store, queue: QueueRecord, annotator: str) -> Earlier:
    """Read what a person said in the queues before this one."""
    by_item: dict[str, dict[str, Label]] = {}
    if queue.dataset_id is None or queue.kind != "experiment":
        return Earlier(by_item)
    same = {"dataset_id": queue.dataset_id, "rubric_name": queue.rubric_name, "kind": queue.kind}
    with store.reading() as connection:
        for other in queues.listing(connection, **same):
            if other.id == queue.id:
                continue
            fold = Fold.of(labels.of_queue(connection, other.id, annotator))
            for key, label in fold.labels.items():
                if label.answers and label.content_hash and not key.repeat:
                    by_item.setdefault(key.item_id, {})[label.content_hash] = label
    return Earlier(by_item)


def _still_valid(label: Label, rubric: Rubric) -> bool:
    """All that is required was answered, under the very questions that are asked now."""
    return all(
        label.configs.get(dimension.name) == dimension.config_id
        for dimension in rubric.dimensions
        if dimension.required
    )
