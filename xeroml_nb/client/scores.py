"""A client's scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from xeroml_nb.analysis.moments import Moment, moment
from xeroml_nb.client.traces import TraceMethods
from xeroml_nb.records.score import ScoreRecord, ScoreTarget, new_score
from xeroml_nb.store.rows import Rows

if TYPE_CHECKING:
    import pandas as pd

    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.records.experiment import ExperimentRecord

    ExperimentLike = Experiment | ExperimentRecord | str


class ScoreDetails(TypedDict, total=False):
    """What else `Client.score` takes, beside what is scored, a name and a value."""

    data_type: str | None
    comment: str | None
    source: str
    author: str
    metadata: Any


class ScoreMethods(TraceMethods):
    """Give and find scores."""

    def score(  # noqa: PLR0913 - the words of the spec
        self,
        *,
        trace_id: str,
        name: str,
        value: Any,
        observation_id: str | None = None,
        data_type: str | None = None,
        comment: str | None = None,
        source: str = "api",
        author: str = "",
        metadata: Any = None,
    ) -> ScoreRecord:
        """Score a trace, or one observation of it; stored when this returns.

        The same target, name, source and author again updates the score; its past is kept.

        Args:
            trace_id: Any text that names a trace.
            name: At most 200 characters.
            value: A finite number, a bool, or a text.
            observation_id: One observation of the trace.
            data_type: NUMERIC, BOOLEAN or CATEGORICAL; found from the value by default.
            comment: Why.
            source: "api", "human" or "llm".
            author: Who, if several score the same.
            metadata: Anything else.

        Raises:
            BadScore: If name, value or type cannot be accepted.
        """
        return self._put_score(
            ScoreTarget(trace_id=trace_id, observation_id=observation_id),
            name,
            value,
            data_type=data_type,
            comment=comment,
            source=source,
            author=author,
            metadata=metadata,
        )

    def score_session(
        self, *, session_id: str, name: str, value: Any, **details: Unpack[ScoreDetails]
    ) -> ScoreRecord:
        """Score a whole session; the details are those of `score`."""
        return self._put_score(ScoreTarget(session_id=session_id), name, value, **details)

    def get_scores(  # noqa: PLR0913 - what scores are found by
        self,
        *,
        trace_id: str | None = None,
        session_id: str | None = None,
        experiment: ExperimentLike | None = None,
        name: str | None = None,
        source: str | None = None,
        author: str | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> pd.DataFrame:
        """Scores as a table, oldest first; all where nothing is given.

        Columns: `id, trace_id, observation_id, session_id, experiment_id, name, value, data_type,
        comment, source, author, metadata, created_at`. A value is a float, a bool or a text.

        Args:
            trace_id: On this trace and its observations.
            session_id: On this session as a whole.
            experiment: On this experiment and on the traces of its item runs.
            name: Of this name.
            source: "api", "human" or "llm".
            author: By this person or evaluator.
            since: Given then or later: an aware datetime, its ISO text, or how long ago.
            until: Given before that moment.

        Raises:
            BadInput: If a moment has no time zone.
            NotFound: If there is no such experiment.
        """
        from xeroml_nb.analysis.scores import score_frame

        begin, end = moment("since", since), moment("until", until)
        experiment_id = self._experiment_id(experiment)
        self._store.flush()
        return score_frame(
            self._store,
            experiment_id=experiment_id,
            since=begin,
            until=end,
            trace_id=trace_id,
            session_id=session_id,
            name=name,
            source=source,
            author=author,
        )

    def _put_score(
        self, target: ScoreTarget, name: str, value: Any, **details: Unpack[ScoreDetails]
    ) -> ScoreRecord:
        score = new_score(target, name, value, **details)
        self._store.write_rows(Rows(scores=[score]))
        return score
