"""A chat as nodes: who said what, with instructions and tool payloads folded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.annotation.content.budget import ENTRY, fair_share
from xeroml_nb.annotation.content.data_tree import data_nodes, peek
from xeroml_nb.annotation.content.nodes import Node, element
from xeroml_nb.annotation.content.shapes import held, json_in
from xeroml_nb.annotation.content.text_kinds import text_nodes
from xeroml_nb.records.json_text import clean_text, preview, to_json

if TYPE_CHECKING:
    from xeroml_nb.annotation.content.budget import Budget

Turn = dict[str, Any]

_FOLDED = frozenset({"system", "developer", "tool", "function"})
_CLASSES = {"user": "xn-turn-user", "assistant": "xn-turn-assistant"}
_READ = frozenset({"role", "name", "content", "tool_calls"})
_FIRST_TURNS, _LAST_TURNS = 5, 95
_LONGEST_NAME = 80


def chat_nodes(turns: list[Turn], budget: Budget) -> list[Node]:
    """One element for each message; a long message leaves room for the others.

    Args:
        turns: Mappings with a role and a content or tool calls.
        budget: What may be shown.
    """
    left_out = max(0, len(turns) - _FIRST_TURNS - _LAST_TURNS)
    if left_out:
        turns = [*turns[:_FIRST_TURNS], *turns[-_LAST_TURNS:]]
        budget.cut = True
    share = fair_share([len(to_json(turn)) + ENTRY for turn in turns], budget.left)
    nodes = [_turn(turn, budget, share, alone=len(turns) == 1) for turn in turns]
    if left_out:
        note = element("div", f"… {left_out:,} messages are left out", class_="xn-cut")
        nodes.insert(_FIRST_TURNS, note)
    return nodes


def _turn(turn: Turn, budget: Budget, share: int, *, alone: bool) -> Node:
    role = _name(turn["role"])
    label = f"{role} · {_name(turn['name'])}" if turn.get("name") else role
    room = budget.part(share)
    given = room.left
    content = [*_content(turn.get("content"), room), *_calls(turn.get("tool_calls"), room)]
    more = {k: v for k, v in turn.items() if k not in _READ and not _is_nothing(v)}
    content += data_nodes(more, room, 1) if more else []
    budget.settle(room, given)
    if role.lower() in _FOLDED:
        return _folded(label, turn.get("content"), content, is_open=alone)
    said = element("div", label, class_="xn-role")
    return element("div", said, *content, class_=_CLASSES.get(role.lower(), "xn-turn"))


def _folded(label: str, content: Any, nodes: list[Node], *, is_open: bool) -> Node:
    start = peek(content) if not isinstance(content, str) else clean_text(preview(content, 80))
    role = element("span", label, class_="xn-role")
    summary = element("summary", role, element("span", f" {start}", class_="xn-dim"))
    return element("details", summary, *nodes, class_="xn-turn", open=is_open or None)


def _content(content: Any, budget: Budget) -> list[Node]:
    content = held(content)
    if content is None:
        return []
    if isinstance(content, list):
        return [node for piece in content for node in _piece(held(piece), budget)]
    if not isinstance(content, str):
        return data_nodes(content, budget, 1)
    return _said(content, budget)


def _said(text: str, budget: Budget) -> list[Node]:
    data = json_in(text, 10 * budget.longest)
    if data is not None:
        return data_nodes(data, budget, 1)
    return text_nodes(budget.take(text))[1] if text else []


def _piece(piece: Any, budget: Budget) -> list[Node]:
    """A part of a message: a text is read as one, anything else is folded data."""
    if budget.left <= 0:
        budget.cut = True
        return []
    if isinstance(piece, str):
        return _said(piece, budget)
    if not isinstance(piece, dict):
        return data_nodes(piece, budget, 1)
    more = {k: v for k, v in piece.items() if k not in ("type", "text") and not _is_nothing(v)}
    nodes = _said(piece["text"], budget) if isinstance(piece.get("text"), str) else []
    if not nodes or more:
        summary = element("summary", _name(piece.get("type") or "part"))
        rest = more if nodes else piece
        nodes.append(element("details", summary, *data_nodes(rest, budget, 1), class_="xn-call"))
    return nodes


def _calls(calls: Any, budget: Budget) -> list[Node]:
    calls = held(calls)
    if _is_nothing(calls):
        return []
    if not isinstance(calls, list):
        return data_nodes(calls, budget, 1)
    return [node for call in calls for node in _call(held(call), budget)]


def _call(call: Any, budget: Budget) -> list[Node]:
    """A tool that was called, with its arguments read as data."""
    if budget.left <= 0:
        budget.cut = True
        return []
    name, shown = "a tool", call
    function = call.get("function") if isinstance(call, dict) else None
    if isinstance(function, dict):
        name = _name(function.get("name") or name)
        arguments = function.get("arguments")
        data = json_in(arguments, 10 * budget.longest) if isinstance(arguments, str) else None
        read = function if data is None else {**function, "arguments": data}
        shown = {**call, "function": read}
    elif isinstance(call, dict):
        name = _name(call.get("name") or name)
    summary = element("summary", f"calls {name}")
    return [element("details", summary, *data_nodes(shown, budget, 1), class_="xn-call")]


def _is_nothing(value: Any) -> bool:
    return value is None or (type(value) in (str, list, dict) and not value)


def _name(value: Any) -> str:
    return clean_text(preview(value, _LONGEST_NAME))
