"""Call a user's function with the values it names."""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass
from inspect import Parameter
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TASK_NAMES = ("input", "item", "expected_output", "metadata")


@dataclass(frozen=True, slots=True)
class Bound:
    """A function and the values it asks for.

    Args:
        function: The user's function.
        names: Which values it gets by name; None means `input` alone, as its first argument.
        is_async: It returns a coroutine.
    """

    function: Callable[..., Any]
    names: tuple[str, ...] | None
    is_async: bool

    def __call__(self, known: Mapping[str, Any]) -> Any:
        """Call the function with what it asks for of the known values."""
        if self.names is None:
            return self.function(known["input"])
        return self.function(**{name: known[name] for name in self.names})


def bind(
    function: Callable[..., Any], offered: tuple[str, ...], what: str, *, alone: bool = False
) -> Bound:
    """Find out which of the offered values a function asks for.

    Args:
        function: Any callable.
        offered: The values that can be had.
        what: What the function is, for errors: "task", "evaluator".
        alone: A single parameter of any other name gets `input`.

    Raises:
        BadInput: If the function is none, or asks for something that is not offered.
    """
    name = getattr(function, "__name__", type(function).__name__)
    if not callable(function):
        raise BadInput(f"The {what} {function!r} cannot be called.", "Pass a function.")
    is_async = _is_async(function)
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # some functions of compiled modules tell nothing of their parameters
        return Bound(function, None, is_async)
    if any(p.kind is Parameter.VAR_KEYWORD for p in parameters):
        return Bound(function, offered, is_async)
    named = [p for p in parameters if p.kind is not Parameter.VAR_POSITIONAL]
    unknown = [p.name for p in named if p.default is Parameter.empty and p.name not in offered]
    by_name = all(p.kind is not Parameter.POSITIONAL_ONLY for p in named)
    takes_any = any(p.kind is Parameter.VAR_POSITIONAL for p in parameters)
    if by_name and not unknown and not (alone and takes_any and not named):
        return Bound(function, tuple(p.name for p in named if p.name in offered), is_async)
    required = [p for p in named if p.default is Parameter.empty]
    first = required[0].kind if required else Parameter.VAR_POSITIONAL
    if alone and len(required) <= 1 and first is not Parameter.KEYWORD_ONLY:
        return Bound(function, None, is_async)
    raise BadInput(
        f"The {what} {name!r} asks for {', '.join(unknown) or 'positional arguments'}.",
        f"It can name any of: {', '.join(offered)}.",
    )


def _is_async(function: Any) -> bool:
    while isinstance(function, functools.partial):
        function = function.func
    call = getattr(function, "__call__", None)  # noqa: B004 - an instance may define it as async
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)
