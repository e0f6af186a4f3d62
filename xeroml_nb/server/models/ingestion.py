"""The shapes of batches."""

from typing import Any

from pydantic import Field

from xeroml_nb.server.events import MOST_EVENTS, TYPES
from xeroml_nb.server.models.common import Wire


class Batch(Wire):
    """Events, each of which is taken in or refused by itself."""

    batch: list[Any] = Field(
        max_length=MOST_EVENTS,
        description="Each is `{id, type, timestamp, body}`; an id that came before changes "
        f"nothing by itself, the id in the body counts. Types: {', '.join(TYPES)}.",
    )
    metadata: Any = None


class Taken(Wire):
    """An event that was taken in."""

    id: str
    status: int


class NotTaken(Wire):
    """An event that was refused, and why."""

    id: str
    status: int
    message: str
    error: str | None


class Outcome(Wire):
    """What became of each event."""

    successes: list[Taken]
    errors: list[NotTaken]
