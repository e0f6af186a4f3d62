"""What a server needs: what is here, held against what is known to be there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from xeroml_nb.store import deliveries
from xeroml_nb.store.deliveries import DeliveryState
from xeroml_nb.store.rows import chunks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from xeroml_nb.store.deliveries import Delivery
    from xeroml_nb.store.store import Store
    from xeroml_nb.sync.parcels.base import Kind, Parcel, Scope

# How many objects are looked at, sent and noted at a time: few enough that a label given
# meanwhile does not wait for the note.
BATCH = 250


class Action(StrEnum):
    """What happens to an object on the server."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Change:
    """One object that the server does not have as it is here.

    Args:
        action: What has to happen.
        key: Its id here.
        parcel: As it is here; None where it is to be deleted.
        before: What is known of it there; None where nothing is.
    """

    action: Action
    key: str
    parcel: Parcel | None
    before: Delivery | None

    @property
    def was_refused(self) -> bool:
        """The server refused it before."""
        return self.before is not None and self.before.state is DeliveryState.REFUSED


@dataclass(frozen=True, slots=True)
class Step:
    """Some objects of one kind, and what has to happen to them.

    Args:
        kind: The kind.
        changes: What the server needs.
        unchanged: How many it has as they are here.
        forgotten: Ids of what it refused and is not here any more.
    """

    kind: Kind
    changes: tuple[Change, ...]
    unchanged: int
    forgotten: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many objects were looked at."""
        return len(self.changes) + self.unchanged + len(self.forgotten)


def steps(store: Store, remote_id: str, kind: Kind, scope: Scope) -> Iterator[Step]:
    """All that a server needs of one kind, looked up batch by batch."""
    for part in chunks(_keys(store, remote_id, kind, scope), BATCH):
        yield step_of(store, remote_id, kind, part)


def size(store: Store, remote_id: str, kinds: Sequence[Kind], scope: Scope) -> int:
    """How many objects the steps of some kinds will look at."""
    return sum(len(_keys(store, remote_id, kind, scope)) for kind in kinds)


def step_of(store: Store, remote_id: str, kind: Kind, keys: Sequence[str]) -> Step:
    """What a server needs of at most 500 objects; those that are not here are deleted there."""
    with store.reading() as connection:
        parcels = {parcel.key: parcel for parcel in kind.load(connection, keys)}
        known = deliveries.by_key(connection, remote_id, kind.name, keys)
    sends = [_sent(parcel, known.get(key)) for key, parcel in parcels.items()]
    lost = {key: one for key, one in known.items() if key not in parcels}
    removals = [Change(Action.DELETE, k, None, d) for k, d in lost.items() if is_there(d)]
    changes = [change for change in sends if change is not None]
    return Step(
        kind,
        changes=(*changes, *removals),
        unchanged=len(sends) - len(changes),
        forgotten=tuple(key for key, one in lost.items() if not is_there(one)),
    )


def is_there(known: Delivery | None) -> bool:
    """Tell whether a server has an object in some form: a refused update leaves the old one."""
    if known is None:
        return False
    return known.state is DeliveryState.SENT or known.payload is not None


def _sent(parcel: Parcel, known: Delivery | None) -> Change | None:
    """What sending an object would be; None where the server has it as it is here."""
    if not is_there(known):
        return Change(Action.CREATE, parcel.key, parcel, known)
    assert known is not None  # noqa: S101 - what is there is known
    if known.state is DeliveryState.SENT and known.content_hash == parcel.content_hash:
        return None
    return Change(Action.UPDATE, parcel.key, parcel, known)


def _keys(store: Store, remote_id: str, kind: Kind, scope: Scope) -> list[str]:
    with store.reading() as connection:
        here = kind.keys(connection, scope)
        return [*here, *kind.gone(connection, remote_id, scope)]


def by_action(changes: Sequence[Change]) -> Mapping[Action, int]:
    """How many changes of each sort there are."""
    return {action: sum(c.action is action for c in changes) for action in Action}
