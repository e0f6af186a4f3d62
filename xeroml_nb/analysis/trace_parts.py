"""What a trace says of itself in words, whether it is shown as text or as HTML."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from xeroml_nb.analysis.traces import seconds_to_first_token, tokens
from xeroml_nb.experiments.lines import seconds
from xeroml_nb.experiments.tally import shown_value
from xeroml_nb.records.json_text import preview
from xeroml_nb.records.score import ScoreSource
from xeroml_nb.tracing import attributes
from xeroml_nb.tracing.usage import amount

if TYPE_CHECKING:
    from xeroml_nb.analysis.traces import Trace
    from xeroml_nb.records.observation import Observation
    from xeroml_nb.records.score import ScoreRecord

# How many observations of a trace are shown; a notebook keeps what it shows.
SHOWN = 500
_NAME = 80
_COMMENT = 300


def headline(trace: Trace) -> str:
    """When a trace was, how long it took, and what is stored of it."""
    if not len(trace):
        return f"no observation is stored, {_count(len(trace.scores), 'score')}"
    failed = sum(o.error is not None for o in trace)
    parts = [
        f"{trace[0].start:%Y-%m-%d %H:%M:%S} UTC",
        seconds(trace.duration.total_seconds()),
        _count(len(trace), "observation"),
        *([f"{failed} failed"] if failed else []),
        _count(len(trace.scores), "score"),
    ]
    return " · ".join(parts)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")


def key_figures(found: Observation) -> list[str]:
    """Type, duration, and for calls of a model its name, first token, tokens and cost."""
    parts = [found.type.value, seconds((found.end - found.start).total_seconds())]
    model = found.attributes.get(attributes.MODEL)
    if model is not None:
        parts.append(preview(model, _NAME))
    first = seconds_to_first_token(found)
    if first is not None:
        parts.append(f"first token after {seconds(first)}")
    into, out = tokens(found)
    if into is not None or out is not None:
        parts.append(f"{_number(into)} → {_number(out)} tokens")
    cost = amount(found.attributes.get(attributes.COST))
    if cost is not None:
        parts.append(f"cost {cost:.3g}")
    return parts


def _number(tokens: float | None) -> str:
    return "?" if tokens is None else f"{tokens:,.0f}"


def scores_by_id(trace: Trace) -> dict[str, list[ScoreRecord]]:
    """The scores by the observation they are on.

    Those on the trace are found under "", as are those on observations that are not stored.
    """
    stored = {o.id for o in trace}
    found: dict[str, list[ScoreRecord]] = defaultdict(list)
    for score in trace.scores:
        on = score.target.observation_id
        found[on if on in stored else ""].append(score)
    return dict(found)


def score_words(score: ScoreRecord) -> str:
    """A score with who gave it: "accuracy: 0.5 (code exact_match) · only half of it"."""
    said = f" · {preview(score.comment, _COMMENT)}" if score.comment else ""
    return f"{score_name(score)}: {score_value(score)} ({giver(score)}){said}"


def score_name(score: ScoreRecord) -> str:
    """A score's name, as people read it."""
    return preview(score.name, _NAME)


def score_value(score: ScoreRecord) -> str:
    """A score's value, as people read it: truth values in words."""
    value = score.value
    return str(value).lower() if isinstance(value, bool) else shown_value(value)


def giver(score: ScoreRecord) -> str:
    """Who or what gave a score: a person's name, "code NAME" or "judge NAME"."""
    author = preview(score.author, _NAME)
    if score.source is ScoreSource.HUMAN:
        return author or "a person"
    kind = "judge" if score.source is ScoreSource.LLM else "code"
    return f"{kind} {author}".strip()
