"""Send the traces that are in queues."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from xeroml_nb.store import sendable
from xeroml_nb.sync.parcels.batches import each, impossible, removed, sent
from xeroml_nb.sync.parcels.listing import rows_of
from xeroml_nb.sync.parcels.making import body_of, in_two, joined, made, short
from xeroml_nb.sync.parcels.queues import queues_there
from xeroml_nb.sync.wire import langfuse
from xeroml_nb.sync.wire.queues import item_to_wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from xeroml_nb.store.deliveries import Delivery
    from xeroml_nb.sync.parcels.base import Link, Parcel, Scope
    from xeroml_nb.sync.transport.connection import Outcome


class QueueItems:
    """Traces in queues, in the order they were put in."""

    name = "queue item"
    undoable = True

    def keys(self, connection: sa.Connection, scope: Scope) -> list[str]:
        """What is in the queues meant."""
        return [joined(*key) for key in sendable.queue_keys(connection, scope)]

    def gone(self, connection: sa.Connection, remote_id: str, scope: Scope) -> list[str]:
        """What was taken out of the queues meant."""
        found = sendable.queue_items_gone(connection, remote_id)
        meant = {queue_id for queue_id, _ in found}
        if not scope.everything:
            meant &= set(scope.queue_ids)
        return [joined(*key) for key in found if key[0] in meant]

    def load(self, connection: sa.Connection, keys: Sequence[str]) -> list[Parcel]:
        """Each as the trace that it is."""
        wanted = [in_two(key) for key in keys]
        held = sendable.queues_holding(connection, wanted)
        return [
            made(
                self.name,
                joined(queue_id, trace_id),
                f"trace {short(trace_id)} in a queue",
                item_to_wire(trace_id),
            )
            for queue_id, trace_id in wanted
            if (queue_id, trace_id) in held
        ]

    def send(self, link: Link, parcels: Sequence[Parcel]) -> list[Outcome]:
        """Put traces into queues, each once."""
        there = queues_there(link, [in_two(parcel.key)[0] for parcel in parcels])
        known = {}
        if link.connection.api.name == langfuse.NAME:  # it would put a trace in again
            known = {queue_id: _by_trace(link, queue_id) for queue_id in there.values()}

        def one(parcel: Parcel) -> Outcome:
            queue_id, trace_id = in_two(parcel.key)
            if queue_id not in there:
                step = "See why the queue was refused, then push again."
                return impossible(parcel.key, "The server does not have its queue.", step)
            its_id = known.get(there[queue_id], {}).get(trace_id)
            if its_id is None:
                body = body_of(parcel)
                answer = link.connection.post("queue items", body, queue_id=there[queue_id]) or {}
                its_id = answer.get("id")
            return sent(parcel.key, its_id or trace_id)

        return each(parcels, one, threads=1)

    def remove(self, link: Link, known: Sequence[Delivery]) -> list[Outcome]:
        """Take traces out of queues."""
        there = queues_there(link, [in_two(one.key)[0] for one in known])

        def one(delivery: Delivery) -> Outcome:
            queue_id, trace_id = in_two(delivery.key)
            delete = partial(
                link.connection.delete,
                "queue item",
                queue_id=there.get(queue_id, queue_id),
                item_id=delivery.remote_key or trace_id,
            )
            return removed(delivery.key, delete)

        return each(known, one)

    def read_back(self, link: Link, parcels: Sequence[Parcel]) -> set[str]:
        """Those that are there."""
        there = queues_there(link, [in_two(parcel.key)[0] for parcel in parcels])
        known = {own: _by_trace(link, its_id) for own, its_id in there.items()}
        keys = [parcel.key for parcel in parcels]
        return {key for key in keys if in_two(key)[1] in known.get(in_two(key)[0], {})}


def _by_trace(link: Link, queue_id: str) -> dict[str, str]:
    rows = rows_of(link.connection, "queue items", queue_id=queue_id)
    return {str(row.get("objectId")): str(row.get("id")) for row in rows}
