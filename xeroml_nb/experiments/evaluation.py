"""What the runner needs of an evaluator; `scoring/` provides them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xeroml_nb.records.score import ScoreRecord, ScoreTarget


class Level(StrEnum):
    """What an evaluator scores, and when."""

    ITEM = "item"
    COMPOSITE = "composite"
    EXPERIMENT = "experiment"


@runtime_checkable
class ItemEvaluator(Protocol):
    """Code that scores one item run.

    It may also have a `level` other than that of an item, say by `sees_failures` that it is asked
    about item runs without an output too, and by `waits` that it mostly waits for an answer.
    """

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def is_async(self) -> bool:
        """`call` returns a coroutine."""

    @property
    def fingerprint(self) -> str:
        """Changes when what it does changes."""

    def call(self, known: Mapping[str, Any]) -> Any:
        """Call it with what it asks for of an item run."""

    def scores(self, result: Any, target: ScoreTarget) -> list[ScoreRecord]:
        """Turn what it returned into scores; none if it left the item unscored."""


def level_of(evaluator: ItemEvaluator) -> Level:
    """What an evaluator scores; one that does not say so scores item runs."""
    level: Level = getattr(evaluator, "level", Level.ITEM)
    return level


def sees_failures(evaluator: ItemEvaluator) -> bool:
    """Tell whether an evaluator is asked about item runs without an output too."""
    return bool(getattr(evaluator, "sees_failures", False))


def waits(evaluator: ItemEvaluator) -> bool:
    """Tell whether an evaluator mostly waits, so that many of it are worth a thread each."""
    return bool(getattr(evaluator, "waits", False))


def of_items(evaluators: Iterable[ItemEvaluator]) -> list[ItemEvaluator]:
    """Those that score item runs, composites included."""
    return [e for e in evaluators if level_of(e) is not Level.EXPERIMENT]


def of_experiment(evaluators: Iterable[ItemEvaluator]) -> list[ItemEvaluator]:
    """Those that score the experiment as a whole."""
    return [e for e in evaluators if level_of(e) is Level.EXPERIMENT]
