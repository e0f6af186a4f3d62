"""What a notebook keeps of a run as HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.experiments.markup import NO_FORMULAS, Markup, join, table, tag
from xeroml_nb.experiments.tally import shown_value
from xeroml_nb.records.json_text import preview

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.experiments.results import OwnScore, ScoreSummary
    from xeroml_nb.experiments.tally import ErrorGroup, Progress


def summary_html(experiment: Experiment) -> Markup:
    """What a notebook keeps of a run: the line, the scores, the failures."""
    found = experiment.score_summaries()
    line = tag("p", tag("strong", experiment.summary_line()))
    scores = _score_table(found) if found else Markup("")
    own = experiment.own_values()
    whole = _own_table(own) if own else Markup("")
    failures = failures_html(experiment.progress)
    return tag("div", line, scores, whole, failures, class_=f"xeroml-summary {NO_FORMULAS}")


def failures_html(progress: Progress) -> Markup:
    """The kinds of failures, each folded, with how often it happened and where first."""
    return join(_failure(group) for group in progress.errors)


def bounds(summary: ScoreSummary) -> str:
    """What the mean could be if every failure had counted 0 or 1."""
    if summary.worst is None:
        return "–"
    return f"{shown_value(summary.worst)} … {shown_value(summary.best)}"


def categories(summary: ScoreSummary) -> str:
    """The most frequent categories with their counts."""
    return ", ".join(f"{preview(c, 40)} {n}" for c, n in list(summary.categories.items())[:5])


def _score_table(summaries: Sequence[ScoreSummary]) -> Markup:
    heads = ("score", "mean", "scored", "attempted", "ok", "failed", "unscored", "if failed 0 … 1")
    rows = [
        (
            s.name,
            shown_value(s.mean) if s.mean is not None else categories(s),
            s.scored,
            s.attempted,
            s.succeeded,
            s.failed,
            s.unscored,
            bounds(s),
        )
        for s in summaries
    ]
    return table(heads, rows, numeric={1, 2, 3, 4, 5, 6, 7})


def _own_table(found: Sequence[OwnScore]) -> Markup:
    rows = [(s.name, shown_value(s.value), preview(s.error or s.comment or "", 200)) for s in found]
    return table(("of the whole run", "value", "comment"), rows, numeric={1})


def _failure(group: ErrorGroup) -> Markup:
    what = tag("summary", f"{group.count} × {group.kind}")
    return tag("details", what, tag("p", f"first: item {group.item_id} · {group.message}"))
