"""Functions that take what a method takes, so that its parameters are written down once."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


def like(method: Callable[P, Any]) -> Callable[[Callable[..., R]], Callable[P, R]]:
    """Give a method the parameters of another one, in tooltips and for type checkers.

    Args:
        method: The one that names them.

    Example:
        >>> class Door:
        ...     def start(self, task, *, timeout=300.0): ...
        ...
        ...     @like(start)
        ...     def run(self, *given, **options): ...
        >>> print(inspect.signature(Door.run))
        (self, task, *, timeout=300.0)
    """
    return _shows(inspect.signature(method))


def like_method(
    method: Callable[Concatenate[Any, P], Any],
) -> Callable[[Callable[..., R]], Callable[P, R]]:
    """As `like`, for a function outside the class: it takes all but the object.

    Args:
        method: Of a class.
    """
    known = inspect.signature(method)
    return _shows(known.replace(parameters=list(known.parameters.values())[1:]))


def _shows(known: inspect.Signature) -> Callable[[Callable[..., Any]], Any]:
    def show(function: Callable[..., Any]) -> Any:
        # What a function returns is its own: a coroutine, say.
        own = inspect.signature(function).return_annotation
        function.__signature__ = known.replace(return_annotation=own)  # type: ignore[attr-defined]
        return function

    return show
