"""How many characters of a value may still be shown."""

from __future__ import annotations

import dataclasses

from xeroml_nb.annotation.content.nodes import Node, element
from xeroml_nb.records.json_text import clean_text

# What the element around a text costs where it is sent.
_AROUND = 40
# What an entry of a container takes besides its text: a key, a label, elements.
ENTRY = 4 * _AROUND


@dataclasses.dataclass(slots=True)
class Budget:
    """Characters left; `shown` are those given out, `cut` tells whether any were refused.

    Args:
        left: How many characters may be shown.
        longest: How many of them one text may take.
    """

    left: int
    longest: int
    shown: int = 0
    cut: bool = False

    def take(self, text: str) -> str:
        """As much of a text as may be shown, fit to be stored."""
        room = max(0, min(self.left, self.longest))
        held = clean_text(text[:room])
        if len(text) > room or len(held) > room:
            self.cut = True
            held = held[:room] + "…"
        self.left -= len(held) + _AROUND
        self.shown += len(held)
        return held

    def part(self, left: int) -> Budget:
        """A budget of its own for a part; `settle` gives the account of it back."""
        room = max(0, min(left, self.left))
        return Budget(room, room)

    def settle(self, part: Budget, given: int) -> None:
        """Book what a part used up."""
        self.left -= given - part.left
        self.shown += part.shown
        self.cut = self.cut or part.cut


def fair_share(sizes: list[int], total: int) -> int:
    """The most each may have so that all fit; short ones leave their rest to long ones.

    Example:
        >>> fair_share([10, 10, 1000], 100)
        80
    """
    if sum(sizes) <= total:
        return total
    ordered = sorted(sizes)
    for at, size in enumerate(ordered):
        share = total // (len(ordered) - at)
        if size > share:
            return share
        total -= size
    raise AssertionError  # together they are more than the total, so one is more than its share


def cut_note(shown: int, total: int) -> Node:
    """The line below something that is not shown in full."""
    return element("div", f"{shown:,} of {total:,} characters are shown", class_="xn-cut")
