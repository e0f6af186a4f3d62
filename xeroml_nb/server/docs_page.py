"""The OpenAPI document as a page for people, which fetches nothing from elsewhere."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from xeroml_nb.experiments.markup import Markup, join, table, tag
from xeroml_nb.notebook.page_style import STYLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Operation = tuple[str, str, Mapping[str, Any]]

# Methods stand below each other, and what a path is for stands beside it, if there is room.
_LINES = """
summary { display: flex; flex-wrap: wrap; gap: 2px 10px; align-items: baseline; padding: 3px 0; }
summary b { min-width: 4.4em; }
summary code { min-width: 26em; }
summary small { opacity: 0.75; }
"""


def docs_html(document: Mapping[str, Any]) -> str:
    """The page.

    Args:
        document: OpenAPI 3.1, as `/openapi.json` has it.
    """
    title = document["info"]["title"]
    head = tag(
        "head",
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width">'),
        tag("title", title),
        tag("style", STYLE, _LINES),
    )
    known = document.get("components", {}).get("schemas", {})
    topics = groupby(sorted(_operations(document), key=_topic), key=_topic)
    body = tag(
        "body",
        tag("h1", title),
        tag("p", f"Version {document['info']['version']} · ", _link("/openapi.json")),
        *(join([tag("h2", name), *(_shown(o) for o in some)]) for name, some in topics),
        tag("h2", "Shapes"),
        *(_folded(name, _schema(schema), anchor=name) for name, schema in sorted(known.items())),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _topic(operation: Operation) -> str:
    return str(operation[2].get("tags", ["other"])[0])


def _shown(operation: Operation) -> Markup:
    method, path, said = operation
    parts = [_parameters(said), _body(said)]
    answers = ((status, r["description"], _shape(r)) for status, r in said["responses"].items())
    parts.append(table(("status", "meaning", "body"), answers, numeric=set()))
    about = tag("small", said.get("description", ""))
    return _folded(join([tag("b", method), tag("code", path), about]), join(parts))


def _parameters(said: Mapping[str, Any]) -> Markup:
    rows = [
        (p["name"], p["in"], "yes" if p.get("required") else "", p.get("description", ""))
        for p in said.get("parameters", ())
    ]
    return table(("parameter", "in", "needed", ""), rows, numeric=set()) if rows else Markup("")


def _body(said: Mapping[str, Any]) -> Markup:
    if "requestBody" not in said:
        return Markup("")
    found = said["requestBody"]["content"]
    return join(_folded(f"Body: {kind}", _schema(b.get("schema", {}))) for kind, b in found.items())


def _shape(response: Mapping[str, Any]) -> Markup:
    """What a body is: a link to its shape where that has a name."""
    refs = [c.get("schema", {}).get("$ref") for c in response.get("content", {}).values()]
    names = [ref.rpartition("/")[2] for ref in refs if ref]
    if names:
        return join(_link(f"#{name}", name) for name in names)
    return join([", ".join(response.get("content", ()))])


def _schema(schema: Mapping[str, Any]) -> Markup:
    return tag("pre", json.dumps(schema, indent=2, ensure_ascii=False))


def _folded(title: str | Markup, content: Markup, anchor: str | None = None) -> Markup:
    return tag("details", tag("summary", title), content, id=anchor)


def _link(target: str, text: str | None = None) -> Markup:
    return tag("a", text or target, href=target)
