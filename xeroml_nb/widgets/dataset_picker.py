"""Choose a dataset: folders, search, versions, a look at the items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import traitlets
from IPython.display import display

from xeroml_nb.client import get_client
from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.markup import Markup, join, tag
from xeroml_nb.records import clock
from xeroml_nb.records.json_text import to_json
from xeroml_nb.widgets.host import Remainder, Static, shown
from xeroml_nb.widgets.key_guard import KeyGuard

if TYPE_CHECKING:
    from xeroml_nb.client import Client
    from xeroml_nb.experiments.dataset import Dataset
    from xeroml_nb.records.dataset import DatasetItem, DatasetRecord

_SPACE = "\u00a0"  # plain spaces in an option are shown as one
_LATEST = "latest"
_SHOWN = 5_000


class DatasetPicker(widgets.VBox):
    """A widget whose `value` is the chosen dataset.

    Args:
        client: Whose datasets.
        dataset: What is chosen at first, or its name.
    """

    value = traitlets.Any(None, allow_none=True, help="The chosen dataset, or None.")

    def __init__(self, client: Client, dataset: Dataset | str | None = None) -> None:
        self._client = client
        self._records: dict[str, DatasetRecord] = {}
        self._folded: set[str] = set()
        self._name: str | None = None
        self._position = 0
        self._remainder = Remainder()
        self._make_parts()
        super().__init__(
            [
                widgets.HBox([self._search, self._version, self._filter, self._sample]),
                self._list,
                widgets.HBox([self._previous, self._next, self._where]),
                self._item,
                self._trouble,
                self._keys,
            ]
        )
        for row in self.children[:3]:
            row.add_class("xn-form")
        self.add_class("xn-picker")
        self._observe()
        self.refresh()
        if dataset is not None:
            self.choose(dataset)

    def __repr__(self) -> str:
        chosen = "nothing chosen" if self.value is None else repr(self.value)
        return f"Dataset picker ({chosen})"

    def _ipython_display_(self) -> None:
        display(self._repr_mimebundle_(), raw=True)
        self._remainder.show()

    def refresh(self) -> None:
        """Look again which datasets there are."""
        self._records = {r.name: r for r in self._client.datasets()}
        self._fill_list()

    def choose(self, dataset: Dataset | str) -> None:
        """Choose a dataset, or a selection of one, or one by its name.

        Raises:
            NotFound: If there is none of that name.
        """
        name = dataset if isinstance(dataset, str) else dataset.name
        self._client.get_dataset(name)
        self._folded -= {folder for folder in self._folded if name.startswith(folder)}
        self._search.value = ""
        self._choose(name, None if isinstance(dataset, str) else dataset)
        self.refresh()

    def show_trouble(self, text: str) -> None:
        """Show an error below the item; an empty text clears it."""
        self._trouble.value = tag("div", text, class_="xn-trouble") if text else ""

    def _make_parts(self) -> None:
        wide = {"description_width": "initial"}
        self._search = widgets.Text(placeholder="search…", continuous_update=True)
        self._version = widgets.Dropdown(
            options=[_LATEST], value=_LATEST, description="version", style=wide
        )
        self._filter = widgets.Text(
            placeholder="word, or field=value",
            description="filter",
            style=wide,
            continuous_update=False,
        )
        self._sample = widgets.BoundedIntText(
            value=0, min=0, max=10**9, description="sample (0: all)", style=wide
        )
        self._sample.layout.width = "190px"
        self._list = widgets.Select(options=[], rows=7)
        self._list.layout.width = "auto"
        self._previous = widgets.Button(description="‹ prev", tooltip="previous item")
        self._next = widgets.Button(description="next ›", tooltip="next item")
        for button in (self._previous, self._next):
            button.layout.width = "80px"
        self._keys = KeyGuard()
        self._where = widgets.HTML()
        self._item = widgets.HTML()
        self._trouble = widgets.HTML()

    def _observe(self) -> None:
        self._search.observe(self._searched, names="value")
        self._list.observe(self._listed, names="value")
        self._version.observe(self._narrowed, names="value")
        self._filter.observe(self._narrowed, names="value")
        self._sample.observe(self._narrowed, names="value")
        self._keys.on_msg(lambda _widget, message, _buffers: self._opened(message["opened"]))
        self._previous.on_click(lambda _: self._step(-1))
        self._next.on_click(lambda _: self._step(1))

    @shown
    def _searched(self, _: Any) -> None:
        self._fill_list()

    @shown
    def _listed(self, _: Any) -> None:
        chosen = self._list.value
        if chosen is None:
            return
        if not chosen.endswith("/"):
            self._choose(chosen)

    @shown
    def _opened(self, place: Any) -> None:
        """Fold or unfold the folder that was clicked or entered; arrow keys only pass over it."""
        _, opened = self._list.options[place]
        if opened.endswith("/"):
            self._list.value = opened
            self._folded ^= {opened}
            self._fill_list()

    def _choose(self, name: str, given: Dataset | None = None) -> None:
        """Make a dataset the chosen one: as it was given, else its latest version."""
        self._name = name
        versions = self._client.get_dataset(name).versions()
        self._version.unobserve(self._narrowed, names="value")
        self._version.options = [
            (_LATEST, _LATEST),
            *((f"{v:%Y-%m-%d %H:%M:%S}", v) for v in versions),
        ]
        is_old = given is not None and given.version in versions[1:]
        self._version.value = given.version if given is not None and is_old else _LATEST
        self._version.observe(self._narrowed, names="value")
        if given is None:
            self._narrow()
        else:
            self._take(given)

    @shown
    def _narrowed(self, _: Any) -> None:
        self._narrow()

    @shown
    def _step(self, by: Any) -> None:
        self._position += by
        self._show_item()

    def _narrow(self) -> None:
        """Make `value` of what is chosen, filtered and sampled."""
        name = self._name
        if name is None:
            return
        version = None if self._version.value == _LATEST else self._version.value
        dataset = self._client.get_dataset(name, version=version)
        if self._filter.value.strip():
            dataset = dataset.filter(self._filter.value)
        if not len(dataset):
            raise BadInput(f"No item of {name!r} matches the filter.", "Change or clear it.")
        if self._sample.value:
            dataset = dataset.sample(self._sample.value)
        self._take(dataset)

    def _take(self, dataset: Dataset) -> None:
        self._position = 0
        self.value = dataset
        self._show_item()
        self._remainder.update(_remaining(dataset))

    def _fill_list(self) -> None:
        wanted = self._search.value.strip().casefold()
        names = [n for n in self._records if wanted in n.casefold()]
        options = _tree([self._records[n] for n in names], set() if wanted else self._folded)
        shown = {value for _, value in options}
        kept = self._list.value if self._list.value in shown else self._name
        # New options choose their first one for a moment, which nobody meant.
        self._list.unobserve(self._listed, names="value")
        self._list.options = options
        self._list.value = kept if kept in shown else None
        self._list.observe(self._listed, names="value")
        if not options:
            text = "no dataset matches" if wanted else "no datasets yet: create_dataset(name=...)"
            self._where.value = tag("span", text, class_="xn-dim")

    def _show_item(self) -> None:
        dataset: Dataset = self.value
        if dataset is None:
            return
        self._position %= len(dataset)
        place = f"item {self._position + 1} of {len(dataset)}"
        self._where.value = tag("span", place, class_="xn-dim")
        self._item.value = _item_html(dataset.items[self._position])


def pick_dataset(name: str | None = None, *, client: Client | None = None) -> DatasetPicker:
    """A widget to choose a dataset with; its `.value` is the dataset.

    Args:
        name: The dataset chosen at first.
        client: Whose datasets; the usual client's by default.

    Raises:
        NotFound: If there is no dataset of that name.
    """
    return DatasetPicker(client or get_client(), name)


def _tree(records: list[DatasetRecord], folded: set[str]) -> list[tuple[str, str]]:
    """Options of a list that reads as a tree: folders, and the datasets in them."""
    options: list[tuple[str, str]] = []
    opened: set[str] = set()
    width = max((len(r.name.rpartition("/")[2]) for r in records), default=0)
    for record in sorted(records, key=lambda r: (r.name.rpartition("/")[0], r.name)):
        folder, slash, short = record.name.rpartition("/")
        path = folder + slash
        if path and path not in opened:
            opened.add(path)
            options.append((f"{'▸' if path in folded else '▾'} {path}", path))
        if path not in folded:
            count = f"{record.item_count:,} items"
            text = f"{'   ' if path else ''}{short.ljust(width)}   {count:>14}   "
            options.append(
                ((text + clock.age(record.updated_at)).replace(" ", _SPACE), record.name)
            )
    return options


def _item_html(item: DatasetItem) -> Markup:
    parts = (
        ("id", item.id),
        ("input", item.input),
        ("expected", item.expected_output),
        ("metadata", item.metadata),
    )
    rows = [(name, value) for name, value in parts if value is not None]
    return tag(
        "div",
        tag("dl", join(join([tag("dt", n), tag("dd", _readable(v))]) for n, v in rows)),
        class_="xn-item",
    )


def _readable(value: Any) -> str:
    """A value for reading: text as it is, a dict as one line a key."""
    if isinstance(value, dict) and value:
        text = "\n".join(
            f"{k}: {v if isinstance(v, str) else to_json(v)}" for k, v in value.items()
        )
    else:
        text = value if isinstance(value, str) else to_json(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text):,} characters)"


def _remaining(dataset: Dataset) -> Static:
    chosen = f"{len(dataset)} items" + (" selected" if dataset.is_selection else "")
    text = f"Dataset {dataset.name} · {chosen} · version {dataset.version:%Y-%m-%d %H:%M:%S} UTC"
    return Static(text, tag("p", text))
