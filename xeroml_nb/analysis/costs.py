"""What item runs cost, from the usage that their observations recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xeroml_nb.experiments.usage import usage_by_trace
from xeroml_nb.tracing.usage import Usage

if TYPE_CHECKING:
    import numpy.typing as npt
    from sqlalchemy.engine import Connection

    from xeroml_nb.experiments.frames import RunTable

_NOTHING = Usage()


def run_costs(connection: Connection, table: RunTable) -> npt.NDArray[np.float64]:
    """What each item run cost: the sum over its trace; NaN where nothing was recorded.

    Args:
        connection: To read with.
        table: The item runs.
    """
    used = usage_by_trace(connection, table.record.id)
    costs = [used.get(trace, _NOTHING).cost for trace in table.columns["trace_id"]]
    return np.array([np.nan if cost is None else cost for cost in costs], dtype=float)
