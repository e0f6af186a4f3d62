"""What item runs cost, from the usage that their observations recorded."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from xeroml_nb.store.observations import attributes_with
from xeroml_nb.tracing.attributes import COST

if TYPE_CHECKING:
    import numpy.typing as npt
    from sqlalchemy.engine import Connection

    from xeroml_nb.experiments.frames import RunTable


def run_costs(connection: Connection, table: RunTable) -> npt.NDArray[np.float64]:
    """What each item run cost: the sum over its trace; NaN where nothing was recorded.

    Args:
        connection: To read with.
        table: The item runs.
    """
    totals: dict[str, float] = {}
    for trace, attributes in attributes_with(connection, table.record.id, COST):
        cost = _amount(attributes[COST])
        if cost is not None:
            totals[trace] = totals.get(trace, 0.0) + cost
    return np.array([totals.get(trace, np.nan) for trace in table.columns["trace_id"]], dtype=float)


def _amount(value: Any) -> float | None:
    """A recorded cost as a number; other instrumentations may put anything there."""
    try:
        amount = float(value)
    except (TypeError, ValueError):
        return None
    return amount if math.isfinite(amount) else None
