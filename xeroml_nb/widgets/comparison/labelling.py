"""From items of a comparison to a queue in which people label what came out for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.annotation.queue import annotation_queues, create_annotation_queue
from xeroml_nb.annotation.rubric import Rubric
from xeroml_nb.errors import BadInput
from xeroml_nb.records.experiment import ItemStatus
from xeroml_nb.records.ids import content_hash
from xeroml_nb.records.json_text import preview
from xeroml_nb.store import queues, run_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from xeroml_nb.annotation.queue import AnnotationQueue
    from xeroml_nb.widgets.comparison.items import ItemList

_MOST = 1_000
_LONGEST = 120


def queue_for(items: ItemList, item_ids: Sequence[str], wanted: str) -> AnnotationQueue:
    """A queue of the candidate's outputs for some items; the same items give the same queue.

    Args:
        items: The comparison.
        item_ids: Which items, in order.
        wanted: How they were found, for the queue's name.

    Raises:
        BadInput: If there are none, too many, or none of them has an output.
    """
    label = items.candidate.label
    if not item_ids:
        raise BadInput("No item is selected.", "Clear the filter, or check some items.")
    if len(item_ids) > _MOST:
        raise BadInput(
            f"{len(item_ids):,} items are too many to label at once.",
            f"Filter them to {_MOST:,} or fewer, or use annotate(experiment).",
        )
    traces = _traces(items, item_ids)
    if not traces:
        raise BadInput(f"None of these items has an output in {label}.", "Choose other items.")
    name = _name(items, wanted, traces)
    store = items.comparison.store
    known = (queue for queue in annotation_queues(store) if queue.name == name)
    queue = next(known, None) or create_annotation_queue(store, name, Rubric.pass_fail())

    def fill(connection: Connection) -> None:
        for trace_id in traces:
            queues.add_trace(connection, queue.id, trace_id)

    store.write(fill)
    return queue


def _traces(items: ItemList, item_ids: Sequence[str]) -> list[str]:
    """The traces of the first repetitions that ended with an output."""
    with items.comparison.store.reading() as connection:
        runs = run_columns.run_columns(connection, items.candidate.id, texts=False)
    names = ("item_id", "repetition", "status", "trace_id")
    rows = zip(*(runs[name] for name in names), strict=True)
    by_item = {item: trace for item, n, how, trace in rows if n == 0 and how == ItemStatus.OK}
    return [by_item[item_id] for item_id in item_ids if item_id in by_item]


def _name(items: ItemList, wanted: str, traces: Sequence[str]) -> str:
    against = f"{items.candidate.label} against {items.comparison.baseline.label}"
    words = preview(f"{against} · {items.score}: {wanted or 'all'}", _LONGEST)
    return f"{words} · {len(traces)} items {content_hash(traces)[:6]}"
