"""Drives Phoenix: its client against a server of its own on this machine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from protocol import Driver, Run, main

if TYPE_CHECKING:
    from collections.abc import Callable


class Phoenix(Driver):
    """The plain client runs one item after another; the one for coroutines takes a concurrency."""

    waits_in_coroutines = True

    def load(self) -> None:
        """Import both clients."""
        from phoenix.client import AsyncClient, Client

        self.AsyncClient, self.Client = AsyncClient, Client

    def prepare(self, run: Run) -> Callable[[], Any]:
        """Make the dataset on the server, and fetch it."""
        dataset = self._client().datasets.create_dataset(
            name=self._dataset(run.name),
            inputs=[{"input": row["input"]} for row in run.rows],
            outputs=[{"expected_output": row["expected_output"]} for row in run.rows],
        )
        how = {
            "dataset": dataset,
            "evaluators": _evaluators(run),
            "experiment_name": run.name,
        }
        if run.at_once in (None, 1):
            return lambda: self._client().experiments.run_experiment(task=_plain(run), **how)
        experiments = self.AsyncClient(base_url=self.server).experiments
        return lambda: asyncio.run(
            experiments.run_experiment(task=_waiting(run), concurrency=run.at_once, **how)
        )

    def right(self, result: Any) -> float:
        """From the evaluations of the finished experiment."""
        values = [one.result["score"] for one in result["evaluation_runs"]]
        return sum(values) / len(values)

    def kept(self, name: str) -> tuple[int, int]:
        """Runs with an output, and evaluations without an error."""
        found = self._found(name)
        outputs = [run for run in found["task_runs"] if run.get("output") is not None]
        return len(outputs), sum(one.error is None for one in found["evaluation_runs"])

    def resume(self, run: Run) -> bool:
        """The client's own way."""
        self._client().experiments.resume_experiment(
            experiment_id=self._experiment(run.name)["id"],
            task=_plain(run),
            evaluators=_evaluators(run),
        )
        return True

    def frame(self, names: list[str]) -> Any:
        """Built by hand from each experiment, as the client has no table of them."""
        import pandas as pd

        return pd.DataFrame([row for name in names for row in self._rows(name)])

    def _rows(self, name: str) -> list[dict[str, Any]]:
        found = self._found(name)
        rows = {run["id"]: {"experiment": name, **run} for run in found["task_runs"]}
        for one in found["evaluation_runs"]:
            rows[one.experiment_run_id][one.name] = one.result["score"]
        return list(rows.values())

    def _client(self) -> Any:
        return self.Client(base_url=self.server)

    def _dataset(self, name: str) -> str:
        return f"{self.folder.name} {name}"

    def _experiment(self, name: str) -> Any:
        dataset = self._client().datasets.get_dataset(dataset=self._dataset(name))
        (experiment,) = self._client().experiments.list(dataset_id=dataset.id)
        return experiment

    def _found(self, name: str) -> Any:
        return self._client().experiments.get_experiment(experiment_id=self._experiment(name)["id"])


def _plain(run: Run) -> Callable[[Any], Any]:
    return lambda input: run.task(input["input"])  # noqa: A006 - the word is what is bound


def _waiting(run: Run) -> Callable[[Any], Any]:
    async def task(input: dict[str, str]) -> Any:  # noqa: A002
        return await run.task(input["input"])

    return task


def _evaluators(run: Run) -> dict[str, Any]:
    return {scorer.__name__: _evaluator(scorer) for scorer in run.scorers}


def _evaluator(scorer: Any) -> Any:
    def evaluator(output: Any, expected: dict[str, Any]) -> float:
        return float(scorer(output, expected["expected_output"]))

    return evaluator


if __name__ == "__main__":
    main(Phoenix)
