"""Some rows of a report as a table, texts cut to one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.experiments.markup import Markup, tag
from xeroml_nb.widgets.export.words import counted, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.widgets.score_card.behind import Behind, Row

_ROWS, _COLUMNS, _TEXT = 5, 6, 60
_THOUSAND, _LARGE = 1_000, 1e15
_CELL = "text-align:{};vertical-align:top"


def rows_table(behind: Behind) -> Markup:
    """The first rows behind a row of a matrix, and how many there are."""
    columns = [behind.first, *(c for c in behind.rows[0] if c != behind.first)]
    title = f"{counted(len(behind.rows), 'row')}: {short(behind.why, 100)}"
    shown = columned(behind.rows[:_ROWS], columns[:_COLUMNS])
    rest = len(behind.rows) - _ROWS
    more = tag("div", f"… and {rest:,} more", style="opacity:.75") if rest > 0 else Markup("")
    style = (
        "margin:2px 0 8px 1.3em;padding:2px 0 2px 1em;overflow-x:auto;"
        "border-left:2px solid var(--xn-line,#8884);font-size:.95em"
    )
    return tag("div", tag("div", title, style="opacity:.75"), shown, more, style=style)


def columned(rows: Sequence[Row], columns: Sequence[str]) -> Markup:
    """Rows of a report as a table.

    Args:
        rows: Those that are shown.
        columns: Those that are shown, in this order.
    """
    numeric = {name for name in columns if all(_is_number(row.get(name)) for row in rows)}
    side = {name: "right" if name in numeric else "left" for name in columns}
    heads = [tag("th", short(n, _TEXT), style=_CELL.format(side[n])) for n in columns]
    body = [
        [tag("td", value_text(row.get(n), _TEXT), style=_CELL.format(side[n])) for n in columns]
        for row in rows
    ]
    table_rows = [tag("tr", *cells, style="background:none") for cells in body]
    return tag(
        "table",
        tag("thead", tag("tr", *heads, style="background:none")),
        tag("tbody", *table_rows),
        style="border-collapse:collapse;margin:2px 0;font-variant-numeric:tabular-nums",
    )


def value_text(value: Any, limit: int) -> str:
    r"""A cell for people, on one line: numbers in four digits, a dash for nothing.

    Example:
        >>> [value_text(v, 20) for v in (78.3333, 0.5, 1200, 12345.6, True, "two\nlines")]
        ['78.33', '0.5', '1,200', '12,346', 'true', 'two lines']
    """
    if value is None:
        return "–"
    if not _is_number(value):
        return short(value, limit)
    return f"{value:,.0f}" if _THOUSAND <= abs(value) < _LARGE else f"{value:.4g}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
