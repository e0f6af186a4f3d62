"""Drives MLflow: `mlflow.genai.evaluate` over a SQLite file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from protocol import Driver, Run, main

if TYPE_CHECKING:
    from collections.abc import Callable

# Without these it does ten calls a second, and with 50 workers its pool of connections runs dry.
_OPTIONS = {
    "MLFLOW_GENAI_EVAL_PREDICT_RATE_LIMIT": "0",
    "MLFLOW_GENAI_EVAL_SCORER_RATE_LIMIT": "0",
    "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE": "64",
}


class Mlflow(Driver):
    """Threads, a trace for each item, its scores as assessments of the trace."""

    def load(self) -> None:
        """Import what the entry point needs."""
        os.environ.update(_OPTIONS)
        import mlflow
        from mlflow.genai import evaluate, scorer

        self.mlflow, self.evaluate, self.scorer = mlflow, evaluate, scorer

    def prepare(self, run: Run) -> Callable[[], Any]:
        """Set the place and the experiment."""
        if run.at_once is not None:
            os.environ["MLFLOW_GENAI_EVAL_MAX_WORKERS"] = str(run.at_once)
        self._set_place()
        data = [
            {
                "inputs": {"input": row["input"]},
                "expectations": {"expected_output": row["expected_output"]},
            }
            for row in run.rows
        ]
        scorers = [self._scorer(scorer) for scorer in run.scorers]

        def call() -> Any:
            self.mlflow.set_experiment(run.name)
            result = self.evaluate(data=data, predict_fn=run.task, scorers=scorers)
            self.mlflow.flush_trace_async_logging()
            return result

        return call

    def right(self, result: Any) -> float:
        """From its metrics."""
        return result.metrics["exact/mean"]

    def kept(self, name: str) -> tuple[int, int]:
        """Traces with a response, and those with an assessment."""
        frame = self._traces(name)
        outputs = frame["response"].notna().sum()
        return int(outputs), int(frame["assessments"].map(_has_score).sum())

    def frame(self, names: list[str]) -> Any:
        """A search for each run; assessments made columns by hand."""
        import pandas as pd

        return pd.concat([self._wide(name) for name in names], ignore_index=True)

    def _wide(self, name: str) -> Any:
        import pandas as pd

        frame = self._traces(name)
        scores = [_scores(assessments) for assessments in frame["assessments"]]
        return pd.concat([frame, pd.DataFrame(scores, index=frame.index)], axis=1)

    def _traces(self, name: str) -> Any:
        self._set_place()
        experiment = self.mlflow.get_experiment_by_name(name)
        return self.mlflow.search_traces(locations=[experiment.experiment_id])

    def _set_place(self) -> None:
        self.mlflow.set_tracking_uri(f"sqlite:///{self.folder / 'mlflow.db'}")

    def _scorer(self, scorer: Any) -> Any:
        def scored(outputs: Any, expectations: dict[str, Any]) -> float:
            return float(scorer(outputs, expectations["expected_output"]))

        return self.scorer(scored, name=scorer.__name__)


def _scores(assessments: list[dict[str, Any]]) -> dict[str, float]:
    return {
        one["assessment_name"]: one["feedback"]["value"] for one in assessments if "feedback" in one
    }


def _has_score(assessments: list[dict[str, Any]]) -> bool:
    return "exact" in _scores(assessments)


if __name__ == "__main__":
    main(Mlflow)
