"""A function as an evaluator: what it names decides what it scores."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from inspect import Parameter
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.binding import TASK_NAMES, Bound, bind
from xeroml_nb.experiments.evaluation import Level
from xeroml_nb.experiments.fingerprint import fingerprint
from xeroml_nb.records.ids import checked_name
from xeroml_nb.scoring.given import score_records

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xeroml_nb.records.score import ScoreRecord, ScoreTarget

OF_ITEM = (*TASK_NAMES, "output", "trace_id", "error")
OF_COMPOSITE = (*OF_ITEM, "scores")
OF_EXPERIMENT = ("results", "experiment")


@dataclass(frozen=True, slots=True)
class Evaluator:
    """A function that scores an item run, or an experiment.

    Args:
        name: The score's name, unless the function says another.
        bound: How the function is called.
        fingerprint: Changes when the function's text changes, or what it uses.
        level: What it scores, and when.
        sees_failures: It names `error`, and so is asked about failed item runs too.
    """

    name: str
    bound: Bound
    fingerprint: str
    level: Level
    sees_failures: bool

    @property
    def is_async(self) -> bool:
        """It is a coroutine function."""
        return self.bound.is_async

    def call(self, known: Mapping[str, Any]) -> Any:
        """Call the function with what it asks for."""
        return self.bound(known)

    def scores(self, result: Any, target: ScoreTarget) -> list[ScoreRecord]:
        """Turn what the function returned into scores.

        Raises:
            BadScore: If a value cannot be a score, or two scores have one name.
        """
        return score_records(result, target, self.name)


def as_evaluator(function: Callable[..., Any], name: str | None = None) -> Evaluator:
    """Make an evaluator of any callable; a lambda's score is called "score".

    Raises:
        BadInput: If it asks for what there is not, or for an item run and an experiment at once.
    """
    own = getattr(function, "__name__", type(function).__name__)
    called = checked_name("evaluator", name or ("score" if own == "<lambda>" else own))
    asked = _asked(function)
    level = _level(called, asked)
    bound = _narrowed(bind(function, (*OF_COMPOSITE, *OF_EXPERIMENT), "evaluator"), level)
    return Evaluator(called, bound, fingerprint(function), level, "error" in asked)


def _asked(function: Any) -> set[str]:
    """The names of a function's own parameters."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # not callable, or of a compiled module that tells nothing
        return set()
    special = (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL)
    return {p.name for p in parameters if p.kind not in special}


def _level(name: str, asked: set[str]) -> Level:
    whole = asked.intersection(OF_EXPERIMENT)
    if whole and (mixed := asked.intersection(OF_COMPOSITE)):
        raise BadInput(
            f"The evaluator {name!r} asks for {_listed(whole)} of a whole experiment "
            f"and for {_listed(mixed)} of one item run.",
            "Make two of it.",
        )
    if whole:
        return Level.EXPERIMENT
    return Level.COMPOSITE if "scores" in asked else Level.ITEM


def _narrowed(bound: Bound, level: Level) -> Bound:
    """Offer a function that takes any name what there is at its level."""
    offered = {
        Level.ITEM: OF_ITEM,
        Level.COMPOSITE: OF_COMPOSITE,
        Level.EXPERIMENT: OF_EXPERIMENT,
    }[level]
    if bound.names is None:
        return bound
    return replace(bound, names=tuple(name for name in bound.names if name in offered))


def _listed(names: set[str]) -> str:
    return " and ".join(sorted(names))
