"""Read what a model said, strictly; ask once more where that fails."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from xeroml_nb.records.json_text import clean_text, preview
from xeroml_nb.scoring.judging.model import NoAnswer, Tokens
from xeroml_nb.scoring.judging.scales import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xeroml_nb.records.score import ScoreValue
    from xeroml_nb.scoring.judging.model import Reply, Request
    from xeroml_nb.scoring.judging.prompt import Prompt
    from xeroml_nb.scoring.judging.questions import Questions
    from xeroml_nb.scoring.judging.scales import Scale

# Some models think aloud before they answer, and some wrap all of it as code.
_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"\A\s*```(?:json)?[ \t]*\n(.*)\n[ \t]*```\s*\Z", re.DOTALL)
_QUOTED = 200


class Unfit(Exception):  # noqa: N818 - it says what the answer is, and never leaves this module
    """A text is no answer of the form asked for; says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One verdict of a model.

    Args:
        verdict: A value of the scale.
        explanation: Why, in the model's words.
        tokens: What it cost, a repair included.
        sent: Which temperature and seed it was asked with.
        version: What the endpoint calls the model that answered.
    """

    verdict: ScoreValue
    explanation: str | None
    tokens: Tokens
    sent: dict[str, Any] = field(default_factory=dict)
    version: str | None = None

    def kept(self) -> dict[str, Any]:
        """As it is kept in a store."""
        return asdict(self)

    @classmethod
    def from_kept(cls, held: Mapping[str, Any], scale: Scale) -> Answer | None:
        """Read what was kept; None if it fits the scale no more."""
        tokens = held.get("tokens")
        if scale.fault(held.get("verdict")) is not None or not isinstance(tokens, dict):
            return None
        return cls(
            verdict=held["verdict"],
            explanation=held.get("explanation"),
            tokens=Tokens(tokens.get("input", 0), tokens.get("output", 0)),
            sent=dict(held.get("sent") or {}),
            version=held.get("version"),
        )


def obtain(model: Questions, request: Request, prompt: Prompt) -> Answer:
    """Ask a model, and once more where its first answer cannot be used.

    Raises:
        NoAnswer: If there is no answer, or the second cannot be used either.
    """
    first = model.ask(request)
    try:
        return _answer(first, first.tokens, prompt.scale)
    except Unfit as fault:
        again = request.followed_by(first.text or "(nothing)", _remark(fault, prompt))
    second = model.ask(again)
    try:
        return _answer(second, first.tokens + second.tokens, prompt.scale)
    except Unfit as fault:
        raise NoAnswer(
            f"model {model.label!r} twice gave an answer that cannot be used: {fault}. "
            f"It said: {_quoted(second.text)}.",
            "Say in the instructions what to do with such an item, or use another model.",
        ) from None


def _answer(reply: Reply, tokens: Tokens, scale: Scale) -> Answer:
    verdict, explanation = read(reply.text, scale)
    return Answer(verdict, explanation, tokens, reply.sent, reply.version)


def read(text: str, scale: Scale) -> tuple[ScoreValue, str | None]:
    """The verdict and the explanation in a text that is an answer and nothing else.

    JSON inside prose is not looked for: it may be a quotation of the material.

    Args:
        text: What a model said; one block of thought before it, and a fence of code around it,
            are left out.
        scale: What may be answered.

    Raises:
        Unfit: If it is none.

    Example:
        >>> from xeroml_nb.scoring.judging.scales import Range
        >>> read('{"explanation": "short", "verdict": 4}', Range(1, 5))
        (4, 'short')
    """
    held = _object(text)
    if "verdict" not in held:
        raise Unfit(f"it has no 'verdict', only {', '.join(map(shown, held)) or 'nothing'}")
    if fault := scale.fault(held["verdict"]):
        raise Unfit(f"its verdict {fault}")
    explanation = held.get("explanation")
    if explanation is not None and not isinstance(explanation, str):
        raise Unfit(f"its explanation {shown(explanation)} is no text")
    return held["verdict"], clean_text(explanation).strip() if explanation else None


def _object(text: str) -> dict[str, Any]:
    bare = _THOUGHT.sub("", text, count=1)
    fenced = _FENCE.fullmatch(bare)
    inner = (fenced[1] if fenced else bare).strip()
    if not inner:
        raise Unfit("it is empty")
    try:
        held = json.loads(inner, object_pairs_hook=_without_repeats, parse_constant=_refused)
    except (ValueError, RecursionError):
        raise Unfit("it is not JSON alone") from None
    if not isinstance(held, dict):
        raise Unfit("it is no JSON object")
    return held


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two verdicts in one object are none."""
    held = dict(pairs)
    if len(held) < len(pairs):
        raise Unfit("it names something twice")
    return held


def _refused(constant: str) -> float:
    raise Unfit(f"{constant} is no number")


def _remark(fault: Unfit, prompt: Prompt) -> str:
    return (
        f"That answer cannot be used: {fault}. Answer again with one JSON object and nothing "
        f"around it, of the form {prompt.form}, where the verdict is {prompt.scale.words}"
    )


def _quoted(text: str) -> str:
    return repr(preview(text, _QUOTED)) if text.strip() else "nothing"
