"""The comparison's page: what it asks is answered, what is chosen there is chosen here."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from xeroml_nb.errors import BadInput
from xeroml_nb.widgets.comparison.code import code_nodes
from xeroml_nb.widgets.comparison.detail import item_wire, trace_wire
from xeroml_nb.widgets.comparison.items import Found, ItemFilter, ItemList
from xeroml_nb.widgets.comparison.page import page_wire
from xeroml_nb.widgets.comparison.wire import head_wire
from xeroml_nb.widgets.host import STATIC, answer_while_busy, shown, style_sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xeroml_nb.analysis.comparison import Comparison

# A module in a widget cannot import its neighbours: the parts are joined in this order.
_PARTS = (
    "label/nodes",
    "label/keys",
    "compare/head",
    "compare/charts",
    "compare/items",
    "compare/code",
    "compare/main",
)
MODULE = "\n".join((STATIC / f"{name}.js").read_text(encoding="utf-8") for name in _PARTS)


@dataclass(slots=True)
class _Looked:
    """What is looked at: the items by one score and candidate, filtered, some checked."""

    items: ItemList
    wanted: ItemFilter = field(default_factory=ItemFilter)
    found: Found | None = None
    checked: tuple[int, ...] = ()

    def rows(self) -> Found:
        if self.found is None:
            self.found = self.items.find(self.wanted)
        return self.found

    def selection(self) -> list[str]:
        rows = self.items.changes.rows.loc[list(self.checked)] if self.checked else self.rows().rows
        return list(rows["item_id"])


class ComparisonView(anywidget.AnyWidget):
    """Draws a comparison and lets people look into its items.

    Its state is small however many items there are: they come by pages, as messages.

    Args:
        choose: Makes another comparison: called with the ids of runs, the baseline first.
        label: Opens the labeller for what is selected.
    """

    _esm = MODULE
    _css = style_sheet("content", "compare/compare")
    state = traitlets.Dict().tag(sync=True)

    def __init__(self, choose: Callable[[Sequence[str]], None], label: Callable[[], str]) -> None:
        super().__init__(state={"head": None, "runs": [], "chosen": [], "trouble": ""})
        # Messages may arrive on the main thread and, while a cell blocks that, on another.
        self._lock = threading.RLock()
        self._choose = choose
        self._label = label
        self._looked: _Looked | None = None
        self._followers: list[Callable[[list[str]], None]] = []
        self._told: list[str] | None = None
        self.on_msg(self._received)

    def __repr__(self) -> str:
        return "Comparison (run the cell again to look into it)"

    @property
    def items(self) -> ItemList | None:
        """The items by the score and candidate that are looked at."""
        return None if self._looked is None else self._looked.items

    @property
    def wanted(self) -> ItemFilter:
        """How the items are filtered."""
        return ItemFilter() if self._looked is None else self._looked.wanted

    @property
    def selection(self) -> list[str]:
        """The ids of the items that are checked; if none are, of those that the filter leaves."""
        with self._lock:
            return [] if self._looked is None else self._looked.selection()

    @property
    def is_checked(self) -> bool:
        """The selection was made by hand."""
        return self._looked is not None and bool(self._looked.checked)

    def on_selection(self, callback: Callable[[list[str]], None]) -> None:
        """Call a function with the ids whenever the selection becomes another one."""
        self._followers.append(callback)

    def offer(self, runs: list[dict[str, Any]], chosen: list[str]) -> None:
        """Show which runs there are to choose from, and which are chosen, the baseline first."""
        self.state = self.state | {"runs": runs, "chosen": chosen}
        answer_while_busy(self)

    def show(self, comparison: Comparison, score: str, candidate: str) -> None:
        """Show a comparison by one score and candidate, unfiltered."""
        with self._lock:
            self._looked = _Looked(ItemList(comparison, score, candidate))
            self.state = self.state | {"head": head_wire(self._looked.items), "trouble": ""}
            answer_while_busy(self)
            self._tell_followers()

    def show_trouble(self, text: str) -> None:
        """Show an error above the comparison; an empty text clears it."""
        if text != self.state["trouble"]:
            self.state = self.state | {"trouble": text}
            answer_while_busy(self)

    def _tell(self, kind: str, **content: Any) -> None:
        self.send({"kind": kind, **content})
        answer_while_busy(self)

    def _received(self, _widget: Any, message: dict[str, Any], _buffers: Any) -> None:
        with self._lock:
            self._act(message)

    @shown
    def _act(self, message: Any) -> None:
        kind = message.get("kind")
        if kind == "choose":
            self._choose([str(one) for one in message["runs"]])
            return
        answer = getattr(self, f"_on_{kind}", None)
        if answer is None:
            raise BadInput(f"The page says {kind!r}.", "Run the cell again.")
        if self._looked is not None:
            answer(self._looked, message)

    def _on_score(self, looked: _Looked, message: dict[str, Any]) -> None:
        compared = looked.items.comparison
        score = compared.scores[int(message["score"])]
        self.show(compared, score, compared.candidates[int(message["run"])].label)

    def _on_rows(self, looked: _Looked, message: dict[str, Any]) -> None:
        wanted = ItemFilter.from_wire(message["filter"])
        if wanted != looked.wanted or message["start"] == 0:
            looked.items.people.look_again()
            found = looked.items.find(wanted)
            looked.wanted, looked.found = wanted, found
        page = page_wire(looked.items, looked.rows(), max(0, int(message["start"])))
        self._tell("rows", seq=message["seq"], **page)
        self._tell_followers()

    def _on_check(self, looked: _Looked, message: dict[str, Any]) -> None:
        known = len(looked.items.changes.rows)
        places = dict.fromkeys(int(place) for place in message["places"])
        looked.checked = tuple(place for place in places if 0 <= place < known)
        self._tell_followers()

    def _on_open(self, looked: _Looked, message: dict[str, Any]) -> None:
        self._tell("item", **item_wire(looked.items, int(message["place"])))

    def _on_trace(self, looked: _Looked, message: dict[str, Any]) -> None:
        place, side = int(message["place"]), int(bool(message["side"]))
        self._tell("trace", place=place, side=side, nodes=trace_wire(looked.items, place, side))

    def _on_code(self, looked: _Looked, _: dict[str, Any]) -> None:
        found = looked.items.comparison.code(looked.items.candidate.label)
        self._tell("code", nodes=code_nodes(found))

    def _on_label(self, _: _Looked, __: dict[str, Any]) -> None:
        self._tell("labelling", text=self._label())

    def _tell_followers(self) -> None:
        selected = self.selection
        if selected != self._told:
            self._told = selected
            for callback in self._followers:
                callback(selected)
