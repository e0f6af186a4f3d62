"""Items as tables for reading: texts cut and set flush left, which pandas cannot do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from xeroml_nb.analysis.verdicts import counted, shown
from xeroml_nb.experiments.markup import join, tag
from xeroml_nb.experiments.results import COLUMNS, USAGE_COLUMNS
from xeroml_nb.notebook.comparison_table import GLYPHS, glyph_of
from xeroml_nb.notebook.listings import Listing
from xeroml_nb.notebook.words import one_line
from xeroml_nb.widgets.host import Static

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xeroml_nb.analysis.changes import Changes
    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.experiments.markup import Markup

_TEXT = 140
_SCORES = 4
_FAILURE = ("item_id", "status", "error", "input")
# A change in the words of the verdicts, which have glyphs.
_VERDICTS = {"improved": "better", "regressed": "worse", "changed": "differs"}
_LINE = 24
_SHORT = "text-align:left;vertical-align:top;white-space:nowrap"
_LONG = "text-align:left;vertical-align:top;min-width:9em;overflow-wrap:anywhere"


def changed_items(compared: Comparison, score: str, run: str, rows: int = 20) -> Static:
    """The items that changed most between the baseline and a run.

    Args:
        compared: The runs.
        score: By which score.
        run: The label of a candidate.
        rows: How many items at most.
    """
    changes = compared.changes(score, run)
    chosen = changes.rows[~changes.rows["change"].isin(["same", "failed", "not scored"])]
    return _side_by_side(changes, chosen.head(rows), _labels(compared, run), len(chosen))


def failed_items(compared: Comparison, score: str, run: str, rows: int = 20) -> Static:
    """The items that failed in the baseline or in a run; the arguments are `changed_items`'s."""
    changes = compared.changes(score, run)
    chosen = changes.rows[changes.rows["change"] == "failed"]
    return _side_by_side(changes, chosen.head(rows), _labels(compared, run), len(chosen))


def lowest_items(experiment: Experiment, rows: int = 20) -> Static:
    """The items with the lowest value of the first numeric score; without one, the first items.

    Args:
        experiment: Any.
        rows: How many items at most.
    """
    frame = experiment.to_frame()
    scores = _scores(frame)
    first = first_number(frame)
    ordered = frame if first is None else frame.sort_values(first, kind="stable")
    told = scores[:_SCORES]
    found = ordered.head(rows).to_dict("records")
    headings = ("item", "status", *told, "input", "expected", "output")
    return _static(headings, [_row(row, told) for row in found], len(frame))


def failures(experiment: Experiment, rows: int = 20) -> Static:
    """The item runs that failed or timed out, with their errors.

    Args:
        experiment: Any.
        rows: How many at most.
    """
    frame = experiment.to_frame()
    failed = frame[frame["status"].isin(["failed", "timeout"])]
    found = failed.head(rows)[list(_FAILURE)].itertuples(index=False)
    cells = [tuple(one_line(value, _TEXT) for value in row) for row in found]
    return _static(("item", "status", "error", "input"), cells, len(failed))


def first_number(frame: pd.DataFrame) -> str | None:
    """The first score of an experiment's table that is a number, or None."""
    scores = _scores(frame)
    return next((name for name in scores if pd.api.types.is_numeric_dtype(frame[name])), None)


def _scores(frame: pd.DataFrame) -> list[str]:
    """The names of the scores in an experiment's table."""
    return [str(name) for name in frame.columns if name not in (*COLUMNS, *USAGE_COLUMNS)]


def _labels(compared: Comparison, run: str) -> tuple[str, str]:
    """The labels of the baseline and of a run, which may be named by its id."""
    labels = [one.label for one in compared.candidates if run in (one.label, one.name, one.id)]
    return compared.baseline.label, labels[0]


def _side_by_side(
    changes: Changes, chosen: pd.DataFrame, labels: tuple[str, str], every: int
) -> Static:
    headings = ("item", "change", changes.score, "input", "expected", *labels)
    found = changes.to_frame(chosen).to_dict("records")
    return _static(headings, [_changed_row(row) for row in found], every)


def _changed_row(row: Mapping[Any, Any]) -> tuple[str, ...]:
    return (
        one_line(row["item_id"], _TEXT),
        row["change"],
        f"{_value(row['baseline_score'])} → {_value(row['score'])}",
        one_line(row["input"], _TEXT),
        one_line(row["expected_output"], _TEXT),
        one_line(row["baseline_error"] or row["baseline_output"], _TEXT),
        one_line(row["error"] or row["output"], _TEXT),
    )


def _row(row: Mapping[Any, Any], scores: Sequence[str]) -> tuple[str, ...]:
    return (
        one_line(row["item_id"], _TEXT),
        row["status"],
        *(_value(row[name]) for name in scores),
        one_line(row["input"], _TEXT),
        one_line(row["expected_output"], _TEXT),
        one_line(row["error"] or row["output"], _TEXT),
    )


def _value(value: Any) -> str:
    if isinstance(value, str):
        return one_line(value, 40)
    if pd.isna(value):
        return "–"
    return f"{value:g}" if float(value).is_integer() else shown(float(value))


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    head = tag("tr", *(tag("th", name, style="text-align:left") for name in headings))
    body = [tag("tr", *(_cell(text) for text in row)) for row in rows]
    whole = tag("table", tag("thead", head), tag("tbody", *body))
    return tag("div", whole, style="overflow-x:auto")


def _cell(text: str) -> Markup:
    verdict = _VERDICTS.get(text, text)
    said = join([glyph_of(verdict), " ", text]) if verdict in GLYPHS else text
    return tag("td", said, style=_SHORT if len(text) <= _LINE else _LONG)


def _static(headings: tuple[str, ...], rows: list[tuple[str, ...]], every: int) -> Static:
    title = f"{len(rows):,} of {counted(every, 'item')}"
    cut = [tuple(one_line(cell, 40) for cell in row) for row in rows]
    text = repr(Listing(title, tuple(one_line(name, 40) for name in headings), cut))
    return Static(text, join([tag("p", title), _table(headings, rows)]))
