"""A judge that says which of two outputs is better, whichever comes first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from xeroml_nb.provided import provided
from xeroml_nb.scoring.judging.asking import Asking
from xeroml_nb.scoring.judging.prompt import Prompt
from xeroml_nb.scoring.judging.scales import Choices

if TYPE_CHECKING:
    from xeroml_nb.analysis.pairwise_judging import PairwiseComparison
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.scoring.judging.answers import Answer
    from xeroml_nb.scoring.judging.model import Tokens

Choice = Literal["a", "b", "tie"]

_SCALE = Choices(
    (
        ("first", "the first output meets the criteria better"),
        ("second", "the second output meets the criteria better"),
        ("tie", "neither is better, or the difference does not matter"),
    )
)
_TASK = (
    "You are given two outputs for the same input and say which one is better; their order means "
    "nothing."
)
_CLOSING = "Say which output is better."
# What the model's answer means where output a is shown first, and where output b is.
_MEANINGS: tuple[dict[Any, Choice], ...] = (
    {"first": "a", "second": "b", "tie": "tie"},
    {"first": "b", "second": "a", "tie": "tie"},
)


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """Which of two outputs is better.

    Args:
        choice: "a", "b" or "tie"; a tie too where the two orders disagree.
        orders: The choice with a shown first, and with b shown first.
        explanations: Why, for each order.
        tokens: What both cost.
        cached: Both answers were known.
    """

    choice: Choice
    orders: tuple[Choice, Choice]
    explanations: tuple[str | None, str | None]
    tokens: Tokens
    cached: bool

    @property
    def is_consistent(self) -> bool:
        """Both orders led to the same choice."""
        return self.orders[0] == self.orders[1]

    @property
    def favours(self) -> Literal["first", "second"] | None:
        """The place that won whatever stood there, if one did."""
        if self.orders == ("a", "b"):
            return "first"
        return "second" if self.orders == ("b", "a") else None


@dataclass(frozen=True, eq=False, repr=False)
class PairJudge(Asking):
    """A judge that compares two outputs, asked twice with their places swapped.

    Models favour a place: only a choice that holds in both orders counts, anything else is a tie
    (Zheng et al. 2023, "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena", section 3.4).

    Args:
        name: What it is called.
        instructions: What makes one output better, in plain words.
        model: See `Asking`, as for all other arguments.

    Raises:
        BadInput: If something is not as it should be.

    Example:
        >>> def model(prompt):
        ...     first, second = prompt.index("yes"), prompt.index("no!")
        ...     return {"verdict": "first" if first < second else "second"}
        >>> kinder = PairJudge("kinder", "Which one agrees?", model=model)
        >>> kinder.ask(output_a="no!", output_b="yes").choice
        'b'
    """

    @cached_property
    def _prompt(self) -> Prompt:
        return Prompt(_TASK, self.instructions, _SCALE, _CLOSING, self.explain)

    def ask(
        self,
        *,
        output_a: Any,
        output_b: Any,
        input: Any = None,  # noqa: A002 - the word of the field
        expected_output: Any = None,
        about: str = "these outputs",
    ) -> PairVerdict:
        """Which of two outputs is better.

        Args:
            output_a: One.
            output_b: The other.
            input: What both are for; left out where it is None.
            expected_output: Likewise.
            about: What they are, for errors.

        Raises:
            NoModel: If there is no model to ask.
            JudgeFailed: If the model gives no verdict in one of the orders.
        """
        given = {"input": input, "expected_output": expected_output}
        shared = {name: value for name, value in given.items() if value is not None}
        pairs = ((output_a, output_b), (output_b, output_a))
        found = [
            self._ask(shared | {"first_output": first, "second_output": second}, about, self.seed)
            for first, second in pairs
        ]
        return _verdict([answer for answer, _ in found], all(known for _, known in found))

    def compare(
        self, exp_a: Experiment, exp_b: Experiment, *, concurrency: int = 16
    ) -> PairwiseComparison:
        """Judge two experiments item by item.

        Args:
            exp_a: One.
            exp_b: The other, over the same items.
            concurrency: Items judged at the same time.

        Returns:
            The share of items that `exp_b` wins, and a frame of all.

        Raises:
            NoModel: If there is no model to ask.
            BadInput: If the experiments share no item.
        """
        judge_pairs = provided("judge pairs")
        found: PairwiseComparison = judge_pairs(self, exp_a, exp_b, concurrency=concurrency)
        return found


def _verdict(answers: list[Answer], cached: bool) -> PairVerdict:  # noqa: FBT001
    one, other = answers
    orders = (_MEANINGS[0][one.verdict], _MEANINGS[1][other.verdict])
    return PairVerdict(
        choice=orders[0] if orders[0] == orders[1] else "tie",
        orders=orders,
        explanations=(one.explanation, other.explanation),
        tokens=one.tokens + other.tokens,
        cached=cached,
    )
