"""What changed on each item between a run and the baseline."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from xeroml_nb.analysis.contents import items
from xeroml_nb.records.dataset import DatasetItem
from xeroml_nb.store import datasets, experiments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from xeroml_nb.analysis.alignment import AlignedRun, Alignment
    from xeroml_nb.records.experiment import ExperimentRecord, ItemRun
    from xeroml_nb.store.store import Store

_FEW = 2_000
_RANK = {"same": 1, "failed": 2, "not scored": 3}


class Changes:
    """The shared items of a comparison with what changed on each, the largest change first.

    Args:
        store: Where they live.
        aligned: The runs.
        run: What is compared with the baseline.
        score: By which score.
        kind: "numeric" or "categorical".
        direction: Which values are good: "higher", "lower" or "none".
    """

    def __init__(  # noqa: PLR0913, PLR0917 - which runs, by which score
        self,
        store: Store,
        aligned: Alignment,
        run: AlignedRun,
        score: str,
        kind: str,
        direction: str,
    ) -> None:
        self._store = store
        self._aligned = aligned
        self._run = run
        self.score = score
        self.kind = kind
        self.direction = direction

    @cached_property
    def rows(self) -> pd.DataFrame:
        """One row an item, without texts: `item_id, baseline_score, score, delta, change`."""
        shared = self._aligned.shared
        baseline = self._aligned.runs[0]
        frame = self._categories() if self.kind == "categorical" else self._numbers()
        missing = frame["baseline_score"].isna() | frame["score"].isna()
        failed = (baseline.succeeded[shared] == 0) | (self._run.succeeded[shared] == 0)
        frame.loc[missing, "change"] = "not scored"
        frame.loc[missing & failed, "change"] = "failed"
        frame.insert(0, "item_id", self._aligned.item_ids[shared])
        return self._sorted(frame)

    @property
    def counts(self) -> dict[str, int]:
        """How many items changed in which way."""
        return {str(k): int(n) for k, n in self.rows["change"].value_counts().items()}

    def to_frame(self, rows: pd.DataFrame | None = None) -> pd.DataFrame:
        """The items with their texts.

        Args:
            rows: Some of `rows`; all by default.
        """
        chosen = self.rows if rows is None else rows
        ids = list(chosen["item_id"])
        baseline, run = self._aligned.runs[0].record, self._run.record
        known = self._items(ids)
        first, second = self._runs(baseline, ids), self._runs(run, ids)
        both = [(known.get(i, DatasetItem(i, None)), first.get(i), second.get(i)) for i in ids]
        columns: dict[str, Sequence[Any]] = {
            "item_id": ids,
            "input": [item.input for item, _, _ in both],
            "expected_output": [item.expected_output for item, _, _ in both],
            "baseline_output": [one.output if one else None for _, one, _ in both],
            "output": [two.output if two else None for _, _, two in both],
            "baseline_score": list(chosen["baseline_score"]),
            "score": list(chosen["score"]),
            "delta": list(chosen["delta"]),
            "change": list(chosen["change"]),
            "baseline_trace_id": [one.trace_id if one else None for _, one, _ in both],
            "trace_id": [two.trace_id if two else None for _, _, two in both],
            "baseline_latency_s": [one.latency if one else None for _, one, _ in both],
            "latency_s": [two.latency if two else None for _, _, two in both],
            "metadata": [item.metadata for item, _, _ in both],
            "baseline_error": [one.error if one else None for _, one, _ in both],
            "error": [two.error if two else None for _, _, two in both],
        }
        scores = {} if self.kind == "categorical" else {"baseline_score": float, "score": float}
        latencies = {"baseline_latency_s": float, "latency_s": float, "delta": float}
        frame = {name: pd.Series(values, dtype=object) for name, values in columns.items()}
        return pd.DataFrame(frame).astype(scores | latencies)

    def _categories(self) -> pd.DataFrame:
        shared, runs = self._aligned.shared, (self._aligned.runs[0], self._run)
        first, second = (run.labels(self.score)[shared] for run in runs)
        change = np.where(first == second, "same", "changed")
        frame = pd.DataFrame({"baseline_score": first, "score": second}, dtype=object)
        return frame.assign(delta=np.nan, change=pd.Series(change, dtype=object))

    def _numbers(self) -> pd.DataFrame:
        shared, runs = self._aligned.shared, (self._aligned.runs[0], self._run)
        first, second = (run.numbers(self.score)[shared] for run in runs)
        delta = second - first
        change = pd.Series(self._words(delta), dtype=object)
        return pd.DataFrame({"baseline_score": first, "score": second}).assign(
            delta=delta, change=change
        )

    def _words(self, delta: npt.NDArray[np.float64]) -> npt.NDArray[np.object_]:
        up, down = ("improved", "regressed")
        if self.direction == "lower":
            up, down = down, up
        elif self.direction == "none":
            up, down = "higher", "lower"
        return np.where(delta > 0, up, np.where(delta < 0, down, "same")).astype(object)

    def _sorted(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The largest changes first, regressions before improvements of the same size."""
        rank = frame["change"].map(_RANK).fillna(0)
        worst = frame["change"].map({"regressed": 0, "lower": 0}).fillna(1)
        order = np.lexsort((worst, -frame["delta"].abs().fillna(0), rank))
        return frame.iloc[order].reset_index(drop=True)

    def _items(self, ids: list[str]) -> Mapping[str, DatasetItem]:
        record = self._aligned.runs[0].record
        with self._store.reading() as connection:
            if len(ids) > _FEW or record.dataset_id is None or record.dataset_version is None:
                return {item.id: item for item in items(connection, record)}
            found = datasets.items_by_id(connection, record.dataset_id, record.dataset_version, ids)
            if len(found) < len(set(ids)):
                local = experiments.local_items(connection, record.id)
                return {item.id: item for item in local} | found
            return found

    def _runs(self, record: ExperimentRecord, ids: list[str]) -> dict[str, ItemRun]:
        """The first repetition of each item."""
        with self._store.reading() as connection:
            if len(ids) > _FEW:
                every = experiments.item_runs(connection, record.id)
                return {run.item_id: run for run in every if run.repetition == 0}
            keys = [(item_id, 0) for item_id in ids]
            found = experiments.item_runs_by_key(connection, record.id, keys)
        return {run.item_id: run for run in found.values()}
