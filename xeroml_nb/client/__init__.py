"""The front door: one client for datasets, experiments, traces and scores."""

from xeroml_nb.client.usual import (
    Client,
    arun,
    compare,
    get_client,
    run,
    start,
    to_frame,
)

__all__ = ["Client", "arun", "compare", "get_client", "run", "start", "to_frame"]
