"""Every kind of object that is sent, in the order of sending: what others refer to comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.sync.parcels.datasets import Datasets
from xeroml_nb.sync.parcels.experiments import Experiments
from xeroml_nb.sync.parcels.item_runs import ItemRuns
from xeroml_nb.sync.parcels.items import Items
from xeroml_nb.sync.parcels.queue_items import QueueItems
from xeroml_nb.sync.parcels.queues import Queues
from xeroml_nb.sync.parcels.score_configs import ScoreConfigs
from xeroml_nb.sync.parcels.scores import Scores
from xeroml_nb.sync.parcels.traces import Traces

if TYPE_CHECKING:
    from xeroml_nb.sync.parcels.base import Kind

KINDS: tuple[Kind, ...] = (
    Datasets(),
    Items(),
    Traces(),
    Experiments(),
    ItemRuns(),
    ScoreConfigs(),
    Queues(),
    QueueItems(),
    Scores(),
)


def kind_named(name: str) -> Kind:
    """The kind of that name.

    Raises:
        KeyError: If there is none.
    """
    return {kind.name: kind for kind in KINDS}[name]
