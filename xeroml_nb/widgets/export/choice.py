"""What goes: everything, some experiments, the labels of some queues, or what was handed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import ipywidgets as widgets

from xeroml_nb.annotation.labels import Labels
from xeroml_nb.annotation.queue import AnnotationQueue, queue_by_id
from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.experiment import Experiment
from xeroml_nb.experiments.markup import tag
from xeroml_nb.records import clock
from xeroml_nb.store import labels, queues
from xeroml_nb.widgets.export.words import short
from xeroml_nb.widgets.host import answer_while_busy

if TYPE_CHECKING:
    from collections.abc import Callable

    from xeroml_nb.client import Client
    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.records.label import QueueRecord

R = TypeVar("R", "ExperimentRecord", "QueueRecord")
EVERYTHING, EXPERIMENTS, LABELS = "everything", "experiments", "labels"
_OFFERED = 200
_NAME = 60


class Fixed(widgets.HTML):
    """What was handed in.

    Args:
        client: Whose experiments and queues.
        what: As `Client.push` takes it, but not None.

    Raises:
        NotFound: If there is no such experiment or queue.
        BadInput: If it is none of what can be sent.
    """

    is_empty = False

    def __init__(self, client: Client, what: Any) -> None:
        self.chosen = what
        parts = list(what) if isinstance(what, (list, tuple)) else [what]
        if not parts:
            raise BadInput(
                "export_panel() was given an empty list.", "Leave it out to choose in the panel."
            )
        self._things = [client.get_experiment(p) if isinstance(p, str) else p for p in parts]
        self._names = [_name_of(client, thing) for thing in self._things]
        title = tag("span", short(", ".join(self._names)), class_="xn-what")
        super().__init__(title)

    def names(self) -> list[str]:
        """What people call its parts."""
        return self._names

    def things(self) -> list[Any]:
        """Its parts, each of which makes a file."""
        return self._things

    def refresh(self) -> None:
        """It stays what it is."""


class Choice(widgets.HBox):
    """A list of what kinds there are, and beside it those of the kind that is chosen.

    Args:
        client: Whose experiments and queues.
        changed: Called when something else is chosen.
    """

    def __init__(self, client: Client, changed: Callable[[], None]) -> None:
        self._client = client
        self._changed = changed
        wide = {"description_width": "initial"}
        self._kind = widgets.Dropdown(
            options=[EVERYTHING, EXPERIMENTS, LABELS], description="what", style=wide
        )
        self._list = widgets.SelectMultiple(options=[], rows=4, style=wide)
        super().__init__([self._kind, self._list])
        self.add_class("xn-form")
        self._list.add_class("xn-offered")
        self.refresh()
        self._kind.observe(self._kind_chosen, names="value")
        self._list.observe(self._chosen, names="value")

    @property
    def is_empty(self) -> bool:
        """Tell whether a kind is chosen, but nothing of it."""
        return self._kind.value != EVERYTHING and not self._list.value

    @property
    def chosen(self) -> Any:
        """What is chosen, as `Client.push` takes it: None for everything, else a list."""
        return None if self._kind.value == EVERYTHING else self.things()

    def names(self) -> list[str]:
        """What people call the parts of what is chosen."""
        return [r.label for r in self._records()] + [queue_title(q) for q in self._chosen_queues()]

    def things(self) -> list[Any]:
        """The parts of what is chosen, each of which makes a file."""
        store = self._client.store
        found = [self._client.get_experiment(r.id) for r in self._records()]
        return [*found, *(Labels(store, queue) for queue in self._chosen_queues())]

    def refresh(self) -> None:
        """Look again what there is; what was chosen stays chosen."""
        kind = self._kind.value
        self._list.layout.display = "none" if kind == EVERYTHING else None
        options = {EXPERIMENTS: self._experiments, LABELS: self._queues}.get(kind, list)()
        if [value for _, value in self._list.options] == [value for _, value in options]:
            return
        kept = [value for _, value in options if value in self._list.value]
        # New options choose nothing for a moment, which nobody meant.
        self._list.unobserve(self._chosen, names="value")
        self._list.description = f"{kind}, one or several"
        self._list.options = options
        self._list.value = kept
        self._list.observe(self._chosen, names="value")
        answer_while_busy(self._list)

    def _kind_chosen(self, _: Any) -> None:
        self.refresh()
        self._changed()

    def _chosen(self, _: Any) -> None:
        self._changed()

    def _records(self) -> list[ExperimentRecord]:
        return self._those(EXPERIMENTS, self._client.experiments())

    def _chosen_queues(self) -> list[QueueRecord]:
        return self._those(LABELS, [queue for queue, _ in self._labelled()])

    def _those(self, kind: str, every: list[R]) -> list[R]:
        """Of all of a kind those that are chosen."""
        if self._kind.value == EVERYTHING:
            return every
        ids = self._list.value if self._kind.value == kind else ()
        return [one for one in every if one.id in ids]

    def _experiments(self) -> list[tuple[str, str]]:
        """The newest experiments, newest first."""
        return [
            (f"{short(r.label, _NAME)} · {r.status.value} · {clock.age(r.created_at)}", r.id)
            for r in self._client.experiments()[:_OFFERED]
        ]

    def _queues(self) -> list[tuple[str, str]]:
        """The newest queues that somebody labelled in, newest first."""
        return [
            (" · ".join(short(t, _NAME) for t in (q.name, q.rubric_name, ", ".join(who))), q.id)
            for q, who in self._labelled()[:_OFFERED]
        ]

    def _labelled(self) -> list[tuple[QueueRecord, list[str]]]:
        """All queues that somebody labelled in, newest first, and who."""
        with self._client.store.reading() as connection:
            found = [(q, labels.annotators(connection, q.id)) for q in queues.listing(connection)]
        return [(queue, who) for queue, who in reversed(found) if who]


def queue_title(queue: QueueRecord) -> str:
    """What people call the labels of a queue."""
    return f"labels of {queue.name}"


def _name_of(client: Client, thing: Any) -> str:
    if isinstance(thing, Experiment):
        return thing.label
    if isinstance(thing, Labels):
        return queue_title(queue_by_id(client.store, thing.queue_id))
    if isinstance(thing, AnnotationQueue):
        return thing.name
    raise BadInput(
        f"export_panel() was given a {type(thing).__name__}.",
        "Pass an experiment or its name, labels, a queue, or a list of these.",
    )
