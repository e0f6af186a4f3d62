"""What the tests of labelling share: something to label, and a page that a person labels on."""

from __future__ import annotations

import itertools
import shutil

from xeroml_nb.annotation.choices import Option
from xeroml_nb.annotation.decision import Decision
from xeroml_nb.annotation.dimension import Dimension
from xeroml_nb.annotation.labels import Labels
from xeroml_nb.annotation.order import Order
from xeroml_nb.annotation.queue import (
    Terms,
    material_of,
    open_annotation_queue,
    open_for_experiments,
)
from xeroml_nb.annotation.rubric import Rubric
from xeroml_nb.annotation.session import LabellingSession
from xeroml_nb.annotation.sharing import Team
from xeroml_nb.client import get_client
from xeroml_nb.records.label import Action
from xeroml_nb.store import labels as stored_labels

VERDICT = Rubric([Dimension("verdict", options=[Option("pass", value=1), Option("fail", value=0)])])
EVERY_KIND = Rubric(
    [
        Dimension("verdict", options=["pass", "fail"]),
        Dimension("safe", "boolean"),
        Dimension("tone", "scale", minimum=1, maximum=5),
        Dimension("cost", "number", minimum=0, maximum=10, step=0.5),
        Dimension("why", "text", required=False),
    ]
)
PREFERENCE = Rubric.preference()
_names = itertools.count()


def make_items(client, number, name="items", **columns):
    """A dataset with the items "i0" onwards, whose input is their number."""
    rows = [
        {"id": f"i{n}", "input": n} | {column: of(n) for column, of in columns.items()}
        for n in range(number)
    ]
    return client.create_dataset(name=name, items=rows)


def run_of(client, outputs, name="run", *, dataset="items", **options):
    """A finished experiment whose item "i<n>" has the n-th output; an exception is raised."""
    if dataset not in {d.name for d in client.datasets()}:
        make_items(client, len(outputs), dataset)

    def task(number):
        if isinstance(outputs[number], Exception):
            raise outputs[number]
        return outputs[number]

    return client.start(task, dataset, name=name, resume=False, **options).wait()


def store_with(folder, fill):
    """The file of a store that a function filled: a copy of it costs a test next to nothing."""
    made = get_client(folder / "store.db")
    fill(made)
    made.close()
    return folder / "store.db"


def client_of_copy(templates, wanted, folder):
    """A client over the folder's own store, a copy of the one a test wants if it wants any."""
    for name in templates.keys() & set(wanted):
        shutil.copyfile(templates[name], folder / "store.db")
    return get_client()


def terms(order=None, team=(), overlap=1.0, repeats=0.0):
    """How a queue is labelled."""
    return Terms(order or Order(), Team(tuple(team), overlap), repeats)


def session_of(  # noqa: PLR0913 - what, what to ask, who, from where
    chosen, rubric=VERDICT, annotator="ann", *, agreed=None, blind=True, show=None, store=None
):
    """Begin to label an experiment, or go on; a list of two is a pair."""
    experiments = chosen if isinstance(chosen, list) else [chosen]
    store = store or experiments[0].store
    opened = open_for_experiments(store, experiments, rubric, agreed)
    material = material_of(store, opened.record, show)
    return LabellingSession(store, opened.record, opened.rubric, annotator, material, blind=blind)


def session_of_queue(store, queue_id, annotator="ann", rubric=None):
    """Begin to label a queue of traces, or go on."""
    opened = open_annotation_queue(store, queue_id, rubric)
    material = material_of(store, opened.record)
    return LabellingSession(store, opened.record, opened.rubric, annotator, material)


def labels_of(session):
    """What everybody said in the queue of a session."""
    return Labels(session.store, session.queue, session.rubric)


def events_of(session, annotator=None):
    """The stored log of a session's queue."""
    with session.store.reading() as connection:
        return list(stored_labels.of_queue(connection, session.queue.id, annotator))


class Page:
    """A page that a person labels on: it numbers what they do, as the front end does.

    Args:
        session: Behind it.
        name: Of the page; another one by default.
    """

    def __init__(self, session, name=None):
        self.session = session
        self.name = name or f"page-{next(_names)}"
        self.sequence = 0

    def decision(self, action, position, dimension=None, value=None, **others):
        """The next decision of the page, on the item at a position."""
        self.sequence += 1
        known = {
            "session": self.name,
            "sequence": self.sequence,
            "position": position,
            "title": self.session.entry(position).shown.title,
            "action": Action(action),
            "dimension": dimension,
            "value": value,
        }
        return Decision(**known | others)

    def do(self, action, position=0, dimension=None, value=None, **others):
        """Do something to the item at a position."""
        return self.session.decide(self.decision(action, position, dimension, value, **others))

    def set(self, position, value, dimension="verdict", **others):
        """Answer a question on the item at a position."""
        return self.do("set", position, dimension, value, **others)

    def set_all(self, values, dimension="verdict"):
        """Answer a question on the items from the first one on; None passes one over."""
        for position, value in enumerate(values):
            if value is not None:
                self.set(position, value, dimension)


def place_of(session, item_id, *, repeat=False):
    """Where an item stands in a person's order."""
    session.plan.read_all()
    return next(
        place
        for place, planned in enumerate(session.plan.entries)
        if (planned.item_id, planned.repeat) == (item_id, repeat)
    )


def item_ids(session):
    """The items in a person's order."""
    session.plan.read_all()
    return [planned.item_id for planned in session.plan.entries]


def human_scores(client, experiment, author="ann"):
    """What a person's scores on an experiment's traces are, by item and name."""
    by_trace = {r.trace_id: r.item.id for r in experiment.get_results()}
    return {
        (by_trace[score.trace_id], score.name): score.value
        for score in client.get_scores(source="human", author=author).itertuples()
        if score.trace_id in by_trace
    }
