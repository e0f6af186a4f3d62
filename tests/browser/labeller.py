"""The parts of a labeller, as the tests of this folder use them, and what its store holds."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator

    from .lab import Notebook

SETUP = """\
import os
import time
import xeroml_nb as xn
from xeroml_nb import Dimension, Option, Rubric
client = xn.get_client()
"""
# Every item says in its output which answer it wants: the n-th, in turn.
MADE = """\
rows = [{"id": f"q{n:04}", "input": f"question {n}"} for n in range(COUNT)]
client.create_dataset(name="questions", items=rows)
xn.run(lambda item: f"answer {int(item.id[1:]) % 3 + 1}", "questions", name="made")
"""
ANNOTATE = "labels = xn.annotate(client.get_experiment('made'), annotator='ann')"
VERDICTS = {"1": "pass", "2": "fail", "3": "defer"}
_WHEN_SAID = """
([node, words]) => new Promise(resolve => {
    const pressed = performance.now();
    const look = () => {
        if (!words.every(word => node.textContent.includes(word))) return;
        clearInterval(looking);
        resolve((performance.now() - pressed) / 1000);
    };
    const looking = setInterval(look, 20);
    setTimeout(() => { clearInterval(looking); resolve(null); }, 8000);
})
"""


class Labelling:
    """A labelling surface.

    Args:
        notebook: Where it is shown.
        cell: Below which cell.
    """

    def __init__(self, notebook: Notebook, cell: int) -> None:
        self.notebook = notebook
        self.output = notebook.output(cell)
        self.root = self.output.locator(".xn-label")
        self.sheet = self.root.locator(".xn-sheet")
        self.notices = self.root.locator(".xn-notices")
        self.field = self.root.locator(".xn-field")

    def focus(self) -> None:
        """Turn its keys on with a click."""
        self.root.locator(".xn-top").click()
        expect(self.root).to_be_focused()

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        for key in keys:
            self.notebook.page.keyboard.press(key)

    def answer(self, dimension: str, name: str) -> Locator:
        """The button of an answer."""
        return self.root.get_by_role("group", name=dimension, exact=True).locator(
            ".xn-answer", has_text=name
        )

    def command(self, name: str) -> Locator:
        """The button of a command."""
        return self.root.locator(f"[data-command={name}]")

    def shows(self, item: str) -> None:
        """Wait until an item is shown."""
        expect(self.root.locator(".xn-item-title")).to_have_text(item)

    def has_saved(self, count: int) -> None:
        """Wait until so many events are stored and none is on its way."""
        expect(self.root.locator(".xn-saved")).to_contain_text(f"saved {count} · pending 0")

    def answer_as_asked(self, count: int, rate: float) -> list[tuple[str, str]]:
        """Give items the answers that they ask for, so many a second.

        Returns:
            What was shown, and the answer it asked for, at each press.
        """
        page = self.notebook.page
        root = self.root.element_handle()
        given = []
        begun = time.monotonic()
        for number in range(count):
            wait = begun + number / rate - time.monotonic()
            if wait > 0:
                page.wait_for_timeout(1000 * wait)
            title, output = page.evaluate(
                """root => ['.xn-item-title', '.xn-output .xn-content'].map(
                    part => root.querySelector(part).textContent.trim())""",
                root,
            )
            key = output.removeprefix("answer ")
            page.keyboard.press(key)
            given.append((title, VERDICTS[key]))
        return given

    def seconds_until_said(self, *words: str, by: Callable[[], None]) -> float:
        """How long after an act the surface says something, in seconds; the act is quick."""
        page = self.notebook.page
        node = self.notices.element_handle()
        page.evaluate(f"given => {{ window.until = ({_WHEN_SAID})(given); }}", [node, words])
        by()
        seconds = page.evaluate("window.until")
        assert seconds is not None, f"it says {self.notices.inner_text()!r}, not {words}"
        return float(seconds)


class Event(NamedTuple):
    """What the log holds of an event."""

    item: str
    action: str
    dimension: str | None
    value: Any
    session: str
    sequence: int


def events(folder: Path) -> list[Event]:
    """The log of labels in the store of a folder, in order."""
    query = """SELECT item_id, action, dimension, value, session, sequence
        FROM label_events ORDER BY id"""
    with closing(sqlite3.connect(folder / "store.db")) as connection:
        rows = connection.execute(query).fetchall()
    return [Event(i, a, d, v and json.loads(v), s, n) for i, a, d, v, s, n in rows]


def answers(folder: Path) -> list[tuple[str, str]]:
    """The items that were answered and the answers, in the order of the log."""
    return [(event.item, event.value) for event in events(folder) if event.action == "set"]


def asked_for(numbers: range) -> list[tuple[str, str]]:
    """The answers that some items ask for."""
    return [(f"q{n:04}", VERDICTS[str(n % 3 + 1)]) for n in numbers]
