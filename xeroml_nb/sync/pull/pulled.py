"""What a pull brought, in numbers and in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from xeroml_nb.experiments.markup import NO_FORMULAS, table, tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SHOWN_CONFLICTS = 100


class News(StrEnum):
    """What a pull did with one object: a conflict was changed here and there, and stays as here."""

    NEW = "new"
    CHANGED = "changed"
    REMOVED = "removed"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Conflict:
    """One object that was changed here, and otherwise on the server; the one here stays.

    Args:
        kind: "score", "experiment" or "item run".
        key: Its id here.
        title: For people.
        here: What it is here.
        there: What it is on the server.
    """

    kind: str
    key: str
    title: str
    here: str
    there: str

    def __str__(self) -> str:
        return f"{self.title}: here {self.here}, on the server {self.there}"


class Pulled:
    """What a pull brought.

    Args:
        title: What was pulled, for people.
        host: Where from.
        counts: How many objects of each kind are new, changed and so on.
        conflicts: At most the first 100 objects that stay as they are here.
        notices: What the user should know beside the numbers.
    """

    def __init__(
        self,
        title: str,
        host: str,
        counts: Mapping[tuple[str, News], int],
        conflicts: Iterable[Conflict] = (),
        notices: Iterable[str] = (),
    ) -> None:
        self._title = title
        self._host = host
        self.counts = dict(counts)
        self.conflicts = tuple(conflicts)
        self.notices = tuple(notices)

    def count(self, news: str, kind: str | None = None) -> int:
        """How many objects are "new", "changed", "removed", "unchanged" or a "conflict".

        Args:
            news: One of the five.
            kind: Only "experiment", "item run" or "score".
        """
        return sum(
            n for (what, how), n in self.counts.items() if how == news and kind in (None, what)
        )

    @property
    def new(self) -> int:
        """Objects that were not here before."""
        return self.count(News.NEW)

    @property
    def changed(self) -> int:
        """Objects that are now as the server has them."""
        return self.count(News.CHANGED)

    @property
    def removed(self) -> int:
        """Objects that were deleted on the server, and are taken back here."""
        return self.count(News.REMOVED)

    @property
    def unchanged(self) -> int:
        """Objects of which the server has nothing newer."""
        return self.count(News.UNCHANGED)

    def __repr__(self) -> str:
        parts = [self._part(news) for news in News if self.count(news)]
        told = "; ".join([*(parts or ["nothing there"]), *self.notices])
        return f"pulled {self._title} from {self._host}: {told}"

    def _part(self, news: News) -> str:
        """One sort of news: "2 experiments, 64 item runs and 31 scores new"."""
        kinds = [
            f"{n:,} {kind}{'s' if n > 1 else ''}"
            for (kind, how), n in sorted(self.counts.items())
            if how is news and n
        ]
        word = "in conflict (kept as here)" if news is News.CONFLICT else news.value
        listed = " and ".join(part for part in (", ".join(kinds[:-1]), kinds[-1]) if part)
        return f"{listed} {word}"

    def _repr_html_(self) -> str:
        kinds = sorted({kind for kind, _ in self.counts})
        rows = [[kind, *(f"{self.count(news, kind):,}" for news in News)] for kind in kinds]
        counted = table(["", *(news.value for news in News)], rows, numeric={1, 2, 3, 4, 5})
        told = [tag("li", text) for text in (*map(str, self.conflicts), *self.notices)]
        return tag("div", tag("p", repr(self)), counted, tag("ul", *told), class_=NO_FORMULAS)


class Gathered:
    """What a pull brought so far."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, News]] = Counter()
        self._conflicts: list[Conflict] = []
        self._notices: list[str] = []

    def add(self, kind: str, news: News, number: int = 1) -> None:
        """Count objects of a kind."""
        self._counts[kind, news] += number

    def conflict(self, found: Conflict) -> None:
        """Count a conflict, and keep the first ones."""
        self.add(found.kind, News.CONFLICT)
        if len(self._conflicts) < _SHOWN_CONFLICTS:
            self._conflicts.append(found)

    def extend(self, found: Gathered) -> None:
        """Add what another part of the pull brought."""
        self._counts.update(found._counts)
        room = _SHOWN_CONFLICTS - len(self._conflicts)
        self._conflicts += found._conflicts[:room]
        self._notices += found._notices

    def say(self, notice: str) -> None:
        """Keep what the user should know."""
        self._notices.append(notice)

    def finished(self, title: str, host: str) -> Pulled:
        """All of it.

        Args:
            title: What was pulled, for people.
            host: Where from.
        """
        return Pulled(title, host, self._counts, self._conflicts, self._notices)
