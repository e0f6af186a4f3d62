"""How an output differs from what was expected, readable without colour.

Texts are compared word by word, mappings key by key. What is only expected is a `del`, what is
only in the output an `ins`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.annotation.content.alignment import line_segments, word_segments
from xeroml_nb.annotation.content.nodes import Node, element
from xeroml_nb.annotation.content.shapes import is_data, json_in
from xeroml_nb.records.json_text import (
    UNHELD,
    canonical_json,
    clean_text,
    is_unheld,
    plain,
    preview,
    to_json,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.annotation.content.alignment import Segment

_LONGEST = 50_000  # characters of both values together
_DEEPEST = 4
_MOST_KEYS = 100
_LINE = 80
_LINES_AROUND = 3
_SAME_PREVIEW = 120


@dataclass(frozen=True, slots=True)
class _Words:
    """How two values are called where they differ, and how many words are compared."""

    old: str
    new: str
    limit: int

    def same(self) -> Node:
        return element("div", f"same as {self.old}", class_="xn-same")


def difference(
    expected: Any,
    output: Any,
    limit: int = 2_000,
    *,
    names: tuple[str, str] = ("expected", "output"),
) -> list[Node] | None:
    """Show where an output differs from the expected one; None if one of them is None.

    Args:
        expected: What the item expects: anything.
        output: What came out: anything. Texts that are JSON count as the data in them.
        limit: The most changed words to compare word by word; more are compared line by line.
        names: What both are called.

    Example:
        >>> difference("a red cat", "a big cat")
        [['div', {'class': 'xn-text'}, 'a ', ['del', {'class': 'xn-del'}, 'red'], \
['ins', {'class': 'xn-ins'}, 'big'], ' cat']]
        >>> difference({"a": 1}, '{"a": 1}')
        [['div', {'class': 'xn-same'}, 'same as expected']]
    """
    if expected is None or output is None:
        return None
    words = _Words(*names, limit)
    old = expected if isinstance(expected, str) else to_json(expected)
    new = output if isinstance(output, str) else to_json(output)
    if len(old) + len(new) > _LONGEST:
        is_text = isinstance(expected, str), isinstance(output, str)
        return [words.same() if old == new and len(set(is_text)) == 1 else _too_long()]
    return _nodes(_compared(expected, old), _compared(output, new), words)


def _too_long() -> Node:
    return element("div", "too long to compare word by word", class_="xn-dim")


def _compared(value: Any, text: str) -> Any:
    """Plain data; `text` is the value if it is a text, else its JSON."""
    if not isinstance(value, str):
        return json.loads(text)
    data = json_in(text, _LONGEST)
    return text if data is None else data


def _is_same(expected: Any, output: Any) -> bool:
    if isinstance(expected, str) or isinstance(output, str):
        return type(expected) is type(output) and bool(expected == output)
    return canonical_json(expected) == canonical_json(output)


def _nodes(expected: Any, output: Any, words: _Words, depth: int = 0) -> list[Node]:
    if _is_same(expected, output):
        return [words.same()]
    if all(is_data(v) and isinstance(v, dict) for v in (expected, output)) and depth < _DEEPEST:
        return [_rows(expected, output, words, depth)]
    return _text_nodes(_readable(expected), _readable(output), words)


def _rows(expected: dict[str, Any], output: dict[str, Any], words: _Words, depth: int) -> Node:
    """A row for each key, in the order in which they were expected."""
    keys = list(dict.fromkeys([*expected, *output]))
    rows: list[Node] = []
    for key in keys[:_MOST_KEYS]:
        rows.append(element("dt", element("span", clean_text(key), class_="xn-key")))
        rows.append(element("dd", *_row(key, expected, output, words, depth)))
    if len(keys) > _MOST_KEYS:
        more = f"… {len(keys) - _MOST_KEYS:,} more keys are not compared"
        rows.append(element("dd", more, class_="xn-cut"))
    return element("dl", *rows, class_="xn-diff")


def _row(
    key: str, expected: dict[str, Any], output: dict[str, Any], words: _Words, depth: int
) -> list[Node]:
    if key not in output:
        return [_note(f"− only in {words.old}: "), *_changed(_readable(expected[key]), "")]
    if key not in expected:
        return [_note(f"+ only in {words.new}: "), *_changed("", _readable(output[key]))]
    old, new = _as_mapping(expected[key]), _as_mapping(output[key])
    if _is_same(old, new):
        value = clean_text(preview(expected[key], _SAME_PREVIEW))
        return [_note("same: "), element("span", value, class_="xn-same")]
    return _nodes(old, new, words, depth + 1)


def _as_mapping(value: Any) -> Any:
    """A text that is a JSON object as that object, anything else as it is."""
    data = json_in(value, _LONGEST) if isinstance(value, str) else None
    return data if isinstance(data, dict) else value


def _readable(value: Any) -> str:
    if isinstance(value, str):
        return clean_text(value)
    if is_unheld(value):
        return clean_text(value[UNHELD])
    line = json.dumps(plain(value), ensure_ascii=False)
    if len(line) > _LINE:
        line = json.dumps(plain(value), indent=2, ensure_ascii=False)
    return clean_text(line)


def _text_nodes(expected: str, output: str, words: _Words) -> list[Node]:
    if expected == output:
        said = f"same text as {words.old}, but another type of value"
        return [element("div", said, class_="xn-same")]
    segments = word_segments(expected, output, words.limit)
    if segments is not None:
        shown = [node for old, new in segments for node in _segment(old, new)]
        return [element("div", *shown, class_="xn-text")]
    lines = line_segments(expected, output, words.limit)
    return [_too_long()] if lines is None else [_line_nodes(lines)]


def _segment(old: str, new: str) -> list[Node]:
    return [old] if old == new else _changed(old, new)


def _changed(old: str, new: str) -> list[Node]:
    gone = [element("del", _seen(old), class_="xn-del")] if old else []
    return [*gone, *([element("ins", _seen(new), class_="xn-ins")] if new else [])]


def _seen(text: str) -> str:
    """A text whose line breaks can be seen where it is nothing but space."""
    return text if text.strip() else text.replace("\n", "↵\n").replace("\t", "⇥")


def _line_nodes(segments: Sequence[Segment]) -> Node:
    rows: list[Node] = []
    for old, new in segments:
        if old == new:
            rows += _same_lines(old)
            continue
        rows += [element("del", _marked(old, "− "), class_="xn-del")] if old else []
        rows += [element("ins", _marked(new, "+ "), class_="xn-ins")] if new else []
    return element("div", *rows, class_="xn-lines")


def _same_lines(text: str) -> list[Node]:
    """Lines that did not change; of many, those far from a change are folded."""
    lines = text.splitlines(keepends=True)
    around = _LINES_AROUND
    if len(lines) <= 2 * around + 1:
        return [_marked(text, "  ")]
    start, middle, end = lines[:around], lines[around:-around], lines[-around:]
    summary = element("summary", f"{len(middle):,} lines are the same")
    folded = element("details", summary, _marked("".join(middle), "  "))
    return [_marked("".join(start), "  "), folded, _marked("".join(end), "  ")]


def _marked(text: str, mark: str) -> str:
    """Each line behind its mark, the last one ended."""
    lines = "".join(f"{mark}{line}" for line in text.splitlines(keepends=True))
    return lines if lines.endswith("\n") else f"{lines}\n"


def _note(text: str) -> Node:
    return element("span", text, class_="xn-dim")
