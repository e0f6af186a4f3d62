"""Evaluators: functions that score an item run, and the registry of their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, overload

from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.experiments.binding import TASK_NAMES, Bound, bind
from xeroml_nb.experiments.fingerprint import fingerprint
from xeroml_nb.records.ids import checked_name
from xeroml_nb.records.score import ScoreRecord, ScoreTarget, new_score

if TYPE_CHECKING:
    from xeroml_nb.experiments.evaluation import ItemEvaluator

F = TypeVar("F", bound="Callable[..., Any]")

NAMES = (*TASK_NAMES, "output", "trace_id", "error")
_registry: dict[str, Evaluator]


@dataclass(frozen=True, slots=True)
class Evaluator:
    """A function that scores an item run.

    Args:
        name: The score's name, unless the function returns a dict of several.
        bound: How the function is called.
        fingerprint: Changes when the function's text changes, or what it uses.
    """

    name: str
    bound: Bound
    fingerprint: str

    @property
    def is_async(self) -> bool:
        """It is a coroutine function."""
        return self.bound.is_async

    def call(self, known: Mapping[str, Any]) -> Any:
        """Call the function with what it asks for of an item run."""
        return self.bound(known)

    def scores(self, result: Any, target: ScoreTarget) -> list[ScoreRecord]:
        """Turn what the function returned into scores.

        Args:
            result: A number, a bool or a text; a dict of several by name; None for unscored.
            target: What is scored.

        Raises:
            BadScore: If a value cannot be a score.
        """
        named = result if isinstance(result, Mapping) else {self.name: result}
        return [
            new_score(target, name, value, author=self.name)
            for name, value in named.items()
            if value is not None
        ]


_registry = {}


@overload
def evaluator(function: F) -> F: ...
@overload
def evaluator(*, name: str | None = None) -> Callable[[F], F]: ...
def evaluator(function: Any = None, *, name: str | None = None) -> Any:
    """Register a function as an evaluator, so that `evaluators=["its name"]` finds it.

    Args:
        function: Names any of `input`, `item`, `expected_output`, `metadata`, `output`,
            `trace_id`, `error`; returns a number, a bool, a text, a dict of several scores by
            name, or None to leave the item unscored. Sync or async.
        name: Its own name by default. Registering a name again replaces it.

    Raises:
        BadInput: If the function asks for anything else.

    Example:
        >>> @evaluator
        ... def exact(output, expected_output):
        ...     return output == expected_output
        >>> exact("a", "a")
        True
    """

    def register(made: F) -> F:
        found = as_evaluator(made, name)
        _registry[found.name] = found
        return made

    return register if function is None else register(function)


def as_evaluator(function: Callable[..., Any], name: str | None = None) -> Evaluator:
    """Make an evaluator of any callable; a lambda's score is called "score"."""
    own = getattr(function, "__name__", type(function).__name__)
    called = name or ("score" if own == "<lambda>" else own)
    bound = bind(function, NAMES, "evaluator")
    return Evaluator(checked_name("evaluator", called), bound, fingerprint(function))


def registered() -> list[str]:
    """The names that `evaluators=[...]` finds."""
    return sorted(_registry)


def resolve(wanted: Sequence[str | Callable[..., Any]]) -> list[ItemEvaluator]:
    """Find evaluators by name; functions are taken as they are.

    Raises:
        NotFound: If no evaluator of a name is registered.
        BadInput: If something is neither, or two have the same name.
    """
    if isinstance(wanted, str):
        raise BadInput(f"evaluators is the text {wanted!r}.", f"Pass a list: [{wanted!r}].")
    found = [_resolve_one(one) for one in wanted]
    names = [e.name for e in found]
    if twice := next((n for n in names if names.count(n) > 1), None):
        raise BadInput(f"Two evaluators are called {twice!r}.", "Rename one, or name it once.")
    return list(found)


def _resolve_one(wanted: str | Callable[..., Any]) -> Evaluator:
    if not isinstance(wanted, str):
        known = next((e for e in _registry.values() if e.bound.function is wanted), None)
        return known or as_evaluator(wanted)
    if wanted not in _registry:
        hint = "Register one with @xeroml_nb.evaluator."
        raise NotFound("evaluator", wanted, _registry, hint)
    return _registry[wanted]
