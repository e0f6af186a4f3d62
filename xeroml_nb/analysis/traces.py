"""One trace: its observations as a tree, and every score on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, overload

from xeroml_nb.errors import NotFound
from xeroml_nb.records.json_text import from_json
from xeroml_nb.records.observation import Observation
from xeroml_nb.store import observations, scores, traces
from xeroml_nb.tracing import attributes
from xeroml_nb.tracing.usage import amount

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from xeroml_nb.records.score import ScoreRecord
    from xeroml_nb.store.store import Store


class Trace(Sequence[Observation]):
    """The observations of a trace, oldest first, and the scores on it and on them.

    In a notebook it shows itself as a tree. A trace of which only scores are stored has no
    observations.

    Args:
        trace_id: Its id.
        observations: Oldest first.
        scores: On the trace and on its observations, automated and human, oldest first.
    """

    def __init__(
        self, trace_id: str, observations: Sequence[Observation], scores: Sequence[ScoreRecord]
    ) -> None:
        self.id = trace_id
        self.scores = list(scores)
        self._observations = list(observations)
        self._roots, self._children = _tree(self._observations)

    def __len__(self) -> int:
        return len(self._observations)

    @overload
    def __getitem__(self, index: int) -> Observation: ...
    @overload
    def __getitem__(self, index: slice) -> list[Observation]: ...
    def __getitem__(self, index: int | slice) -> Observation | list[Observation]:
        return self._observations[index]

    @property
    def roots(self) -> list[Observation]:
        """The observations without a stored parent, oldest first.

        Where observations are each other's parents, the oldest of them is a root too.
        """
        return list(self._roots)

    @property
    def duration(self) -> timedelta:
        """From the beginning of the first observation to the end of the last."""
        if not self._observations:
            return timedelta(0)
        return max(o.end for o in self) - self[0].start

    def children(self, observation: Observation) -> list[Observation]:
        """What was done inside an observation, oldest first."""
        return list(self._children.get(observation.id, ()))

    def walk(self) -> Iterator[tuple[int, Observation]]:
        """Every observation with its depth (0 for roots), each before its children."""
        waiting = [(0, root) for root in reversed(self._roots)]
        while waiting:
            depth, found = waiting.pop()
            yield depth, found
            below = self._children.get(found.id, ())
            waiting += [(depth + 1, child) for child in reversed(below)]

    def to_frame(self) -> pd.DataFrame:
        """One row an observation, each before its children.

        Columns: `id, parent_id, depth, name, type, start, latency_s, input, output, error, model,
        input_tokens, output_tokens, cost, first_token_s, metadata`.
        """
        import pandas as pd

        rows = [_cells(depth, found) for depth, found in self.walk()]
        return pd.DataFrame(
            {name: pd.Series([row[name] for row in rows], dtype=t) for name, t in _DTYPES.items()}
        )

    def __repr__(self) -> str:
        from xeroml_nb.analysis.trace_text import trace_text

        return trace_text(self)

    def _repr_html_(self) -> str:
        from xeroml_nb.analysis.trace_page import trace_html

        return trace_html(self)


def read_trace(store: Store, trace_id: str) -> Trace:
    """The trace of that id.

    Raises:
        NotFound: If neither an observation nor a score of it is stored.
    """
    with store.reading() as connection:
        spans = observations.of_trace(connection, trace_id)
        found = scores.find(connection, trace_id=trace_id)
        if not spans and not found:
            raise NotFound("trace", trace_id, traces.some_ids(connection, trace_id))
    return Trace(trace_id, spans, found)


def held_value(text: str | None) -> Any:
    """The value in a JSON text; the text itself where another tool wrote something else."""
    try:
        return from_json(text)
    except (ValueError, RecursionError):
        return text


def tokens(observation: Observation) -> tuple[float | None, float | None]:
    """How many tokens went into a model and came out, where that is known."""
    given = (
        observation.attributes.get(name)
        for name in (attributes.INPUT_TOKENS, attributes.OUTPUT_TOKENS)
    )
    into, out = (g if isinstance(g, (int, float)) and g is not True else None for g in given)
    return into, out


def seconds_to_first_token(observation: Observation) -> float | None:
    """Seconds until the first token of a model's answer came, where that is known."""
    said = observation.attributes.get(attributes.COMPLETION_START)
    try:
        found = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    moment = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return (moment - observation.start).total_seconds()


_DTYPES: dict[str, Any] = {
    "id": object,
    "parent_id": object,
    "depth": "int64",
    "name": object,
    "type": object,
    "start": "datetime64[us, UTC]",
    "latency_s": "float64",
    "input": object,
    "output": object,
    "error": object,
    "model": object,
    "input_tokens": "float64",
    "output_tokens": "float64",
    "cost": "float64",
    "first_token_s": "float64",
    "metadata": object,
}


def _cells(depth: int, found: Observation) -> dict[str, Any]:
    into, out = tokens(found)
    return {
        "id": found.id,
        "parent_id": found.parent_id,
        "depth": depth,
        "name": found.name,
        "type": found.type.value,
        "start": found.start,
        "latency_s": (found.end - found.start).total_seconds(),
        "input": held_value(found.input_json),
        "output": held_value(found.output_json),
        "error": found.error,
        "model": found.attributes.get(attributes.MODEL),
        "input_tokens": into,
        "output_tokens": out,
        "cost": amount(found.attributes.get(attributes.COST)),
        "first_token_s": seconds_to_first_token(found),
        "metadata": found.metadata,
    }


def _tree(
    observations: Sequence[Observation],
) -> tuple[list[Observation], dict[str, list[Observation]]]:
    """The roots, and the children by parent; circles are cut above their oldest observation."""
    place = {o.id: i for i, o in enumerate(observations)}
    children: dict[str, list[Observation]] = defaultdict(list)
    for found in observations:
        children[found.parent_id or ""].append(found)
    roots = [o for o in observations if o.parent_id not in place]
    reached: set[str] = set()
    for root in roots:
        _reach(root, children, reached)
    for found in observations:
        if found.id not in reached:
            siblings = children[found.parent_id or ""]
            siblings[:] = [o for o in siblings if o.id != found.id]
            roots.append(found)
            _reach(found, children, reached)
    return sorted(roots, key=lambda root: place[root.id]), children


def _reach(root: Observation, children: dict[str, list[Observation]], reached: set[str]) -> None:
    waiting = [root]
    while waiting:
        found = waiting.pop()
        reached.add(found.id)
        waiting += children.get(found.id, ())
