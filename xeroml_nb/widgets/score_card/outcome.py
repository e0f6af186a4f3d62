"""What a score card came to, or why it failed: for a saved notebook and for the widget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.errors import CardFailed, XeromlError
from xeroml_nb.experiments.markup import NO_FORMULAS, Markup, table, tag
from xeroml_nb.records.json_text import clean_text
from xeroml_nb.widgets.export.words import short
from xeroml_nb.widgets.host import trouble_text
from xeroml_nb.widgets.score_card.matrix import matrix_html, matrix_text
from xeroml_nb.widgets.score_card.rows_table import value_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from xeroml_nb.scoring.cards.result import CardResult, ColumnScore
    from xeroml_nb.widgets.score_card.behind import Row

_BAD = "var(--xn-bad,#D55E00)"
_BOX = "white-space:pre-wrap;overflow-wrap:anywhere;margin:0;max-height:16em;overflow-y:auto"
_CODE = "font-family:var(--jp-code-font-family,monospace);font-size:.95em"
_AROUND = 2  # lines of code that are shown before and after the one to blame
_LINE, _NAME = 200, 80
_KINDS = {"boolean": "share of true, in percent", "number": "mean"}


def score_html(score: float | None, note: str = "") -> Markup:
    """A score in large figures with a bar behind it; a dash where there is none.

    Args:
        score: 0..100.
        note: What stands beside it.
    """
    share = 0.0 if score is None else score
    figure = tag("span", score_text(score), style="font-size:2em;font-weight:600;line-height:1.2")
    of = Markup("") if score is None else tag("span", " of 100", style="opacity:.75")
    filled = tag("div", style=f"width:{share:.1f}%;height:100%;background:var(--xn-good,#0072B2)")
    bar = tag(
        "div",
        filled,
        style="width:12em;max-width:40%;height:8px;border-radius:4px;overflow:hidden;"
        "border:1px solid var(--xn-line,#8888)",
        aria_hidden="true",
    )
    beside = tag("span", note, style="opacity:.75")
    return tag(
        "div",
        tag("span", figure, of, style="min-width:6.5em;white-space:nowrap"),
        bar,
        beside,
        class_="xn-card-score",
        style="display:flex;flex-wrap:wrap;align-items:center;gap:2px 14px;"
        "font-variant-numeric:tabular-nums",
    )


def score_text(score: float | None) -> str:
    """A score of 0..100 with a digit behind the point where there is one; a dash for none.

    Example:
        >>> [score_text(one) for one in (79.306, 100.0, 0.04)]
        ['79.3', '100', '0.04']
    """
    if score is not None and score >= 1:
        return f"{score:.1f}".removesuffix(".0")
    return value_text(score, 20)


def breakdown_html(result: CardResult, rows: Sequence[Row] = ()) -> Markup:
    """What stands behind a score: its matrix, or its columns, and what the code printed.

    Args:
        result: What a card came to.
        rows: Of the report, for those that a row of the matrix unfolds to.
    """
    parts = [
        _columns_html(result.columns) if result.columns else "",
        matrix_html(result.score_matrix, rows) if result.score_matrix else "",
        printed_html(result.printed),
    ]
    return tag("div", *parts, class_=NO_FORMULAS)


def result_text(result: CardResult) -> str:
    """A result as lines of text: the score, then its columns and its matrix."""
    lines = [f"score {score_text(result.score)} of 100"]
    lines += [_column_line(one) for one in result.columns]
    if result.score_matrix:
        lines.append(matrix_text(result.score_matrix))
    return "\n".join(lines)


def failure_html(error: BaseException, code: str | None) -> Markup:
    """Why a card failed, with the line of its code that is to blame.

    Args:
        error: What it raised.
        code: The card's.
    """
    line, printed = (error.line, error.printed) if isinstance(error, CardFailed) else (None, "")
    step = error.next_step if isinstance(error, XeromlError) else ""
    problem = error.problem if isinstance(error, XeromlError) else trouble_text(error)
    said = tag("div", clean_text(problem), style="white-space:pre-wrap")
    then = tag("div", clean_text(step), style="opacity:.75") if step else ""
    style = f"border-left:3px solid {_BAD};padding:4px 12px;overflow-wrap:anywhere"
    blamed = _excerpt_html(code or "", line)
    box = tag("div", said, then, blamed, role="alert", class_="xn-card-failure", style=style)
    return tag("div", box, printed_html(printed), class_=NO_FORMULAS)


def excerpt(code: str, line: int) -> Iterator[tuple[int, str]]:
    r"""The lines around one of a text, each with its number; nothing if it has no such line.

    Example:
        >>> list(excerpt("a\nb\nc\nd\ne", 1))
        [(1, 'a'), (2, 'b'), (3, 'c')]
    """
    lines = code.splitlines()
    if 1 <= line <= len(lines):
        for number in range(max(1, line - _AROUND), min(len(lines), line + _AROUND) + 1):
            yield number, clean_text(lines[number - 1])[:_LINE]


def printed_html(printed: str) -> Markup:
    """What a card's code printed, folded where it is long; nothing where there is nothing."""
    if not printed:
        return Markup("")
    text = tag("pre", clean_text(printed), style=f"{_BOX};{_CODE};background:none;color:inherit")
    heading = tag("summary", "printed", style="cursor:pointer;width:fit-content;opacity:.75")
    is_open = "" if printed.count("\n") < 12 else None  # noqa: PLR2004 - a screen's third
    return tag("details", heading, text, open=is_open, class_="xn-card-printed")


def _excerpt_html(code: str, line: int | None) -> Markup:
    if line is None:
        return Markup("")
    lines = [_code_line(number, text, number == line) for number, text in excerpt(code, line)]
    return tag("div", *lines, style=f"{_CODE};margin-top:4px;line-height:1.5;overflow-x:auto")


def _code_line(number: int, text: str, to_blame: bool) -> Markup:  # noqa: FBT001
    style = "white-space:pre"
    if to_blame:
        style += f";font-weight:600;background:color-mix(in srgb,{_BAD} 14%,transparent)"
    head = tag("span", f"{'→' if to_blame else ' '}{number:>4}  ", style="opacity:.75")
    return tag("div", head, text, style=style, aria_current="true" if to_blame else None)


def _columns_html(columns: Sequence[ColumnScore]) -> Markup:
    rows = [
        (short(c.name, _NAME), value_text(c.score, 20), _KINDS[c.kind], *map(_count, _counts(c)))
        for c in columns
    ]
    heads = ("column", "score", "made of", "rows", "without a value")
    return tag("div", table(heads, rows, numeric={1, 3, 4}), style="overflow-x:auto;margin:.4em 0")


def _column_line(column: ColumnScore) -> str:
    skipped = f", {column.skipped:,} without a value" if column.skipped else ""
    made = f"{_KINDS[column.kind]} of {column.counted:,} rows{skipped}"
    return f"{short(column.name, _NAME)}: {value_text(column.score, 20)} ({made})"


def _counts(column: ColumnScore) -> tuple[int, int]:
    return column.counted, column.skipped


def _count(number: int) -> str:
    return f"{number:,}"
