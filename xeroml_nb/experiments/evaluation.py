"""What the runner needs of an evaluator; `scoring/` provides them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from xeroml_nb.records.json_text import clean_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xeroml_nb.records.score import Score, ScoreTarget


class ItemEvaluator(Protocol):
    """Code that scores one item run."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def is_async(self) -> bool:
        """`call` returns a coroutine."""

    def call(self, known: Mapping[str, Any]) -> Any:
        """Call it with what it asks for of an item run."""

    def scores(self, result: Any, target: ScoreTarget) -> list[Score]:
        """Turn what it returned into scores; none if it left the item unscored."""


def said(error: BaseException) -> str:
    """An error as one text: its type and its message."""
    message = clean_text(str(error))
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
