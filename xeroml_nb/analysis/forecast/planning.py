"""Make a plan of a run from those of its items that were run already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from xeroml_nb.analysis.comparison import Comparison
from xeroml_nb.analysis.forecast.detecting import detectable_alone, detectable_paired
from xeroml_nb.analysis.forecast.plan import Detectable, Plan
from xeroml_nb.analysis.forecast.prediction import sum_of_further, time_for
from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.results import USAGE_COLUMNS
from xeroml_nb.experiments.usage import usage_by_trace
from xeroml_nb.records.experiment import ItemStatus
from xeroml_nb.tracing.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from xeroml_nb.analysis.forecast.prediction import Forecast
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.experiments.live_run import Options
    from xeroml_nb.records.experiment import ExperimentRecord

_MINUTE = 60.0
_ENDED = (ItemStatus.OK.value, ItemStatus.FAILED.value, ItemStatus.TIMEOUT.value)


@dataclass(frozen=True)
class Piloted:
    """A run of which a few items are done.

    Args:
        experiment: The run.
        seconds: How long its item runs took, scoring included; empty if nobody measured it.
        options: How it is carried out.
        baseline: What it is going to be compared with, if that is known.
    """

    experiment: Experiment
    seconds: Sequence[float]
    options: Options
    baseline: ExperimentRecord | None

    def plan(self) -> Plan:
        """What the rest will take, and what the whole can show.

        Raises:
            BadInput: If no item run has ended.
        """
        record, frame = self.experiment.record, self.experiment.to_frame()
        ended = frame[frame["status"].isin(_ENDED)]
        if ended.empty:
            raise BadInput(
                f"No item of {record.label} was run to its end, so nothing can be told.",
                "Let the pilot run through.",
            )
        left, used = record.planned - len(ended), self._used(ended)
        seconds = self.seconds or ended["latency_s"].dropna().tolist()
        lanes = max(1, min(self.options.concurrency, left))
        least = self._kept_back(left, used)
        detectable, baseline, notes = self._detectable(frame["item_id"].nunique())
        return Plan(
            experiment=self.experiment,
            dataset=record.dataset_name or "",
            planned=record.planned,
            done=len(ended),
            failed=int((ended["status"] != ItemStatus.OK.value).sum()),
            lanes=lanes,
            time=time_for(seconds, left, lanes).at_least(least, least, least),
            cost=_further(used["cost"], left),
            input_tokens=_further(used["input_tokens"], left),
            output_tokens=_further(used["output_tokens"], left),
            spent=_spent(used["cost"]),
            detectable=detectable,
            baseline=baseline,
            notes=(*_notes(ended, used["cost"]), *notes),
        )

    def _kept_back(self, left: int, used: pd.DataFrame) -> float:
        """Seconds that the rate limit makes what is left take at least."""
        limit = self.options.rate_limit
        if limit is None:
            return 0.0
        tokens = used[["input_tokens", "output_tokens"]].sum(axis=1).mean() * left
        rates = ((left, limit.requests_per_minute), (tokens, limit.tokens_per_minute))
        return max((_MINUTE * count / rate for count, rate in rates if rate), default=0.0)

    def _used(self, ended: pd.DataFrame) -> pd.DataFrame:
        """What each item run used, evaluators included; NaN where nothing was recorded."""
        with self.experiment.store.reading() as connection:
            found = usage_by_trace(connection, self.experiment.id, evaluators=True)
        rows = [found.get(trace, Usage()) for trace in ended["trace_id"]]
        columns = {name: [getattr(one, name) for one in rows] for name in USAGE_COLUMNS}
        return pd.DataFrame(columns, index=ended.index, dtype="float64")

    def _detectable(self, items: int) -> tuple[tuple[Detectable, ...], str | None, list[str]]:
        """What can be seen of each score; against whom; and why not against the baseline."""
        compared, notes = self._compared()
        if compared is None:
            return (), None, notes
        found = tuple(_detectable(compared, name, items) for name in compared.numeric)
        baseline = compared.baseline.label if compared.candidates else None
        return found, baseline, notes

    def _compared(self) -> tuple[Comparison | None, list[str]]:
        store, mine = self.experiment.store, self.experiment.record
        notes: list[str] = []
        if self.baseline is not None:
            try:
                return Comparison(store, [self.baseline, mine]), notes
            except BadInput as error:
                notes.append(f"not against {self.baseline.label}: {error}")
        try:
            return Comparison(store, [mine]), notes
        except BadInput:
            return None, [*notes, "nothing was scored, so no difference can be told"]


def _further(values: pd.Series[float], left: int) -> Forecast:
    """What is still to come of a figure; an item run that recorded nothing used nothing."""
    return sum_of_further(values.fillna(0.0) if values.notna().any() else [], left)


def _spent(costs: pd.Series[float]) -> float | None:
    return float(costs.sum()) if costs.notna().any() else None


def _detectable(compared: Comparison, score: str, items: int) -> Detectable:
    values = compared.values(score)
    known = values.dropna().to_numpy(np.float64)
    expected = round(items * len(known) / max(1, len(values)))
    if compared.candidates:
        found = detectable_paired(known[:, 0], known[:, 1], expected)
    else:
        found = detectable_alone(known[:, 0], expected)
    return Detectable(score, found, len(known), expected)


def _notes(ended: pd.DataFrame, costs: pd.Series[float]) -> Iterator[str]:
    succeeded = ended["status"] == ItemStatus.OK.value
    if not succeeded.any():
        first = ended["error"].dropna()
        yield f"every item run failed; first: {first.iloc[0] if len(first) else 'no error is kept'}"
    silent = int(costs[succeeded].isna().sum()) if costs.notna().any() else 0
    if silent:
        yield f"{silent} of {succeeded.sum()} successful item runs recorded no cost and count 0"
