"""The cell `details`: what is said once of a whole file, dataset, experiment or queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.sync.files.cells import moment_of, moment_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_WORDS = {str: "a text", int: "a whole number", dict: "an object", list: "a list", bool: "a truth"}


class Details:
    """The parts of such a cell, each checked when it is asked for.

    Args:
        held: What the cell holds.

    Raises:
        ValueError: If that is no object; so do the methods if a part is not as it should be.
    """

    def __init__(self, held: Any) -> None:
        if not isinstance(held, dict):
            raise ValueError("its details are no object")  # noqa: TRY004 - the file's fault
        self._held: Mapping[str, Any] = held

    def text(self, name: str) -> str:
        """A text."""
        found: str = self._part(name, str)
        return found

    def text_or_none(self, name: str) -> str | None:
        """A text, or null."""
        return None if self._held.get(name) is None else self.text(name)

    def count(self, name: str) -> int:
        """A whole number from 0 on."""
        found: int = self._part(name, int)
        if isinstance(found, bool) or found < 0:
            raise ValueError(f"its details have {name} {found!r}; use a whole number from 0 on")
        return found

    def share(self, name: str) -> float:
        """A number from 0 to 1."""
        found = self._held.get(name)
        if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 <= found <= 1:
            raise ValueError(f"its details have {name} {found!r}; use a number from 0 to 1")
        return float(found)

    def truth(self, name: str) -> bool:
        """True or false."""
        found: bool = self._part(name, bool)
        return found

    def record(self, name: str) -> dict[str, Any]:
        """An object."""
        found: dict[str, Any] = self._part(name, dict)
        return found

    def record_or_none(self, name: str) -> dict[str, Any] | None:
        """An object, or null."""
        return None if self._held.get(name) is None else self.record(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        found = self._part(name, list)
        if not all(isinstance(one, str) for one in found):
            raise ValueError(f"its details have {name} {found!r:.60}; use a list of texts")
        return tuple(found)

    def texts_or_none(self, name: str) -> tuple[str, ...] | None:
        """A list of texts, or null."""
        return None if self._held.get(name) is None else self.texts(name)

    def moment(self, name: str) -> datetime:
        """A moment."""
        try:
            return moment_of(self.text(name))
        except (ValueError, OverflowError):
            found = self._held.get(name)
            raise ValueError(f"its details have {name} {found!r:.60}; use a moment") from None

    def moment_or_none(self, name: str) -> datetime | None:
        """A moment, or null."""
        return None if self._held.get(name) is None else self.moment(name)

    def _part(self, name: str, kind: type) -> Any:
        found = self._held.get(name)
        if not isinstance(found, kind):
            raise ValueError(f"its details have {name} {found!r:.60}; use {_WORDS[kind]}")  # noqa: TRY004
        return found


def optional_moment(moment: datetime | None) -> str | None:
    """A moment as text, if there is one."""
    return None if moment is None else moment_text(moment)
