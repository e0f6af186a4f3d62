"""A judge: an evaluator that asks a model."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput
from xeroml_nb.records.ids import content_hash
from xeroml_nb.scoring.judging.asking import Asking
from xeroml_nb.scoring.judging.model import Tokens
from xeroml_nb.scoring.judging.prompt import Prompt
from xeroml_nb.scoring.judging.scales import scale_of
from xeroml_nb.scoring.judging.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xeroml_nb.records.score import ScoreRecord, ScoreTarget
    from xeroml_nb.scoring.judging.answers import Answer
    from xeroml_nb.scoring.judging.scales import Scale

PARTS = ("input", "output", "expected_output", "metadata")
_USUAL = ("input", "output", "expected_output")
_MOST_VOTES = 25
_TASK = "You are given what a system made of an input: its output."
_CLOSING = "Give your verdict on the output."


@dataclass(frozen=True, eq=False, repr=False)
class Judge(Asking):
    """An evaluator that asks a model for a verdict on each output.

    Without choices and range the verdict is pass or fail, a BOOLEAN score. What is judged is shown
    to the model as data with marks that nobody can forge, and its answer is checked: one that does
    not fit is asked for once more, and then the item has an error instead of a score.

    The same question is asked once: answers are kept in the store of the experiment.

    Args:
        name: The score's name.
        instructions: The criteria, in plain words.
        choices: Two or more texts, or a dict of texts with what they mean: a CATEGORICAL score.
        range: The lowest (worst) and the highest (best) number: a NUMERIC score.
        votes: How often each item is judged, each time with the next seed. Most votes decide; of
            as many, the first. In a range their mean counts. Where the model answers always
            alike, raise the temperature.
        sees: Which of `input`, `output`, `expected_output` and `metadata` the model gets; an item
            without one of them is left unscored. By default the first three, without those that
            an item does not have.
        model: See `Asking`, as for all other arguments.

    Raises:
        BadInput: If something is not as it should be.

    Example:
        >>> def model(prompt):
        ...     return {"verdict": "please" in prompt, "explanation": "It asks nicely."}
        >>> polite = Judge("polite", "Does the output ask nicely?", model=model)
        >>> verdict = polite.ask(output="Send it, please.")
        >>> verdict.value, verdict.explanation
        (True, 'It asks nicely.')
    """

    _: KW_ONLY
    choices: Sequence[str] | Mapping[str, str] | None = None
    range: Sequence[float] | None = None
    votes: int = 1
    sees: Sequence[str] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        scale_of(self.name, self.choices, self.range)
        if not isinstance(self.votes, int) or not 1 <= self.votes <= _MOST_VOTES:
            step = f"Use a whole number from 1 to {_MOST_VOTES}."
            raise BadInput(f"votes of judge {self.name!r} is {self.votes!r}.", step)
        unknown = [name for name in self._seen if name not in PARTS]
        if unknown or not self._seen:
            raise BadInput(
                f"Judge {self.name!r} is to see {', '.join(map(repr, unknown)) or 'nothing'}.",
                f"It can see any of: {', '.join(PARTS)}.",
            )

    @property
    def waits(self) -> bool:
        """Nearly all of its time goes by while the model answers."""
        return True

    @property
    def is_async(self) -> bool:
        """It asks on the thread that calls it, also where its model is a coroutine function."""
        return False

    @property
    def fingerprint(self) -> str:
        """Changes with everything that may change a verdict."""
        return content_hash(super().fingerprint, self.votes, self._seen, self.sees is None)

    @property
    def scale(self) -> Scale:
        """What it may answer."""
        return scale_of(self.name, self.choices, self.range)

    @property
    def _seen(self) -> tuple[str, ...]:
        if self.sees is None:
            return _USUAL
        return (self.sees,) if isinstance(self.sees, str) else tuple(self.sees)

    @cached_property
    def _prompt(self) -> Prompt:
        return Prompt(_TASK, self.instructions, self.scale, _CLOSING, self.explain)

    def ask(
        self,
        *,
        output: Any,
        input: Any = None,  # noqa: A002 - the word of the field
        expected_output: Any = None,
        metadata: Any = None,
    ) -> Verdict | None:
        """The verdict on one output, to try a judge out; None if it sees what is not given.

        Raises:
            NoModel: If there is no model to ask.
            JudgeFailed: If the model gives no verdict.
        """
        given = {"input": input, "output": output}
        return self.call(given | {"expected_output": expected_output, "metadata": metadata})

    def call(self, known: Mapping[str, Any]) -> Verdict | None:
        """The verdict on an item run; None leaves it unscored.

        Args:
            known: What is known of it: `input`, `output`, `expected_output`, `metadata`, `item`.

        Raises:
            NoModel: If there is no model to ask.
            JudgeFailed: If the model gives no verdict; names judge and item.
        """
        parts = self._material(known)
        if parts is None:
            return None
        found = [self._ask(parts, named(known), seed) for seed in self._seeds]
        return self._verdict([answer for answer, _ in found], all(was for _, was in found))

    def scores(self, result: Verdict | None, target: ScoreTarget) -> list[ScoreRecord]:
        """The verdict as a score."""
        return [] if result is None else [result.score(target)]

    @property
    def _seeds(self) -> list[int | None]:
        """One for each vote."""
        if self.votes == 1:
            return [self.seed]
        return [(self.seed or 0) + vote for vote in range(self.votes)]

    def _material(self, known: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the model gets to see; None if something of it is missing."""
        # An output of None is one that the task gave; nothing else is given as None.
        there = [name for name in self._seen if name == "output" or known.get(name) is not None]
        if self.sees is not None and len(there) < len(self._seen):
            return None
        return {name: known.get(name) for name in there}

    def _verdict(self, answers: list[Answer], was_known: bool) -> Verdict:  # noqa: FBT001
        values = [answer.verdict for answer in answers]
        decided = self._prompt.scale.settle(values)
        # The reason of a vote for the verdict; of the one nearest to it where that is a mean.
        spoken = answers[_nearest(values, decided.value)].explanation
        words = [decided.words] if self.votes > 1 else []
        first = answers[0]
        metadata: dict[str, Any] = {
            "model": self._label,
            "temperature": first.sent.get("temperature"),
            "seed": first.sent.get("seed"),
            "prompt_version": self._prompt.version,
            "tokens": _summed([answer.tokens for answer in answers]),
            "cached": was_known,
        }
        if first.version not in (None, self._label):
            metadata["model_version"] = first.version
        if self.votes > 1:
            metadata["votes"] = values
        explanation = ". ".join(words + ([spoken] if spoken else [])) or None
        return Verdict(self.name, decided.value, explanation, metadata)


def named(known: Mapping[str, Any]) -> str:
    """What an item run is called in an error."""
    item = getattr(known.get("item"), "id", None)
    if item is not None:
        return f"item {item!r}"
    trace = known.get("trace_id")
    return f"trace {trace!r}" if trace else "this output"


def _nearest(values: list[Any], wanted: Any) -> int:
    if wanted in values:
        return values.index(wanted)
    return min(range(len(values)), key=lambda i: abs(values[i] - wanted))


def _summed(tokens: list[Tokens]) -> dict[str, int]:
    total = sum(tokens, Tokens())
    return {"input": total.input, "output": total.output}
