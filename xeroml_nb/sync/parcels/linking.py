"""What scores refer to, under the ids that it has on the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xeroml_nb.store import sendable
from xeroml_nb.store.deliveries import DeliveryState
from xeroml_nb.sync.parcels.base import Scope
from xeroml_nb.sync.parcels.making import body_of, joined
from xeroml_nb.sync.wire import langfuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from xeroml_nb.store.deliveries import Delivery
    from xeroml_nb.sync.parcels.base import Link

# Any one of an experiment's item runs tells the id of its run; some may not be there.
_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Links:
    """What some scores refer to, as far as the server has it.

    Args:
        configs: Definitions by their ids here.
        queues: Queues by their ids here.
        runs: For experiments, the ids of their runs on Langfuse.
        is_langfuse: The server speaks that API.
    """

    configs: Mapping[str, Delivery]
    queues: Mapping[str, Delivery]
    runs: Mapping[str, str]
    is_langfuse: bool

    def linked(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A score as this server takes it: it refers to nothing that the server does not have."""
        links = {
            "configId": self._config(body),
            "queueId": _there(self.queues.get(body.get("queueId", ""))),
        }
        kept = {name: part for name, part in body.items() if name not in links}
        kept |= {name: there for name, there in links.items() if there is not None}
        if not self.is_langfuse:
            return kept
        return langfuse.score(kept, self.runs.get(body.get("experimentId", "")))

    def _config(self, body: Mapping[str, Any]) -> str | None:
        known = self.configs.get(body.get("configId", ""))
        if known is None or (self.is_langfuse and not langfuse.fits(body_of(known), body)):
            return None
        return _there(known)


def links_of(link: Link, bodies: Sequence[Mapping[str, Any]]) -> Links:
    """What some scores refer to on a server."""
    is_langfuse = link.connection.api.name == langfuse.NAME
    experiments = _named(bodies, "experimentId") if is_langfuse else []
    return Links(
        configs=_delivered(link, "score config", _named(bodies, "configId")),
        queues=_delivered(link, "queue", _named(bodies, "queueId")),
        runs={one: run for one in experiments if (run := _run(link, one)) is not None},
        is_langfuse=is_langfuse,
    )


def _named(bodies: Iterable[Mapping[str, Any]], name: str) -> list[str]:
    return list(dict.fromkeys(body[name] for body in bodies if name in body))


def _delivered(link: Link, kind: str, keys: list[str]) -> dict[str, Delivery]:
    found = link.delivered(kind, keys) if keys else {}
    return {key: one for key, one in found.items() if one.state is DeliveryState.SENT}


def _there(known: Delivery | None) -> str | None:
    return None if known is None else known.remote_key or known.key


def _run(link: Link, experiment_id: str) -> str | None:
    """The id of an experiment's run; it is the experiment's own where the traces make the run."""
    if not link.connection.offers("run items"):
        return experiment_id
    with link.store.reading() as connection:
        meant = Scope("", experiment_ids=(experiment_id,))
        keys = [joined(*key) for key in sendable.run_keys(connection, meant)[:_LOOKED_AT]]
    found = _delivered(link, "item run", keys).values()
    return next((one.remote_key for one in found if one.remote_key is not None), None)
