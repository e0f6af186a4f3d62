"""What a comparison found as DataFrames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.analysis.verdicts import Distribution, Estimate, ScoreDifference

_COLUMNS: dict[str, Any] = {
    "score": object,
    "run": object,
    "n": "Int64",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "categories": object,
    "attempted": "Int64",
    "failed": "Int64",
    "unscored": "Int64",
    "pairs": "Int64",
    "difference": "float64",
    "diff_low": "float64",
    "diff_high": "float64",
    "p_value": "float64",
    "p_exact": "float64",
    "p_adjusted": "float64",
    "win": "Int64",
    "tie": "Int64",
    "loss": "Int64",
    "detectable": "float64",
    "verdict": object,
    "method": object,
    "test": object,
}
_SLICE_COLUMNS: dict[str, Any] = {
    "slice": object,
    "score": object,
    "run": object,
    "n": "int64",
    "difference": "float64",
    "low": "float64",
    "high": "float64",
    "p_value": "float64",
    "p_adjusted": "float64",
    "win": "int64",
    "tie": "int64",
    "loss": "int64",
    "verdict": object,
}


def comparison_table(compared: Comparison) -> pd.DataFrame:
    """One row a score and run; columns without any value are left out."""
    rows = [*_numeric_rows(compared), *_categorical_rows(compared)]
    frame = pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)
    always = ("mean", "low", "high", "difference", "diff_low", "diff_high", "p_value")
    empty = [name for name in frame if name not in always and frame[name].isna().all()]
    return frame.drop(columns=empty)


def slice_table(found: Sequence[tuple[str, ScoreDifference]]) -> pd.DataFrame:
    """One row a slice, score and run."""
    rows = [
        {"slice": group, "score": d.score, "run": d.run, "n": d.n, "difference": d.difference}
        | {"low": d.low, "high": d.high, "p_value": d.p_value, "p_adjusted": d.p_adjusted}
        | {"win": d.wins, "tie": d.ties, "loss": d.losses, "verdict": d.verdict}
        for group, d in found
    ]
    return pd.DataFrame(rows, columns=list(_SLICE_COLUMNS)).astype(_SLICE_COLUMNS)


def _numeric_rows(compared: Comparison) -> Iterator[dict[str, Any]]:
    by_run = {(d.score, d.run): d for d in compared.differences}
    for estimate in compared.estimates:
        yield _estimated(estimate) | _paired(by_run.get((estimate.score, estimate.run)))


def _estimated(estimate: Estimate) -> dict[str, Any]:
    names = ("score", "run", "n", "mean", "low", "high", "attempted", "failed", "unscored")
    return {name: getattr(estimate, name) for name in (*names, "method")}


def _paired(found: ScoreDifference | None) -> dict[str, Any]:
    if found is None:
        return {"verdict": "baseline", "test": ""}
    names = ("difference", "p_value", "p_exact", "p_adjusted", "detectable", "verdict", "test")
    counts = {"pairs": found.n, "win": found.wins, "tie": found.ties, "loss": found.losses}
    ends = {"diff_low": found.low, "diff_high": found.high}
    # The interval of the difference is what the reader asks about first.
    method = {"method": found.method}
    return {name: getattr(found, name) for name in names} | counts | ends | method


def _categorical_rows(compared: Comparison) -> Iterator[dict[str, Any]]:
    for score in compared.categorical:
        answers = compared.values(score)
        found = {d.run: d for d in compared.distributions if d.score == score}
        for run in answers:
            given = answers[run].dropna()
            counts = given.value_counts()
            words = " · ".join(f"{category} {count:,}" for category, count in counts.items())
            row = {"score": score, "run": run, "n": len(given), "categories": words}
            yield row | _moved(found.get(str(run)))


def _moved(found: Distribution | None) -> dict[str, Any]:
    if found is None:
        return {"verdict": "baseline"}
    return {
        "pairs": found.n,
        "tie": found.n - found.changed,
        "p_value": found.p_value,
        "p_adjusted": found.p_adjusted,
        "verdict": found.verdict,
        "test": "Stuart-Maxwell",
    }
