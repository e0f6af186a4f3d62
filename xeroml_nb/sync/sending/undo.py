"""Take a push back: what it created is removed, what it changed is put back as it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.experiments.markup import NO_FORMULAS, join, tag
from xeroml_nb.records import clock
from xeroml_nb.store import deliveries
from xeroml_nb.store.deliveries import Delivery, DeliveryState
from xeroml_nb.store.rows import chunks
from xeroml_nb.sync.parcels import kinds
from xeroml_nb.sync.sending import journal
from xeroml_nb.sync.sending.carrying_out import NOT_SEEN, carry_out, is_sent
from xeroml_nb.sync.sending.leasing import leased
from xeroml_nb.sync.sending.noted import send_noted
from xeroml_nb.sync.sending.planning import BATCH, Action, Change, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.sync.parcels.base import Kind, Link
    from xeroml_nb.sync.sending.journal import Entry
    from xeroml_nb.sync.sending.leasing import Lease
    from xeroml_nb.sync.sending.remotes import Remote
    from xeroml_nb.sync.transport.connection import Outcome

_SHOWN = 10


@dataclass
class Undone:
    """What became of the changes of a push.

    Args:
        title: Of the push.
        host: Where it had gone.
        removed: How many objects that it had created are removed.
        restored: How many that it had changed or deleted are back as they were.
        stays: How many are of a kind that cannot be taken back, such as traces.
        left: What was changed on the server since, or what it would not take back.
    """

    title: str
    host: str
    removed: int = 0
    restored: int = 0
    stays: int = 0
    left: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        return "\n".join([self._headline(), *(f"  left: {one}" for one in self.left[:_SHOWN])])

    def _repr_html_(self) -> str:
        left = [tag("li", f"left: {one}") for one in self.left[:_SHOWN]]
        parts = [tag("p", self._headline()), tag("ul", join(left)) if left else ""]
        return tag("div", *parts, class_=NO_FORMULAS)

    def _headline(self) -> str:
        text = f"Undid the push of {self.title} to {self.host}"
        text = f"{text}: {self.removed:,} removed, {self.restored:,} restored"
        text += f", {len(self.left):,} left as they are now" if self.left else ""
        return text + (f"; {self.stays:,} cannot be taken back" if self.stays else "") + "."


def undo(remote: Remote, push_id: str) -> Undone:
    """Take a push back.

    Args:
        remote: Where it had gone.
        push_id: Which one.

    Raises:
        NotFound: If there is no such push to this server.
        BadInput: If it was undone before.
        ServerError: If the server cannot be used; undoing it once more does the rest.
        NotAllSent: If another process goes on sending there.
    """
    undone = Undone(_title(remote, push_id), remote.record.host)
    link = remote.link()
    with leased(remote.store, remote.record) as lease:
        # What waits is sent first: a note of what the push sent must not bring it back after.
        while send_noted(link):
            lease.renew()
        with remote.store.reading() as connection:
            entries = journal.read(connection, push_id)
        for kind in reversed(kinds.KINDS):
            of_kind = [entry for entry in entries if entry.kind == kind.name]
            if kind.undoable:
                _undo_kind(link, lease, kind, of_kind, undone)
            else:
                undone.stays += len(of_kind)
        remote.store.write(lambda c: deliveries.end_push(c, push_id, undone_at=clock.now()))
    return undone


def _title(remote: Remote, push_id: str) -> str:
    with remote.store.reading() as connection:
        record = deliveries.push_record(connection, push_id)
        known = [row.id for row in deliveries.push_listing(connection, remote.id)]
    if record is None or record.id not in known:
        raise NotFound("push", push_id, known, f"These went to {remote.record.host}.")
    if record.undone_at is not None:
        raise BadInput(f"The push of {record.what} is undone already.", "Push again to send it.")
    title: str = record.what
    return title


def _undo_kind(
    link: Link, lease: Lease, kind: Kind, entries: Sequence[Entry], undone: Undone
) -> None:
    for part in chunks(entries, BATCH):
        lease.renew()
        known = link.delivered(kind.name, [entry.key for entry in part])
        found = [(entry, known.get(entry.key)) for entry in part]
        undone.left += [
            f"{entry.kind} {entry.key} was changed since"
            for entry, delivery in found
            if _is_changed_since(entry, delivery)
        ]
        back = [_change_back(entry, delivery) for entry, delivery in found]
        changes = tuple(change for change in back if change is not None)
        outcomes = carry_out(link, Step(kind, changes, unchanged=0))
        for change in changes:
            _count(undone, kind, change, outcomes.get(change.key))


def _count(undone: Undone, kind: Kind, change: Change, outcome: Outcome | None) -> None:
    if not is_sent(outcome):
        said = None if outcome is None else outcome.said
        undone.left.append(f"{kind.name} {change.key}: {said or 'not taken back'}")
    elif change.parcel is None:
        undone.removed += 1
    else:
        undone.restored += 1


def _is_changed_since(entry: Entry, known: Delivery | None) -> bool:
    """Tell whether the server has by now something else than the push or its past left there."""
    if entry.action is Action.DELETE:
        return known is not None and known.state is DeliveryState.SENT
    if known is None:
        return entry.action is Action.UPDATE
    ours = (entry.sent_hash, entry.hash_before, NOT_SEEN)
    return known.state is DeliveryState.SENT and known.content_hash not in ours


def _change_back(entry: Entry, known: Delivery | None) -> Change | None:
    """What takes an entry back; None where it changed nothing, or something changed since."""
    if _is_changed_since(entry, known):
        return None
    if known is not None and known.state is DeliveryState.REFUSED:
        return None
    if entry.action is Action.CREATE:
        return Change(Action.DELETE, entry.key, None, known or _assumed(entry))
    return Change(Action.UPDATE, entry.key, entry.parcel_before, known or _assumed(entry))


def _assumed(entry: Entry) -> Delivery:
    """What a server may have although nothing is noted: a push may end before its note."""
    return Delivery(
        kind=entry.kind,
        key=entry.key,
        state=DeliveryState.SENT,
        content_hash=entry.sent_hash or "",
        payload=entry.payload_before,
        remote_key=entry.remote_key,
        url=None,
        status_code=None,
        said=None,
        next_step=None,
        at=clock.now(),
    )
