"""What later rooms do for earlier ones, which know them only by name.

An experiment can write a report, though reports know experiments and not the other way round.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_homes: dict[str, str] = {}


def provide(what: str, home: str) -> None:
    """Say where something is done.

    Args:
        what: A word for it, such as "client".
        home: `module:name` of the callable that does it; imported when it is first needed.
    """
    _homes[what] = home


def provided(what: str) -> Callable[..., Any]:
    """What does it.

    Example:
        >>> provided("client").__name__
        'get_client'
    """
    module, _, name = _homes[what].partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found
