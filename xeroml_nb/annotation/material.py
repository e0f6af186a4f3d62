"""What there is to label: the item runs of an experiment, pairs of them, or traces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from xeroml_nb.experiments.claims import present_status
from xeroml_nb.experiments.results import Result
from xeroml_nb.records.dataset import DatasetItem
from xeroml_nb.records.experiment import ExperimentStatus
from xeroml_nb.records.ids import content_hash
from xeroml_nb.records.json_text import from_json, preview
from xeroml_nb.records.label import EntryKey
from xeroml_nb.store import datasets, experiments, observations, queues

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sqlalchemy.engine import Connection

    from xeroml_nb.records.experiment import ExperimentRecord, ItemRun
    from xeroml_nb.store.store import Store

    Show = Callable[[Result], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person sees of one entry.

    Args:
        title: Names the item.
        trace_ids: The traces behind it: one, or the two of a pair.
        content_hash: The same input and outputs have the same hash.
        parts: Name and value of what is read before the outputs.
        outputs: One, or the two of a pair.
        after: Name and value of what is read after the outputs.
        expected: What the output is compared with; None if nothing is expected.
        metadata: The item's.
    """

    title: str
    trace_ids: tuple[str, ...]
    content_hash: str
    parts: tuple[tuple[str, Any], ...]
    outputs: tuple[Any, ...]
    after: tuple[tuple[str, Any], ...] = ()
    expected: Any = None
    metadata: Any = None


class Material(Protocol):
    """What there is to label."""

    def first(self, count: int) -> list[EntryKey]:
        """At least the first entries in the order given, found without looking at all others."""

    def finished(self) -> list[EntryKey]:
        """All entries that can be labelled by now, in the order given."""

    def is_growing(self) -> bool:
        """Further entries may follow."""

    def load(self, keys: Iterable[EntryKey]) -> dict[EntryKey, Shown]:
        """What is to be seen of some entries."""


class ExperimentMaterial:
    """The item runs of one experiment that have an output, or of two, paired by item.

    Args:
        store: Where they live.
        records: The experiments: one, or two.
        show: What to show of an item run instead of input, output and expected output.
    """

    def __init__(
        self, store: Store, records: tuple[ExperimentRecord, ...], show: Show | None = None
    ) -> None:
        self._store = store
        self._records = records
        self._show = show

    def first(self, count: int) -> list[EntryKey]:
        """The first entries in the experiment's order; of a pair, all that both have."""
        return self._keys(count if len(self._records) == 1 else None)

    def finished(self) -> list[EntryKey]:
        """All item runs with an output."""
        return self._keys(None)

    def is_growing(self) -> bool:
        """One of the experiments is still running, or is filled by a loop of the user's."""
        with self._store.reading() as connection:
            now = [experiments.by_id(connection, r.id) or r for r in self._records]
        ended = (ExperimentStatus.FINISHED, ExperimentStatus.STOPPED)
        return any(present_status(record) not in ended for record in now)

    def load(self, keys: Iterable[EntryKey]) -> dict[EntryKey, Shown]:
        """Input, output, expected output and metadata of some item runs."""
        wanted = list(keys)
        with self._store.reading() as connection:
            items = self._items(connection, [key.item_id for key in wanted])
            runs = [
                experiments.item_runs_by_key(
                    connection, r.id, [(k.item_id, k.repetition) for k in wanted]
                )
                for r in self._records
            ]
        found = {}
        for key in wanted:
            both = [by_key.get((key.item_id, key.repetition)) for by_key in runs]
            present = [run for run in both if run is not None]
            if len(present) == len(self._records):
                found[key] = self._shown(key, items.get(key.item_id), present)
        return found

    def _keys(self, limit: int | None) -> list[EntryKey]:
        with self._store.reading() as connection:
            found = [experiments.succeeded(connection, r, limit) for r in self._records]
        others = [set(keys) for keys in found[1:]]
        return [EntryKey(*key) for key in found[0] if all(key in keys for keys in others)]

    def _items(self, connection: Connection, ids: list[str]) -> dict[str, DatasetItem]:
        record = self._records[0]
        if record.dataset_id is None or record.dataset_version is None:
            return {}
        return datasets.items_by_id(connection, record.dataset_id, record.dataset_version, ids)

    def _shown(self, key: EntryKey, item: DatasetItem | None, runs: list[ItemRun]) -> Shown:
        known = item or runs[0].local_item or DatasetItem(key.item_id, None)
        outputs = tuple(run.output for run in runs)
        parts: tuple[tuple[str, Any], ...] = (("input", known.input),)
        expected = known.expected_output
        after = () if expected is None else (("expected", expected),)
        if self._show is not None:
            parts, outputs, after = self._chosen(known, runs)
        return Shown(
            title=_title(key),
            trace_ids=tuple(run.trace_id for run in runs),
            content_hash=content_hash(known.input, [run.output_json for run in runs]),
            parts=parts,
            outputs=outputs,
            after=after,
            expected=expected,
            metadata=known.metadata,
        )

    def _chosen(self, item: DatasetItem, runs: list[ItemRun]) -> Any:
        """The parts that the user's own function gives; `output` among them is the output."""
        assert self._show is not None  # noqa: S101 - the caller looked
        each = [dict(self._show(Result(item, run.repetition, run))) for run in runs]
        outputs = tuple(
            parts.pop("output", run.output) for parts, run in zip(each, runs, strict=True)
        )
        after = [(name, each[0].pop(name)) for name in ("expected",) if name in each[0]]
        return tuple(each[0].items()), outputs, tuple(after)


class TraceMaterial:
    """The traces that were put into an annotation queue.

    Args:
        store: Where they live.
        queue_id: The queue.
    """

    def __init__(self, store: Store, queue_id: str) -> None:
        self._store = store
        self._queue_id = queue_id
        self._items: dict[str, DatasetItem | None] = {}

    def first(self, count: int) -> list[EntryKey]:
        """The traces added first."""
        return self.finished()[:count]

    def finished(self) -> list[EntryKey]:
        """All traces of the queue."""
        with self._store.reading() as connection:
            return [EntryKey(trace_id) for trace_id in queues.traces(connection, self._queue_id)]

    def is_growing(self) -> bool:
        """Traces may be added at any time."""
        return True

    def load(self, keys: Iterable[EntryKey]) -> dict[EntryKey, Shown]:
        """What went into each trace and what came out; of an item run also what was expected."""
        wanted = list(keys)
        with self._store.reading() as connection:
            # Finding them takes a look at all item runs, so it is done once for each trace.
            unknown = [key.item_id for key in wanted if key.item_id not in self._items]
            if unknown:
                found = experiments.items_of_traces(connection, unknown)
                self._items |= {trace_id: found.get(trace_id) for trace_id in unknown}
            return {
                key: _trace_shown(connection, key.item_id, self._items[key.item_id])
                for key in wanted
            }


def _title(key: EntryKey) -> str:
    return preview(key.item_id) + (f" · repetition {key.repetition}" if key.repetition else "")


def _trace_shown(connection: Connection, trace_id: str, item: DatasetItem | None) -> Shown:
    found = observations.of_trace(connection, trace_id)
    roots = [o for o in found if o.parent_id is None] or found
    if not roots:
        return Shown(preview(trace_id), (trace_id,), content_hash(trace_id), (), (None,))
    root = roots[0]
    name = ("trace", root.name) if item is None else ("item", item.id)
    expected = None if item is None else item.expected_output
    return Shown(
        # Spans may still arrive: what the trace is called must not depend on them.
        title=preview(trace_id),
        trace_ids=(trace_id,),
        content_hash=content_hash(root.input_json, root.output_json),
        parts=(name, ("input", from_json(root.input_json))),
        outputs=(from_json(root.output_json),),
        after=() if expected is None else (("expected", expected),),
        expected=expected,
        metadata=root.metadata if item is None else item.metadata,
    )
