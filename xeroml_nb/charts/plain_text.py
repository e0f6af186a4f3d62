"""A chart as text: its title, and what its tooltips say as a small table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xeroml_nb.records.json_text import preview

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ROWS = 12
_CELL = 40
_PARTS = ("layer", "vconcat", "hconcat", "concat")


def spoken(spec: dict[str, Any]) -> str:
    """The text of a chart, readable alone.

    Args:
        spec: The chart as Vega-Lite.

    Example:
        >>> bar = {"field": "n", "type": "quantitative", "title": "count"}
        >>> print(spoken({"title": "Counts", "data": {"values": [{"n": 3}]},
        ...     "mark": "bar", "encoding": {"x": bar}}))
        Counts
        <BLANKLINE>
        count
        3
    """
    datasets = spec.get("datasets", {})
    frame = _Frame(None, {}, tips_only=_has_tips(spec))
    blocks = list(dict.fromkeys(_blocks(spec, frame, datasets)))
    return "\n\n".join(blocks) or "A chart."


@dataclass(frozen=True, slots=True)
class _Frame:
    """What a part of a chart takes over from the parts around it."""

    data: Any
    encoding: dict[str, Any]
    tips_only: bool


def _blocks(part: dict[str, Any], around: _Frame, datasets: dict[str, Any]) -> Iterator[str]:
    frame = replace(
        around,
        data=part.get("data", around.data),
        encoding={**around.encoding, **part.get("encoding", {})},
    )
    if heading := _heading(part.get("title")):
        yield heading
    columns = _columns(frame)
    rows = _rows(frame.data, datasets)
    if "mark" in part and columns and rows:
        yield _table(columns, rows)
    for child in _children(part):
        yield from _blocks(child, frame, datasets)


def _children(part: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [child for name in _PARTS for child in part.get(name, ())]
    return [*inner, *([part["spec"]] if "spec" in part else [])]


def _has_tips(part: dict[str, Any]) -> bool:
    own = isinstance(part.get("encoding", {}).get("tooltip"), list)
    return own or any(map(_has_tips, _children(part)))


def _heading(title: Any) -> str:
    if not isinstance(title, dict):
        return "\n".join(_texts(title))
    return "\n".join([*_texts(title.get("text")), *_texts(title.get("subtitle"))])


def _texts(found: Any) -> list[str]:
    found = found if isinstance(found, list) else [found]
    return [text for text in found if isinstance(text, str) and text]


def _columns(frame: _Frame) -> dict[str, str]:
    """Field to heading: of the tooltips, or of all channels in a chart that has none."""
    tips = frame.encoding.get("tooltip")
    channels = tips if isinstance(tips, list) else list(frame.encoding.values())
    if frame.tips_only and channels is not tips:
        return {}
    named = [c for c in channels if isinstance(c, dict) and isinstance(c.get("field"), str)]
    return {c["field"]: str(c.get("title") or c["field"]) for c in named}


def _rows(data: Any, datasets: dict[str, Any]) -> list[dict[str, Any]]:
    if not isinstance(data, dict):
        return []
    found = data.get("values", datasets.get(data.get("name", ""), []))
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _table(columns: dict[str, str], rows: Sequence[dict[str, Any]]) -> str:
    cells = [[_cell(row.get(field)) for field in columns] for row in rows[:_ROWS]]
    lines = [list(columns.values()), *cells]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    text = ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in lines]
    more = len(rows) - _ROWS
    return "\n".join([*text, f"… and {more:,} more"] if more > 0 else text)


def _cell(value: Any) -> str:
    return "–" if value is None else preview(value, _CELL)
