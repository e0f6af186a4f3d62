"""Experiments side by side: what differs, how sure that is, and on which items."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from xeroml_nb.analysis import tables
from xeroml_nb.analysis.alignment import align
from xeroml_nb.analysis.changes import Changes
from xeroml_nb.analysis.claims import Claims, claims_of, slice_claims
from xeroml_nb.analysis.code import CodeDifference
from xeroml_nb.analysis.costs import run_costs
from xeroml_nb.analysis.groups import group_codes, groups_of
from xeroml_nb.analysis.kinds import find_kinds
from xeroml_nb.analysis.measuring import Measuring
from xeroml_nb.analysis.notes import notes_of
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.provided import provided

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from xeroml_nb.analysis.alignment import AlignedRun
    from xeroml_nb.analysis.groups import Grouping
    from xeroml_nb.analysis.verdicts import Distribution, Estimate, ScoreDifference
    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.store.store import Store


class Comparison:
    """Experiments side by side, over the items that they share.

    Args:
        store: Where they live.
        records: The experiments, the baseline first.
        by: A metadata field, or a function of an item: differences are told for each value too.
        cluster: Likewise: items of one value, such as questions on one document, are no
            independent evidence.
        scores: Only these; all by default.
        directions: "higher", "lower" or "none" by score, where no rubric says it.
        bootstrap: Resamples for bootstrap intervals; 0 for those of a formula.
        seed: Of the resamples.
    """

    def __init__(  # noqa: PLR0913 - the words of the front door
        self,
        store: Store,
        records: Sequence[ExperimentRecord],
        *,
        by: Grouping | None = None,
        cluster: Grouping | None = None,
        scores: Sequence[str] | None = None,
        directions: Mapping[str, str] | None = None,
        bootstrap: int = 0,
        seed: int = 0,
    ) -> None:
        self.store = store
        self.runs = tuple(records)
        self.options: dict[str, Any] = {
            "by": by,
            "cluster": cluster,
            "scores": None if scores is None else list(scores),
            "directions": dict(directions or {}),
            "bootstrap": bootstrap,
            "seed": seed,
        }
        self._aligned = align(store, records)
        tables_read = [run.table for run in self._aligned.runs]
        self._kinds = find_kinds(store, tables_read, directions or {})
        self._aligned = self._aligned.counted(self._kinds)
        self._chosen = self._checked_scores(scores)
        self._groups = None if by is None else groups_of(store, self._aligned, by, "by")
        codes = None if cluster is None else group_codes(store, self._aligned, cluster)
        self._measuring = Measuring(self._aligned, self._kinds, codes, bootstrap, seed)

    def __repr__(self) -> str:
        return "\n".join([self.title, *self.sentences(), *self.notes])

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - IPython's words
        printer.text(repr(self))

    def _ipython_display_(self) -> None:
        provided("show comparison")(self)

    # What is compared.

    @property
    def baseline(self) -> ExperimentRecord:
        """What the others are compared with."""
        return self.runs[0]

    @property
    def candidates(self) -> tuple[ExperimentRecord, ...]:
        """What is compared with the baseline."""
        return self.runs[1:]

    @property
    def title(self) -> str:
        """What is compared: "triage_v2 #3 against triage_v1 #7"."""
        others = ", ".join(record.label for record in self.candidates)
        return f"{others} against {self.baseline.label}" if others else self.baseline.label

    @property
    def numeric(self) -> tuple[str, ...]:
        """The scores that are numbers or truth values."""
        return tuple(name for name in self._kinds.numeric if name in self._chosen)

    @property
    def categorical(self) -> tuple[str, ...]:
        """The scores that are categories."""
        return tuple(name for name in self._kinds.categorical if name in self._chosen)

    @property
    def scores(self) -> tuple[str, ...]:
        """All scores that are compared."""
        return self.numeric + self.categorical

    @property
    def shared(self) -> int:
        """Items that all runs attempted, with the same content."""
        return int(np.count_nonzero(self._aligned.shared))

    @property
    def unshared(self) -> dict[str, int]:
        """By run, the items it attempted that are not shared."""
        return {run.record.label: self._aligned.unshared(run) for run in self._aligned.runs}

    def direction(self, score: str) -> str:
        """Which values of a score are good: "higher", "lower" or "none"."""
        return self._kinds.direction(self._kinds.checked(score))

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What the reader must know, as sentences."""
        return tuple(notes_of(self, self._aligned, self._kinds))

    # What was found.

    @property
    def estimates(self) -> list[Estimate]:
        """The mean of each numeric score in each run."""
        return self._claims.estimates

    @property
    def differences(self) -> list[ScoreDifference]:
        """How each numeric score differs between each candidate and the baseline."""
        return self._claims.differences

    @property
    def distributions(self) -> list[Distribution]:
        """How each categorical score differs between each candidate and the baseline."""
        return self._claims.distributions

    def difference(self, score: str | None = None, candidate: str | None = None) -> ScoreDifference:
        """How a score differs between a candidate and the baseline.

        Args:
            score: The first numeric one by default.
            candidate: A run's label or name; the first candidate by default.

        Raises:
            NotFound: If there is no such score or candidate.
            BadInput: If the score is a category, or there is nothing to compare.
        """
        name, run = self._numeric(score), self._candidate(candidate)
        label = run.record.label
        return next(d for d in self.differences if (d.score, d.run) == (name, label))

    def verdict(self, score: str | None = None, candidate: str | None = None) -> str:
        """Whether a candidate is better, by how much and how sure that is, in one line."""
        if score is not None and self._kinds.checked(score) in self.categorical:
            label = self._candidate(candidate).record.label
            return next(
                d.sentence for d in self.distributions if (d.score, d.run) == (score, label)
            )
        return self.difference(score, candidate).sentence

    def sentences(self) -> list[str]:
        """The verdict on every score and candidate, one a line."""
        several = len(self.candidates) > 1
        found: list[ScoreDifference | Distribution] = [*self.differences, *self.distributions]
        return [f"{d.score}{f' of {d.run}' if several else ''}: {d.sentence}" for d in found]

    def table(self) -> pd.DataFrame:
        """One row a score and run, with honest denominators.

        Columns: `score, run, n` (items scored), `mean, low, high` (95 % interval), `attempted,
        failed, unscored` (item runs); against the baseline, over the `pairs` that both scored:
        `difference, diff_low, diff_high, p_value, p_exact` (McNemar's, of right and wrong
        answers), `p_adjusted` (Holm), `win, tie, loss, detectable` (the smallest difference so
        many items would show), `verdict, method, test`. Scores that are categories have
        their counts in `categories` in the place of a mean; what moved stands in `distributions`.
        """
        return tables.comparison_table(self)

    def slices(self, score: str | None = None) -> pd.DataFrame:
        """The differences for each value of `by`, the p corrected for all of them.

        Columns: `slice, score, run, n, difference, low, high, p_value, p_adjusted` (Benjamini and
        Hochberg), `win, tie, loss, verdict`.

        Raises:
            BadInput: If the comparison was made without `by`.
        """
        if self._groups is None:
            raise BadInput("This comparison has no slices.", "Pass by='a metadata field'.")
        names = self.numeric if score is None else (self._numeric(score),)
        return tables.slice_table(slice_claims(self._measuring, self._groups, names))

    # The items.

    def values(self, score: str) -> pd.DataFrame:
        """A score by shared item (index) and run (columns); repetitions are averaged.

        Numbers, NaN where an item is not scored; for categories texts and None.
        """
        name = self._kinds.checked(score)
        is_text = name in self.categorical
        return self._by_item(
            [run.labels(name) if is_text else run.numbers(name) for run in self._aligned.runs]
        )

    def latencies(self) -> pd.DataFrame:
        """Seconds an item took, by shared item (index) and run (columns)."""
        return self._by_item(
            [
                run.means(run.table.columns["latency"].astype(np.float64))
                for run in self._aligned.runs
            ]
        )

    def costs(self) -> pd.DataFrame:
        """What an item cost, by shared item (index) and run (columns); NaN where it is unknown.

        Costs are what calls of models recorded, or what `xn.prices` says of them, added up by
        trace.
        """
        with self.store.reading() as connection:
            found = [run_costs(connection, run.table) for run in self._aligned.runs]
        return self._by_item(
            [run.means(costs) for run, costs in zip(self._aligned.runs, found, strict=True)]
        )

    def changes(self, score: str | None = None, candidate: str | None = None) -> Changes:
        """The shared items with what changed on each, the largest change first.

        Args:
            score: The first score by default.
            candidate: A run's label or name; the first candidate by default.
        """
        name = self.scores[0] if score is None and self.scores else self._kinds.checked(score or "")
        run = self._candidate(candidate)
        kind = "categorical" if name in self.categorical else "numeric"
        return Changes(self.store, self._aligned, run, name, kind, self.direction(name))

    def items(self, score: str | None = None, candidate: str | None = None) -> pd.DataFrame:
        """The shared items side by side, the largest change first.

        Columns: `item_id, input, expected_output, baseline_output, output, baseline_score, score,
        delta, change` (improved, regressed, same; higher, lower or changed where no direction is
        better; failed, not scored), `baseline_trace_id, trace_id, baseline_latency_s, latency_s,
        metadata, error`. Of repeated items the outputs are those of the first repetition.
        """
        return self.changes(score, candidate).to_frame()

    def code(self, candidate: str | None = None) -> CodeDifference:
        """What produced a candidate's run that did not produce the baseline's.

        The task's text, the packages, the dataset's version, the git commit.
        """
        return CodeDifference(self.baseline, self._candidate(candidate).record)

    # Where it goes.

    def to_notebook(self, path: str | Path) -> Path:
        """Write a report that reads without a kernel, and whose cells rebuild it from the store.

        Args:
            path: Where to; `report.ipynb`.

        Raises:
            BadInput: If `by` or `cluster` is a function, which a notebook cannot repeat.
        """
        written: Path = provided("comparison report")(self, path)
        return written

    # Inside.

    def _by_item(self, values: Sequence[npt.NDArray[Any]]) -> pd.DataFrame:
        """What each run has for the shared items, as a column a run."""
        shared = self._aligned.shared
        index = pd.Index(self._aligned.item_ids[shared], name="item_id", dtype=object)
        columns = {
            run.record.label: found[shared]
            for run, found in zip(self._aligned.runs, values, strict=True)
        }
        return pd.DataFrame(columns, index=index)

    @cached_property
    def _claims(self) -> Claims:
        return claims_of(self._measuring, self.numeric, self.categorical)

    def _checked_scores(self, asked: Sequence[str] | None) -> tuple[str, ...]:
        """The scores to compare.

        Raises:
            NotFound: If one is unknown.
            BadInput: If one holds numbers and categories, or there are none at all.
        """
        if asked is not None:
            return tuple(map(self._kinds.checked, asked))
        known = self._kinds.numeric + self._kinds.categorical
        if not known:
            self._refuse_unscored()
        return known

    def _refuse_unscored(self) -> None:
        if self._kinds.mixed:
            self._kinds.checked(self._kinds.mixed[0])  # which says why it cannot be compared
        failed = sum(int((run.attempted - run.succeeded).sum()) for run in self._aligned.runs)
        labels = " and ".join(record.label for record in self.runs)
        many = f"{failed:,} item runs failed." if failed else "Nothing scored them."
        raise BadInput(
            f"{labels} has no scores: {many}",
            "See to_frame() for errors, or run with evaluators=[...].",
        )

    def _numeric(self, score: str | None) -> str:
        if score is None:
            if not self.numeric:
                raise BadInput(
                    f"{self.title} has no score that is a number.",
                    f"Name one of {', '.join(map(repr, self.categorical))}.",
                )
            return self.numeric[0]
        if self._kinds.checked(score) in self._kinds.categorical:
            raise BadInput(
                f"Score {score!r} holds categories, which have no difference.",
                "See .distributions, or verdict(score).",
            )
        return score

    def _candidate(self, asked: str | None) -> AlignedRun:
        others = self._aligned.runs[1:]
        if not others:
            raise BadInput(f"{self.title} is compared with nothing.", "Pass two experiments.")
        if asked is None:
            return others[0]
        for run in others:
            if asked in (run.record.label, run.record.name, run.record.id):
                return run
        raise NotFound("candidate", asked, [run.record.label for run in others])
