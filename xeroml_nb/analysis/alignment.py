"""Item runs of several experiments side by side: the same item in the same place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from xeroml_nb.analysis.contents import contents, same_contents
from xeroml_nb.analysis.kinds import counted_table
from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.frames import read_table
from xeroml_nb.records.experiment import ItemStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from sqlalchemy.engine import Connection

    from xeroml_nb.analysis.kinds import ScoreKinds
    from xeroml_nb.experiments.frames import RunTable, ScoreColumn
    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.store.store import Store

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]
    Places = npt.NDArray[np.intp]

_ATTEMPTED = frozenset({ItemStatus.OK, ItemStatus.FAILED, ItemStatus.TIMEOUT})


@dataclass(frozen=True)
class AlignedRun:
    """One experiment's item runs, each at the place of its item.

    Args:
        table: The item runs and their scores.
        place: Of each item run, where its item stands.
        items: How many items there are.
    """

    table: RunTable
    place: Places
    items: int

    @property
    def record(self) -> ExperimentRecord:
        """The experiment."""
        return self.table.record

    @cached_property
    def attempted(self) -> Places:
        """By item, how many of its item runs ended: with an output, an error or a time-out."""
        return self._count(self._has_status(_ATTEMPTED))

    @cached_property
    def succeeded(self) -> Places:
        """By item, how many of its item runs have an output."""
        return self._count(self._has_status({ItemStatus.OK}))

    def scored(self, name: str) -> Places:
        """By item, how many of its item runs have a score."""
        column = self.table.scores.get(name)
        if column is None:
            return np.zeros(self.items, dtype=np.intp)
        return self._count(~np.isnan(column.numbers) | _is_text(column))

    def numbers(self, name: str) -> Floats:
        """By item, the mean of a score over its repetitions; NaN where it has none."""
        column = self.table.scores.get(name)
        if column is None:
            return np.full(self.items, np.nan)
        return self.means(column.numbers)

    def labels(self, name: str) -> npt.NDArray[np.object_]:
        """By item, the category that a score gave its first scored repetition, or None."""
        placed = np.full(self.items, None, dtype=object)
        column = self.table.scores.get(name)
        if column is not None:
            given = np.flatnonzero(_is_text(column))[::-1]
            placed[self.place[given]] = column.labels[given]
        return placed

    def means(self, values: Floats) -> Floats:
        """By item, the mean over its repetitions of a value of each item run."""
        there = ~np.isnan(values)
        count = self._count(there)
        total = np.bincount(self.place[there], values[there], self.items)
        none = np.full(self.items, np.nan)
        np.divide(total, count, out=none, where=count > 0)
        return none

    def _count(self, flags: Flags) -> Places:
        return np.bincount(self.place[flags], minlength=self.items)

    def _has_status(self, wanted: Any) -> Flags:
        return np.array([status in wanted for status in self.table.columns["status"]], dtype=bool)


@dataclass(frozen=True)
class Alignment:
    """Several experiments over the items that they share.

    Args:
        runs: The experiments, the baseline first.
        item_ids: Every item that one of them attempted.
        shared: Which of the items all of them attempted, with the same content.
        changed: Which of the items have another content in one of them.
    """

    runs: tuple[AlignedRun, ...]
    item_ids: npt.NDArray[np.object_]
    shared: Flags = field(repr=False)
    changed: Flags = field(repr=False)

    def counted(self, kinds: ScoreKinds) -> Alignment:
        """The same with numbers for the categories that count as numbers."""
        runs = tuple(replace(run, table=counted_table(run.table, kinds)) for run in self.runs)
        return replace(self, runs=runs)

    def unshared(self, run: AlignedRun) -> int:
        """How many items a run attempted that are not shared."""
        return int(np.count_nonzero((run.attempted > 0) & ~self.shared))


def align(store: Store, records: Sequence[ExperimentRecord]) -> Alignment:
    """Read some experiments and put their items side by side.

    Args:
        store: Where they live.
        records: The experiments, the baseline first.

    Raises:
        BadInput: If they share no item.
    """
    with store.reading() as connection:
        tables = [read_table(connection, record) for record in records]
        ids = pd.Index(pd.unique(np.concatenate([t.columns["item_id"] for t in tables])))
        changed = _changed(connection, records, ids)
    runs = tuple(
        AlignedRun(table, ids.get_indexer(pd.Index(table.columns["item_id"])), len(ids))
        for table in tables
    )
    everywhere = np.all([run.attempted > 0 for run in runs], axis=0)
    aligned = Alignment(runs, np.asarray(ids, dtype=object), everywhere & ~changed, changed)
    _check_shared(aligned)
    return aligned


def _changed(
    connection: Connection, records: Sequence[ExperimentRecord], ids: pd.Index[Any]
) -> Flags:
    """Which items do not have the same input and expected output in all experiments."""
    if same_contents(records):
        return np.zeros(len(ids), dtype=bool)
    held = [contents(connection, record) for record in records]
    first = held[0]
    return np.array(
        [any(i in first and i in one and one[i] != first[i] for one in held[1:]) for i in ids],
        dtype=bool,
    )


def _check_shared(aligned: Alignment) -> None:
    if np.any(aligned.shared):
        return
    labels = " and ".join(run.record.label for run in aligned.runs)
    for run in aligned.runs:
        if not np.any(run.attempted):
            raise BadInput(f"{run.record.label} has run no item yet.", "Run it, or wait for it.")
    datasets = {run.record.dataset_name or "inputs of your own" for run in aligned.runs}
    over = f" They ran over {' and '.join(sorted(map(repr, datasets)))}." * (len(datasets) > 1)
    other = " The items they have in common differ in content." * bool(np.any(aligned.changed))
    raise BadInput(
        f"{labels} share no item.{over}{other}", "Compare experiments over the same items."
    )


def _is_text(column: ScoreColumn) -> Flags:
    return np.asarray(pd.notna(column.labels))
