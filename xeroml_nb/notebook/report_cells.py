"""Cells of a report, each with the outputs that running it would give."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import nbformat
import pandas as pd
from IPython.core.formatters import DisplayFormatter

from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from nbformat import NotebookNode

# What a fresh kernel has, whatever is set where the report is written, and what a report sets.
_FRAMES: dict[str, Any] = {
    "display.max_rows": 60,
    "display.min_rows": 10,
    "display.max_columns": 20,
    "display.width": 80,
    "display.precision": 6,
    "display.float_format": "{:.4g}".format,
    "display.max_colwidth": 50,
    "display.html.use_mathjax": False,
}
SETTINGS = """\
pd.set_option("display.float_format", "{:.4g}".format)
pd.set_option("display.html.use_mathjax", False)  # a dollar sign begins no formula"""
_PLAIN = re.compile(r"[A-Za-z0-9 ]")


@dataclass(frozen=True)
class Code:
    """A cell of code.

    Args:
        role: What it is there for: its id.
        source: Its text.
        result: What its last line gives; None where that is no expression.
        displays: What running it displays.
        tags: Of the cell.
        folded: Its text is not shown until it is asked for.
    """

    role: str
    source: str
    result: Callable[[], Any] | None = None
    displays: Callable[[], Iterable[Any]] = tuple
    tags: tuple[str, ...] = ()
    folded: bool = False


@dataclass(frozen=True)
class Section:
    """Cells under a heading.

    Args:
        role: The id of its heading.
        words: Markdown; what it holds of data is escaped.
        cells: Those whose result would be empty are left out, and without any the heading too.
    """

    role: str
    words: str
    cells: Sequence[Code] = ()


def plain_words(text: str) -> str:
    """Text for Markdown that stays text: no mark-up, no HTML, no formula.

    Args:
        text: Any; it becomes one line.

    Example:
        >>> plain_words("a_b <i>")
        '<span class="tex2jax_ignore mathjax_ignore">a&#95;b &#60;i&#62;</span>'
    """
    line = " ".join(text.split())
    safe = "".join(c if _PLAIN.match(c) else f"&#{ord(c)};" for c in line)
    return f'<span class="tex2jax_ignore mathjax_ignore">{safe}</span>'


def notebook_cells(sections: Iterable[Section]) -> list[NotebookNode]:
    """The sections as cells of a notebook, with their outputs."""
    given = [value for pair in _FRAMES.items() for value in pair]
    with pd.option_context(*given):
        return [cell for section in sections for cell in _section_cells(section)]


def _section_cells(section: Section) -> Iterator[NotebookNode]:
    code = [made for cell in section.cells if (made := _code_cell(cell)) is not None]
    if code or not section.cells:
        yield nbformat.v4.new_markdown_cell(section.words, id=section.role)
    yield from code


def _code_cell(cell: Code) -> NotebookNode | None:
    """The cell, or None where there is nothing to show."""
    try:
        shown = [_output("display_data", part) for part in cell.displays()]
        if cell.result is not None:
            shown.append(_output("execute_result", cell.result(), execution_count=None))
    except BadInput:
        return None
    metadata: dict[str, Any] = {"tags": list(cell.tags)} if cell.tags else {}
    if cell.folded:
        metadata["jupyter"] = {"source_hidden": True}
    return nbformat.v4.new_code_cell(cell.source, id=cell.role, outputs=shown, metadata=metadata)


def _output(kind: str, value: Any, **fields: Any) -> NotebookNode:
    """What a kernel would send for a value."""
    data, metadata = DisplayFormatter().format(value)
    return nbformat.v4.new_output(kind, data=data, metadata=metadata, **fields)
