"""Drives LangSmith: `Client.evaluate` over examples made here, against the stub server."""

from __future__ import annotations

import json
import os
import uuid
from datetime import UTC, datetime
from email.parser import BytesParser
from typing import TYPE_CHECKING, Any

from protocol import Driver, Run, main, received

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class LangSmith(Driver):
    """Runs and feedback go by multipart batches."""

    def load(self) -> None:
        """Import the client, told not to compress so that the stub's file can be read."""
        os.environ["LANGSMITH_DISABLE_RUN_COMPRESSION"] = "true"
        os.environ["LANGSMITH_TRACING"] = "true"
        from langsmith import Client, schemas

        self.Client, self.Example = Client, schemas.Example

    def prepare(self, run: Run) -> Callable[[], Any]:
        """Make the client and the examples."""
        client = self.Client(api_url=self.server, api_key="stub")
        examples = self._examples(run)
        options = {} if run.at_once is None else {"max_concurrency": run.at_once}

        def call() -> Any:
            results = client.evaluate(
                lambda inputs: {"output": run.task(inputs["input"])},
                data=examples,
                evaluators=[_evaluator(scorer) for scorer in run.scorers],
                experiment_prefix=run.name,
                **options,
            )
            client.flush()
            return results

        return call

    def right(self, result: Any) -> float:
        """From the results."""
        values = [row["evaluation_results"]["results"][0].score for row in result]
        return sum(values) / len(values)

    def kept(self, name: str) -> tuple[int, int]:
        """Runs of the experiment that came with their outputs, and runs that got feedback."""
        runs, with_outputs, scores = {}, set(), set()
        for part, content in _parts(self.folder):
            kind, run, *field = part.split(".")
            if kind == "feedback":
                scores.add(content["run_id"])
            elif not field:
                runs[run] = runs.get(run, {}) | content
            elif field == ["outputs"]:
                with_outputs.add(run)
        ours = {
            run for run, of in runs.items() if of.get("session_name", "").startswith(f"{name}-")
        }
        return len(ours & with_outputs), len(scores - (runs.keys() - ours))

    def _examples(self, run: Run) -> list[Any]:
        dataset, now = uuid.uuid4(), datetime.now(UTC)
        return [
            self.Example(
                id=uuid.uuid4(),
                dataset_id=dataset,
                inputs={"input": row["input"]},
                outputs={"expected_output": row["expected_output"]},
                created_at=now,
            )
            for row in run.rows
        ]


def _belongs_to(run: dict[str, Any], name: str) -> bool:
    return run.get("session_name", "").startswith(f"{name}-")


def _parts(folder: Path) -> Iterator[tuple[str, Any]]:
    """The name and the content of each part of each batch that came."""
    for request in received(folder, "/runs/multipart"):
        head = f"Content-Type: {request.type}\r\n\r\n".encode()
        for part in BytesParser().parsebytes(head + request.body).get_payload():
            name = part.get_param("name", header="Content-Disposition")
            yield name, json.loads(part.get_payload(decode=True))


def _evaluator(scorer: Any) -> Any:
    def evaluator(outputs: dict[str, Any], reference_outputs: dict[str, Any]) -> dict[str, Any]:
        score = float(scorer(outputs["output"], reference_outputs["expected_output"]))
        return {"key": scorer.__name__, "score": score}

    return evaluator


if __name__ == "__main__":
    main(LangSmith)
