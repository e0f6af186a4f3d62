"""A client's experiments side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.client.experiments import ExperimentMethods
from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.analysis.groups import Grouping
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.records.experiment import ExperimentRecord


class ComparisonMethods(ExperimentMethods):
    """Compare experiments, and read several as one table."""

    def compare(  # noqa: PLR0913 - the words of the front door
        self,
        *experiments: Experiment | str,
        baseline: Experiment | str | None = None,
        by: Grouping | None = None,
        cluster: Grouping | None = None,
        scores: Sequence[str] | None = None,
        directions: Mapping[str, str] | None = None,
        bootstrap: int = 0,
        seed: int = 0,
    ) -> Comparison:
        """Put experiments side by side: is one better, by how much, how sure is that, and where.

        Items are paired by id where their content is the same; repetitions are averaged first.

        Args:
            experiments: Experiments, or their names; "triage_v2 #3" names the third.
            baseline: What the others are compared with; the first one by default.
            by: A metadata field, or a function of an item: differences are told for each value too.
            cluster: Likewise: items of one value, such as questions on one document, are no
                independent evidence.
            scores: Only these; all by default.
            directions: "higher", "lower" or "none" by score, where no rubric says it.
            bootstrap: Resamples for bootstrap intervals; 0 for those of a formula.
            seed: Of the resamples.

        Raises:
            NotFound: If there is no such experiment or score.
            BadInput: If there is nothing to compare: no shared item, no score, one run twice.

        Example:
            `compare("triage_v1 #1", "triage_v2 #1", cluster="conversation")`
        """
        from xeroml_nb.analysis.comparison import Comparison

        records = self._compared(experiments, baseline)
        return Comparison(
            self._store,
            records,
            by=by,
            cluster=cluster,
            scores=scores,
            directions=directions,
            bootstrap=bootstrap,
            seed=seed,
        )

    def to_frame(self, *experiments: Experiment | str) -> pd.DataFrame:
        """The item runs of several experiments as one table.

        Columns: `experiment` (its label), then those of `Experiment.to_frame`.

        Args:
            experiments: Experiments, or their names.

        Raises:
            NotFound: If there is no such experiment.
        """
        from xeroml_nb.experiments.frames import joined_frame

        records = self._records(experiments)
        with self._store.reading() as connection:
            return joined_frame(connection, records)

    def _compared(
        self, experiments: Sequence[Experiment | str], baseline: Experiment | str | None
    ) -> list[ExperimentRecord]:
        """What is compared, the baseline first."""
        self._store.flush()
        first = [] if baseline is None else self._records([baseline])
        given = self._records(experiments)
        found = [*first, *(one for one in given if not first or one.id != first[0].id)]
        if not found:
            raise BadInput("compare() was given no experiment.", "Pass two or more.")
        for one in found:
            if sum(one.id == other.id for other in found) > 1:
                raise BadInput(f"{one.label} was given twice.", "Compare it with another one.")
        return found
