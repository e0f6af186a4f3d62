"""Send what is here to a server, or write it into files: `export_panel()`."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from IPython.display import display

from xeroml_nb.client import get_client
from xeroml_nb.experiments.markup import tag
from xeroml_nb.widgets.export.choice import Choice, Fixed
from xeroml_nb.widgets.export.files_form import FilesForm
from xeroml_nb.widgets.export.job import Job
from xeroml_nb.widgets.export.outcome_view import push_html, push_line, undone_html, undone_line
from xeroml_nb.widgets.export.preview_view import preview_html, preview_line
from xeroml_nb.widgets.export.progress import ProgressBar
from xeroml_nb.widgets.export.server_line import no_server_html, server_html, waiting_html
from xeroml_nb.widgets.export.words import counted
from xeroml_nb.widgets.host import Remainder, Static, answer_while_busy, shown, style_sheet
from xeroml_nb.widgets.key_guard import KeyGuard
from xeroml_nb.widgets.run_panel import refresh_after_cells

if TYPE_CHECKING:
    from collections.abc import Callable

    from xeroml_nb.client import Client
    from xeroml_nb.client.servers import What
    from xeroml_nb.sync.sending.preview import Preview
    from xeroml_nb.sync.sending.push import Push

# A look that took longer, in seconds, is not taken after every cell.
_QUICK = 0.5
_LOOKING, _SENDING, _UNDOING = "Looking…", "Sending…", "Taking back…"


class _Keys(KeyGuard):
    _css = style_sheet("run_view", "export")


class ExportPanel(widgets.VBox):
    """Shows what a server needs, sends it, tells what became of it, and takes it back.

    Args:
        client: Whose server, experiments and labels.
        what: What goes; None lets the panel choose.
    """

    def __init__(self, client: Client, what: What = None) -> None:
        self._client = client
        self._has_server = client.settings.server is not None
        self._what = (
            Choice(client, lambda: self._chosen(None)) if what is None else Fixed(client, what)
        )
        self._remainder = Remainder()
        self._drawing = threading.RLock()
        self._job = Job(self, self._ended)
        self._preview: Preview | None = None
        self._push: Push | None = None
        self._line = ""
        self._is_old, self._asks, self._has_acted = False, False, False
        self._seconds = 0.0
        self._make_parts()
        super().__init__(
            [
                widgets.HBox([self._server, self._again]),
                self._what,
                self._table,
                widgets.HBox([self._primary, self._bar]),
                self._outcome,
                self._undo,
                self._trouble,
                self._files,
                _Keys(),
            ]
        )
        for row in (self.children[0], self.children[3]):
            row.add_class("xn-export-row")
        self.add_class("xn-panel")
        self.add_class("xn-export")
        self._again.on_click(self._again_pressed)
        self._primary.on_click(self._send_pressed)
        self._undo.on_click(self._undo_pressed)
        self._look(ask=True)
        refresh_after_cells(self)

    def __repr__(self) -> str:
        return f"Export panel ({self._line or 'nothing sent'}); run the cell again to use it"

    def _ipython_display_(self) -> None:
        display(self._repr_mimebundle_(), raw=True)
        self._remainder.show()

    def refresh(self) -> None:
        """Look again what could be sent, unless that takes long: then by its button alone."""
        self._what.refresh()
        self._files.offer()
        if self._seconds < _QUICK:
            self._look()

    def show_trouble(self, text: str) -> None:
        """Show an error above the files; an empty text clears it."""
        self._trouble.value = tag("div", text, class_="xn-trouble", role="alert") if text else ""

    def _make_parts(self) -> None:
        self._server = widgets.HTML(waiting_html() if self._has_server else no_server_html())
        self._again = widgets.Button(
            description="Look again",
            icon="refresh",
            tooltip="Ask the server again, and look again what it needs",
        )
        self._table = widgets.HTML()
        self._primary = widgets.Button(description=_LOOKING, button_style="primary", disabled=True)
        self._bar = ProgressBar()
        self._outcome = widgets.HTML()
        self._undo = widgets.Button(
            description="Undo this push",
            icon="undo",
            tooltip="Remove from the server what this push created, and put the rest back",
        )
        self._undo.layout.display = "none"
        self._trouble = widgets.HTML()
        self._files = FilesForm(self._client, self._what, self._tell)
        if not self._has_server:
            for part in (self._again, self._table, self._primary):
                part.layout.display = "none"

    @shown
    def _chosen(self, _: Any) -> None:
        self._files.offer()
        self._look()

    @shown
    def _again_pressed(self, _: Any) -> None:
        self._what.refresh()
        self._look(ask=True)

    @shown
    def _send_pressed(self, _: Any) -> None:
        preview = self._preview
        # A second click may be on its way before the button has become grey.
        if preview is not None and preview.total.changes:
            self._start(_SENDING, lambda: self._send_all(preview))

    @shown
    def _undo_pressed(self, _: Any) -> None:
        push = self._push
        if push is not None:
            self._start(_UNDOING, lambda: self._take_back(push))

    def _look(self, *, ask: bool = False) -> None:
        """Look what the server needs; at once, or after what is being done."""
        if self._has_server:
            self._is_old = True
            self._asks |= ask
            self._start(_LOOKING, self._look_now)

    def _start(self, word: str, work: Callable[[], None]) -> None:
        self._job.start(word, work)
        self._draw()

    def _ended(self) -> None:
        if self._is_old:
            self._job.start(_LOOKING, self._look_now)
        self._draw()

    def _look_now(self) -> None:
        began = time.monotonic()
        self._is_old = False
        if self._asks:
            self._asks = False
            self._server.value = server_html(self._client.check())
        self._preview = None
        if not self._what.is_empty:
            self._preview = self._client.preview(self._what.chosen)
        self._table.value = "" if self._preview is None else preview_html(self._preview)
        if self._preview is not None and not self._has_acted:
            self._leave(preview_line(self._preview))
        self._seconds = time.monotonic() - began

    def _send_all(self, preview: Preview) -> None:
        self._is_old = True
        total = preview.total
        self._bar.begin(total.changes + total.unchanged)
        try:
            self._push = push = preview.send(self._bar.move)
        finally:
            self._bar.end()
        self._outcome.value = push_html(push)
        self._tell(push_line(push))

    def _take_back(self, push: Push) -> None:
        self._is_old = True
        undone = push.undo()
        self._push = None
        self._outcome.value = undone_html(undone)
        self._tell(undone_line(undone))

    def _tell(self, line: str) -> None:
        """Leave what was done, in place of what could be."""
        self._has_acted = True
        self._leave(line)

    def _leave(self, line: str) -> None:
        """Change the line that stays in a saved notebook."""
        self._line = line
        self._remainder.update(Static(line, tag("p", line)))

    def _draw(self) -> None:
        """Show what can be pressed at this moment; called on any thread."""
        with self._drawing:
            doing = self._job.doing
            self._primary.description, can_send = self._send_button(doing)
            self._primary.disabled = not can_send
            self._again.disabled = bool(doing)
            self._undo.disabled = bool(doing)
            self._undo.description = doing if doing == _UNDOING else "Undo this push"
            self._undo.layout.display = None if self._push is not None else "none"
            for button in (self._primary, self._again, self._undo):
                answer_while_busy(button)

    def _send_button(self, doing: str) -> tuple[str, bool]:
        """What the main button says, and whether it can be pressed."""
        preview = self._preview
        if doing in (_LOOKING, _SENDING):
            return doing, False
        if preview is None:
            return "Choose what to send" if self._what.is_empty else "Not looked at yet", False
        if not preview.counts:
            return "Nothing to send", False
        changes = preview.total.changes
        if not changes:
            return "Everything is there already", False
        return f"Send {counted(changes, 'change')}", not doing


def export_panel(what: What = None, *, client: Client | None = None) -> ExportPanel:
    """A widget that sends to a server and writes files: preview, send, outcome, undo.

    Args:
        what: An experiment or its name, labels, a queue, or several of these; by default the
            panel lets choose, and offers everything.
        client: Whose server and data; the usual client's by default.

    Raises:
        NotFound: If there is no such experiment or queue.
        BadInput: If it is none of what can be sent.

    Example:
        `export_panel("triage_v2 #3")`
    """
    return ExportPanel(client or get_client(), what)
