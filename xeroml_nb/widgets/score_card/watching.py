"""Look again and again whether what a widget shows has changed in the store."""

from __future__ import annotations

import contextvars
import threading
import time
import weakref
from typing import Any, Protocol

from xeroml_nb.widgets.host import trouble_text

_LOOK = 1.0  # seconds


class Looking(Protocol):
    """A widget that can look for itself."""

    comm: Any

    def look(self) -> None:
        """Show what has changed, if anything has."""

    def show_trouble(self, text: str) -> None:
        """Show an error."""


# The newest widget of each report looks after it; those of cells that ran before do not, since
# Jupyter never tells that they are gone.
_newest: weakref.WeakValueDictionary[int, Looking] = weakref.WeakValueDictionary()


def watch(widget: Looking, report_id: int) -> None:
    """Let a widget look once a second, until it is closed or another one watches the report.

    Args:
        widget: What looks.
        report_id: The report that it shows.
    """
    _newest[report_id] = widget
    # Messages to a notebook find their cell through the context they are sent from.
    context = contextvars.copy_context()
    threading.Thread(
        target=context.run,
        args=(_look_on, weakref.ref(widget), report_id),
        name="xeroml-card-watch",
        daemon=True,
    ).start()


def _look_on(alive: weakref.ref[Looking], report_id: int) -> None:
    while True:
        time.sleep(_LOOK)
        widget = alive()
        if widget is None or widget.comm is None or _newest.get(report_id) is not widget:
            return
        try:
            widget.look()
        except Exception as error:  # noqa: BLE001 - it is shown, whatever it is
            widget.show_trouble(trouble_text(error))
        del widget
