"""What a screen shows, as plain JSON: texts, and elements from a short list of harmless ones.

A front end makes DOM elements and text nodes from it, so no text is ever read as markup.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from xeroml_nb.records.json_text import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterable

# A text, or [tag, *children], or [tag, {attributes}, *children].
Node = str | list[Any]

_BLOCKS = frozenset(
    [
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "hr",
        "table",
        "thead",
        "tbody",
        "tr",
        "div",
        "details",
        "summary",
        "dl",
        "dt",
        "dd",
    ]
)
TAGS = _BLOCKS | frozenset(
    ["code", "strong", "em", "s", "br", "th", "td", "a", "span", "ins", "del"]
)

_CLASS = re.compile(r"xn-[a-z-]+")
_ADDRESS = re.compile(r"https?://[^/?#\\]|mailto:[^?]", re.IGNORECASE)
_LONGEST_ADDRESS = 2_000


def element(tag: str, *children: Node, **attributes: Any) -> Node:
    """An element; a link whose address a browser should not follow becomes plain text.

    Args:
        tag: One of `TAGS`.
        children: Texts and elements; empty texts are left out.
        attributes: `class_` stands for class; besides it `href` of a link, `start` of an `ol`
            and `open=True` of `details`. None leaves an attribute out.

    Raises:
        ValueError: The tag or an attribute is not allowed.

    Example:
        >>> element("p", "<script>", class_="xn-text")
        ['p', {'class': 'xn-text'}, '<script>']
        >>> element("a", "here", href="javascript:alert(1)")
        ['span', 'here', ' (javascript:alert(1))']
    """
    if tag not in TAGS:
        raise ValueError(f"{tag!r} is not a tag that may be shown")
    given = {key.rstrip("_"): value for key, value in attributes.items() if value is not None}
    for key, value in given.items():
        if not _allowed(tag, key, value):
            raise ValueError(f"{tag} may not have {key}={value!r}")
    inside = [child for child in children if child != ""]
    if "href" in given:
        address = safe_address(given["href"])
        if address is None:
            return ["span", *inside, *_said_address(inside, given["href"])]
        given["href"] = address
    return [tag, given, *inside] if given else [tag, *inside]


def safe_address(address: str) -> str | None:
    """The address of a web page or a mailbox as a browser reads it; None for any other."""
    # Browsers skip such characters: "java\nscript:" would run.
    read = "".join(c for c in address if not c.isspace() and unicodedata.category(c)[0] != "C")
    return read if len(read) <= _LONGEST_ADDRESS and _ADDRESS.match(read) else None


def text_block(text: str, class_: str = "xn-text") -> Node:
    """A text whose line breaks are kept."""
    return element("div", clean_text(text), class_=class_)


def code_block(text: str, language: str = "") -> list[Node]:
    """Program text as it stands, under the name of its language."""
    named = [element("div", clean_text(language), class_="xn-language")] if language else []
    return [*named, element("pre", element("code", clean_text(text), class_="xn-code"))]


def text_of(nodes: Iterable[Node]) -> str:
    r"""The visible text, with line breaks between blocks.

    Example:
        >>> text_of([["h1", "Refund"], ["p", "Pay ", ["em", "now"], "."]])
        'Refund\nPay now.'
    """
    pieces: list[str] = []
    for node in nodes:
        _write(node, pieces)
    return "".join(pieces).strip("\n")


def _write(node: Node, pieces: list[str]) -> None:
    if isinstance(node, str):
        pieces.append(node)
        return
    tag = node[0]
    if tag == "br":
        pieces.append("\n")
    if tag in _BLOCKS:
        _end_line(pieces)
    for child in node[1:]:
        if not isinstance(child, dict):
            _write(child, pieces)
    if tag in _BLOCKS:
        _end_line(pieces)
    if tag in ("th", "td"):
        pieces.append("\t")


def _end_line(pieces: list[str]) -> None:
    if pieces and not pieces[-1].endswith("\n"):
        pieces.append("\n")


def _allowed(tag: str, key: str, value: Any) -> bool:
    if key == "class":
        return isinstance(value, str) and _CLASS.fullmatch(value) is not None
    if key == "start":
        return tag == "ol" and type(value) is int
    if key == "open":
        return tag == "details" and value is True
    return key == "href" and tag == "a" and isinstance(value, str)


def _said_address(children: list[Node], address: str) -> list[Node]:
    """The address in brackets, unless it can be read already."""
    return [] if address in text_of(children) else [f" ({clean_text(address)})"]
