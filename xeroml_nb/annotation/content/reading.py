"""What a person who labels reads: a value as nodes, rendered by what it looks like.

All of it is output of models: texts stay texts, and every cost is bounded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import Any

from xeroml_nb.annotation.content.budget import ENTRY, Budget, cut_note, fair_share
from xeroml_nb.annotation.content.chat import chat_nodes
from xeroml_nb.annotation.content.data_tree import data_nodes
from xeroml_nb.annotation.content.nodes import Node, element, text_block
from xeroml_nb.annotation.content.shapes import held, is_data, json_in, turns_in
from xeroml_nb.annotation.content.text_kinds import text_nodes
from xeroml_nb.records.json_text import UNHELD, clean_text, is_unheld, plain, preview, to_json

# A text this many times longer than what is shown is still read as data.
_DATA_READ = 10
_MOST_SIZES = 200
_LONGEST_KEY = 30
_LONGEST_CHIP = 60


@dataclass(frozen=True, slots=True)
class Part:
    """One value as it is shown.

    Args:
        name: Such as "input".
        kind: "chat", "json", "markdown", "code", "text" or "none".
        nodes: What is shown.
        cut: The number of all its characters if not all are shown, else 0.
    """

    name: str
    kind: str
    nodes: list[Node]
    cut: int = 0

    def to_wire(self) -> dict[str, Any]:
        """The part as plain JSON."""
        return {"name": self.name, "kind": self.kind, "nodes": self.nodes, "cut": self.cut}


def part(name: str, value: Any, limit: int = 20_000) -> Part:
    """Render a value by its shape: a chat, data, Markdown, program text or plain text.

    Args:
        name: Such as "input".
        value: Anything.
        limit: About how many characters are shown; the last node tells when there are more.

    Example:
        >>> part("output", {"category": "billing"}).kind
        'json'
        >>> part("output", "Pay **now**.").nodes
        [['p', 'Pay ', ['strong', 'now'], '.']]
    """
    value = held(value)
    if value is None:
        return Part(name, "none", [element("span", "none", class_="xn-dim")])
    if is_unheld(value):
        return _text_part(name, str(value[UNHELD]), limit, class_="xn-odd")
    if not isinstance(value, str):
        return _data_part(name, value, limit)
    data = json_in(value, _DATA_READ * limit)
    if data is not None:
        return _data_part(name, data, limit, len(value))
    return _text_part(name, value, limit)


def raw_part(name: str, value: Any, limit: int = 2_000_000) -> Part:
    """Show a value as it stands: a text exactly, anything else as indented JSON.

    Args:
        name: Such as "input".
        value: Anything.
        limit: How many characters are shown.
    """
    value = held(value)
    if value is None:
        return part(name, value)
    if is_unheld(value):
        text = str(value[UNHELD])
    else:
        text = value if isinstance(value, str) else _indented(value)
    shown, cut = _cut_text(text, limit)
    kind = "json" if is_data(value) else "text"
    return Part(name, kind, [element("pre", shown, class_="xn-raw"), *_note(shown, cut)], cut)


def chips(metadata: Any, limit: int = 12) -> list[str]:
    """Short "key: value" texts, the last one telling how many more there are.

    Args:
        metadata: Usually a mapping.
        limit: How many at most.

    Example:
        >>> chips({"lang": "de", "tier": 2})
        ['lang: de', 'tier: 2']
    """
    seen = held(metadata)
    if seen in (None, "", [], {}):
        return []
    if not isinstance(seen, dict) or is_unheld(seen):
        return [_chip(seen, _LONGEST_CHIP)]
    keys = list(islice(seen, limit if len(seen) <= limit else max(limit - 1, 0)))
    made = [f"{_chip(key, _LONGEST_KEY)}: {_chip(seen[key], _LONGEST_CHIP)}" for key in keys]
    return made if len(keys) == len(seen) else [*made, f"… {len(seen) - len(keys):,} more"]


def _text_part(name: str, text: str, limit: int, class_: str = "") -> Part:
    shown, cut = _cut_text(text, limit)
    if not shown.strip():
        empty = element("span", "empty text", class_="xn-dim")
        return Part(name, "text", [empty, text_block(shown)] if shown else [empty])
    kind, nodes = ("text", [text_block(shown, class_)]) if class_ else text_nodes(shown)
    return Part(name, kind, [*nodes, *_note(shown, cut)], cut)


def _data_part(name: str, value: Any, limit: int, total: int = 0) -> Part:
    """A part of data; `total` is the length of the text it was read from."""
    total = total or len(to_json(value))
    budget = Budget(limit, limit if total <= limit else _longest_text(value, limit))
    turns, rest = _chat_in(value)
    nodes = chat_nodes(turns, budget) if turns else []
    if rest is not None:
        nodes += data_nodes(rest, budget)
    kind = "chat" if turns else "json"
    if not budget.cut:
        return Part(name, kind, nodes)
    total = max(total, budget.shown)
    return Part(name, kind, [*nodes, cut_note(budget.shown, total)], total)


def _longest_text(value: Any, limit: int) -> int:
    """How much of one text is shown: it leaves room for what comes after it."""
    inside = value.values() if isinstance(value, dict) else value if is_data(value) else ()
    sizes = [len(to_json(v)) + ENTRY for v in islice(inside, _MOST_SIZES)]
    return max(fair_share(sizes, limit) - ENTRY, limit // 4, 1)


def _chat_in(value: Any) -> tuple[list[dict[str, Any]], Any]:
    """The messages of a value and what else it holds; None if that is nothing."""
    turns = turns_in(value)
    if turns:
        return turns, None
    if isinstance(value, dict):
        turns = turns_in(held(value.get("messages")))
        if turns:
            return turns, {k: v for k, v in value.items() if k != "messages"} or None
    return [], value


def _cut_text(text: str, limit: int) -> tuple[str, int]:
    """The start of a text, fit to be stored, and all its characters if there are more."""
    shown = clean_text(text[:limit])
    if len(text) <= limit and len(shown) <= limit:
        return shown, 0
    return shown[:limit], max(len(text), len(shown))


def _note(shown: str, cut: int) -> list[Node]:
    return [cut_note(len(shown), cut)] if cut else []


def _indented(value: Any) -> str:
    try:
        return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    except Exception:  # noqa: BLE001 - values of the user may raise anything while they are read
        return json.dumps(plain(value), indent=2, ensure_ascii=False)


def _chip(value: Any, limit: int) -> str:
    return clean_text(preview(value, limit))
