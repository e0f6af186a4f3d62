"""The means that a pairing gives: of the judge, of the labels, and the one corrected."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from xeroml_nb.analysis.statistics.prediction_powered import CorrectedMean, corrected_mean

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from xeroml_nb.analysis.calibration.pairing import Pairing


def mean_of(pairing: Pairing) -> CorrectedMean:
    """The mean of numbers over all items that the judge judged; repetitions are averaged first."""
    judged, sampled = pairing.judged, pairing.sampled
    return _corrected(judged, judged["verdict"], sampled["verdict"], sampled["label"], sampled)


def shares_of(pairing: Pairing) -> dict[str, CorrectedMean]:
    """The share of each category, those that people were asked for first, then by frequency."""
    judged, sampled = pairing.judged, pairing.sampled
    return {
        category: _corrected(
            judged,
            judged["verdict"] == category,
            sampled["verdict"] == category,
            sampled["label"] == category,
            sampled,
        )
        for category in categories_of(pairing)
    }


def categories_of(pairing: Pairing) -> list[str]:
    """The categories that the judge or people gave, in the order asked, then by frequency."""
    counts = Counter([*pairing.judged["verdict"], *pairing.both["label"]])
    dimension = pairing.said.dimension
    asked = [] if dimension is None else [str(value) for value in dimension.order or ()]
    others = sorted(counts.keys() - set(asked), key=lambda c: (-counts[c], c))
    return [*(c for c in asked if c in counts), *others]


def _corrected(
    judged: pd.DataFrame, every: pd.Series, verdicts: pd.Series, labels: pd.Series, of: pd.DataFrame
) -> CorrectedMean:
    seen, said = (_by_item(values, of["item_id"]) for values in (verdicts, labels))
    return corrected_mean(_by_item(every, judged["item_id"]), seen, said)


def _by_item(values: pd.Series, items: pd.Series) -> npt.NDArray[np.float64]:
    means = values.astype(np.float64).groupby(items, sort=False).mean()
    return np.asarray(means, dtype=np.float64)
