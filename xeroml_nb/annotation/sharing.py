"""Who labels which item."""

from __future__ import annotations

from dataclasses import dataclass

from xeroml_nb.annotation.order import hashed_chance
from xeroml_nb.errors import BadInput
from xeroml_nb.records.ids import checked_name

_FEWEST_TO_SPLIT = 2


@dataclass(frozen=True, slots=True)
class Team:
    """The people who label, and how much of it they do in common.

    Args:
        members: Their names; none lets anyone label everything.
        overlap: Which share of the items goes to everyone; each other item goes to one member.
            1 gives everything to everyone, 0 gives each item to one member only.

    Raises:
        BadInput: If a name is empty or there twice, the overlap is not in 0..1, or it is less
            than 1 and there are fewer than two members to split the items.

    Example:
        >>> team = Team(("ann", "bob"), overlap=0)
        >>> [team.is_assigned("item-1", name) for name in team.members]
        [True, False]
    """

    members: tuple[str, ...] = ()
    overlap: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.members, (tuple, list)):
            raise BadInput(
                f"The members of a team are {self.members!r}.", "Use a tuple of names: ('ann',)."
            )
        object.__setattr__(self, "members", tuple(self.members))
        for name in self.members:
            checked_name("team member", name)
        if len(set(self.members)) < len(self.members):
            raise BadInput(
                f"The team {self._names()} has a name more than once.", "Name each member once."
            )
        self._check_overlap()

    def is_assigned(self, item_id: str, annotator: str) -> bool:
        """Tell whether a person labels an item; the answer is the same in every process.

        Items are split by rendezvous hashing (Thaler & Ravishankar, "Using name-based mappings to
        increase hit rates", IEEE/ACM Transactions on Networking, 1998): each member gets a weight
        for the item, from the SHA-256 of both, and the highest wins. So a new member takes over
        the items they win, and the others keep all the rest.

        Args:
            item_id: Which item.
            annotator: Who; anyone where the team is empty.

        Raises:
            BadInput: If there is a team and the person is no member.
        """
        if self.members and annotator not in self.members:
            raise BadInput(
                f"{annotator!r} is no member of the team {self._names()}.",
                "Label under one of these names, or add the name to the team.",
            )
        if self.overlap >= 1 or hashed_chance("everyone", item_id) < self.overlap:
            return True
        # The name decides between equal weights, so that the order of the members does not.
        return annotator == max(self.members, key=lambda m: (hashed_chance("one", item_id, m), m))

    def _names(self) -> str:
        return ", ".join(map(repr, self.members))

    def _check_overlap(self) -> None:
        number = isinstance(self.overlap, (int, float)) and not isinstance(self.overlap, bool)
        if not number or not 0 <= self.overlap <= 1:
            raise BadInput(f"overlap is {self.overlap!r}.", "Use a number from 0 to 1.")
        if self.overlap < 1 and len(self.members) < _FEWEST_TO_SPLIT:
            raise BadInput(
                f"overlap is {self.overlap!r}, and the team has {len(self.members)} members.",
                "Name at least two members to split the items, or use overlap=1.",
            )
