"""Drives Braintrust: `Eval` without sending logs, which keeps its results in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from protocol import Driver, Run, main

if TYPE_CHECKING:
    from collections.abc import Callable


class Braintrust(Driver):
    """Plain tasks run in its own pool of a thread a core, so tasks that wait are coroutines."""

    waits_in_coroutines = True

    def load(self) -> None:
        """Import the entry point."""
        from braintrust import Eval

        self.Eval = Eval

    def prepare(self, run: Run) -> Callable[[], Any]:
        """Make the cases."""
        cases = [
            {"input": row["input"], "expected": row["expected_output"], "metadata": {}}
            for row in run.rows
        ]
        return lambda: self.Eval(
            run.name,
            data=cases,
            task=run.task,
            scores=[_scorer(scorer) for scorer in run.scorers],
            max_concurrency=run.at_once,
            no_send_logs=True,
        )

    def right(self, result: Any) -> float:
        """From the list of results."""
        values = [row.scores["exact"] for row in result.results]
        return sum(values) / len(values)


def _scorer(scorer: Any) -> Any:
    def scored(input: Any, output: Any, expected: Any) -> float:  # noqa: A002
        return float(scorer(output, expected))

    scored.__name__ = scorer.__name__
    return scored


if __name__ == "__main__":
    main(Braintrust)
