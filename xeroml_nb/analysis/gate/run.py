"""The item runs of one experiment, counted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from xeroml_nb.analysis.alignment import AlignedRun
from xeroml_nb.analysis.kinds import counted_table, find_kinds
from xeroml_nb.analysis.scores import columns_of
from xeroml_nb.experiments.frames import read_table
from xeroml_nb.records.experiment import ItemStatus
from xeroml_nb.store import score_columns

if TYPE_CHECKING:
    import numpy.typing as npt

    from xeroml_nb.analysis.kinds import ScoreKinds
    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.store.store import Store

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

_SHOWN = 5


@dataclass(frozen=True)
class GatedRun:
    """An experiment's item runs with their scores.

    Args:
        run: Each at the place of its item.
        item_ids: The items.
        kinds: What the scores are.
        by_people: The names of the scores that people gave.
    """

    run: AlignedRun
    item_ids: npt.NDArray[np.object_]
    kinds: ScoreKinds
    by_people: frozenset[str]

    @property
    def record(self) -> ExperimentRecord:
        """The experiment."""
        return self.run.record

    @property
    def scores(self) -> tuple[str, ...]:
        """The names of the scores that item runs have."""
        return tuple(self.run.table.scores)

    @property
    def by_code(self) -> tuple[str, ...]:
        """The names of the scores that code and models gave; people seldom label everything."""
        return tuple(name for name in self.scores if name not in self.by_people)

    @cached_property
    def statuses(self) -> npt.NDArray[np.object_]:
        """How each item run stands."""
        return self.run.table.columns["status"]

    @cached_property
    def attempted(self) -> int:
        """Item runs that ended: with an output, an error or a time-out."""
        return int(self.run.attempted.sum())

    @cached_property
    def succeeded(self) -> int:
        """Item runs with an output."""
        return int(self.run.succeeded.sum())

    @property
    def failed(self) -> int:
        """Item runs that ended in an error or a time-out."""
        return self.attempted - self.succeeded

    @property
    def planned(self) -> int:
        """Item runs that were meant to be; of a loop of the user's own, those that were."""
        return max(self.record.planned, self.attempted)

    @property
    def latencies(self) -> Floats:
        """Seconds of each item run with an output, and of time-outs; NaN for the others."""
        seconds = self.run.table.columns["latency"].astype(np.float64)
        # One that failed at once would make the others look fast.
        timed = (self.statuses == ItemStatus.OK) | (self.statuses == ItemStatus.TIMEOUT)
        return np.where(timed, seconds, np.nan)

    def lacking(self, score: str) -> Flags:
        """Which item runs have an output and not this score."""
        has_output: Flags = np.asarray(self.statuses == ItemStatus.OK)
        column = self.run.table.scores.get(score)
        if column is None:
            return has_output
        return has_output & np.isnan(column.numbers) & np.asarray(pd.isna(column.labels))

    def items_of(self, chosen: Flags) -> tuple[str, ...]:
        """The first items of some item runs."""
        places = dict.fromkeys(self.run.place[chosen].tolist())
        return tuple(str(self.item_ids[place]) for place in list(places)[:_SHOWN])

    def beyond(self, values: Floats, bound: float, *, below: bool) -> tuple[str, ...]:
        """The items whose own values lie below a bound, or above it, the farthest first."""
        distance = bound - values if below else values - bound
        there = np.flatnonzero(distance > 0)
        order = there[np.argsort(-distance[there], kind="stable")]
        return tuple(str(self.item_ids[place]) for place in order[:_SHOWN])


def read_run(store: Store, record: ExperimentRecord) -> GatedRun:
    """Read the item runs that an experiment has by now."""
    with store.reading() as connection:
        table = read_table(connection, record)
        origins = score_columns.names(connection, experiment_id=record.id, on_traces=True)
    called = columns_of(origins)
    kinds = find_kinds(store, [table], {})
    ids = pd.Index(pd.unique(table.columns["item_id"]))
    place = ids.get_indexer(pd.Index(table.columns["item_id"]))
    run = AlignedRun(counted_table(table, kinds), place, len(ids))
    by_people = frozenset(called[origin] for origin in origins if origin[1])
    return GatedRun(run, np.asarray(ids, dtype=object), kinds, by_people)
