"""What came out of an experiment, as values and as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.experiments import results
from xeroml_nb.experiments.experiment_base import ExperimentBase
from xeroml_nb.experiments.reading import planned_items, read_results
from xeroml_nb.provided import provided
from xeroml_nb.store import evaluations
from xeroml_nb.store.run_columns import score_authors

if TYPE_CHECKING:
    import pandas as pd

    from xeroml_nb.experiments.results import OwnScore, Result, ScoreSummary


class ResultMethods(ExperimentBase):
    """Read item runs and their scores, at any moment of a run."""

    def get_results(self) -> list[Result]:
        """The item runs with their scores, pending ones included."""
        return read_results(self._store, self.record)

    def to_frame(self) -> pd.DataFrame:
        """One row an item run, at any moment of the run.

        Columns: `item_id, repetition, input, expected_output, output, status (ok, failed,
        timeout, stopped, pending), error, attempts, latency_s, trace_id`, then those of
        `input_tokens, output_tokens, cost` that any item run recorded, then one a score.
        """
        from xeroml_nb.experiments.frames import frame_with_usage

        record = self.record
        with self._store.reading() as connection:
            return frame_with_usage(connection, record, planned_items(connection, record))

    def summary(self) -> pd.DataFrame:
        """One row a score, with honest denominators.

        Columns: `mean` over the `scored` item runs; `attempted, succeeded, failed, unscored`;
        `worst` and `best`, which the mean could be if every failure had counted 0 or 1 (only for
        scores within 0..1); `categories` with their counts, where there are any.
        """
        return results.summary_frame(self.score_summaries())

    def score_summaries(self) -> list[ScoreSummary]:
        """As `summary`, as values."""
        with self._store.reading() as connection:
            table = self._table(connection)
            whole = {one.evaluator for one in evaluations.of_whole(connection, self.id)}
            silent = set(self._record.evaluators) - whole - table.scores.keys()
            # An evaluator may score under other names than its own.
            silent -= score_authors(connection, self.id) if silent else set()
        return results.summarise(table, silent)

    def own_scores(self) -> pd.DataFrame:
        """The scores on the experiment as a whole, oldest first.

        Columns: `name, value, comment, author, error`; an evaluator that failed has a row without
        a value.
        """
        provided("score cards up to date")(self._store, [self.id])
        return results.own_frame(self.own_values())

    def own_values(self) -> list[OwnScore]:
        """As `own_scores`, as values."""
        with self._store.reading() as connection:
            given = evaluations.own_scores(connection, self.id)
            noted = evaluations.of_whole(connection, self.id)
        return results.own_scores(given, noted)
