"""Who opens the store when the first span begins before anybody asked for a client."""

from __future__ import annotations

from importlib import import_module

_home: str | None = None


def open_with(home: str) -> None:
    """Say what opens it.

    Args:
        home: `module:name` of a function without arguments.
    """
    global _home  # noqa: PLW0603 - said once, by the package itself
    _home = home


def open_now() -> None:
    """Open it."""
    if _home is not None:
        module, _, name = _home.partition(":")
        getattr(import_module(module), name)()
