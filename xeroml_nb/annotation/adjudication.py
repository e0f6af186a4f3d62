"""Settling what people disagree about: their decisions shown without their names."""

from __future__ import annotations

from dataclasses import replace
from string import ascii_uppercase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xeroml_nb.annotation.labels import Labels
    from xeroml_nb.annotation.material import Material, Shown
    from xeroml_nb.records.label import EntryKey, Label


class Disagreements:
    """What people disagreed about in a queue, as material for one more queue.

    Args:
        labels: What they said.
        material: What they saw.
    """

    def __init__(self, labels: Labels, material: Material) -> None:
        self._labels = labels
        self._material = material

    def first(self, count: int) -> list[EntryKey]:
        """The disagreements that were labelled first."""
        return self.finished()[:count]

    def finished(self) -> list[EntryKey]:
        """All disagreements."""
        return self._labels.disagreements()

    def is_growing(self) -> bool:
        """People may go on labelling, but an adjudication is over what they said by now."""
        return False

    def load(self, keys: Iterable[EntryKey]) -> dict[EntryKey, Shown]:
        """What people saw, and what each of them said of it."""
        found = self._material.load(keys)
        return {key: self._with_decisions(key, shown) for key, shown in found.items()}

    def _with_decisions(self, key: EntryKey, shown: Shown) -> Shown:
        said = self._labels.said_of(key)
        decisions = {
            f"person {ascii_uppercase[place % 26]}": _in_words(label)
            for place, (_, label) in enumerate(said)
        }
        return replace(shown, after=(*shown.after, ("decisions", decisions)))


def _in_words(label: Label) -> str:
    words = [f"{name} {value}" for name, value in label.answers.items()]
    return " · ".join([*words, *([f"“{label.comment}”"] if label.comment else [])])
