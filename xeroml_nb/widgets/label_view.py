"""The labelling surface: passes on what a page says, and tells it what was stored."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from xeroml_nb.annotation.decision import Decision
from xeroml_nb.annotation.session import OutOfTurn
from xeroml_nb.annotation.sheets import agreement_sheet, finish_sheet
from xeroml_nb.annotation.wire import counts_wire, entry_wire, raw_wire, revealed, setup_wire
from xeroml_nb.errors import BadInput, StoreError, XeromlError
from xeroml_nb.records import clock
from xeroml_nb.records.ids import random_id
from xeroml_nb.records.json_text import said
from xeroml_nb.widgets.host import STATIC, answer_while_busy, style_sheet

if TYPE_CHECKING:
    from xeroml_nb.annotation.labels import Labels
    from xeroml_nb.annotation.session import LabellingSession

# A module in a widget cannot import its neighbours: the parts are joined in this order.
_PARTS = ("nodes", "keys", "pace", "link", "desk", "view", "main")
MODULE = "\n".join((STATIC / "label" / f"{n}.js").read_text(encoding="utf-8") for n in _PARTS)

_AHEAD = 250
_AT_ONCE = 40
_WITH_RECEIPT = 3
_MOST_ASKED = 60


class LabelView(anywidget.AnyWidget):
    """The page's side of a labelling session.

    Its state is small and does not change; everything that happens is a message.
    """

    _esm = MODULE
    _css = style_sheet("content", "label/label")
    setup = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        super().__init__(setup={"annotator": None, "id": random_id()})
        # Messages may arrive on the main thread and, while a cell blocks that, on another.
        self._lock = threading.RLock()
        self._session: LabellingSession | None = None
        self._labels: Labels | None = None
        self._notices: list[dict[str, Any]] = []
        self._prepared: list[dict[str, Any]] = []
        self._sent = 0
        self.on_msg(self._received)

    def __repr__(self) -> str:
        return "Labeller (run the cell again to go on)"

    def show(
        self, session: LabellingSession, labels: Labels, notices: list[dict[str, Any]]
    ) -> None:
        """Begin: the first item is part of the state, so that it appears at once."""
        self._session, self._labels, self._notices = session, labels, notices
        position = session.next_open()
        first = self._news(position or 0, 1) | {"at": position}
        self.setup = setup_wire(session) | {
            "id": self.setup["id"],
            "first": first,
            "counts": counts_wire(session),
        }
        answer_while_busy(self)

    def grew(self) -> None:
        """Tell that further items joined."""
        if self._session is not None:
            self._tell("grown", **self._news(0, 0))

    def show_trouble(self, text: str) -> None:
        """Show an error above the item."""
        self._tell("trouble", text=text)

    def _tell(self, kind: str, **content: Any) -> None:
        self.send({"kind": kind, **content})
        answer_while_busy(self)

    def _received(self, _widget: Any, message: dict[str, Any], _buffers: Any) -> None:
        """Answer a message of the page; the front end would swallow an error, so it is shown."""
        try:
            with self._lock:
                self._answer(str(message.get("kind")), message)
        except XeromlError as error:
            self.show_trouble(str(error))
        except Exception as error:  # noqa: BLE001 - it is shown, whatever it is
            self.show_trouble(said(error))

    def _answer(self, kind: str, message: dict[str, Any]) -> None:
        if self._session is not None and self._labels is not None:
            answer = getattr(self, f"_on_{kind}", None)
            if answer is None:
                raise BadInput(f"The page says {kind!r}.", "Run the cell again.")
            answer(self._session, message)

    def _on_hello(self, session: LabellingSession, _: dict[str, Any]) -> None:
        position = session.next_open()
        news = self._news(position or 0, _AT_ONCE)
        at = {"at": position, "latest": session.pace(), "notices": self._notices}
        self._tell("state", **news, **at)

    def _on_more(self, _: LabellingSession, message: dict[str, Any]) -> None:
        count = min(int(message["count"]), _MOST_ASKED)
        self._tell("items", **self._news(max(0, int(message["from"])), count))

    def _on_decide(self, session: LabellingSession, message: dict[str, Any]) -> None:
        where = {"session": message.get("session"), "seq": message.get("seq")}
        try:
            decision = Decision.from_wire(message)
            receipt = session.decide(decision)
        except OutOfTurn as error:
            self._tell("again", **where, expected=error.expected)
        except StoreError as error:
            self._tell("stuck", text=str(error))
        except Exception as error:  # noqa: BLE001 - the person is told, whatever it is
            text = str(error) if isinstance(error, XeromlError) else said(error)
            self._tell("refused", **where, text=text, **self._truth(session, message))
        else:
            told = self._counts() | {"pos": receipt.position, "label": receipt.label.to_wire()}
            if receipt.others:
                told["notices"] = [*self._notices, _OTHER_SESSION]
            # What was made ready may have been decided since.
            ready = [e | {"label": session.label(e["pos"]).to_wire()} for e in self._prepared]
            self._tell("ack", **where, **told, entries=ready)
            self._prepare(session, message)

    def _on_raw(self, session: LabellingSession, message: dict[str, Any]) -> None:
        entry = session.entry(int(message["pos"]))
        number = int(message["part"])
        self._tell("raw", pos=entry.position, part=number, nodes=raw_wire(entry, number))

    def _on_reveal(self, session: LabellingSession, message: dict[str, Any]) -> None:
        entry = session.entry(int(message["pos"]))
        self._tell("reveal", pos=entry.position, scores=revealed(session, entry))

    def _on_finish(self, session: LabellingSession, _: dict[str, Any]) -> None:
        position = session.next_open()
        if position is not None:
            self._tell("goto", **self._news(position, _AT_ONCE), at=position)
        elif self._labels is not None:
            self._tell("sheet", **finish_sheet(session, self._labels))

    def _on_agreement(self, _: LabellingSession, __: dict[str, Any]) -> None:
        if self._labels is not None:
            self._tell("sheet", **agreement_sheet(self._labels))

    def _on_requeue(self, session: LabellingSession, _: dict[str, Any]) -> None:
        session.requeue()
        self._notices = []
        self._on_hello(session, {})
        self._on_finish(session, {})

    def _prepare(self, session: LabellingSession, message: dict[str, Any]) -> None:
        """Make ready what goes with the next receipt, so that no receipt waits for it."""
        have, at = int(message.get("have", 0)), int(message.get("at", 0))
        # Decisions overtake what was sent, unless the person is somewhere else by now.
        start = self._sent if 0 <= self._sent - have <= _AHEAD else have
        count = 0 if start - at > _AHEAD else min(_WITH_RECEIPT, session.total - start)
        self._prepared = self._entries(start, count)

    def _truth(self, session: LabellingSession, message: dict[str, Any]) -> dict[str, Any]:
        """What is said of an entry in the store, for a page that thought otherwise."""
        try:
            position = int(message["pos"])
            return {"pos": position, "label": session.label(position).to_wire()}
        except (KeyError, TypeError, ValueError, IndexError):
            return {}

    def _news(self, start: int, count: int) -> dict[str, Any]:
        return self._counts() | {"entries": self._entries(start, count)}

    def _counts(self) -> dict[str, Any]:
        session = self._session
        if session is None:
            return {}
        return {"total": session.total, "counts": counts_wire(session)}

    def _entries(self, start: int, count: int) -> list[dict[str, Any]]:
        if self._session is None or count <= 0:
            return []
        self._sent = start + count
        return [entry_wire(entry) for entry in self._session.entries(start, count)]


_OTHER_SESSION = {
    "text": "Somebody labels this queue under the same name in another notebook; both are kept, "
    "and undo takes back the latest of either."
}


def text_of_moment() -> str:
    """The time of day, for lines that say how things stood."""
    return f"{clock.now():%Y-%m-%d %H:%M} UTC"
