"""The parts of a score card that people set: columns, code, language, time limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from xeroml_nb.experiments.markup import tag
from xeroml_nb.scoring.cards.card import ScoreCard
from xeroml_nb.scoring.sandbox.limits import LONGEST, SHORTEST
from xeroml_nb.widgets.export.words import short
from xeroml_nb.widgets.host import answer_while_busy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xeroml_nb.widgets.score_card.behind import Row

_LANGUAGES = [("Python", "PYTHON"), ("JavaScript", "JAVASCRIPT")]
_EMPTY = {
    "PYTHON": '# data is a list of dicts, one a row\nreturn {"score": 100}',
    "JAVASCRIPT": "// data is an array of objects, one a row\nreturn {score: 100}",
}
_WITH_CODE = "The code sees every column; those that are ticked are kept with the card."
_WITHOUT = "Without code: the mean over the ticked columns; if none is ticked, the last column."
_LEAST_LINES, _MOST_LINES = 6, 24


class CardForm(widgets.VBox):
    """Sets a score card.

    Args:
        card: As it is at first.
        changed: Called when something of it is changed.
    """

    def __init__(self, card: ScoreCard, changed: Callable[[], None]) -> None:
        self._first = card
        self._changed = changed
        self._boxes: dict[str, widgets.Checkbox] = {}
        self._chosen = set(card.column_names)
        self._columns = widgets.Box([])
        self._columns.add_class("xn-card-columns")
        self._hint = widgets.HTML()
        self._make_parts(card)
        super().__init__(
            [
                widgets.HBox([_word("columns"), self._columns]),
                self._hint,
                widgets.HBox([self._language, self._timeout]),
                self._code,
            ]
        )
        self.children[0].add_class("xn-card-line")
        self.children[2].add_class("xn-form")
        self._say_what_counts()
        for part in (self._language, self._timeout, self._code):
            part.observe(self._edited, names="value")

    @property
    def card(self) -> ScoreCard:
        """The card that the form says.

        Raises:
            BadInput: If no card can be like that.
        """
        return ScoreCard(
            tuple(name for name in self._boxes if name in self._chosen),
            self._code.value if self._code.value.strip() else None,
            self._language.value,
            name=self._first.name,
            timeout=self._timeout.value,
            memory_mb=self._first.memory_mb,
        )

    def offer(self, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Show the columns that there are; those of texts cannot be ticked.

        Args:
            columns: Of the report, in its order.
            rows: Of the report.
        """
        names = [*columns, *sorted(self._chosen - set(columns))]
        counting = {n for n in columns if any(_counts(row.get(n)) for row in rows)}
        if list(self._boxes) != names:
            self._boxes = {name: self._box(name) for name in names}
            self._columns.children = list(self._boxes.values())
        for name, box in self._boxes.items():
            # What is ticked can always be taken away, also where the column is gone.
            box.disabled = name not in counting and name not in self._chosen
            answer_while_busy(box)

    def answer_while_busy(self) -> None:
        """Let the form work while a cell blocks."""
        for part in (self._language, self._timeout, self._code, *self._boxes.values()):
            answer_while_busy(part)

    def _make_parts(self, card: ScoreCard) -> None:
        code = card.code or ""
        lines = min(max(code.count("\n") + 2, _LEAST_LINES), _MOST_LINES)
        self._code = widgets.Textarea(
            value=code,
            placeholder=_EMPTY[card.code_language],
            rows=lines,
            description="code",
            tooltip="The body of a function of data",
        )
        self._code.add_class("xn-card-code")
        self._language = widgets.ToggleButtons(
            options=_LANGUAGES, value=card.code_language, tooltips=["", ""]
        )
        self._timeout = widgets.BoundedFloatText(
            value=card.timeout,
            min=SHORTEST,
            max=LONGEST,
            description="time limit (s)",
            style={"description_width": "initial"},
            layout={"width": "150px"},
        )

    def _box(self, name: str) -> widgets.Checkbox:
        box = widgets.Checkbox(
            value=name in self._chosen,
            description=short(name, 60),
            indent=False,
            layout={"width": "auto"},
        )
        box.observe(lambda change: self._ticked(name, is_on=change["new"]), names="value")
        return box

    def _ticked(self, name: str, *, is_on: bool) -> None:
        (self._chosen.add if is_on else self._chosen.discard)(name)
        self._changed()

    def _edited(self, _: Any) -> None:
        self._say_what_counts()
        self._changed()

    def _say_what_counts(self) -> None:
        self._code.placeholder = _EMPTY[self._language.value]
        words = _WITH_CODE if self._code.value.strip() else _WITHOUT
        self._hint.value = tag("div", words, class_="xn-dim")


def _word(text: str) -> widgets.Label:
    label = widgets.Label(text)
    label.add_class("xn-card-word")
    return label


def _counts(value: Any) -> bool:
    return isinstance(value, bool | int | float)
