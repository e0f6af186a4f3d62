"""An invisible widget that protects the plain widgets beside it from the notebook's shortcuts."""

from __future__ import annotations

import anywidget

from xeroml_nb.widgets.host import STATIC


class KeyGuard(anywidget.AnyWidget):
    """Goes into a VBox; the widgets of that box then get their keys first."""

    _esm = STATIC / "key_guard.js"
    _css = STATIC / "run_view.css"
