"""What the notebook around a widget needs: errors that are seen, answers while a cell runs."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from IPython.display import display, update_display

from xeroml_nb.errors import XeromlError
from xeroml_nb.experiments.markup import NO_FORMULAS, Markup, tag
from xeroml_nb.experiments.summary import summary_html
from xeroml_nb.records.json_text import said

if TYPE_CHECKING:
    from collections.abc import Callable

    from xeroml_nb.experiments.experiment import Experiment

STATIC = Path(__file__).parent / "static"


def style_sheet(*names: str) -> str:
    """The style sheets of a widget as one, after the one that all share."""
    paths = [STATIC / f"{name}.css" for name in ("theme", *names)]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


class ShowsTrouble(Protocol):
    """Something with a place for errors that the user sees."""

    def show_trouble(self, text: str) -> None:
        """Show an error; an empty text clears it."""


S = TypeVar("S", bound=ShowsTrouble)


def shown(callback: Callable[[S, Any], None]) -> Callable[[S, Any], None]:
    """Show what a widget's callback raises in the widget: the front end would swallow it."""

    @functools.wraps(callback)
    def guarded(self: S, event: Any = None) -> None:
        try:
            self.show_trouble("")
            callback(self, event)
        except Exception as error:  # noqa: BLE001 - it is shown, whatever it is
            self.show_trouble(trouble_text(error))

    return guarded


def trouble_text(error: BaseException) -> str:
    """An error as it is shown to people: ours in its own words, others with their kind."""
    return str(error) if isinstance(error, XeromlError) else said(error)


def answer_while_busy(widget: Any) -> None:
    """Let a widget's buttons work while a cell blocks.

    Kernels of ipykernel 7.4 route a widget's messages to the shell that published it last, which
    for a widget of a cell is the one that a blocking cell keeps busy. Without that note they go
    to the shell of their own that the front end opened for them.
    """
    vars(widget.comm).pop("_reply_subshell_id", None)


class Static:
    """HTML that needs no kernel, and its text for where HTML is not shown.

    Args:
        text: One line.
        html: The same, or more.
    """

    def __init__(self, text: str, html: Markup) -> None:
        self._text = text
        self._html = html

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> Markup:
        return tag("div", self._html, class_=f"xn-remainder {NO_FORMULAS}")


def summary_of(experiment: Experiment) -> Static:
    """What stays of a run in a saved notebook."""
    return Static(experiment.summary_line(), summary_html(experiment))


class Remainder:
    """A line beside a widget: what is left to read in the saved notebook."""

    def __init__(self) -> None:
        self._id: str | None = None
        self._content = Static("", Markup(""))

    def show(self) -> None:
        """Put the line below what was displayed last."""
        content = self._content
        self._id = display(content, display_id=True).display_id
        if self._content is not content:
            self.update(self._content)

    def update(self, content: Static) -> None:
        """Change the line, from any thread."""
        self._content = content
        if self._id is not None:
            update_display(content, display_id=self._id)
