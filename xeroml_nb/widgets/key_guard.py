"""An invisible widget that looks after the keys of the plain widgets beside it."""

from __future__ import annotations

import anywidget

from xeroml_nb.widgets.host import STATIC, style_sheet


class KeyGuard(anywidget.AnyWidget):
    """Goes into a VBox; the widgets of that box then get their keys before the notebook does.

    Sends a message when an option of a list in that box is clicked or entered.
    """

    _esm = STATIC / "key_guard.js"
    _css = style_sheet("run_view")
