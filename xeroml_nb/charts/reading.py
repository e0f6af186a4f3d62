"""What charts read from a comparison, and what they refuse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from xeroml_nb.charts.palette import RunMarks, run_marks
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.experiments.frames import read_table
from xeroml_nb.records.experiment import ItemStatus

if TYPE_CHECKING:
    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.experiments.experiment import Experiment

    # What a chart can be drawn of; a text names an experiment, as in `compare`.
    Drawn = Comparison | Experiment | str | Sequence[Experiment | str]

_FAILURES = frozenset({ItemStatus.FAILED, ItemStatus.TIMEOUT})
# Beyond these, nobody tells the runs or rows of one chart apart, and its text grows large.
_MOST_RUNS = 40
_MOST_ROWS = 175
_AXIS_ROWS = 3  # as much as the axis and the title of a score take
_INSTEAD = {
    "numeric": "is a category, and this chart is of numbers",
    "categorical": "is a number, and this chart is of categories",
}


def as_comparison(what: Drawn) -> Comparison:
    """A comparison as it is; experiments, one or several, compared.

    Args:
        what: A comparison, an experiment, its label, or several of those, the baseline first.
    """
    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.client import compare

    if isinstance(what, Comparison):
        return what
    if isinstance(what, Sequence) and not isinstance(what, str):
        return compare(*what)
    return compare(what)


def marks_of(comparison: Comparison) -> RunMarks:
    """How the runs look; a run alone is nobody's baseline, so it has a colour.

    Raises:
        BadInput: If the runs are too many for one chart.
    """
    labels = [run.label for run in comparison.runs]
    if len(labels) > _MOST_RUNS:
        raise BadInput(
            f"{len(labels)} runs are too many for one chart.",
            f"Compare at most {_MOST_RUNS}, or see comparison.table().",
        )
    return run_marks(labels, baseline=len(labels) > 1)


def chosen(comparison: Comparison, score: str, kind: str, instead: str) -> str:
    """A score of the kind that a chart needs.

    Args:
        comparison: What is drawn.
        score: Its name.
        kind: "numeric" or "categorical".
        instead: The chart for the other kind.

    Raises:
        NotFound: If there is no such score.
        BadInput: If it is of the other kind.
    """
    comparison.direction(score)  # which knows near names, and scores that are no one kind
    if score not in comparison.scores:
        raise NotFound("score", score, comparison.scores)
    known = comparison.numeric if kind == "numeric" else comparison.categorical
    if score not in known:
        raise BadInput(f"Score {score!r} {_INSTEAD[kind]}.", f"Use {instead}(..., {score!r}).")
    return score


def numeric_scores(comparison: Comparison, scores: Sequence[str] | None) -> tuple[str, ...]:
    """The numeric scores asked for, or all.

    Raises:
        NotFound: If one is unknown.
        BadInput: If one is a category, there is none, or they are too many for one chart.
    """
    asked = (scores,) if isinstance(scores, str) else scores
    if asked is None:
        asked = comparison.numeric
    if not asked:
        raise BadInput("There is no numeric score to draw.", "Use categories(..., score).")
    if len(asked) * (len(comparison.runs) + _AXIS_ROWS) > _MOST_ROWS:
        raise BadInput(
            f"{len(asked)} scores of {len(comparison.runs)} runs are too many for one chart.",
            "Name some with scores=[...], or see comparison.table().",
        )
    return tuple(chosen(comparison, score, "numeric", "categories") for score in asked)


def failures(comparison: Comparison) -> pd.DataFrame:
    """Whether every repetition of an item failed or timed out.

    Args:
        comparison: Of these runs.

    Returns:
        Index item_id, one boolean column a run label.
    """
    failed = {}
    with comparison.store.reading() as connection:
        for run in comparison.runs:
            columns = read_table(connection, run).columns
            ended = pd.Series([status in _FAILURES for status in columns["status"]])
            failed[run.label] = ended.groupby(np.asarray(columns["item_id"], dtype=object)).all()
    return pd.DataFrame(failed).fillna(value=False).astype(bool)


def nothing(score: str, comparison: Comparison, why: str) -> BadInput:
    """The error for a chart that would be empty."""
    runs = ", ".join(run.label for run in comparison.runs[:4])
    return BadInput(
        f"There is nothing to draw of {score!r} in {runs}: {why}.",
        "comparison.notes and comparison.table() say what was counted.",
    )
