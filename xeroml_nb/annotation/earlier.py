"""Labels that follow the item: what a person said of the same output in an earlier experiment."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
        """The label of the same content, as far as it answers the very questions asked now.

        None unless all that is required is among them.
        """
        label = self.by_item.get(item_id, {}).get(content_hash)
        return None if label is None else _unchanged(label, rubric)

    def knows(self, item_id: str, content_hash: str) -> bool:
        """The same content was labelled before, perhaps under other questions."""
        return content_hash in self.by_item.get(item_id, {})


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
                    _keep_latest(by_item.setdefault(key.item_id, {}), label)
    return Earlier(by_item)


def _keep_latest(by_hash: dict[str, Label], label: Label) -> None:
    content = label.content_hash or ""
    known = by_hash.get(content)
    if known is None or _moment(known) <= _moment(label):
        by_hash[content] = label


def _moment(label: Label) -> float:
    return 0.0 if label.decided_at is None else label.decided_at.timestamp()


def _unchanged(label: Label, rubric: Rubric) -> Label | None:
    same = {
        d.name: label.answers[d.name]
        for d in rubric.dimensions
        if d.name in label.answers and label.configs.get(d.name) == d.config_id
    }
    complete = all(d.name in same for d in rubric.dimensions if d.required)
    return replace(label, answers=same) if same and complete else None
