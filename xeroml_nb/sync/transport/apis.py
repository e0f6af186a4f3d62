"""Where each API has its things: the only place that knows a path."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING
from urllib.parse import quote

from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOT = "/api/public"
_V2 = f"{_ROOT}/v2"


@dataclass(frozen=True, slots=True)
class Api:
    """One API: its name, and a path for each of our words.

    Args:
        name: "xeroml" or "langfuse".
        title: For people.
        paths: Our word to a template such as "/scores/{score_id}"; None where the API has none.
    """

    name: str
    title: str
    paths: Mapping[str, str | None]

    def path(self, word: str, **parts: str) -> str | None:
        """The path for one of our words, its parts encoded; None where the API has none.

        Args:
            word: A key of `paths`.
            parts: What stands for the names in braces; more than those may be given.

        Example:
            >>> XEROML.path("dataset", dataset="support/triage")
            '/api/public/v2/datasets/support%2Ftriage'
        """
        template = self.paths[word]
        if template is None:
            return None
        return template.format_map({name: _encoded(text) for name, text in parts.items()})


def api_for(name: str, overrides: Mapping[str, str | None] | None = None) -> Api:
    """The API of a name, with the user's own paths in place of ours.

    Args:
        name: "xeroml" or "langfuse".
        overrides: Our word to a template, or to None for what the server does not have.

    Raises:
        BadInput: If a word is unknown, or a template names a part that ours does not.
    """
    api = APIS[name]
    for word, template in (overrides or {}).items():
        _check(api, word, template)
    return Api(api.name, api.title, {**api.paths, **(overrides or {})})


def _check(api: Api, word: str, template: str | None) -> None:
    if word not in api.paths:
        known = ", ".join(sorted(api.paths))
        raise BadInput(f"There is no path {word!r} to replace.", f"There are: {known}.")
    if template is None:
        return
    # What one API names in the path another wants in the body: all names of both are known.
    allowed = {name for known in APIS.values() for name in _names(known.paths[word])}
    if not template.startswith("/") or not set(_names(template)) <= allowed:
        named = ", ".join(f"{{{name}}}" for name in sorted(allowed)) or "no names in braces"
        raise BadInput(
            f"The path for {word!r} is {template!r}.", f"Start it with / and use {named}."
        )


def _names(template: str | None) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template or "") if name is not None]


def _encoded(text: str) -> str:
    """A part of a path, wholly encoded; "." and ".." would otherwise climb to another path."""
    encoded = quote(text, safe="")
    return encoded.replace(".", "%2E") if encoded in (".", "..") else encoded


XEROML = Api(
    "xeroml",
    "XeroML API",
    {
        "health": f"{_V2}/health",
        "projects": None,
        "score": f"{_V2}/scores",
        "scores": f"{_V2}/scores",
        "newer scores": None,
        "score by id": f"{_V2}/scores/{{score_id}}",
        "ingestion": f"{_ROOT}/ingestion",
        "traces otlp": f"{_ROOT}/otel/v1/traces",
        "traces": f"{_V2}/traces",
        "trace": f"{_V2}/traces/{{trace_id}}",
        "datasets": f"{_V2}/datasets",
        "dataset": f"{_V2}/datasets/{{dataset}}",
        "dataset items": f"{_V2}/datasets/{{dataset}}/items",
        "dataset item": f"{_V2}/datasets/{{dataset}}/items/{{item_id}}",
        "experiments": f"{_V2}/experiments",
        "experiment": f"{_V2}/experiments/{{experiment_id}}",
        "experiment items": f"{_V2}/experiment-items",
        "run items": f"{_V2}/experiments/{{experiment_id}}/items",
        "dataset run": None,
        "score configs": f"{_V2}/score-configs",
        "score config": f"{_V2}/score-configs/{{config_id}}",
        "queues": f"{_V2}/annotation-queues",
        "queue": f"{_V2}/annotation-queues/{{queue_id}}",
        "queue items": f"{_V2}/annotation-queues/{{queue_id}}/items",
        "queue item": f"{_V2}/annotation-queues/{{queue_id}}/items/{{item_id}}",
    },
)

LANGFUSE = Api(
    "langfuse",
    "Langfuse API",
    {
        "health": f"{_ROOT}/health",
        "projects": f"{_ROOT}/projects",
        "score": f"{_ROOT}/scores",
        "scores": f"{_V2}/scores",
        "newer scores": f"{_ROOT}/v3/scores",
        "score by id": f"{_ROOT}/scores/{{score_id}}",
        "ingestion": None,
        "traces otlp": f"{_ROOT}/otel/v1/traces",
        "traces": f"{_ROOT}/traces",
        "trace": f"{_ROOT}/traces/{{trace_id}}",
        "datasets": f"{_V2}/datasets",
        "dataset": f"{_V2}/datasets/{{dataset}}",
        "dataset items": f"{_ROOT}/dataset-items",
        "dataset item": f"{_ROOT}/dataset-items/{{item_id}}",
        "experiments": None,
        "experiment": None,
        "experiment items": None,
        "run items": f"{_ROOT}/dataset-run-items",
        "dataset run": f"{_ROOT}/datasets/{{dataset}}/runs/{{run}}",
        "score configs": f"{_ROOT}/score-configs",
        "score config": f"{_ROOT}/score-configs/{{config_id}}",
        "queues": f"{_ROOT}/annotation-queues",
        "queue": f"{_ROOT}/annotation-queues/{{queue_id}}",
        "queue items": f"{_ROOT}/annotation-queues/{{queue_id}}/items",
        "queue item": f"{_ROOT}/annotation-queues/{{queue_id}}/items/{{item_id}}",
    },
)

APIS = {api.name: api for api in (XEROML, LANGFUSE)}
