"""What each score of a comparison is: a number or a category, and which values are good."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from xeroml_nb.annotation.dimension import Dimension
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.store import queues

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xeroml_nb.experiments.frames import RunTable, ScoreColumn
    from xeroml_nb.store.store import Store

_DIRECTIONS = ("higher", "lower", "none")


@dataclass(frozen=True, slots=True)
class ScoreKinds:
    """The scores of some runs by kind, in alphabetical order.

    Args:
        numeric: Numbers and truth values, and categories that a rubric gives numbers.
        categorical: Texts.
        mixed: Numbers in one place and texts in another.
        dimensions: What people were asked, by score.
        directions: What the user said about a score.
    """

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    mixed: tuple[str, ...]
    dimensions: dict[str, Dimension]
    directions: dict[str, str]

    def checked(self, score: str) -> str:
        """Return the name of a score that can be compared.

        Raises:
            NotFound: If there is none of that name.
            BadInput: If it holds numbers and categories.
        """
        if score in self.mixed:
            raise BadInput(
                f"Score {score!r} holds numbers and categories.",
                "Score both runs with the same evaluator.",
            )
        known = self.numeric + self.categorical
        if score not in known:
            raise NotFound("score", score, known)
        return score

    def direction(self, score: str) -> str:
        """Which values of a score are good: "higher", "lower" or "none"."""
        if score in self.directions:
            return self.directions[score]
        asked = self.dimensions.get(score)
        return "higher" if asked is None else asked.direction

    def number_of(self, score: str) -> dict[str, float] | None:
        """What the categories of a score count as, where its rubric says so."""
        asked = self.dimensions.get(score)
        if asked is None or asked.direction == "none":
            return None
        given = {str(c.value): c.number for c in asked.choices if isinstance(c.value, str)}
        return {label: n for label, n in given.items() if n is not None} or None

    def categories(self, score: str, counts: Mapping[str, int]) -> list[str]:
        """The categories that occur: as they were asked, then the most frequent first."""
        asked = self.dimensions.get(score)
        order = [str(value) for value in (asked.order or ())] if asked is not None else []
        others = sorted(counts.keys() - set(order), key=lambda c: (-counts[c], c))
        return [*(c for c in order if c in counts), *others]


def find_kinds(
    store: Store, tables: Sequence[RunTable], directions: Mapping[str, str]
) -> ScoreKinds:
    """Sort out the scores of some runs.

    Raises:
        BadInput: If a direction is none.
    """
    for score, direction in directions.items():
        if direction not in _DIRECTIONS:
            options = ", ".join(map(repr, _DIRECTIONS))
            raise BadInput(
                f"The direction of {score!r} is {direction!r}.", f"Use one of {options}."
            )
    names = sorted({name for table in tables for name in table.scores})
    dimensions = _dimensions(store, names)
    kinds = ScoreKinds((), (), (), dimensions, dict(directions))
    sorted_out: dict[str, list[str]] = {"numeric": [], "categorical": [], "mixed": []}
    for name in names:
        columns = [table.scores[name] for table in tables if name in table.scores]
        sorted_out[_kind(columns, counts_as=kinds.number_of(name))].append(name)
    found = {kind: tuple(members) for kind, members in sorted_out.items()}
    return ScoreKinds(**found, dimensions=dimensions, directions=dict(directions))


def counted_table(table: RunTable, kinds: ScoreKinds) -> RunTable:
    """A run's scores with numbers for the categories that count as numbers."""
    scores = dict(table.scores)
    for name in kinds.numeric:
        numbers = kinds.number_of(name)
        if name in scores and numbers is not None:
            scores[name] = _counted(scores[name], numbers)
    return replace(table, scores=scores)


def _counted(column: ScoreColumn, numbers: Mapping[str, float]) -> ScoreColumn:
    given = [numbers.get(label, np.nan) for label in column.labels]
    found = np.where(np.isnan(column.numbers), given, column.numbers)
    return replace(column, numbers=found, labels=np.full(len(given), None, dtype=object))


def _kind(columns: Sequence[ScoreColumn], counts_as: Mapping[str, float] | None) -> str:
    has_numbers = any(not np.isnan(column.numbers).all() for column in columns)
    has_texts = any(pd.notna(column.labels).any() for column in columns)
    if has_numbers and has_texts:
        return "mixed"
    return "categorical" if has_texts and not counts_as else "numeric"


def _dimensions(store: Store, names: Sequence[str]) -> dict[str, Dimension]:
    """The newest question behind each score, if people were asked one."""
    with store.reading() as connection:
        configs = queues.configs(connection)
    newest = {name: definition for name, _, definition in configs}
    asked = {name: name.removesuffix(" (human)") for name in names}
    return {name: Dimension(**newest[q]) for name, q in asked.items() if q in newest}
