"""Ask who labels, where nobody said it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from xeroml_nb.experiments.markup import tag
from xeroml_nb.widgets.host import shown
from xeroml_nb.widgets.key_guard import KeyGuard

if TYPE_CHECKING:
    from collections.abc import Callable


class NameForm(widgets.VBox):
    """A field for a name above what appears once it is given.

    Args:
        named: Called with the name.
        below: What appears then.
    """

    def __init__(self, named: Callable[[str], None], below: widgets.Widget) -> None:
        self._named = named
        wide = {"description_width": "initial"}
        self._name = widgets.Text(description="Who labels?", placeholder="your name", style=wide)
        self._start = widgets.Button(description="Start")
        self._trouble = widgets.HTML()
        self._form = widgets.HBox([self._name, self._start])
        super().__init__([self._form, self._trouble, KeyGuard(), below])
        self._form.add_class("xn-form")
        self._start.on_click(self._begin)
        self._name.observe(self._begin, names="value")
        self._name.continuous_update = False

    def show_trouble(self, text: str) -> None:
        """Show an error below the field; an empty text clears it."""
        self._trouble.value = tag("div", text, class_="xn-trouble") if text else ""

    @shown
    def _begin(self, _: Any) -> None:
        if self._form.layout.display == "none":
            return
        self._named(self._name.value)
        self._form.layout.display = "none"
