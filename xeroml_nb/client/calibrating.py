"""A client's judges held against people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xeroml_nb.client.experiments import ExperimentMethods
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.scoring.evaluator import registered, resolve
from xeroml_nb.store import experiments as stored_experiments
from xeroml_nb.store import score_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from xeroml_nb.analysis.calibration.calibration import Calibration
    from xeroml_nb.analysis.calibration.pairing import JudgeScore
    from xeroml_nb.analysis.calibration.said import LabelSource
    from xeroml_nb.experiments.evaluation import ItemEvaluator
    from xeroml_nb.experiments.experiment import Experiment

    JudgeLike = str | ItemEvaluator | Callable[..., Any]


class CalibrationMethods(ExperimentMethods):
    """Hold judges against people."""

    def calibrate(
        self,
        judge: JudgeLike,
        labels: LabelSource,
        *,
        experiment: Experiment | str | None = None,
        label: str | None = None,
        score: str | None = None,
    ) -> Calibration:
        """How far a judge and people agree, and the judge's mean corrected by people's labels.

        The judge judges every item run of the experiment that it has not judged yet; people may
        have labelled a few of them only, best drawn at random.

        Args:
            judge: A judge, any other evaluator or its name, or a score the experiment has already.
            labels: What `annotate` gave, a queue, the name of a score (people's, say), or labels
                by item id: a DataFrame, a Series or a dict.
            experiment: What was judged; where labels come from a queue, the one that it is about.
            label: Which question of the queue or column of the table, where there are several.
            score: Which score of the judge, where it gives several.

        Raises:
            NotFound: If there is no such experiment, evaluator, score or question.
            BadInput: If fewer than two items have a label and a verdict, or the two cannot be
                compared.
            NoModel: If the judge has no model to ask.

        Example:
            `calibrate(xn.Judge("helpful", "..."), xn.annotate(experiment))`
        """
        from xeroml_nb.analysis.calibration.calibration import Calibration
        from xeroml_nb.analysis.calibration.pairing import pair

        chosen = self._calibrated(experiment, labels)
        by = self._judged(judge, chosen, score)
        self._store.flush()
        return Calibration(self._store, pair(self._store, chosen.record, by, labels, label))

    def _calibrated(self, experiment: Experiment | str | None, labels: LabelSource) -> Experiment:
        """The experiment that is meant.

        Raises:
            BadInput: If that is open.
        """
        from xeroml_nb.analysis.calibration.said import experiments_of

        if experiment is not None:
            [record] = self._records([experiment])
            return self.get_experiment(record.id)
        about = experiments_of(self._store, labels)
        if len(about) == 1:
            return self.get_experiment(about[0])
        with self._store.reading() as connection:
            found = [stored_experiments.by_id(connection, one) for one in about]
        named = " and ".join(record.label for record in found if record is not None)
        raise BadInput(
            f"These labels are about {named or 'no experiment that they name'}.",
            "Pass experiment=... with the one to hold the judge against.",
        )

    def _judged(self, judge: JudgeLike, experiment: Experiment, score: str | None) -> JudgeScore:
        """A judge's score; what the judge has not judged yet is judged."""
        from xeroml_nb.analysis.calibration.pairing import JudgeScore

        known = self._score_names(experiment)
        if isinstance(judge, str) and judge in known:
            if score not in (None, judge):
                raise BadInput(f"{judge!r} is a score already.", "Leave score=... out.")
            return JudgeScore(judge, judge)
        if isinstance(judge, str) and judge not in registered():
            raise NotFound("score or evaluator", judge, {*known, *registered()})
        [evaluator] = resolve([judge], self._store)
        self.score_experiment(experiment, [judge])
        return JudgeScore(self._score_of(evaluator.name, experiment, score), evaluator.name)

    def _score_of(self, author: str, experiment: Experiment, score: str | None) -> str:
        with self._store.reading() as connection:
            given = score_columns.listing(connection, experiment_id=experiment.id, author=author)
        names = sorted(set(given["name"]))
        if score is not None and score not in names:
            raise NotFound("score", score, names, f"It is none of {author!r}.")
        if score is None and author not in names and len(names) > 1:
            raise BadInput(
                f"{author!r} gives {', '.join(map(repr, names))}.", "Pass score=... with one."
            )
        return score or (author if author in names or not names else names[0])

    def _score_names(self, experiment: Experiment) -> set[str]:
        """What the scores of an experiment are called where they are columns."""
        from xeroml_nb.analysis.scores import columns_of

        with self._store.reading() as connection:
            names = score_columns.names(connection, experiment_id=experiment.id)
        return set(columns_of(names).values())
