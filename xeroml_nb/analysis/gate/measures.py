"""What a gate can measure of an experiment, by name."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from xeroml_nb.analysis.gate.measured import Measured
from xeroml_nb.analysis.gate.whole import WholeScores
from xeroml_nb.analysis.statistics.intervals import mean_interval
from xeroml_nb.analysis.statistics.samples import rounding_of
from xeroml_nb.analysis.verdicts import counted
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.store.run_columns import score_authors

if TYPE_CHECKING:
    import numpy.typing as npt

    from xeroml_nb.analysis.gate.run import GatedRun
    from xeroml_nb.experiments.experiment import Experiment

    Floats = npt.NDArray[np.float64]

FAILED = "failed"
_LATENCY = re.compile(r"latency_(?:mean|p(\d{1,2}))")
# What is measured of every experiment.
_ALWAYS = (FAILED, "latency_mean", "latency_p50", "latency_p95")


class Measures:
    """What a gate can measure of an experiment.

    Args:
        experiment: The experiment.
        run: Its item runs.
    """

    def __init__(self, experiment: Experiment, run: GatedRun) -> None:
        self._experiment = experiment
        self._run = run

    def measured(self, name: str) -> Measured:
        """What stands behind a name.

        That is, in this order: the mean of a score of item runs, a score of the whole experiment,
        such as a score card's, the share of a category ("tone:polite"), the share of item runs
        that failed, and their latency ("latency_p95", "latency_mean").

        Raises:
            NotFound: If nothing does.
            BadInput: If a score and one of the whole experiment do, or it is no number.
        """
        if self.is_of_items(name):
            return self._mean(name)
        if name in self._whole.names:
            return self._whole.measured(name)
        category = self._category(name)
        if category is not None:
            return self._share(*category)
        if name == FAILED:
            return self._failed()
        latency = _LATENCY.fullmatch(name)
        return self._latency(latency[1]) if latency else self._missing(name)

    def is_of_items(self, name: str) -> bool:
        """Tell whether item runs have a score of that name.

        Raises:
            BadInput: If the experiment as a whole has one, too.
        """
        if name not in self._run.scores:
            return False
        if name in self._whole.names:
            raise BadInput(
                f"{self._experiment.label} has a score {name!r} on item runs and one on the "
                "whole run.",
                "Give one of them another name.",
            )
        return True

    def score_of_items(self, name: str) -> str | None:
        """The score of item runs that a name is about, or None.

        One that an evaluator should have given, and gave nobody, is one.
        """
        if self.is_of_items(name):
            return name
        if name in self._whole.names:
            return None
        category = self._category(name)
        if category is not None:
            return category[0]
        return name if name in self.silent else None

    @cached_property
    def silent(self) -> set[str]:
        """The evaluators that should have scored item runs and never did."""
        missing = set(self._run.record.evaluators) - set(self._run.scores) - self._whole.names
        if not missing:
            return missing
        # An evaluator may score under other names than its own.
        with self._experiment.store.reading() as connection:
            return missing - score_authors(connection, self._experiment.id)

    @cached_property
    def _whole(self) -> WholeScores:
        return WholeScores(self._experiment)

    def _mean(self, name: str) -> Measured:
        if self._run.kinds.checked(name) in self._run.kinds.categorical:
            column = self._run.run.table.scores[name]
            known = [str(label) for label in pd.unique(column.labels) if label is not None]
            raise BadInput(
                f"Score {name!r} holds categories, which have no mean.",
                f"Name the share of one: {f'{name}:{known[0]}'!r}.",
            )
        return self._of_items(self._run.run.numbers(name))

    def _category(self, name: str) -> tuple[str, str] | None:
        """Score and category of a name such as "tone:polite"."""
        places = [place for place, letter in enumerate(name) if letter == ":"]
        parts = ((name[:place], name[place + 1 :]) for place in places)
        return next((p for p in parts if p[0] in self._run.kinds.categorical), None)

    def _share(self, score: str, category: str) -> Measured:
        labels = self._run.run.table.scores[score].labels
        missing = np.asarray(pd.isna(labels))
        given = np.where(missing, np.nan, np.asarray(labels == category, dtype=np.float64))
        return self._of_items(self._run.run.means(given))

    def _failed(self) -> Measured:
        run = self._run.run
        tried = run.attempted > 0
        shares = (run.attempted - run.succeeded)[tried] / run.attempted[tried]
        if not shares.size:
            return Measured.none("no item run has ended")
        found = mean_interval(shares)
        what = f"{self._run.failed:,} of {counted(self._run.attempted, 'item run')}"
        return Measured(found.estimate, found.low, found.high, what, self._run.attempted)

    def _latency(self, percent: str | None) -> Measured:
        seconds = self._run.latencies
        by_item = self._run.run.means(seconds)
        there = seconds[~np.isnan(seconds)]
        if not there.size:
            return Measured.none("no item run has a latency")
        if percent is None:
            return self._of_items(by_item, " s")
        value = float(np.quantile(there, int(percent) / 100))
        return Measured(
            value,
            what=counted(there.size, "item run"),
            n=there.size,
            unit=" s",
            beyond=lambda bound, *, below: self._run.beyond(by_item, bound, below=below),
        )

    def _of_items(self, values: Floats, unit: str = "") -> Measured:
        """The mean of a value of each item; repetitions are averaged already."""
        there = values[~np.isnan(values)]
        if not there.size:
            return Measured.none("no item has it")
        found = mean_interval(there)
        return Measured(
            found.estimate,
            found.low,
            found.high,
            what=counted(there.size, "item"),
            n=there.size,
            unit=unit,
            reach=rounding_of(there),
            beyond=lambda bound, *, below: self._run.beyond(values, bound, below=below),
        )

    def _missing(self, name: str) -> Measured:
        """A score that no item run has, though it was to be given.

        Raises:
            NotFound: If it never was.
        """
        scores = {*self._run.scores, *self._whole.names}
        if name in self.silent or not scores:
            return Measured.none("nothing has this score")
        raise NotFound("score", name, {*scores, *self.silent, *_ALWAYS})
