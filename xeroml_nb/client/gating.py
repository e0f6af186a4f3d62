"""A client's gates: whether an experiment is good enough to deploy what it tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.client.comparisons import ComparisonMethods
from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xeroml_nb.analysis.gate.verdict import Verdict
    from xeroml_nb.experiments.experiment import Experiment


class GateMethods(ComparisonMethods):
    """Hold experiments against bounds and baselines."""

    def gate(  # noqa: PLR0913 - each a part of what is demanded
        self,
        experiment: Experiment | str,
        *,
        min: Mapping[str, float] | None = None,  # noqa: A002 - the words of the command line
        max: Mapping[str, float] | None = None,  # noqa: A002
        no_worse_than: Experiment | str | None = None,
        scores: Sequence[str] | None = None,
        margin: float | None = None,
        directions: Mapping[str, str] | None = None,
        allow_failed: int | str = 0,
        allow_unscored: int | str = 0,
    ) -> Verdict:
        """Hold an experiment against what a deployment demands of it.

        It fails also where its run is not finished, item runs failed, or scores are missing: of
        those that are named, where none is of all but people's. Bounds are held against the mean
        over items, which is shown with its 95 % interval; repetitions are averaged first.

        Args:
            experiment: The experiment, or its name.
            min: The least that is good enough: by the name of a score of item runs (its mean) or
                of the whole run (such as a score card's), a category as in "tone:polite" (its
                share), "failed" (the share of item runs that failed), "latency_mean",
                "latency_p95" or another percentile (seconds of item runs with an output, and of
                time-outs).
            max: The most that is good enough, likewise.
            no_worse_than: A baseline, or its name: no score may be worse than there, item by item.
            scores: Which scores are held against the baseline; by default all that can be worse,
                but for people's.
            margin: By how much a score may be worse, in its unit. The 95 % interval of the
                difference has to exclude more; without a margin only what is shown to be worse
                fails.
            directions: Which values of a score are good: "higher" (the default), "lower" or
                "none", where no rubric says it.
            allow_failed: How many item runs may fail: a count, or a share such as "5%". With
                "failed" in `max` that bound counts.
            allow_unscored: How many item runs with an output may lack a score, likewise.

        Raises:
            NotFound: If there is no such experiment or score.
            BadInput: If what is demanded cannot be measured, or the baseline shares fewer than
                half of the items.

        Example:
            `gate("triage_v2", min={"accuracy": 0.85}, no_worse_than="triage_v1 #7")`
        """
        from xeroml_nb.analysis.gate.deciding import decide
        from xeroml_nb.analysis.gate.demands import Demands

        demands = Demands.of(
            min=min,
            max=max,
            scores=scores,
            margin=margin,
            directions=directions,
            allow_failed=allow_failed,
            allow_unscored=allow_unscored,
            has_baseline=no_worse_than is not None,
        )
        [record] = self._records([experiment])
        baseline = None if no_worse_than is None else self._records([no_worse_than])[0]
        if baseline is not None and baseline.id == record.id:
            raise BadInput(
                f"{record.label} is its own baseline.", "Name another experiment, or number."
            )
        return decide(self.get_experiment(record.id), demands, baseline)
