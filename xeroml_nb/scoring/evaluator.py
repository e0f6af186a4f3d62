"""Evaluators by name: those of the user, and those that come with the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.experiments.evaluation import ItemEvaluator, Level, level_of
from xeroml_nb.scoring.function_evaluator import Evaluator, as_evaluator
from xeroml_nb.scoring.shipped import HOMES, shipped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xeroml_nb.store.store import Store

    Wanted = str | Callable[..., Any] | ItemEvaluator

F = TypeVar("F", bound="Callable[..., Any] | ItemEvaluator")
_LEVELS = list(Level)
_registry: dict[str, ItemEvaluator] = {}


@overload
def evaluator(function: F) -> F: ...
@overload
def evaluator(*, name: str | None = None) -> Callable[[F], F]: ...
def evaluator(function: Any = None, *, name: str | None = None) -> Any:
    """Register an evaluator, so that `evaluators=["its name"]` finds it.

    What the function names decides what it scores. Any of `input`, `item`, `expected_output`,
    `metadata`, `output`, `trace_id`: one item run with an output. `error` as well: also one that
    failed or timed out, where `output` is None and `error` says why. `scores` as well: it runs
    after the others, in order, and gets what they gave that item run, as a dict of values by
    name. Only `results` (a list of `Result`) or `experiment`: once, when all is run.

    Args:
        function: Sync or async; or a judge, which has its name. Returns a number, a bool, a text,
            a `Score`, a dict of these by name, a list of these, or None for unscored.
        name: A function's own name by default. Registering a name again replaces it.

    Raises:
        BadInput: If the function asks for anything else, or mixes an item run and an experiment.

    Example:
        >>> @evaluator
        ... def exact(output, expected_output):
        ...     return output == expected_output
        >>> exact("a", "a")
        True
    """

    def register(made: F) -> F:
        found = _named(made, name)
        _registry[found.name] = found
        return made

    return register if function is None else register(function)


def users_own() -> list[str]:
    """The names that were registered in this process."""
    return sorted(_registry)


def registered() -> list[str]:
    """The names that `evaluators=[...]` finds: the user's own, and those of the package."""
    return sorted(_registry.keys() | HOMES.keys())


def resolve(wanted: Sequence[Wanted], store: Store | None = None) -> list[ItemEvaluator]:
    """Find evaluators by name; functions and judges are taken as they are.

    Args:
        wanted: Names, functions, judges.
        store: Where judges look up what they have answered already.

    Returns:
        Them in order; composites after the others, those of the experiment last.

    Raises:
        NotFound: If no evaluator of a name is registered.
        BadInput: If something is neither, or two have the same name.
        NoModel: If a judge has no model to ask.
    """
    if isinstance(wanted, str):
        raise BadInput(f"evaluators is the text {wanted!r}.", f"Pass a list: [{wanted!r}].")
    found = [_resolve_one(one) for one in wanted]
    names = [e.name for e in found]
    if twice := next((n for n in names if names.count(n) > 1), None):
        raise BadInput(f"Two evaluators are called {twice!r}.", "Rename one, or name it once.")
    return sorted((_ready(e, store) for e in found), key=lambda e: _LEVELS.index(level_of(e)))


def _named(made: Any, name: str | None) -> ItemEvaluator:
    if not isinstance(made, ItemEvaluator):
        return as_evaluator(made, name)
    if name not in (None, made.name):
        raise BadInput(
            f"{made.name!r} cannot be registered as {name!r}.", "Make it with that name."
        )
    return made


def _resolve_one(wanted: Wanted) -> ItemEvaluator:
    if isinstance(wanted, str):
        return _by_name(wanted)
    if isinstance(wanted, ItemEvaluator):
        return wanted
    every = (e for e in _registry.values() if isinstance(e, Evaluator))
    known = next((e for e in every if e.bound.function is wanted), None)
    return known or as_evaluator(wanted)


def _by_name(name: str) -> ItemEvaluator:
    if name in _registry:
        return _registry[name]
    if name in HOMES:
        return _resolve_one(shipped(name))
    hint = "Register one with @xeroml_nb.evaluator."
    raise NotFound("evaluator", name, registered(), hint)


def _ready(found: ItemEvaluator, store: Store | None) -> ItemEvaluator:
    """Let a judge look for its model, and for its answers in the store."""
    if hasattr(found, "check_ready"):
        found.check_ready()
    cached = store is not None and hasattr(found, "cached_in")
    ready: ItemEvaluator = found.cached_in(store) if cached else found  # type: ignore[attr-defined]
    return ready
