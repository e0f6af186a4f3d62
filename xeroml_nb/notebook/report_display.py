"""How a report and a score card's result show below a cell; all of it stays when saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.experiments.markup import NO_FORMULAS, Markup, join, tag
from xeroml_nb.notebook.words import one_line
from xeroml_nb.widgets.score_card.outcome import breakdown_html, failure_html, score_html
from xeroml_nb.widgets.score_card.rows_table import columned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.scoring.cards.card import ScoreCard
    from xeroml_nb.scoring.cards.result import CardResult
    from xeroml_nb.scoring.reports.report import Report
    from xeroml_nb.widgets.score_card.behind import Row

_ROWS, _COLUMNS = 10, 12
_NAME = 80
_LANGUAGES = {"PYTHON": "Python", "JAVASCRIPT": "JavaScript"}


def show_report(report: Report) -> Markup:
    """A report: what its score card comes to and what stands behind that, then the first rows."""
    title = tag(
        "p",
        tag("strong", f"{one_line(report.name, _NAME)} · report {report.id}"),
        style="margin:0 0 .3em",
    )
    if report.is_blueprint:
        card = "no score card yet" if report.card is None else _card_words(report.card)
        told = f"A plan for the reports of later runs, with {card}; it has no rows of its own."
        return tag("div", title, tag("p", told), class_=NO_FORMULAS)
    named = report.named_rows()
    parts = [title, _scored(report, named.rows), _first_rows(named.rows, named.names)]
    return tag("div", *parts, class_=NO_FORMULAS)


def show_result(result: CardResult) -> Markup:
    """What a score card came to."""
    return tag("div", score_html(result.score), breakdown_html(result), class_=NO_FORMULAS)


def _scored(report: Report, rows: Sequence[Row]) -> Markup:
    """The score with its breakdown; of a card that fails, why, and the score of before."""
    card = report.card
    if card is None:
        return tag("p", "No score card: card.attach(report), or xn.score_card(report).")
    result, error, words = report.result, report.error, _card_words(card)
    if error is not None:
        before = f"{words} · it fails now; the score is from before"
        kept = Markup("") if result is None else score_html(result.score, before)
        return join([kept, failure_html(error, card.code)])
    if result is None:
        return score_html(None, f"{words} · nothing to score yet")
    return join([score_html(result.score, words), breakdown_html(result, rows)])


def _card_words(card: ScoreCard) -> str:
    name = f"score card {one_line(card.name, _NAME)!r}" if card.name != "score card" else card.name
    return f"{name}, {_LANGUAGES[card.code_language]}" if card.code else f"{name}, without code"


def _first_rows(rows: Sequence[Row], columns: Sequence[str]) -> Markup:
    rest = len(columns) - _COLUMNS
    cut = f" · {rest} more columns: to_frame()" if rest > 0 else ""
    of = f"the first {_ROWS} of {len(rows):,} rows" if len(rows) > _ROWS else f"{len(rows):,} rows"
    shown = columned(rows[:_ROWS], columns[:_COLUMNS])
    summary = tag("summary", f"{of}{cut}", style="cursor:pointer;width:fit-content;opacity:.75")
    body = tag("div", shown, style="overflow-x:auto")
    return tag("details", summary, body, style="margin-top:.6em")
