"""The front door: one client for datasets, experiments, traces and scores."""

from xeroml_nb.client.usual import (
    Client,
    arun,
    calibrate,
    compare,
    gate,
    get_client,
    plan,
    run,
    score,
    start,
    to_frame,
)

__all__ = [
    "Client",
    "arun",
    "calibrate",
    "compare",
    "gate",
    "get_client",
    "plan",
    "run",
    "score",
    "start",
    "to_frame",
]
