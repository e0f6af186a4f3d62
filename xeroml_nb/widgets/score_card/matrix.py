"""A score matrix as tables, whose rows unfold to the rows of the report behind them.

It reads without a style sheet of ours, in a saved notebook too, and in light and dark.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.experiments.markup import NO_FORMULAS, Markup, tag
from xeroml_nb.widgets.export.words import counted, short
from xeroml_nb.widgets.score_card.behind import name_of, rows_behind
from xeroml_nb.widgets.score_card.rows_table import rows_table, value_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from xeroml_nb.widgets.score_card.behind import Behind, Row

# How much is drawn at most, so that a notebook does not grow by megabytes.
_TABLES, _COLUMNS, _CELLS = 5, 12, 300
_LEAST_ROWS = 5  # of each table
_UNFOLDING = 12  # rows of a matrix
_CELL = 80
_LONGEST = 20  # characters of a number
_UP, _DOWN = ("▲", "more is better"), ("▼", "less is better")
_GOOD, _BAD = "var(--xn-good,#0072B2)", "var(--xn-bad,#D55E00)"
_DIM = "opacity:.75"
_LINE = "border-top:1px solid var(--xn-line,#8884)"
_HIDDEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"
_INDENT = "1.3em"


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of a matrix.

    Args:
        heads: The first row, where it holds nothing but texts; else empty.
        rows: The others.
        width: How many columns are shown.
        digits: Of those that hold numbers only, how many digits behind the point are shown.
        left_out: How many more rows there are.
        unfolding: How many of the rows may unfold.
    """

    heads: Sequence[Any]
    rows: Sequence[Sequence[Any]]
    width: int
    digits: Mapping[int, int]
    left_out: int
    unfolding: int


def matrix_html(matrix: Sequence[Any], rows: Sequence[Row] = ()) -> Markup:
    """Draw a score matrix.

    Args:
        matrix: Tables, of rows, of cells; a cell is a value, or a dict of `value` and
            `positive_metric`: whether more of it is better. A first row of texts is a heading.
        rows: The report's rows, for those that a row of the matrix unfolds to.
    """
    tables = _tables(matrix)
    labels = [_value(row[0]) for one in tables for row in one.rows[: one.unfolding] if row]
    behind = rows_behind(labels, rows)
    drawn: list[Any] = [_drawn(one, behind, _named(n, len(tables))) for n, one in enumerate(tables)]
    if len(matrix) > _TABLES:
        drawn.append(_more(f"… and {counted(len(matrix) - _TABLES, 'more table')}"))
    legend = _legend(tables)
    return tag("div", *drawn, legend, class_=f"xn-matrix {NO_FORMULAS}")


def matrix_text(matrix: Sequence[Any]) -> str:
    """The same as lines of text."""
    lines = []
    for one in _tables(matrix):
        rows = [one.heads, *one.rows] if one.heads else one.rows
        lines += [
            "  ".join(_said(one, n, row[n]) for n in range(min(len(row), one.width)))
            for row in rows
        ]
        if one.left_out:
            lines.append(f"… and {counted(one.left_out, 'more row')}")
        lines.append("")
    return "\n".join(lines[:-1])


def _tables(matrix: Sequence[Any]) -> list[_Table]:
    shown = matrix[:_TABLES]
    return [_parted(one, len(shown)) for one in shown]


def _parted(table: Sequence[Sequence[Any]], of: int) -> _Table:
    has_heads = len(table) > 1 and bool(table[0]) and all(isinstance(c, str) for c in table[0])
    heads, rows = (table[0], table[1:]) if has_heads else ((), table)
    width = min(max((len(row) for row in table), default=0), _COLUMNS)
    shown = rows[: max(_LEAST_ROWS, _CELLS // of // max(width, 1))]
    digits = {n: digits for n in range(width) if (digits := _digits(shown, n)) is not None}
    return _Table(heads, shown, width, digits, len(rows) - len(shown), _UNFOLDING // of)


def _digits(rows: Sequence[Sequence[Any]], column: int) -> int | None:
    """How many digits behind the point a column of numbers needs, up to four in all."""
    values = [_value(row[column]) for row in rows if len(row) > column]
    given = [value for value in values if value is not None]
    if not given or not all(map(_is_number, given)):
        return None
    used = max(len(value_text(value, _CELL).partition(".")[2]) for value in given)
    largest = max(abs(value) for value in given)
    fitting = 3 - math.floor(math.log10(largest)) if largest else 0
    return min(used, max(fitting, 0), 4)


def _is_number(value: Any) -> bool:
    """It is a number that has digits."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _value(cell: Any) -> Any:
    return cell.get("value") if _is_metric(cell) else cell


def _is_metric(cell: Any) -> bool:
    return isinstance(cell, dict) and "value" in cell


def _mark(cell: Any) -> tuple[str, str] | None:
    """The glyph of a metric and what it says; a plain cell has none."""
    if not _is_metric(cell):
        return None
    return _UP if cell.get("positive_metric", True) else _DOWN


def _said(table: _Table, column: int, cell: Any) -> str:
    mark = _mark(cell)
    text = _text(table, column, cell)
    return text if mark is None else f"{mark[0]} {text}"


def _text(table: _Table, column: int, cell: Any) -> str:
    """A cell's value, in a column of numbers with as many digits as the others have."""
    value = _value(cell)
    digits = table.digits.get(column)
    if digits is not None and _is_number(value):
        text = f"{value:,.{digits}f}"
        # What would be too long, or no more than zeros, is written in another way.
        if len(text) <= _LONGEST and (not value or abs(value) >= 10**-digits):
            return text
    return value_text(value, _CELL)


def _named(number: int, of: int) -> str:
    return "Score matrix" if of == 1 else f"Score matrix, table {number + 1} of {of}"


def _drawn(table: _Table, behind: Mapping[str, Behind], name: str) -> Markup:
    parts: list[Any] = []
    if table.heads:
        heads = [
            tag("span", short(str(head), _CELL), style=_side(n, table) + ";" + _DIM)
            for n, head in enumerate(table.heads[: table.width])
        ]
        parts.append(_plain_row(table, heads, aria_hidden="true"))
    parts += [
        _row(table, row, behind if n < table.unfolding else {}) for n, row in enumerate(table.rows)
    ]
    if table.left_out:
        parts.append(_more(f"… and {counted(table.left_out, 'more row')}"))
    return tag(
        "div",
        *parts,
        role="group",
        aria_label=name,
        style="margin:.6em 0;overflow-x:auto;line-height:1.5;font-variant-numeric:tabular-nums",
    )


def _row(table: _Table, row: Sequence[Any], behind: Mapping[str, Behind]) -> Markup:
    cells = list(_cells(table, row))
    name = name_of(_value(row[0])) if row else None
    if name is None or name not in behind:
        return _plain_row(table, cells, border=_LINE)
    style = f"{_row_style(table)};{_LINE};cursor:pointer;list-style-position:outside"
    summary = tag("summary", _grid(table, cells), style=style)
    return tag("details", summary, rows_table(behind[name]), class_="xn-unfolds")


def _plain_row(table: _Table, cells: Sequence[Markup], border: str = "", **more: str) -> Markup:
    return tag("div", _grid(table, cells), style=f"{_row_style(table)};{border}", **more)


def _row_style(table: _Table) -> str:
    width = 16 + 10 * (table.width - 1)
    return f"box-sizing:border-box;max-width:{width}em;padding:2px 0;margin-left:{_INDENT}"


def _grid(table: _Table, cells: Sequence[Markup]) -> Markup:
    columns = "grid-template-columns:minmax(7em,2fr)" + " minmax(4.5em,1fr)" * (table.width - 1)
    style = f"display:inline-grid;vertical-align:top;width:100%;gap:0 1em;{columns}"
    return tag("span", *cells, style=style)


def _cells(table: _Table, row: Sequence[Any]) -> Iterator[Markup]:
    """The cells, each with its heading for readers that do not see the columns."""
    for number, cell in enumerate(row[: table.width]):
        head = table.heads[number] if number < len(table.heads) else ""
        said = tag("span", f" {short(head, _CELL)}: ", style=_HIDDEN) if number and head else ""
        style = f"{_side(number, table)};overflow-wrap:anywhere"
        yield tag("span", said, _glyph(cell), _text(table, number, cell), style=style)


def _glyph(cell: Any) -> Markup:
    mark = _mark(cell)
    if mark is None:
        return Markup("")
    glyph, words = mark
    colour = _GOOD if mark is _UP else _BAD
    return tag(
        "span", glyph, " ", style=f"color:{colour}", role="img", aria_label=words, title=words
    )


def _side(column: int, table: _Table) -> str:
    return f"text-align:{'right' if column in table.digits else 'left'}"


def _legend(tables: Sequence[_Table]) -> Markup:
    found = {_mark(cell) for one in tables for row in one.rows for cell in row}
    words = " · ".join(f"{m[0]} {m[1]}" for m in (_UP, _DOWN) if m in found)
    return _more(words) if words else Markup("")


def _more(text: str) -> Markup:
    return tag("div", text, style=f"{_DIM};font-size:.92em;padding:2px 0 2px {_INDENT}")
