"""Do to a server what a step says, and note what became of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from xeroml_nb.records import clock
from xeroml_nb.store import deliveries
from xeroml_nb.store.deliveries import Delivery, DeliveryState
from xeroml_nb.store.rows import chunks
from xeroml_nb.sync.sending.journal import ROWS
from xeroml_nb.sync.transport.connection import OutcomeState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import sqlalchemy as sa

    from xeroml_nb.sync.parcels.base import Kind, Link, Parcel
    from xeroml_nb.sync.sending.planning import Change, Step
    from xeroml_nb.sync.transport.connection import Outcome

# The hash of what a server accepted but does not show: it is sent again.
NOT_SEEN = ""


def carry_out(link: Link, step: Step) -> dict[str, Outcome]:
    """Send and remove what a step names; each outcome is noted before this returns.

    Raises:
        ServerError: If the server cannot be used at all; what was done before is noted.
        StoreError: If it cannot be noted; the next push does it again, which changes nothing.
    """
    found: dict[str, Outcome] = {}
    if sends := [change for change in step.changes if change.parcel is not None]:
        found |= _noted(link, step.kind, sends, step.kind.send(link, _parcels(sends)))
    if removals := [change for change in step.changes if change.parcel is None]:
        known = [change.before for change in removals if change.before is not None]
        found |= _noted(link, step.kind, removals, step.kind.remove(link, known))
    if step.forgotten:
        name = step.kind.name
        link.store.write(lambda c: deliveries.forget(c, link.remote_id, name, step.forgotten))
    return found


def _parcels(changes: Sequence[Change]) -> list[Parcel]:
    return [change.parcel for change in changes if change.parcel is not None]


def _noted(
    link: Link, kind: Kind, changes: Sequence[Change], outcomes: Iterable[Outcome]
) -> dict[str, Outcome]:
    by_key = {outcome.key: outcome for outcome in outcomes}
    for part in chunks(changes, ROWS):
        link.store.write(partial(_note, link.remote_id, kind, part, by_key))
    return by_key


def _note(
    remote_id: str,
    kind: Kind,
    changes: Sequence[Change],
    outcomes: Mapping[str, Outcome],
    connection: sa.Connection,
) -> None:
    made = [
        delivery
        for change in changes
        if (delivery := _delivery(kind, change, outcomes.get(change.key))) is not None
    ]
    removed = [
        change.key
        for change in changes
        if change.parcel is None and is_sent(outcomes.get(change.key))
    ]
    deliveries.put(connection, remote_id, made)
    deliveries.forget(connection, remote_id, kind.name, removed)


def is_sent(outcome: Outcome | None) -> bool:
    """Tell whether the server took it, or took it away."""
    return outcome is not None and outcome.state is OutcomeState.SENT


def is_left(outcome: Outcome | None) -> bool:
    """Tell whether it is to be tried another time."""
    return outcome is None or outcome.state is OutcomeState.LEFT


def _delivery(kind: Kind, change: Change, outcome: Outcome | None) -> Delivery | None:
    """What is known of an object from now on; None where nothing new is."""
    if outcome is None or is_left(outcome):
        return None
    if outcome.state is OutcomeState.REFUSED:
        return _refused(kind, change, outcome)
    if change.parcel is None:
        return None
    before = change.before
    return Delivery(
        kind=kind.name,
        key=change.key,
        state=DeliveryState.SENT,
        content_hash=change.parcel.content_hash,
        payload=change.parcel.payload,
        remote_key=outcome.remote_key or (None if before is None else before.remote_key),
        url=outcome.url or (None if before is None else before.url),
        status_code=None,
        said=None,
        next_step=None,
        at=clock.now(),
    )


def _refused(kind: Kind, change: Change, outcome: Outcome) -> Delivery:
    """A refusal; what the server had before, it has still."""
    parcel, before = change.parcel, change.before
    refused = Delivery(
        kind=kind.name,
        key=change.key,
        state=DeliveryState.REFUSED,
        content_hash="" if parcel is None else parcel.content_hash,
        payload=None,
        remote_key=None,
        url=None,
        status_code=outcome.status,
        said=outcome.said,
        next_step=outcome.next_step,
        at=clock.now(),
    )
    if before is None:
        return refused
    return replace(refused, payload=before.payload, remote_key=before.remote_key, url=before.url)


def note_not_seen(link: Link, kind: str, keys: Iterable[str]) -> None:
    """Note that a server accepted some objects but does not show them."""
    known = link.delivered(kind, keys).values()
    unseen = [replace(one, content_hash=NOT_SEEN) for one in known]
    link.store.write(lambda c: deliveries.put(c, link.remote_id, unseen))
