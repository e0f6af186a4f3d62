"""Tell whether a task is still the same task: its text, and what of the notebook it uses."""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import linecache
import re
import textwrap
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from xeroml_nb.records.ids import content_hash
from xeroml_nb.records.json_text import is_unheld, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHANGING = frozenset(
    {
        "add",
        "append",
        "clear",
        "discard",
        "extend",
        "insert",
        "pop",
        "remove",
        "setdefault",
        "update",
    }
)


def source_of(function: Callable[..., Any]) -> str:
    """The text of a function; where there is none, its qualified name.

    A function compiled from a cell carries the cell's text as `__xeroml_source__`.
    """
    inner = _innermost(function)
    kept = getattr(inner, "__xeroml_source__", None)
    if isinstance(kept, str):
        return kept
    linecache.checkcache()
    try:
        return textwrap.dedent(inspect.getsource(inner))
    except (OSError, TypeError):
        return getattr(inner, "__qualname__", type(inner).__qualname__)


def fingerprint(function: Callable[..., Any]) -> str:
    """A hash that changes with the function's text and with the globals it uses, at any depth.

    Containers that the function itself changes, such as a cache, do not count.

    Functions and classes count by their text where they are defined in the same module as the
    task (in a notebook: in any cell); plain values such as prompts and tables count by content.
    """
    return content_hash(*_parts(function, set()))


def _parts(function: Any, seen: set[int]) -> Iterator[Any]:
    inner = _innermost(function)
    if id(inner) in seen:
        return
    seen.add(id(inner))
    yield source_of(inner)
    if isinstance(function, functools.partial):
        yield (
            [_content(v) for v in function.args],
            {k: _content(v) for k, v in function.keywords.items()},
        )
    if isinstance(inner, FunctionType):
        for name, value in sorted(_used(inner).items()):
            yield name
            yield from _value_parts(value, inner.__module__, seen)


def _value_parts(value: Any, module: str, seen: set[int]) -> Iterator[Any]:
    if isinstance(value, ModuleType):
        yield value.__name__
    elif callable(value):
        target = _innermost(value)
        if getattr(target, "__module__", None) == module:
            yield from _parts(value, seen)
        else:
            yield getattr(target, "__qualname__", type(target).__qualname__)
    else:
        yield _content(value)


def _used(function: FunctionType) -> dict[str, Any]:
    """The globals, closed-over values and defaults that a function refers to."""
    changed = _changed(source_of(function))
    names = set(_names(function.__code__)) - changed
    found = {
        n: function.__globals__[n]
        for n in names
        if n in function.__globals__ and not hasattr(builtins, n)
    }
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    found |= {name: _cell_content(cell) for name, cell in cells if name not in changed}
    return found | {"__defaults__": function.__defaults__}


def _changed(source: str) -> set[str]:
    """Names of containers that a function itself changes, such as a cache."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:
        return set()
    stored = (n.value for n in nodes if isinstance(n, ast.Subscript) and _is_store(n.ctx))
    called = (n.func for n in nodes if isinstance(n, ast.Call))
    methods = (f for f in called if isinstance(f, ast.Attribute) and f.attr in _CHANGING)
    changed = [*stored, *(method.value for method in methods)]
    return {n.id for n in changed if isinstance(n, ast.Name)}


def _is_store(context: ast.expr_context) -> bool:
    return isinstance(context, (ast.Store, ast.Del))


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _cell_content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _content(value: Any) -> Any:
    """A value's content; for what has none that could be compared, its type."""
    if isinstance(value, re.Pattern):
        return [value.pattern, value.flags]
    held = plain(value)
    return held["type"] if is_unheld(held) else _without_addresses(held)


def _without_addresses(held: Any) -> Any:
    """Leave out reprs, which name memory addresses that differ in every process."""
    if is_unheld(held):
        return held["type"]
    if isinstance(held, dict):
        return {k: _without_addresses(v) for k, v in held.items()}
    return [_without_addresses(v) for v in held] if isinstance(held, list) else held


def _innermost(function: Any) -> Any:
    while isinstance(function, functools.partial):
        function = function.func
    return inspect.unwrap(function) if callable(function) else function
