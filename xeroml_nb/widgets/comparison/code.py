"""What produced one run of a comparison and not the other, as a page shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.annotation.content.nodes import Node, element
from xeroml_nb.records.json_text import clean_text

if TYPE_CHECKING:
    from xeroml_nb.analysis.code import CodeDifference

_LINES = 400
_ROWS = 100


def code_nodes(found: CodeDifference) -> list[Node]:
    """What differs around the tasks, then the lines of their text."""
    rows = [
        node
        for name, (was, now) in list(found.changed.items())[:_ROWS]
        for node in _row(name, was, now)
    ]
    about = [element("dl", *rows, class_="xn-diff")] if rows else []
    lines = found.source
    if not lines:
        return [*about, element("div", found.unchanged, class_="xn-dim")]
    cut = len(lines) - _LINES
    more = [element("div", f"… {cut:,} more lines", class_="xn-cut")] if cut > 0 else []
    return [*about, element("div", *map(_line, lines[:_LINES]), class_="xn-lines"), *more]


def _row(name: str, was: str, now: str) -> list[Node]:
    key = element("span", clean_text(name), class_="xn-key")
    return [element("dt", key), element("dd", clean_text(f"{was} → {now}"))]


def _line(text: str) -> Node:
    shown = clean_text(f"{text}\n")
    if text.startswith("-"):
        return element("del", shown, class_="xn-del")
    return element("ins", shown, class_="xn-ins") if text.startswith("+") else shown
