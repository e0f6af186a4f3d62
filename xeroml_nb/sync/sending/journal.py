"""What a push is about to change, written down before it does, so that it can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from xeroml_nb.records.json_text import canonical_json, from_json
from xeroml_nb.store import deliveries
from xeroml_nb.store.rows import chunks
from xeroml_nb.sync.parcels.base import Parcel
from xeroml_nb.sync.sending.planning import Action

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import sqlalchemy as sa

    from xeroml_nb.store.store import Store
    from xeroml_nb.sync.sending.planning import Change, Step


# Written in one transaction: others that write to the store, such as labels, wait for it.
ROWS = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of a push.

    Args:
        kind: Of the object.
        key: Its id here.
        action: What was to happen.
        sent_hash: Of what was sent; None for a deletion.
        hash_before: Of what the server had.
        payload_before: What it had; None where it had nothing, or where that is not kept.
        remote_key: Its id there, where that is another.
    """

    kind: str
    key: str
    action: Action
    sent_hash: str | None
    hash_before: str | None
    payload_before: str | None
    remote_key: str | None

    @property
    def parcel_before(self) -> Parcel:
        """What the server had, to be sent again."""
        title = f"{self.kind} {self.key}"
        return Parcel(self.kind, self.key, title, self.payload_before, self.hash_before or "")


def write_down(store: Store, push_id: str, step: Step) -> None:
    """Note in the journal of a push what a step is about to change."""
    for part in chunks(step.changes, ROWS):
        found = [(change.key, change.action.value, _before(change)) for change in part]
        store.write(partial(_add, push_id, step.kind.name, found))


def _add(
    push_id: str,
    kind: str,
    found: Sequence[tuple[str, str, str | None]],
    connection: sa.Connection,
) -> None:
    deliveries.add_entries(connection, push_id, kind, found)


def read(connection: sa.Connection, push_id: str) -> list[Entry]:
    """The journal of a push."""
    return [_entry(row) for row in deliveries.entries(connection, push_id)]


def push_frame(store: Store, remote_id: str) -> pd.DataFrame:
    """All pushes to a server, the latest first.

    Columns: `id, what, began_at, finished_at` (none for one that was cut short), `undone_at,
    creates, updates, deletes`.

    Args:
        store: What sent.
        remote_id: The server.
    """
    import pandas as pd

    with store.reading() as connection:
        heads = deliveries.push_listing(connection, remote_id)
        counts = deliveries.entry_counts(connection, remote_id)
    numbers = {(row.push_id, row.action): row.number for row in counts}
    rows = [
        (
            head.id,
            head.what,
            head.began_at,
            head.finished_at,
            head.undone_at,
            *(numbers.get((head.id, action.value), 0) for action in Action),
        )
        for head in heads
    ]
    moments = ["began_at", "finished_at", "undone_at"]
    actions = [f"{action.value}s" for action in Action]
    frame = pd.DataFrame(rows, columns=["id", "what", *moments, *actions])
    return frame.astype(dict.fromkeys(moments, "datetime64[us, UTC]"))


def _before(change: Change) -> str:
    before = change.before
    held = {
        "sent": None if change.parcel is None else change.parcel.content_hash,
        "hash": None if before is None else before.content_hash,
        "payload": None if before is None else before.payload,
        "remote_key": None if before is None else before.remote_key,
    }
    return canonical_json(held)


def _entry(row: Any) -> Entry:
    held = from_json(row.before)
    return Entry(
        kind=row.kind,
        key=row.key,
        action=Action(row.action),
        sent_hash=held["sent"],
        hash_before=held["hash"],
        payload_before=held["payload"],
        remote_key=held["remote_key"],
    )
