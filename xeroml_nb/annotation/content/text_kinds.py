"""A text as what it looks like: Markdown, program text or plain words."""

from __future__ import annotations

import json

from xeroml_nb.annotation.content.markdown import markdown_nodes
from xeroml_nb.annotation.content.nodes import Node, code_block, text_block
from xeroml_nb.annotation.content.shapes import looks_like_code, looks_like_markdown

# Markup around every other character makes nodes much longer than their text.
_SLACK = 2_000


def text_nodes(text: str) -> tuple[str, list[Node]]:
    """The kind of a text - "code", "markdown" or "text" - and its nodes."""
    if looks_like_code(text):
        return "code", code_block(text)
    if looks_like_markdown(text):
        nodes = markdown_nodes(text)
        if len(json.dumps(nodes, ensure_ascii=False)) <= 2 * len(text) + _SLACK:
            return "markdown", nodes
    return "text", [text_block(text)]
