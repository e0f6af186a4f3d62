"""What people said of the items of two runs, in whichever queue they said it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from xeroml_nb.annotation.fold import Fold
from xeroml_nb.records.json_text import preview
from xeroml_nb.store import labels, queues, run_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection

    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.records.label import Label, QueueRecord
    from xeroml_nb.store.store import Store

_COMMENT = 300


class PeopleSaid:
    """Labels, flags and comments on the items of some runs.

    Args:
        store: Where they live.
        records: The runs.
    """

    def __init__(self, store: Store, records: Sequence[ExperimentRecord]) -> None:
        self._store = store
        self._ids = {record.id: record.label for record in records}
        self._by_item: dict[str, list[tuple[str, Label]]] = {}
        self.look_again()

    def look_again(self) -> None:
        """Read what people have said by now."""
        found: dict[str, list[tuple[str, Label]]] = defaultdict(list)
        with self._store.reading() as connection:
            for queue in queues.listing(connection):
                for item_id, annotator, label in self._of_queue(connection, queue):
                    found[item_id].append((annotator, label))
        self._by_item = dict(found)

    def items(self, kind: str) -> set[str]:
        """The items that somebody "flagged", or "labelled"."""
        flagged = kind == "flagged"
        return {
            item_id
            for item_id, said in self._by_item.items()
            if any(label.flagged if flagged else bool(label.answers) for _, label in said)
        }

    @property
    def counts(self) -> dict[str, int]:
        """How many items somebody flagged, and labelled."""
        return {kind: len(self.items(kind)) for kind in ("flagged", "labelled")}

    def lines(self, item_id: str) -> list[str]:
        """What was said of an item, one line a person and queue."""
        return [_line(annotator, label) for annotator, label in self._by_item.get(item_id, ())]

    def _of_queue(
        self, connection: Connection, queue: QueueRecord
    ) -> Iterator[tuple[str, str, Label]]:
        if queue.experiment_ids and not self._ids.keys() & set(queue.experiment_ids):
            return
        folds: dict[str, Fold] = {}
        for event in labels.of_queue(connection, queue.id):
            folds.setdefault(event.annotator, Fold()).apply(event)
        # Queues of traces name their items by the trace.
        known = None if queue.experiment_ids or not folds else self._items_by_trace(connection)
        for annotator, fold in folds.items():
            for key, label in fold.labels.items():
                item_id = key.item_id if known is None else known.get(key.item_id)
                if item_id is not None:
                    yield item_id, annotator, label

    def _items_by_trace(self, connection: Connection) -> dict[str, str]:
        found: dict[str, str] = {}
        for experiment_id in self._ids:
            runs = run_columns.run_columns(connection, experiment_id, texts=False)
            found |= dict(zip(runs["trace_id"], runs["item_id"], strict=True))
        return found


def _line(annotator: str, label: Label) -> str:
    parts = [f"{preview(name, 60)} {preview(value, 80)}" for name, value in label.answers.items()]
    if label.flagged:
        parts.append("flagged")
    if label.skipped:
        parts.append("skipped")
    if label.comment:
        parts.append(f"“{preview(label.comment, _COMMENT)}”")
    if label.correction is not None:
        parts.append(f"corrected to “{preview(label.correction, _COMMENT)}”")
    return f"{preview(annotator, 60)}: {' · '.join(parts) or 'undecided'}"
