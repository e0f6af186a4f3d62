"""What the item runs of an experiment used: tokens and money, added up by trace."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from xeroml_nb.records.json_text import from_json_each
from xeroml_nb.store import observations as stored
from xeroml_nb.tracing import attributes as names
from xeroml_nb.tracing.usage import Spent, Usage, added_up, says_usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from xeroml_nb.records.observation import Observation


def usage_by_trace(
    connection: Connection, experiment_id: str, *, evaluators: bool = False
) -> dict[str, Usage]:
    """What each item run used.

    Args:
        connection: To read with.
        experiment_id: The experiment.
        evaluators: Count also what evaluators used that ran in its trace.

    Returns:
        The usage by trace id, of the traces in which something was recorded.
    """
    found = stored.with_attribute(connection, experiment_id, names.USAGE_PREFIX)
    spans: dict[str, list[Spent]] = defaultdict(list)
    given = from_json_each(found["attributes"])
    for trace_id, own_id, attributes in zip(found["trace_id"], found["id"], given, strict=True):
        if evaluators or names.SCORING not in attributes:
            spans[trace_id].append(Spent(own_id, attributes))
    several = {trace_id for trace_id, there in spans.items() if len(there) > 1}
    parents = _parents(connection, experiment_id, several) if several else {}
    return {trace: added_up(there, parents.get(trace, {})) for trace, there in spans.items()}


def usage_of(trace: Sequence[Observation]) -> Usage:
    """What one trace used, evaluators included.

    Args:
        trace: Its observations.
    """
    spans = [Spent(one.id, one.attributes) for one in trace if says_usage(one.attributes)]
    return added_up(spans, {one.id: one.parent_id for one in trace})


def _parents(
    connection: Connection, experiment_id: str, traces: set[str]
) -> dict[str, dict[str, str | None]]:
    """Trace to span to the span it lies in, for some traces."""
    found = stored.parents(connection, experiment_id)
    parents: dict[str, dict[str, str | None]] = defaultdict(dict)
    for trace_id, own_id, parent in zip(*found.values(), strict=True):
        if trace_id in traces:
            parents[trace_id][own_id] = parent
    return parents
