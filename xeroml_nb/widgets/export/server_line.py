"""Where it goes, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.errors import NoServer
from xeroml_nb.experiments.markup import Markup, tag

if TYPE_CHECKING:
    from xeroml_nb.sync.transport.checking import Check

_MARKS = {"good": "✓", "bad": "✕", "none": "○", "waiting": "…"}


def server_html(check: Check) -> Markup:
    """What was reached with which rights, or what is wrong and what to do."""
    return _line("good" if check.ok else "bad", check.text)


def no_server_html() -> Markup:
    """How a server is set, where none is."""
    return _line(
        "none", f"{NoServer()} – then run this cell again. Files can be written without a server."
    )


def waiting_html() -> Markup:
    """Shown until the server has answered."""
    return _line("waiting", "asking the server")


def _line(state: str, text: str) -> Markup:
    return tag(
        "div",
        tag("span", _MARKS[state], class_="xn-mark", aria_hidden="true"),
        tag("span", text),
        class_=f"xn-server xn-server-{state}",
        role="status",
    )
