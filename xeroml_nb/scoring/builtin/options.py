"""Give an evaluator its options and its name."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar

from xeroml_nb.records.ids import checked_name

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def with_options(function: Callable[..., T], name: str, **options: Any) -> Callable[..., T]:
    """A function with options filled in, under the name its scores get.

    It is a `partial` of a function of a module, not a closure: its fingerprint then changes with
    the content of the options, and it can go to another process.
    """
    made = functools.partial(function, **options)
    vars(made).update(__name__=checked_name("evaluator", name), __doc__=function.__doc__)
    return made
