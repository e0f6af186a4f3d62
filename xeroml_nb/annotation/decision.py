"""What a front end says that a person did, read with care."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.records.json_text import clean_text
from xeroml_nb.records.label import Action

if TYPE_CHECKING:
    from collections.abc import Mapping

_BY_PEOPLE = frozenset(Action) - {Action.CARRY}
_LONGEST_TEXT = 200_000
_IDLE_SECONDS = 120.0
_YEAR_2100 = 4_102_444_800_000


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing a person did, as it arrives.

    Args:
        session: The page it comes from.
        sequence: Counts from 1 in that page.
        position: Where in the order the item stands that was on the screen.
        title: What the item on the screen was called: a decision is never applied to another.
        action: What was done.
        dimension: For set and clear.
        value: For set, comment and correct.
        presented_at: When the item appeared.
        decided_at: When the key was pressed.
        active_seconds: Time spent, without idle time.
        oldest: The first sequence number the page has no answer to: all before are settled.
    """

    session: str
    sequence: int
    position: int
    title: str
    action: Action
    dimension: str | None = None
    value: Any = None
    presented_at: datetime | None = None
    decided_at: datetime | None = None
    active_seconds: float = 0.0
    oldest: int = 1

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Decision:
        """Read a decision.

        Raises:
            BadInput: If it is none; nothing was stored.
        """
        try:
            made = cls(
                session=_text(wire["session"], 64),
                sequence=_count(wire["seq"]),
                position=_count(wire["pos"]),
                title=_text(wire["title"], 1_000),
                action=Action(wire["action"]),
                dimension=_cleaned(wire.get("dimension")),
                value=_cleaned(wire.get("value")),
                presented_at=_moment(wire.get("presented")),
                decided_at=_moment(wire.get("decided")),
                active_seconds=_active(wire.get("active", 0)),
                oldest=_count(wire.get("oldest", 1)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(
                f"A decision could not be read ({error!r}).", "Run the cell again to go on."
            ) from error
        if made.action not in _BY_PEOPLE:
            raise BadInput(f"{made.action} is not done by people.", "Run the cell again to go on.")
        if isinstance(made.value, str) and len(made.value) > _LONGEST_TEXT:
            raise BadInput(
                f"The text on {made.title!r} has {len(made.value):,} characters.",
                f"Use at most {_LONGEST_TEXT:,}.",
            )
        return made


def _cleaned(value: Any) -> Any:
    """Text that can be stored and sent; a browser may hold half of a character."""
    return clean_text(value) if isinstance(value, str) else value


def _text(value: Any, longest: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise ValueError(value)
    return value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(value)
    return value


def _active(value: Any) -> float:
    return min(max(float(value), 0.0), _IDLE_SECONDS)


def _moment(value: Any) -> datetime | None:
    """A browser's milliseconds since 1970."""
    if value is None or not 0 <= float(value) < _YEAR_2100:
        return None
    return datetime.fromtimestamp(float(value) / 1000, tz=UTC)
