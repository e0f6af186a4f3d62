"""Drives Langfuse: `run_experiment` over local data, against the stub server."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from protocol import Driver, Run, main, received

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Langfuse(Driver):
    """Spans go by OTLP, scores by batches of events."""

    waits_in_coroutines = True

    def load(self) -> None:
        """Import the client and its evaluation type."""
        from langfuse import Evaluation, Langfuse

        self.Evaluation, self.Langfuse = Evaluation, Langfuse

    def prepare(self, run: Run) -> Callable[[], Any]:
        """Make the client; a run ends with its own flush."""
        client = self.Langfuse(public_key="pk-lf-stub", secret_key="sk-lf-stub", host=self.server)
        rows = [{**row, "metadata": {"id": row["id"]}} for row in run.rows]
        options = {} if run.at_once is None else {"max_concurrency": run.at_once}
        return lambda: client.run_experiment(
            name=run.name,
            run_name=run.name,
            data=rows,
            task=lambda *, item, **_: run.task(item["input"]),
            evaluators=[self._evaluator(scorer) for scorer in run.scorers],
            **options,
        )

    def right(self, result: Any) -> float:
        """From the list of results."""
        values = [item.evaluations[0].value for item in result.item_results]
        return sum(values) / len(values)

    def kept(self, name: str) -> tuple[int, int]:
        """Traces of which a span came with the output, and traces with a score."""
        outputs, others = set(), set()
        for trace_id, known in _spans(self.folder):
            if known.get("langfuse.experiment.name") != name:
                others.add(trace_id)
            elif known.get("langfuse.observation.output"):
                outputs.add(trace_id)
        scores = {
            score["traceId"]
            for request in received(self.folder, "/api/public/scores")
            for score in json.loads(request.body)
        }
        return len(outputs), len(scores - others)

    def _evaluator(self, scorer: Any) -> Any:
        def evaluator(*, output: Any, expected_output: Any, **_: Any) -> Any:
            return self.Evaluation(
                name=scorer.__name__, value=float(scorer(output, expected_output))
            )

        return evaluator


def _spans(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The trace and the attributes of each span of an item or its task that came."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    for request in received(folder, "/api/public/otel"):
        body = gzip.decompress(request.body) if request.encoding == "gzip" else request.body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                if span.name in ("experiment-item-run", "experiment-item-task"):
                    yield (
                        span.trace_id.hex(),
                        {one.key: one.value.string_value for one in span.attributes},
                    )


if __name__ == "__main__":
    main(Langfuse)
