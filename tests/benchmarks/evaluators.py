"""What the evaluators that come with the package cost an item, alone and in a run."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.benchmarks.figures import Figure, Floor, Target
from tests.benchmarks.harness import Cost, by_turns, cost, fresh_client, in_fresh_process

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("exact_match", "normalised_match", "close_number", "edit_similarity", "token_similarity")
_ROUNDS = 3
_WARM_UP = 20


def figures(*, quick: bool) -> list[Figure]:
    """Microseconds an item an evaluator beside the bare comparisons, and their share of a run."""
    n = 100 if quick else 10_000
    found = in_fresh_process("evaluators", "measure", items=n)
    what = f"{n:,} items, 5 built in: microseconds an item an evaluator"
    calls = n * len(NAMES)
    bare = Floor("the bare comparisons", found["floor"] / calls * 1e6)
    bare_cpu = Floor("the bare comparisons", found["floor_cpu"] / calls * 1e6)
    without = Floor("without evaluators", found["without"] / n * 1e6)
    share = 100 * max(0.0, 1 - found["without_cpu"] / found["within_cpu"])
    return [
        Figure("evaluators", what, found["product"] / calls * 1e6, Target("<", 100), bare),
        Figure(
            "evaluators",
            f"{what}, of the processor",
            found["product_cpu"] / calls * 1e6,
            None,
            bare_cpu,
        ),
        Figure("evaluators", f"{n:,} items: scores made", int(found["scores"]), Target("=", calls)),
        Figure(
            "evaluators",
            f"a run of {n:,} items with 5 built in: microseconds an item",
            found["within"] / n * 1e6,
            None,
            without,
        ),
        Figure("evaluators", "share of its processor time that the 5 scores take: %", share),
    ]


def measure(*, items: int) -> dict[str, float]:
    """Median seconds for all items: evaluators, bare comparisons, a run with and one without."""
    rows = [question(n) for n in range(items)]
    _scores(rows[:_WARM_UP])
    _run(rows[:_WARM_UP], NAMES)
    made: list[int] = []
    alone = by_turns(
        _ROUNDS,
        product=lambda: cost(lambda: made.append(_scores(rows))),
        floor=lambda: cost(lambda: _bare(rows)),
    )
    runs = by_turns(_ROUNDS, within=lambda: _run(rows, NAMES), without=lambda: _run(rows, ()))
    return alone | runs | {"scores": min(made)}


def question(n: int) -> dict[str, Any]:
    """An item whose answer is some 60 words with a number; every third output differs a little."""
    steps = " ".join(f"She has {k} eggs and sells {n % 7 + k} of them." for k in range(6))
    answer = f"{steps}\nThe answer is **{n * 7:,}**."
    written = answer if n % 3 else answer.replace("eggs", "apples").lower()
    return {"id": f"item-{n}", "input": written, "expected_output": answer}


def _scores(rows: list[dict[str, Any]]) -> int:
    """Score every item as a run does, but for the store; how many scores that made."""
    from xeroml_nb.records.score import ScoreTarget
    from xeroml_nb.scoring.evaluator import resolve

    evaluators = resolve(NAMES)
    made = 0
    for n, row in enumerate(rows):
        target = ScoreTarget(trace_id=f"{n:032x}")
        known = {"output": row["input"], "expected_output": row["expected_output"]}
        for evaluator in evaluators:
            made += len(evaluator.scores(evaluator.call(known), target))
    return made


def _bare(rows: list[dict[str, Any]]) -> None:
    """The plainest comparisons that could stand for the five."""
    from rapidfuzz.distance import Levenshtein

    comparisons: tuple[Callable[[str, str], Any], ...] = (
        lambda one, other: one == other,
        lambda one, other: _folded(one) == _folded(other),
        lambda one, other: _number(one) == _number(other),
        Levenshtein.normalized_similarity,
        lambda one, other: sum((Counter(one.split()) & Counter(other.split())).values()),
    )
    for row in rows:
        for compare in comparisons:
            compare(row["input"], row["expected_output"])


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _number(text: str) -> float:
    return float(text.rsplit(maxsplit=1)[-1].strip("*.").replace(",", ""))


def _run(rows: list[dict[str, Any]], evaluators: tuple[str, ...]) -> Cost:
    """What `start` to the end of `wait` takes in a fresh store."""
    with fresh_client() as (client, _):
        dataset = client.create_dataset(name="questions", items=rows)
        return cost(lambda: client.start(_echo, dataset, evaluators=list(evaluators)).wait())


def _echo(input: str) -> str:  # noqa: A002 - the word of the field
    return input
