"""Send what the store has noted as changed, the oldest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.store import outbox
from xeroml_nb.sync.parcels import kinds
from xeroml_nb.sync.sending.carrying_out import carry_out, is_left
from xeroml_nb.sync.sending.planning import BATCH, step_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.store.outbox import Queued
    from xeroml_nb.sync.parcels.base import Link


def send_noted(link: Link) -> int:
    """Deal with a batch of notes: what they name is sent, deleted, refused, or needs nothing.

    Returns:
        How many were dealt with; the others stay noted.

    Raises:
        ServerError: If the server cannot be used; all stay noted.
        StoreError: If the store cannot be written; likewise.
    """
    with link.store.reading() as connection:
        notes = outbox.waiting(connection, link.remote_id, BATCH)
    if not notes:
        return 0
    left = _send(link, notes)
    done = [note.id for note in notes if (note.kind, note.key) not in left]
    link.store.write(lambda c: outbox.done(c, done))
    return len(done)


def _send(link: Link, notes: Sequence[Queued]) -> set[tuple[str, str]]:
    """Kind and id of what is left for later."""
    left: set[tuple[str, str]] = set()
    for kind in kinds.KINDS:
        keys = list(dict.fromkeys(note.key for note in notes if note.kind == kind.name))
        if keys:
            step = step_of(link.store, link.remote_id, kind, keys)
            outcomes = carry_out(link, step)
            left |= {
                (kind.name, change.key)
                for change in step.changes
                if is_left(outcomes.get(change.key))
            }
    return left
