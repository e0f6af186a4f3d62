"""Mappings and lists as nodes: the first entries open, deep and long ones folded."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

from xeroml_nb.annotation.content.nodes import Node, element
from xeroml_nb.annotation.content.shapes import held, is_data
from xeroml_nb.records.json_text import UNHELD, clean_text, is_unheld, plain, preview

if TYPE_CHECKING:
    from xeroml_nb.annotation.content.budget import Budget

_DEEPEST = 12
_OPEN_DEPTH = 2
_OPEN_ENTRIES = 20
_LINE = 100
_LINE_ENTRIES = 6
_PREVIEW = 80
_HUGE = 10**300


def data_nodes(value: Any, budget: Budget, depth: int = 0) -> list[Node]:
    """A value as nodes, as far as the budget reaches.

    Args:
        value: Anything.
        budget: What may be shown; it tells afterwards whether that was all.
        depth: How many containers the value stands in.
    """
    value = held(value)
    if is_unheld(value):
        return [element("span", budget.take(str(value[UNHELD])), class_="xn-odd")]
    if not is_data(value):
        return [_scalar(value, budget)]
    line = _one_line(value, budget)
    if line is not None:
        return [line]
    if depth >= _DEEPEST:
        return [element("span", budget.take(peek(value)), class_="xn-literal")]
    if depth <= _OPEN_DEPTH:
        return _entries(value, budget, depth)
    summary = element("summary", budget.take(peek(value)))
    return [element("details", summary, *_entries(value, budget, depth))]


def peek(value: Any, limit: int = _PREVIEW) -> str:
    """The start of a value as one line of JSON, without reading more of it than is shown."""
    try:
        # Piece by piece: a container nested ten thousand deep is left after its first brackets.
        text = "".join(islice(json.JSONEncoder(default=plain).iterencode(value), limit))
    except Exception:  # noqa: BLE001 - values of the user may raise anything while they are read
        text = preview(value, limit)
    line = clean_text(" ".join(text[: limit * 4].split()))
    return line if len(line) <= limit and len(text) <= limit * 4 else line[: limit - 1] + "…"


def _scalar(value: Any, budget: Budget) -> Node:
    if not isinstance(value, str):
        return element("span", budget.take(json.dumps(value)), class_="xn-literal")
    if "\n" in value or len(value) > _LINE:
        return element("div", budget.take(value), class_="xn-text")
    return budget.take(json.dumps(value, ensure_ascii=False) if _mistakable(value) else value)


def _mistakable(text: str) -> bool:
    """Whether a text without quotes would pass for something else: "", "12", "null"."""
    if not text or text != text.strip():
        return True
    if len(text) > _LINE or text[0] not in "-0123456789tfnNI":
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _one_line(value: Any, budget: Budget) -> Node | None:
    """Few short scalars, or any numbers, on one line."""
    if not value:
        return element("span", budget.take(json.dumps(value)), class_="xn-literal")
    if isinstance(value, list):
        return _list_line(value, budget)
    if len(value) > _LINE_ENTRIES or not all(map(_is_short, value.values())):
        return None
    if sum(len(_label(key)) + len(str(item)) + 5 for key, item in value.items()) > _LINE:
        return None
    pairs: list[Node] = []
    for key, item in value.items():
        pairs += [" · "] if pairs else []
        pairs += [_key(key, budget), ": ", _scalar(item, budget)]
    return element("div", *pairs, class_="xn-pairs")


def _list_line(values: list[Any], budget: Budget) -> Node | None:
    # A number takes two characters or more: no more of them are read than can be shown.
    first = values[: budget.longest // 2 + 1]
    if not all(map(_is_number, first)):
        short = len(values) <= _LINE // 4 and all(map(_is_short, values))
        if not short or sum(len(str(item)) + 4 for item in values) > _LINE:
            return None
    budget.cut = budget.cut or len(first) < len(values)
    return element("span", budget.take(json.dumps(first, ensure_ascii=False)), class_="xn-literal")


def _is_short(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _LINE and "\n" not in value
    return value is None or type(value) is bool or _is_number(value)


def _is_number(value: Any) -> bool:
    # Huge integers cannot be written as digits.
    return type(value) is float or (type(value) is int and abs(value) < _HUGE)


def _entries(value: Any, budget: Budget, depth: int) -> list[Node]:
    """The first entries of a container, and the others folded."""
    shown = _rows(value, 0, _OPEN_ENTRIES, budget, depth)
    rest = len(value) - _OPEN_ENTRIES
    if rest <= 0 or budget.left <= 0:
        return [shown]
    summary = element("summary", f"{rest:,} more entries")
    return [shown, element("details", summary, _rows(value, _OPEN_ENTRIES, None, budget, depth))]


def _rows(value: Any, start: int, stop: int | None, budget: Budget, depth: int) -> Node:
    """The entries from one place to another, until the budget is used up."""
    is_mapping = isinstance(value, dict)
    entries = value.items() if is_mapping else enumerate(value)
    rows: list[Node] = []
    for at, (key, item) in enumerate(islice(entries, start, None), start):
        if budget.left <= 0:
            budget.cut = True
            more = element("span", f"… {len(value) - at:,} more", class_="xn-cut")
            rows.append(element("dd" if is_mapping else "li", more))
            break
        if at == stop:
            break
        rows += [element("dt", _key(key, budget))] if is_mapping else []
        shown = data_nodes(item, budget, depth + 1)
        rows.append(element("dd" if is_mapping else "li", *shown))
    if is_mapping:
        return element("dl", *rows, class_="xn-data")
    return element("ol", *rows, class_="xn-data", start=start + 1 if start else None)


def _key(key: Any, budget: Budget) -> Node:
    return element("span", budget.take(_label(key)), class_="xn-key")


def _label(key: Any) -> str:
    return key if isinstance(key, str) else next(iter(plain({key: None})))
