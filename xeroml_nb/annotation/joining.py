"""How entries join a person's order: at the beginning, and while a run is still going."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.annotation.order import (
    Candidate,
    Order,
    arrange,
    disagreement_rank,
    uncertain_rank,
    with_repeats,
    worst_rank,
)
from xeroml_nb.annotation.sharing import Team
from xeroml_nb.records.json_text import preview
from xeroml_nb.records.score import ScoreSource
from xeroml_nb.store import experiments, scores

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from xeroml_nb.annotation.earlier import Earlier
    from xeroml_nb.annotation.material import Material, Shown
    from xeroml_nb.annotation.order import Planned
    from xeroml_nb.annotation.rubric import Rubric
    from xeroml_nb.records.label import EntryKey, Label, QueueRecord
    from xeroml_nb.records.score import ScoreRecord, ScoreValue
    from xeroml_nb.store.store import Store

_AT_ONCE = 2_000
Values = dict[tuple[str, int], "ScoreValue"]


class Joining:
    """Puts entries in order as the queue says.

    Args:
        store: Where scores and labels are.
        queue: Its order, team and repeats.
        annotator: Whose order.
        rubric: What is asked, for labels that are carried over.
        material: What there is to label.
        earlier: What the person said before.
    """

    def __init__(  # noqa: PLR0913 - an order depends on all of this
        self,
        store: Store,
        queue: QueueRecord,
        annotator: str,
        *,
        rubric: Rubric,
        material: Material,
        earlier: Earlier,
    ) -> None:
        self._store = store
        self._queue = queue
        self._annotator = annotator
        self._rubric = rubric
        self._material = material
        self._earlier = earlier
        self._order = Order.from_wire(queue.order)
        self._team = Team(tuple(queue.team.get("members", ())), queue.team.get("overlap", 1.0))
        self._unchanged: set[EntryKey] = set()
        self.carried: dict[EntryKey, tuple[Shown, Label]] = {}
        self.note = ""

    @property
    def is_plain(self) -> bool:
        """Entries come as they are given, so that the first ones are known at once."""
        return self._order.mode == "given" and not self._earlier.by_item

    def planned(self, keys: Iterable[EntryKey]) -> list[Planned]:
        """Entries that are new, in the order they join; `carried` then knows their labels."""
        mine = [k for k in keys if self._team.is_assigned(k.item_id, self._annotator)]
        self._find_carried(mine)
        seed = self._order.seed or 0
        arranged = arrange(self._candidates(mine), self._order, seed)
        return with_repeats(arranged, self._queue.repeats, seed)

    def _find_carried(self, keys: Sequence[EntryKey]) -> None:
        self.carried = {}
        self._unchanged = set()
        known = [key for key in keys if key.item_id in self._earlier.by_item]
        for start in range(0, len(known), _AT_ONCE):
            for key, shown in self._material.load(known[start : start + _AT_ONCE]).items():
                if self._earlier.knows(key.item_id, shown.content_hash):
                    self._unchanged.add(key)
                label = self._earlier.of(key.item_id, shown.content_hash, self._rubric)
                if label is not None:
                    self.carried[key] = shown, label

    def _candidates(self, keys: Sequence[EntryKey]) -> list[Candidate]:
        strata = self._strata(keys)
        ranks = self._ranks()
        self._look_for_typos(keys, strata, ranks)
        return [
            Candidate(
                key.item_id,
                key.repetition,
                stratum=strata.get(key.item_id, ""),
                rank=ranks.get((key.item_id, key.repetition)),
                changed=key.item_id in self._earlier.by_item and key not in self._unchanged,
                carried=key in self.carried,
            )
            for key in keys
        ]

    def _look_for_typos(
        self, keys: Sequence[EntryKey], strata: Mapping[str, str], ranks: Mapping[Any, Any]
    ) -> None:
        """An order by something that no item has is no order: say so."""
        order = self._order
        if keys and order.mode == "stratified" and set(strata.values()) <= {preview(None)}:
            self.note = f"No item has metadata called {order.by!r}: the order is a shuffle."
        elif keys and order.is_ranked and not any(rank is not None for rank in ranks.values()):
            self.note = f"No item can be ranked by {order.by!r} yet: the order is a shuffle."

    def _strata(self, keys: Sequence[EntryKey]) -> dict[str, str]:
        if self._order.mode != "stratified":
            return {}
        found: dict[str, str] = {}
        for start in range(0, len(keys), _AT_ONCE):
            loaded = self._material.load(keys[start : start + _AT_ONCE])
            found |= {k.item_id: _field(s.metadata, self._order.by) for k, s in loaded.items()}
        return found

    def _ranks(self) -> dict[tuple[str, int], float | None]:
        order = self._order
        if not order.is_ranked:
            return {}
        judged = order.mode == "disagreement" and str(order.against).startswith("score:")
        people = False if judged else None
        own = self._values(self._queue.experiment_ids[0], order.by, people=people)
        if order.mode == "worst":
            return {key: worst_rank(value) for key, value in own.items()}
        if order.mode == "uncertain":
            return {key: uncertain_rank(value, order.threshold) for key, value in own.items()}
        other = self._compared()
        return {key: disagreement_rank(value, other.get(key)) for key, value in own.items()}

    def _compared(self) -> Values:
        """What a score is compared with: people's, or the same score of another experiment."""
        kind, _, name = str(self._order.against).partition(":")
        if kind == "experiment":
            return self._values(name, self._order.by, people=None)
        return self._values(self._queue.experiment_ids[0], name, people=True)

    def _values(self, experiment_id: str, name: str | None, *, people: bool | None) -> Values:
        """A score of every item run that has it: by people, not by people, or (None) by anybody."""
        with self._store.reading() as connection:
            runs = experiments.item_runs(connection, experiment_id)
            found = scores.of_experiment(connection, experiment_id)
        by_trace = {
            score.target.trace_id: _compared_value(score)
            for score in found
            if score.name == name and people in (None, score.source is ScoreSource.HUMAN)
        }
        return {r.key: by_trace[r.trace_id] for r in runs if r.trace_id in by_trace}


def _compared_value(score: ScoreRecord) -> ScoreValue:
    """A category that counts as a number is compared as one."""
    number = (score.metadata or {}).get("number") if isinstance(score.metadata, dict) else None
    return score.value if number is None else number


def _field(metadata: Any, name: str | None) -> str:
    value = metadata.get(name) if isinstance(metadata, dict) else None
    return preview(value)
