"""What all item runs of a run have in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from xeroml_nb.experiments.evaluation import sees_failures
from xeroml_nb.experiments.retries import Retries

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xeroml_nb.experiments.evaluation import ItemEvaluator
    from xeroml_nb.experiments.rate_limit import RateLimit
    from xeroml_nb.tracing.recorder import Recorder

_ONCE = Retries(0)


def _not_called(_known: dict[str, Any], _begin: Callable[[], None]) -> tuple[Any, float]:
    return None, 0.0


@dataclass(frozen=True)
class Route:
    """What all items of a run have in common.

    Args:
        experiment_id: Where their item runs belong.
        label: The experiment's name and number, for the traces.
        evaluators: What scores each of them, composites last.
        recorder: Holds their traces until they are stored.
        timeout: Seconds that one attempt, or all scoring, may take.
        is_stopping: Tells whether no new attempt may start.
        call: Calls the task, and its second argument when the task begins; returns the output
            and the seconds it took. Left out where there is an output already.
        retries: How failed attempts are repeated.
        keep_items: Store the item with its run, since no dataset holds it.
        limit: How fast attempts may begin; None for no limit.
    """

    experiment_id: str
    label: str
    evaluators: Sequence[ItemEvaluator]
    recorder: Recorder
    timeout: float
    is_stopping: Callable[[], bool]
    call: Callable[[dict[str, Any], Callable[[], None]], tuple[Any, float]] = _not_called
    retries: Retries = _ONCE
    keep_items: bool = False
    limit: RateLimit | None = None

    @cached_property
    def evaluators_of_failures(self) -> list[ItemEvaluator]:
        """Those that also score what has no output."""
        return [e for e in self.evaluators if sees_failures(e)]
