"""What the runner needs of an evaluator; `scoring/` provides them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xeroml_nb.records.score import ScoreRecord, ScoreTarget


class ItemEvaluator(Protocol):
    """Code that scores one item run."""

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
