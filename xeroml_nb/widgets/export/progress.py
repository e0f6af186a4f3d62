"""How far a push is: a bar, and the counts beside it."""

from __future__ import annotations

import threading
import time

import ipywidgets as widgets

from xeroml_nb.experiments.markup import Markup, tag

_PAUSE = 0.2  # seconds: more messages than five a second would flood the page


class ProgressBar(widgets.HTML):
    """A bar that may be moved from any thread, as often as is convenient."""

    def __init__(self) -> None:
        self._moving = threading.Lock()
        self._drawn_at = 0.0
        super().__init__()
        self.add_class("xn-progress")

    def begin(self, total: int) -> None:
        """Appear, with nothing done yet."""
        with self._moving:
            self._drawn_at = time.monotonic()
            self.value = _bar(0, total)

    def move(self, done: int, total: int) -> None:
        """Show how much is done; called too often, it waits for the next call."""
        with self._moving:
            now = time.monotonic()
            if now - self._drawn_at >= _PAUSE or done >= total:
                self._drawn_at = now
                self.value = _bar(done, total)

    def end(self) -> None:
        """Disappear."""
        with self._moving:
            self.value = Markup("")


def _bar(done: int, total: int) -> Markup:
    share = 100 * min(done, total) / max(total, 1)
    text = f"{done:,} of {total:,}" if done < total else f"{done:,} done · reading back"
    bar = tag(
        "div",
        tag("div", class_="xn-done", style=f"width:{share:.1f}%"),
        class_="xn-bar",
        role="progressbar",
        aria_label="sending",
        aria_valuemin=0,
        aria_valuemax=total,
        aria_valuenow=done,
        aria_valuetext=text,
    )
    return tag("div", bar, tag("span", text, class_="xn-count"), class_="xn-line")
