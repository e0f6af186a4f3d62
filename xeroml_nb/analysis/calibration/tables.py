"""What a calibration found as DataFrames."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from xeroml_nb.analysis.calibration.means import categories_of
from xeroml_nb.analysis.calibration.scale import Meeting
from xeroml_nb.analysis.statistics.cuts import best_cut
from xeroml_nb.analysis.verdicts import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xeroml_nb.analysis.calibration.calibration import Calibration
    from xeroml_nb.analysis.statistics.cuts import Cut
    from xeroml_nb.analysis.statistics.prediction_powered import CorrectedMean

WAYS = {"judge": "judge alone", "corrected": "corrected", "labels": "labels alone"}
_FEW = 7
_STEPS = 5
_MEANS: dict[str, Any] = {
    "category": object,
    "of": object,
    "n": "int64",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "method": object,
}


def mean_table(found: Mapping[str, CorrectedMean]) -> pd.DataFrame:
    """Three rows a category: the judge alone, corrected, the labels alone."""
    rows = []
    for category, one in found.items():
        for way, words in WAYS.items():
            mean = getattr(one, way)
            ends = (mean.estimate, mean.low, mean.high)
            rows.append((category, words, mean.n, *ends, mean.method))
    return pd.DataFrame(rows, columns=list(_MEANS)).astype(_MEANS)


def threshold_table(found: Sequence[Cut]) -> pd.DataFrame:
    """One row a cut, from the lowest on."""
    best = best_cut(list(found))
    rows = [
        {
            "cut": cut.at,
            "yes": cut.yes,
            "agreement": cut.agreement.rate,
            "low": cut.agreement.low,
            "high": cut.agreement.high,
            "kappa": cut.kappa,
            "sensitivity": cut.sensitivity.rate,
            "specificity": cut.specificity.rate,
            "best": cut is best,
        }
        for cut in found
    ]
    numbers = ("agreement", "low", "high", "kappa", "sensitivity", "specificity")
    return pd.DataFrame(rows).astype(dict.fromkeys(numbers, "float64"))


def confusion_table(found: Calibration) -> pd.DataFrame:
    """How many items got each label (index) and each verdict (columns)."""
    pairs, scale = found.compared, found.pairing.scale
    labels, verdicts = pairs["label"], pairs["verdict"]
    if not scale.numeric:
        order = categories_of(found.pairing)
        return _counted(labels, verdicts, order, order)
    if found.cut is not None:
        columns = [f"below {shown(found.cut)}", f"{shown(found.cut)} and more"]
        rows = [scale.called(0.0), scale.called(1.0)]
        return _counted(_named(labels, rows), _named(verdicts, columns), rows, columns)
    whole = [0.0, 1.0] if found.pairing.meeting is Meeting.YES_OR_NO else []
    every = np.unique(np.concatenate([labels, verdicts, whole]))
    if len(every) <= _FEW:
        names = _unique([scale.called(value) for value in every], every)
        called = dict(zip(every, names, strict=True))
        return _counted(labels.map(called), verdicts.map(called), names, names)
    edges = np.linspace(every[0], every[-1], _STEPS + 1)
    spans = [f"{shown(low)} to {shown(high)}" for low, high in pairwise(edges.tolist())]
    steps = _unique(spans, edges[:-1])
    places = [np.searchsorted(edges[1:-1], side, side="right") for side in (labels, verdicts)]
    stepped = [pd.Series(np.array(steps, dtype=object)[place]) for place in places]
    return _counted(stepped[0], stepped[1], steps, steps)


def _named(values: pd.Series, names: Sequence[str]) -> pd.Series:
    return values.map(dict(enumerate(names)))


def _unique(names: list[str], values: Any) -> list[str]:
    """Names, or the whole numbers behind them where two names are the same."""
    return names if len(set(names)) == len(names) else [repr(float(v)) for v in values]


def _counted(
    labels: pd.Series, verdicts: pd.Series, rows: Sequence[str], columns: Sequence[str]
) -> pd.DataFrame:
    counts = pd.crosstab(labels.to_numpy(), verdicts.to_numpy())
    found = counts.reindex(index=list(rows), columns=list(columns), fill_value=0)
    found.index.name, found.columns.name = "people", "judge"
    return found
