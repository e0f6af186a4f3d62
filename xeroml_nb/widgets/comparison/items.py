"""Which items of a comparison are wanted: by what changed, what people said, values and words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from xeroml_nb.analysis import contents
from xeroml_nb.analysis.score_filter import Condition, parse_condition
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.records.json_text import to_json
from xeroml_nb.widgets.comparison.people import PeopleSaid

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import pandas as pd

    from xeroml_nb.analysis.changes import Changes
    from xeroml_nb.analysis.comparison import Comparison

SEARCHED = 10_000
WORSE = ("regressed", "lower")
BETTER = ("improved", "higher")
_BLOCK = 2_000
_COLUMNS = {"score": "score", "run": "score", "baseline": "baseline_score", "delta": "delta"}
_COMPARES = re.compile(r"[<>]|==|!=")
# A comma ends a condition only where another one follows.
_BETWEEN = re.compile(r"\s*(?:,|\band\b)\s*(?=[^,]*[=<>])")


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items are wanted; all that is asked for has to hold.

    Args:
        change: A word such as "regressed"; empty for all.
        people: "flagged" or "labelled"; empty for all.
        conditions: Such as "language=de, score < 0.5": metadata fields, and values of a score
            (`score` and `baseline` of the one shown, `delta`, or another score's name).
        words: All of them occur in the id, the input or an output, whatever the case.
    """

    change: str = ""
    people: str = ""
    conditions: str = ""
    words: str = ""

    @classmethod
    def from_wire(cls, given: Mapping[str, Any]) -> ItemFilter:
        """As a page asks for it."""
        names = ("change", "people", "conditions", "words")
        return cls(*(str(given.get(name) or "").strip() for name in names))

    def __str__(self) -> str:
        words = f"“{self.words}”" if self.words else ""
        return ", ".join(filter(None, (self.change, self.people, self.conditions, words)))


@dataclass(frozen=True, slots=True)
class Found:
    """The items that were found.

    Args:
        rows: Some of `Changes.rows`, each under its place there.
        told: What the reader must know; empty if nothing.
    """

    rows: pd.DataFrame
    told: str = ""


class ItemList:
    """The items of a comparison by one score and candidate.

    Args:
        comparison: What is compared.
        score: By which score.
        candidate: The label of the run that is held against the baseline.
    """

    def __init__(self, comparison: Comparison, score: str, candidate: str) -> None:
        self.comparison = comparison
        self.score = score
        self.candidate = next(r for r in comparison.candidates if r.label == candidate)
        self.changes: Changes = comparison.changes(score, candidate)
        self.people = PeopleSaid(comparison.store, (comparison.baseline, self.candidate))

    def find(self, wanted: ItemFilter) -> Found:
        """The items that a filter leaves, the largest change first.

        Raises:
            BadInput: If a condition cannot be read.
            NotFound: If it names an unknown score.
        """
        rows = self.changes.rows
        if wanted.change:
            rows = rows[rows["change"] == wanted.change]
        if wanted.people:
            rows = rows[rows["item_id"].isin(self.people.items(wanted.people))]
        for term in filter(None, _BETWEEN.split(wanted.conditions)):
            rows = rows[self._holds(term.strip(), rows)]
        return self._search(rows, wanted.words) if wanted.words else Found(rows)

    def _holds(self, term: str, rows: pd.DataFrame) -> npt.NDArray[np.bool_]:
        if _COMPARES.search(term):
            condition = parse_condition(term)
            return _met(condition, self._values(condition.name, rows))
        field, equals, value = (part.strip() for part in term.partition("="))
        if not equals or not field:
            raise BadInput(
                f"The condition {term!r} cannot be read.",
                "Write field=value, or score < 0.5; words go into the search.",
            )
        held = (self._metadata.get(item_id) for item_id in rows["item_id"])
        fits = [isinstance(m, dict) and str(m.get(field)) == value for m in held]
        return np.array(fits, dtype=bool)

    def _values(self, name: str, rows: pd.DataFrame) -> pd.Series[Any]:
        if name in _COLUMNS:
            return rows[_COLUMNS[name]]
        if name not in self.comparison.scores:
            raise NotFound("score", name, [*_COLUMNS, *self.comparison.scores])
        return self.comparison.values(name)[self.candidate.label].loc[list(rows["item_id"])]

    @cached_property
    def _metadata(self) -> dict[str, Any]:
        with self.comparison.store.reading() as connection:
            known = contents.items(connection, self.comparison.baseline)
        return {item.id: item.metadata for item in known}

    def _search(self, rows: pd.DataFrame, words: str) -> Found:
        wanted = words.casefold().split()
        looked = rows.head(SEARCHED)
        kept: list[Any] = []
        for start in range(0, len(looked), _BLOCK):
            block = looked.iloc[start : start + _BLOCK]
            texts = map(_text, self.changes.to_frame(block).itertuples())
            fits = [all(word in text for word in wanted) for text in texts]
            kept += list(block.index[np.array(fits, dtype=bool)])
        told = f"Only the first {SEARCHED:,} of {len(rows):,} items were searched."
        return Found(rows.loc[kept], told if len(rows) > SEARCHED else "")


def _met(condition: Condition, values: pd.Series[Any]) -> npt.NDArray[np.bool_]:
    there = values.notna()
    pairs = zip(values, there, strict=True)
    return np.array([known and condition.holds(value) for value, known in pairs], dtype=bool)


def _text(row: Any) -> str:
    parts = (row.item_id, row.input, row.baseline_output, row.output)
    texts = (part if isinstance(part, str) else to_json(part) for part in parts)
    return "\n".join(texts).casefold()
