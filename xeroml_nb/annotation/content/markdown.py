"""Markdown as nodes: nothing is fetched, raw HTML stays visible text, and no text is lost."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from xeroml_nb.annotation.content.nodes import (
    TAGS,
    Node,
    code_block,
    element,
    safe_address,
    text_block,
    text_of,
)
from xeroml_nb.records.json_text import clean_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

# The bounds keep hostile text, which costs a parser quadratic time, at tens of milliseconds.
_DEEPEST_BLOCK = 24
_DEEPEST = 32
_DEEPEST_BRACKET = 40
_MOST_MARKS = 5_000
_MOST_CELLS = 4_000

_LINE_END = re.compile(r"\r\n?")
_MARK = re.compile(r"[\[\]*_~`<>&\\|#+=-]")
_BRACKET = re.compile(r"[\[\]]")
# A backslash before another mark is more likely TeX than Markdown, and then it is the text.
_ESCAPED = frozenset("*_#`~<>+-.|")


def markdown_nodes(text: str) -> list[Node]:
    """Markdown as nodes; text too costly or too deeply nested to read is shown as it stands.

    Example:
        >>> markdown_nodes("**Pay** <b>now</b>")
        [['p', ['strong', 'Pay'], ' <b>now</b>']]
    """
    text = _LINE_END.sub("\n", clean_text(text))
    lines = text.split("\n")
    if not _affordable(text, lines):
        return [text_block(text)]
    try:
        tokens = _parser(tables=_few_cells(lines)).parse(text)
    except Exception:  # noqa: BLE001 - a text that a parser stumbles over can still be read
        return [text_block(text)]
    # The parser leaves out what is nested deeper.
    if any(t.nesting == 1 and t.level >= _DEEPEST_BLOCK - 1 for t in tokens):
        return [text_block(text)]
    tree = _Tree(lines)
    tree.grow(tokens)
    return tree.nodes()


class _Parser(MarkdownIt):
    """Markdown whose addresses stay as they were written."""

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - the parser's own name
        return url

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802 - the parser's own name
        return link


@functools.cache
def _parser(*, tables: bool) -> MarkdownIt:
    parser = _Parser("commonmark", {"html": False, "maxNesting": _DEEPEST_BLOCK})
    # Definitions of link targets would vanish; unjoined, escapes are seen as they were written.
    parser.enable("strikethrough").disable(["reference", "text_join"])
    return parser.enable("table") if tables else parser


def _affordable(text: str, lines: Sequence[str]) -> bool:
    if len(_MARK.findall(text)) + 2 * len(lines) > _MOST_MARKS:
        return False
    steps = (1 if bracket == "[" else -1 for bracket in _BRACKET.findall(text))
    return max(itertools.accumulate(steps), default=0) <= _DEEPEST_BRACKET


def _few_cells(lines: Sequence[str]) -> bool:
    return max(line.count("|") for line in lines) * len(lines) <= _MOST_CELLS


@dataclasses.dataclass(slots=True)
class _Frame:
    """An element that is still open; without a tag its children go to the one around it."""

    tag: str | None
    children: list[Node] = dataclasses.field(default_factory=list)
    start: int | None = None  # of a numbered list
    address: str = ""  # of a link
    title: str = ""  # of a link
    unread: str = ""  # of a table row: its line after the last cell read

    def closed(self) -> list[Node]:
        """The element, once all its children are there."""
        children = _joined(self.children)
        if self.address:
            return _link(children, self.address, self.title)
        if self.tag == "tr":
            children = _whole_row(children, self.unread)
        return [element(self.tag, *children, start=self.start)] if self.tag else children


class _Tree:
    """Nodes that grow token by token."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._stack = [_Frame(None)]

    def nodes(self) -> list[Node]:
        while len(self._stack) > 1:
            self._close()
        return _joined(self._stack[0].children)

    def grow(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            if token.type == "inline":
                self._read_cell(token.content)
                self.grow(token.children or [])
            elif token.nesting == 1:
                self._stack.append(self._frame(token))
            elif token.nesting == -1:
                self._close()
            else:
                self._stack[-1].children += _leaf(token)

    def _frame(self, token: Token) -> _Frame:
        known = token.tag in TAGS and not token.hidden and len(self._stack) < _DEEPEST
        frame = _Frame(token.tag if known else None)
        frame.address = str(token.attrs.get("href", ""))
        frame.title = str(token.attrs.get("title", ""))
        if frame.tag == "ol" and "start" in token.attrs:
            frame.start = int(token.attrs["start"])
        if frame.tag == "tr" and token.map:
            frame.unread = self._lines[token.map[0]].replace(r"\|", "|")
        return frame

    def _read_cell(self, content: str) -> None:
        """Note how much of a table row's line is read."""
        row = self._stack[max(len(self._stack) - 2, 0)]
        if content and content in row.unread:
            row.unread = row.unread.partition(content)[2]

    def _close(self) -> None:
        closed = self._stack.pop().closed()
        self._stack[-1].children += closed


def _leaf(token: Token) -> list[Node]:
    """What a token without an end shows; an unknown one shows its text."""
    match token.type:
        case "fence" | "code_block":
            return code_block(token.content.removesuffix("\n"), token.info.strip())
        case "code_inline":
            shown = element("code", token.content)
        case "softbreak" | "hardbreak":
            shown = element("br")
        case "hr":
            shown = element("hr")
        case "image":
            shown = _image(token)
        case "text_special" if token.info == "escape" and token.content not in _ESCAPED:
            shown = token.markup
        case _:
            shown = token.content
    return [shown]


def _image(token: Token) -> str:
    """What stands for an image, which is never fetched."""
    title = f' "{token.attrs["title"]}"' if token.attrs.get("title") else ""
    return f"[image: {token.content}] ({token.attrs.get('src', '')}{title})"


def _link(children: list[Node], address: str, title: str) -> list[Node]:
    """A link, and in brackets what of its address and title cannot be read in it."""
    shown = text_of(children)
    words = [] if address.removeprefix("mailto:") in shown else [address]
    words += [f'"{title}"'] if title else []
    note = [element("span", f" ({' '.join(words)})", class_="xn-dim")] if words else []
    if safe_address(address) is None:
        return [*children, *note]
    return [element("a", *(children or [address]), href=address), *note]


def _joined(children: list[Node]) -> list[Node]:
    """The same children, texts that follow one another made one."""
    joined: list[Node] = []
    for is_text, run in itertools.groupby(children, lambda child: isinstance(child, str)):
        pieces = list(run)
        joined += ["".join(map(str, pieces))] if is_text else pieces
    return joined


def _whole_row(cells: list[Node], unread: str) -> list[Node]:
    """The cells of a row without empty ones at its end, and with those beyond the heading."""
    while cells and cells[-1] in (["td"], ["th"]):
        cells.pop()
    beyond = unread.strip(" \t|")
    return [*cells, element("td", beyond)] if beyond else cells
