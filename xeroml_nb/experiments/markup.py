"""HTML from data: the one place where text becomes markup, and every text is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


# The class of HTML in which JupyterLab takes nothing between two dollar signs for a formula.
NO_FORMULAS = "tex2jax_ignore mathjax_ignore"


class Markup(str):
    """Text that is HTML already, because this module made it."""

    __slots__ = ()


def tag(name: str, *content: Any, **attributes: Any) -> Markup:
    """An element; its content and attributes are escaped unless they are Markup.

    Args:
        name: Such as "td".
        content: Texts and Markup, one after the other.
        attributes: `class_` stands for class; None leaves an attribute out.

    Example:
        >>> tag("b", "<script>", class_="x")
        '<b class="x">&lt;script&gt;</b>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{given}>{join(content)}</{name}>")


def join(parts: Iterable[Any]) -> Markup:
    """Texts and Markup one after the other, the texts escaped."""
    return Markup("".join(p if isinstance(p, Markup) else escape(str(p)) for p in parts))


def table(headings: Iterable[str], rows: Iterable[Iterable[Any]], *, numeric: set[int]) -> Markup:
    """A table.

    Args:
        headings: One a column.
        rows: Cells, texts or Markup.
        numeric: Columns that are set right-aligned.
    """

    def cells(kind: str, row: Iterable[Any]) -> Markup:
        return join(
            # The style is repeated inline since a saved notebook keeps no style sheet of ours.
            tag(kind, cell, class_="num", style="text-align:right")
            if i in numeric
            else tag(kind, cell, style="text-align:left")
            for i, cell in enumerate(row)
        )

    head = tag("thead", tag("tr", cells("th", headings)))
    return tag("table", head, tag("tbody", *(tag("tr", cells("td", row)) for row in rows)))
