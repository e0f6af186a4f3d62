"""What a push did, counted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Done:
    """What a push did to the objects of one kind.

    Args:
        created: The server did not have them.
        updated: It had them otherwise.
        deleted: It had them, and here they were taken back.
        unchanged: It had them as they are here.
        refused: It does not want them; `client.dead_letters()` tells why.
        left: They are to be sent another time.
        not_seen: It accepted them, but does not show them; another push sends them again.
    """

    created: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    refused: int = 0
    left: int = 0
    not_seen: int = 0

    def add(self, other: Done) -> None:
        """Count another in."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def __str__(self) -> str:
        parts = [
            f"{getattr(self, name):,} {name}"
            for name in ("created", "updated", "deleted", "unchanged")
        ]
        parts += [f"{self.refused:,} refused"] if self.refused else []
        parts += [f"{self.left:,} left for later"] if self.left else []
        parts += [f"{self.not_seen:,} not seen on the server"] if self.not_seen else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An object that the server does not want.

    Args:
        title: For people.
        said: The server's own words.
        next_step: What to do.
    """

    title: str
    said: str
    next_step: str

    def __str__(self) -> str:
        return f"{self.title}: {self.said} {self.next_step}".strip()
