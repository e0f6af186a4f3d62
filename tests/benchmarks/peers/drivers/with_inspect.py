"""Drives Inspect: `eval` with a solver of its own and a model that is never asked."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from protocol import Driver, Run, main

if TYPE_CHECKING:
    from collections.abc import Callable


class Inspect(Driver):
    """A log file for each run, and a buffer in a database while it runs."""

    waits_in_coroutines = True

    def load(self) -> None:
        """Import the entry points, and register the task that a retry finds by its name."""
        import inspect_ai
        from inspect_ai import dataset, scorer, solver

        self.ai, self.dataset, self.scorer, self.solver = inspect_ai, dataset, scorer, solver
        self.runs: dict[str, Run] = {}
        self.registered = inspect_ai.task(name="benchmark")(self._task)

    def prepare(self, run: Run) -> Callable[[], Any]:
        """Make the task."""
        self.runs[run.name] = run
        options = {} if run.at_once is None else {"max_samples": run.at_once}
        return lambda: self.ai.eval(
            self.registered(run=run.name),
            model="mockllm/model",
            log_dir=str(self.folder / run.name),
            display="none",
            **options,
        )[0]

    def right(self, result: Any) -> float:
        """From the metrics of the log."""
        (exact,) = (one for one in result.results.scores if one.name == "exact")
        return exact.metrics["mean"].value

    def kept(self, name: str) -> tuple[int, int]:
        """Samples of the newest log, recovered first if its process was killed."""
        from inspect_ai.log import list_eval_logs, read_eval_log, recover_eval_log

        newest = list_eval_logs(str(self.folder / name), descending=True)[0].name
        log = read_eval_log(newest)
        if log.status == "started":
            recovered = str(self.folder / "recovered.eval")
            log = recover_eval_log(newest, output=recovered, cleanup=False)
            log = read_eval_log(recovered)
        # A recovered sample has its answer in the score: its output comes from calls of a model.
        answers = [s for s in log.samples if s.output.completion or _answer(s)]
        return len(answers), sum(bool(s.scores) for s in log.samples)

    def resume(self, run: Run) -> bool:
        """Its own retry, which recovers the log first."""
        from inspect_ai.log import list_eval_logs

        self.runs[run.name] = run
        folder = str(self.folder / run.name)
        (log,) = list_eval_logs(folder)
        self.ai.eval_retry(log.name, log_dir=folder, display="none")
        return True

    def frame(self, names: list[str]) -> Any:
        """Its own reader of samples; a score's column is called by its name here."""
        from inspect_ai.analysis import samples_df

        frame = samples_df([str(self.folder / name) for name in names], quiet=True)
        return frame.rename(columns=lambda name: name.removeprefix("score_"))

    def _task(self, run: str) -> Any:
        made = self.runs[run]
        samples = [
            self.dataset.Sample(id=row["id"], input=row["input"], target=row["expected_output"])
            for row in made.rows
        ]
        return self.ai.Task(
            dataset=self.dataset.MemoryDataset(samples),
            solver=self._solver(made),
            scorer=[self._scorer(scorer) for scorer in made.scorers],
        )

    def _solver(self, run: Run) -> Any:
        @self.solver.solver(name="answer")
        def answering() -> Any:
            async def solve(state: Any, generate: Any) -> Any:
                answer = run.task(state.input_text)
                state.output.completion = await answer if inspect.isawaitable(answer) else answer
                return state

            return solve

        return answering()

    def _scorer(self, scorer: Any) -> Any:
        @self.scorer.scorer(metrics=[self.scorer.mean()], name=scorer.__name__)
        def scoring() -> Any:
            async def score(state: Any, target: Any) -> Any:
                output = state.output.completion
                return self.scorer.Score(value=float(scorer(output, target.text)), answer=output)

            return score

        return scoring()


def _answer(sample: Any) -> str | None:
    score = (sample.scores or {}).get("exact")
    return score and score.answer


if __name__ == "__main__":
    main(Inspect)
