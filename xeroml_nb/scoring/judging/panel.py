"""Several judges as one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.records.ids import checked_name, content_hash
from xeroml_nb.scoring.judging.judge import Judge
from xeroml_nb.scoring.judging.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xeroml_nb.records.score import ScoreRecord, ScoreTarget
    from xeroml_nb.store.store import Store


@dataclass(frozen=True, slots=True)
class PanelVerdict:
    """What a panel comes to about one item.

    Args:
        verdict: That of all together.
        each: That of each judge who gave one.
    """

    verdict: Verdict
    each: tuple[Verdict, ...]


@dataclass(frozen=True, eq=False)
class JudgePanel:
    """Several judges whose verdicts count together; each keeps a score of its own too.

    Each has a model, and where its provider has one a rate limit, of its own.

    Most of them decide, of as many the one named first; in a range their mean counts. If one of
    them fails, the panel has no verdict: what the others answered is kept for the next time.

    Args:
        name: The score's name.
        judges: Two or more, with the same choices or range, and names of their own.

    Raises:
        BadInput: If they cannot be put together.

    Example:
        >>> def lenient(prompt):
        ...     return {"verdict": 5}
        >>> def stern(prompt):
        ...     return {"verdict": 2}
        >>> one = Judge("lenient", "Is it good?", range=(1, 5), model=lenient)
        >>> other = Judge("stern", "Is it good?", range=(1, 5), model=stern)
        >>> JudgePanel("good", [one, other]).call({"output": "Hm."}).verdict.value
        3.5
    """

    name: str
    judges: Sequence[Judge]

    def __post_init__(self) -> None:
        checked_name("panel", self.name)
        object.__setattr__(self, "judges", tuple(self.judges))
        if len(self.judges) < 2 or not all(isinstance(j, Judge) for j in self.judges):  # noqa: PLR2004
            raise BadInput(
                f"JudgePanel {self.name!r} needs two or more judges.", "Pass xn.Judge(...)."
            )
        names = [self.name, *(judge.name for judge in self.judges)]
        if twice := next((n for n in names if names.count(n) > 1), None):
            raise BadInput(f"JudgePanel {self.name!r} has the name {twice!r} twice.", "Rename one.")
        scales = {judge.scale for judge in self.judges}
        if len(scales) > 1:
            labels = "; ".join(sorted(scale.label for scale in scales))
            raise BadInput(
                f"The judges of panel {self.name!r} answer in different ways: {labels}.",
                "Give all of them the same choices or range.",
            )

    @property
    def waits(self) -> bool:
        """Nearly all of its time goes by while the model answers."""
        return True

    @property
    def is_async(self) -> bool:
        """It asks on the thread that calls it."""
        return False

    @property
    def fingerprint(self) -> str:
        """Changes with any of its judges."""
        return content_hash([(judge.name, judge.fingerprint) for judge in self.judges])

    def check_ready(self) -> None:
        """See that every judge has a model to ask.

        Raises:
            NoModel: If none is set.
        """
        for judge in self.judges:
            judge.check_ready()

    def cached_in(self, store: Store) -> JudgePanel:
        """The same panel, whose answers are kept in a store and looked up there."""
        return replace(self, judges=[judge.cached_in(store) for judge in self.judges])

    def call(self, known: Mapping[str, Any]) -> PanelVerdict | None:
        """The verdict on an item run; None if every judge leaves it unscored.

        Raises:
            JudgeFailed: If one of the judges has no verdict; names judge and item.
        """
        found = [judge.call(known) for judge in self.judges]
        each = tuple(verdict for verdict in found if verdict is not None)
        if not each:
            return None
        decided = self.judges[0].scale.settle([verdict.value for verdict in each])
        votes = {verdict.judge: verdict.value for verdict in each}
        together = Verdict(self.name, decided.value, decided.words, {"votes": votes})
        return PanelVerdict(together, each)

    def scores(self, result: PanelVerdict | None, target: ScoreTarget) -> list[ScoreRecord]:
        """The verdict as a score, then that of each judge."""
        if result is None:
            return []
        return [verdict.score(target) for verdict in (result.verdict, *result.each)]
