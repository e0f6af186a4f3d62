"""How a comparison shows below a cell: figures first, then pictures; all of it stays when saved."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from IPython.display import display

from xeroml_nb.errors import BadInput, MissingExtra
from xeroml_nb.experiments.markup import tag
from xeroml_nb.experiments.surfaces import in_notebook
from xeroml_nb.notebook.comparison_table import figures
from xeroml_nb.notebook.words import MOST_CHARTS
from xeroml_nb.widgets.host import Static

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xeroml_nb.analysis.comparison import Comparison


def show(compared: Comparison) -> None:
    """Show a comparison below the running cell; in a terminal as text alone."""
    for part in parts(compared) if in_notebook() else [figures(compared)]:
        display(part)


def parts(compared: Comparison) -> Iterator[Any]:
    """What is shown, one below the other: the verdicts with their table, then the charts."""
    yield figures(compared)
    try:
        from xeroml_nb import charts
    except MissingExtra as error:
        yield Static(str(error), tag("p", str(error)))
        return
    for draw in (charts.differences, charts.summary):
        with suppress(BadInput):  # there is nothing to draw, and the table says why
            yield draw(compared)
    for score in compared.categorical[:MOST_CHARTS]:
        with suppress(BadInput):
            yield charts.categories(compared, score)
