"""A client's traces, and the scores on them over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.analysis.moments import Moment, moment
from xeroml_nb.analysis.score_filter import parse_conditions
from xeroml_nb.analysis.traces import Trace, read_trace
from xeroml_nb.client.experiments import ExperimentMethods
from xeroml_nb.tracing.observation import observation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from datetime import timedelta

    import pandas as pd

    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.tracing.observation import LiveObservation

    ExperimentLike = Experiment | ExperimentRecord | str


class TraceMethods(ExperimentMethods):
    """Record and find traces."""

    def start_as_current_observation(
        self,
        *,
        name: str,
        type: str = "span",  # noqa: A002 - the word of the spec
        **known: Any,
    ) -> AbstractContextManager[LiveObservation]:
        """Record a block as one span: `with client.start_as_current_observation(name="x") as o:`.

        Args:
            name: What is done.
            type: "span", "generation" or "event".
            known: `input`, `output`, `model`, `usage`, `metadata`, `tags`, as for `o.update`.
        """
        return observation(name, type, **known)

    def get_trace(self, trace_id: str) -> Trace:
        """A trace: its observations, oldest first, and every score; shows itself as a tree.

        Args:
            trace_id: Its id. Of a trace that was recorded elsewhere, the scores alone are here.

        Raises:
            NotFound: If neither an observation nor a score of it is stored.
        """
        self._store.flush()
        return read_trace(self._store, trace_id)

    def get_traces(  # noqa: PLR0913 - what traces are found by
        self,
        *,
        score: str | Sequence[str] | None = None,
        name: str | None = None,
        tags: str | Sequence[str] = (),
        user_id: str | None = None,
        session_id: str | None = None,
        experiment: ExperimentLike | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
        limit: int | None = 1000,
    ) -> pd.DataFrame:
        """Traces as a table, newest first; traces of which only scores are stored are there too.

        Columns: `trace_id, name, start, latency_s, user_id, session_id, tags, version, release,
        environment, input, output, error, observations, experiment, dataset`, then one a score.
        Name, input, output and error are the root's; `observations` is how many there are.
        `frame.attrs["cut"]` tells whether there are more traces than the limit.

        Args:
            score: A condition such as "accuracy < 0.5" or "`my tone` == warm", or several that
                all hold. A trace without that score never meets it.
            name: As in the column.
            tags: One or several; all are among those of the trace's observations.
            user_id: As in the column.
            session_id: As in the column.
            experiment: Only its item runs: an experiment, or text such as "triage_v2 #3".
            since: They began then or later: an aware datetime, its ISO text, or how long ago.
            until: They began before that moment.
            limit: How many at most; None for all.

        Raises:
            BadInput: If a condition cannot be read, or a moment has no time zone.
            NotFound: If there is no such score or experiment.
        """
        from xeroml_nb.analysis.trace_table import Search, trace_frame

        same = {"name": name, "user_id": user_id, "session_id": session_id}
        search = Search(
            conditions=parse_conditions(score),
            tags=(tags,) if isinstance(tags, str) else tuple(tags),
            same={column: value for column, value in same.items() if value is not None},
            experiment_id=self._experiment_id(experiment),
            since=moment("since", since),
            until=moment("until", until),
            limit=limit,
        )
        self._store.flush()
        return trace_frame(self._store, search)

    def trend(  # noqa: PLR0913 - what a trend is made of
        self,
        score: str,
        *,
        over: str = "time",
        by: str | None = None,
        dataset: str | None = None,
        tags: str | Sequence[str] = (),
        since: Moment | None = None,
        until: Moment | None = None,
        every: str | timedelta | None = None,
    ) -> pd.DataFrame:
        """How a score develops: the mean, or each category's share, with 95 % intervals.

        Columns: `group, x, label, category, n, mean, low, high, method`. `x` is the moment a bin
        of time begins, or an experiment was made; `method` is how the interval was found.

        Args:
            score: Its name; people's where code scores under the same name: "NAME (human)".
            over: "time", or "experiments" for one point each.
            by: What makes the groups: "dataset", "experiment", "version", "release",
                "environment", "name", "user_id", "session_id", "tag", or a key of the metadata.
            dataset: Only item runs over this dataset.
            tags: Only traces with all of them.
            since: Only traces that began then or later, as for `get_traces`.
            until: Only traces that began before.
            every: How wide a point is: "minute", "hour", "day", "week", "month", "year" or a
                timedelta; by default so that there are at most 60.

        Raises:
            BadInput: If an option cannot be understood.
            NotFound: If there is no such score or dataset.
        """
        from xeroml_nb.analysis.trend import Trend, trend_frame

        asked = Trend(
            over=over,
            by=by,
            dataset=dataset,
            tags=(tags,) if isinstance(tags, str) else tuple(tags),
            since=moment("since", since),
            until=moment("until", until),
            every=every,
        )
        self._store.flush()
        return trend_frame(self._store, score, asked)

    def _experiment_id(self, experiment: ExperimentLike | None) -> str | None:
        if isinstance(experiment, str):
            experiment = self.get_experiment(experiment)
        return None if experiment is None else experiment.id
