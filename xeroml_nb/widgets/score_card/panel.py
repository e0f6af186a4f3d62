"""Write a score card and see at once what it comes to: `score_card(report)`."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from IPython.display import display

from xeroml_nb.client import get_client
from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.experiment import Experiment
from xeroml_nb.experiments.markup import join, tag
from xeroml_nb.scoring.cards.card import ScoreCard
from xeroml_nb.widgets.export.words import counted, short
from xeroml_nb.widgets.host import (
    Remainder,
    Static,
    answer_while_busy,
    shown,
    style_sheet,
    trouble_text,
)
from xeroml_nb.widgets.key_guard import KeyGuard
from xeroml_nb.widgets.score_card.form import CardForm
from xeroml_nb.widgets.score_card.latest import Latest
from xeroml_nb.widgets.score_card.outcome import (
    breakdown_html,
    failure_html,
    result_text,
    score_html,
    score_text,
)
from xeroml_nb.widgets.score_card.watching import watch

if TYPE_CHECKING:
    from xeroml_nb.scoring.cards.result import CardResult
    from xeroml_nb.scoring.reports.report import Report
    from xeroml_nb.widgets.score_card.behind import Row

_PAUSE = 0.4  # seconds without another edit


class _Keys(KeyGuard):
    _css = style_sheet("run_view", "score_card")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a card came to.

    Args:
        card: None if the form says none that there can be.
        rows: Of the report.
        result: None if it failed; what it came to before, where the report has this card.
        error: None if it did not fail.
        in_use: The report has this card.
    """

    card: ScoreCard | None
    rows: list[Row]
    result: CardResult | None
    error: Exception | None
    in_use: bool


class ScoreCardPanel(widgets.VBox):
    """Sets a score card, and calculates it whenever it or a score changes.

    Args:
        report: Whose columns count.
        card: As it is at first; the report's own by default.
    """

    def __init__(self, report: Report, card: ScoreCard | None = None) -> None:
        self._report = report
        self._latest = Latest(_PAUSE)
        self._stamp = ""
        self._rows: list[Row] = []
        self._rows_lock = threading.Lock()
        self._remainder = Remainder()
        self._line = f"{title_of(report)} · not calculated yet"
        self._remainder.update(Static(self._line, tag("p", self._line)))
        self._last: float | None = None
        self._form = CardForm(card or report.card or ScoreCard(), lambda: self._changed(None))
        self._make_parts()
        super().__init__(
            [
                self._title,
                widgets.HBox([self._score, self._use]),
                self._trouble,
                self._form,
                self._failure,
                self._breakdown,
                _Keys(),
            ]
        )
        self.children[1].add_class("xn-card-head")
        for name in ("xn-panel", "xn-card"):
            self.add_class(name)
        self._use.on_click(self._use_pressed)
        self._order(at_once=True)
        watch(self, report.id)

    def __repr__(self) -> str:
        return f"Score card ({self._line}); run the cell again to use it"

    def _ipython_display_(self) -> None:
        display(self._repr_mimebundle_(), raw=True)
        self._remainder.show()

    @property
    def card(self) -> ScoreCard:
        """The card as it is in the form.

        Raises:
            BadInput: If no card can be like that.
        """
        return self._form.card

    @property
    def report(self) -> Report:
        """Whose columns count."""
        return self._report

    def show_trouble(self, text: str) -> None:
        """Show an error above the form; an empty text clears it."""
        self._trouble.value = tag("div", text, class_="xn-trouble", role="alert") if text else ""

    def look(self) -> None:
        """Calculate again if a score, a column or the report's card has changed."""
        if self._report.stamp() != self._stamp:
            self._order(at_once=True)

    def _make_parts(self) -> None:
        self._title = widgets.HTML(tag("strong", f"Score card · {title_of(self._report)}"))
        self._score = widgets.HTML()
        self._use = widgets.Button(
            description="Use this card",
            button_style="primary",
            tooltip="Let this card make the report's score from now on",
            disabled=True,
        )
        self._trouble = widgets.HTML()
        self._failure = widgets.HTML()
        self._breakdown = widgets.HTML()

    @shown
    def _changed(self, _: Any) -> None:
        self._order()

    @shown
    def _use_pressed(self, _: Any) -> None:
        card = self._form.card
        self._use.disabled = True
        self._latest.order(lambda: self._put_to_use(card), self._tell, at_once=True)

    def _order(self, *, at_once: bool = False) -> None:
        self._use.disabled = True
        self._score.value = score_html(self._last, "calculating…")
        self._latest.order(self._calculate, self._tell, at_once=at_once)

    def _put_to_use(self, card: ScoreCard) -> _Outcome:
        try:
            self._report.set_card(card)
        except Exception as error:  # noqa: BLE001 - it is shown, whatever it is
            return _Outcome(card, self._rows, None, error, in_use=False)
        return self._calculate()

    def _calculate(self) -> _Outcome:
        card = None
        try:
            rows = self._present_rows()
            card = self._form.card
            if _same(card, self._report.card):
                result, error = self._report.result, self._report.error
                return _Outcome(card, rows, result, error, in_use=True)
            return _Outcome(card, rows, card.score(rows), None, in_use=False)
        except Exception as error:  # noqa: BLE001 - it is shown, whatever it is
            return _Outcome(card, self._rows, None, error, in_use=False)

    def _present_rows(self) -> list[Row]:
        """The report's rows, read again only if something has changed."""
        with self._rows_lock:
            stamp = self._report.stamp()
            if stamp != self._stamp:
                named = self._report.named_rows()
                self._rows = named.rows
                self._form.offer(named.names, self._rows)
                self._stamp = stamp
            return self._rows

    def _tell(self, outcome: _Outcome) -> None:
        """Show what a card came to; called on any thread."""
        result, error = outcome.result, outcome.error
        self._last = None if result is None else result.score
        self._score.value = score_html(self._last, _note(outcome))
        code = None if outcome.card is None else outcome.card.code
        self._failure.value = "" if error is None else failure_html(error, code)
        current = result if error is None else None
        self._breakdown.value = "" if current is None else breakdown_html(current, outcome.rows)
        self._use.description = "In use" if outcome.in_use else "Use this card"
        self._use.disabled = outcome.in_use or current is None
        answer_while_busy(self._use)
        self._form.answer_while_busy()
        self._leave(outcome)

    def _leave(self, outcome: _Outcome) -> None:
        """Change what stays in a saved notebook."""
        result, error = outcome.result, outcome.error
        label = title_of(self._report)
        said = trouble_text(error) if error else f"{score_text(self._last)} of 100"
        self._line = f"{label} · {short(said, 200)} · {_note(outcome)}"
        html = [tag("p", self._line)]
        if result is not None:
            html.append(breakdown_html(result))
            text = f"{self._line}\n{result_text(result)}"
        self._remainder.update(Static(text if result else self._line, join(html)))


def score_card(report: Report | Experiment | str, card: ScoreCard | None = None) -> ScoreCardPanel:
    """A widget to write a score card with: columns, code, and at once what they come to.

    What is shown is a trial until "Use this card" is pressed; then the card makes the report's
    score, which is kept.

    Args:
        report: A report, or an experiment or its name, which stand for the experiment's newest
            report, made if there is none.
        card: To begin with; the report's own by default.

    Raises:
        NotFound: If there is no experiment of that name.
        BadInput: If the report is a blueprint, which has no rows.

    Example:
        `score_card("triage_v2")`
    """
    found = get_client().get_experiment(report) if isinstance(report, str) else report
    if isinstance(found, Experiment):
        found = report_of(found)
    if found.is_blueprint:
        raise BadInput(
            f"Report {found.name!r} is a blueprint, which has no rows to score.",
            "Pass the report of one of its task's experiments.",
        )
    return ScoreCardPanel(found, card)


def title_of(report: Report) -> str:
    """What people call a report: its name, on one line, and its number."""
    return f"{short(report.name)} · report {report.id}"


def report_of(experiment: Experiment) -> Report:
    """The newest report of an experiment, made if there is none."""
    there: list[Report] = experiment.reports()
    return there[-1] if there else experiment.report()


def _note(outcome: _Outcome) -> str:
    rows = counted(len(outcome.rows), "row")
    if outcome.error is not None:
        before = "it fails now; the score is from before" if outcome.result else "no score"
        return f"{before} · {rows}"
    return f"{'in use' if outcome.in_use else 'a trial'} · {rows}"


def _same(card: ScoreCard, other: ScoreCard | None) -> bool:
    return other is not None and _parts(card) == _parts(other)


def _parts(card: ScoreCard) -> tuple[Any, ...]:
    told = (card.code or None, card.code_language, card.timeout, card.memory_mb, card.name)
    return tuple(card.column_names), *told
