"""What other instrumentations call the things that this package records.

OpenTelemetry's conventions for generative AI, in their present words and those of earlier years:
https://opentelemetry.io/docs/specs/semconv/gen-ai/. Those of OpenInference:
https://arize-ai.github.io/openinference/spec/semantic_conventions.html.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from xeroml_nb.records import clock
from xeroml_nb.records.json_text import to_json
from xeroml_nb.records.observation import ObservationType
from xeroml_nb.tracing import attributes as names
from xeroml_nb.tracing.usage import amount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.sdk.trace import Event

_FOREIGN = ("gen_ai.", "llm.", "openinference.", "input.", "output.")
_ALSO_CALLED = {
    names.MODEL: ("llm.model_name", "llm.request.model"),
    names.INPUT_TOKENS: (
        "gen_ai.usage.prompt_tokens",
        "llm.token_count.prompt",
        "llm.usage.prompt_tokens",
    ),
    names.OUTPUT_TOKENS: (
        "gen_ai.usage.completion_tokens",
        "llm.token_count.completion",
        "llm.usage.completion_tokens",
    ),
    names.COST: ("llm.cost.total",),
    names.INPUT: ("gen_ai.input.messages", "gen_ai.prompt", "input.value"),
    names.OUTPUT: ("gen_ai.output.messages", "gen_ai.completion", "output.value"),
}
_KINDS = ("gen_ai.operation.name", "openinference.span.kind", "llm.request.type")
_MODEL_CALLS = frozenset(
    {"chat", "text_completion", "generate_content", "completion", "embeddings", "llm", "embedding"}
)
_SECONDS_TO_FIRST = "gen_ai.response.time_to_first_chunk"
_FIRST_TOKEN_EVENTS = frozenset({"First Token Stream Event", "llm.content.completion.chunk"})


def understand(found: dict[str, Any]) -> None:
    """Put the words of other instrumentations into those of this package.

    Args:
        found: Attributes of a span; changed in place.

    Example:
        >>> given = {"gen_ai.operation.name": "chat", "gen_ai.usage.prompt_tokens": 7}
        >>> understand(given)
        >>> given["gen_ai.usage.input_tokens"], given["xeroml.observation.type"]
        (7, 'generation')
    """
    if not any(name.startswith(_FOREIGN) for name in found):
        return
    for name, others in _ALSO_CALLED.items():
        for other in others:
            value = found.pop(other, None)
            if value is not None and name not in found:
                found[name] = _as_json(value) if name in (names.INPUT, names.OUTPUT) else value
    if names.RESPONSE_MODEL in found:
        found.setdefault(names.MODEL, found[names.RESPONSE_MODEL])
    if names.TYPE not in found and _calls_model(found):
        found[names.TYPE] = ObservationType.GENERATION.value


def note_first_token(found: dict[str, Any], began: int | None, events: Sequence[Event]) -> None:
    """Note when the first token of an answer came, if an instrumentation says it.

    Args:
        found: Attributes of a span; changed in place.
        began: When the span began, in nanoseconds since 1970.
        events: What happened inside it.
    """
    if names.COMPLETION_START in found or not (events or _SECONDS_TO_FIRST in found):
        return
    moment = next((e.timestamp for e in events if e.name in _FIRST_TOKEN_EVENTS), None)
    seconds = amount(found.get(_SECONDS_TO_FIRST))
    if moment is not None:
        found[names.COMPLETION_START] = clock.from_micros(moment // 1000).isoformat()
    elif seconds is not None and began is not None:
        first = clock.from_micros(began // 1000) + timedelta(seconds=seconds)
        found[names.COMPLETION_START] = first.isoformat()


def _calls_model(found: Mapping[str, Any]) -> bool:
    """A span whose kind is told is what that says; else one that names a model calls it."""
    kinds = [str(found[name]).lower() for name in _KINDS if name in found]
    return any(kind in _MODEL_CALLS for kind in kinds) if kinds else names.MODEL in found


def _as_json(value: Any) -> str:
    """JSON text as it is; any other value as JSON."""
    if isinstance(value, str):
        try:
            json.loads(value, parse_constant=_refused)
        except (ValueError, RecursionError):
            return to_json(value)
        return value
    return to_json(value)


def _refused(constant: str) -> float:
    raise ValueError(constant)
