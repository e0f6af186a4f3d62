"""Send what the dimensions of rubrics ask, as score configs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.store import sendable
from xeroml_nb.sync.parcels.batches import cannot_remove, each, sent
from xeroml_nb.sync.parcels.listing import rows_of, shows
from xeroml_nb.sync.parcels.making import body_of, in_order, made
from xeroml_nb.sync.wire import langfuse
from xeroml_nb.sync.wire.configs import Config, to_wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from xeroml_nb.store.deliveries import Delivery
    from xeroml_nb.sync.parcels.base import Link, Parcel, Scope
    from xeroml_nb.sync.transport.connection import Outcome

# What must be the same for a config to be the one that was meant.
_COMPARED = ("name", "dataType", "categories", "minValue", "maxValue")
_BOOLEAN = "BOOLEAN"


class ScoreConfigs:
    """Definitions; one that the server has already under another id is used there."""

    name = "score config"
    undoable = False

    def keys(self, connection: sa.Connection, scope: Scope) -> list[str]:
        """What is and was asked about the experiments, and in the queues, that are meant."""
        return sendable.config_ids(connection, scope)

    def gone(self, connection: sa.Connection, remote_id: str, scope: Scope) -> list[str]:  # noqa: ARG002
        """None: a definition stays."""
        return []

    def load(self, connection: sa.Connection, keys: Sequence[str]) -> list[Parcel]:
        """Each as a question of its name, type and answers."""
        parcels = [
            made(
                self.name,
                row.id,
                f"score config {row.name}",
                to_wire(Config(row.id, row.version, row.definition)),
            )
            for row in sendable.some_configs(connection, keys)
        ]
        return in_order(parcels, keys)

    def send(self, link: Link, parcels: Sequence[Parcel]) -> list[Outcome]:
        """Make those that are not there."""
        rows = _rows(link)

        def one(parcel: Parcel) -> Outcome:
            body = body_of(parcel)
            known = _found(rows, body)
            if known is not None:
                return sent(parcel.key, known.get("id"))
            is_other = link.connection.api.name == langfuse.NAME
            made_there = langfuse.config(body) if is_other else body
            answer = link.connection.post("score configs", made_there) or {}
            return sent(parcel.key, answer.get("id"))

        return each(parcels, one)

    def remove(self, link: Link, known: Sequence[Delivery]) -> list[Outcome]:  # noqa: ARG002
        """No API removes a score config."""
        return cannot_remove(known, "score configs")

    def read_back(self, link: Link, parcels: Sequence[Parcel]) -> set[str]:
        """Those that are there as they were sent."""
        rows = _rows(link)
        return {parcel.key for parcel in parcels if _found(rows, body_of(parcel)) is not None}


def _rows(link: Link) -> list[dict[str, Any]]:
    return list(rows_of(link.connection, "score configs"))


def _found(rows: list[dict[str, Any]], body: dict[str, Any]) -> dict[str, Any] | None:
    """The config of that id, or one that asks the same under the same name."""
    compared = {name: body[name] for name in _COMPARED if name in body}
    by_id = (row for row in rows if row.get("id") == body["id"])
    return next(by_id, None) or next((row for row in rows if shows(row, compared)), None)
