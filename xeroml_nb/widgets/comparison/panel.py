"""Compare experiments in the notebook: `comparison("triage_v1", "triage_v2")`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import ipywidgets as widgets
from IPython.display import display

from xeroml_nb.annotation.queue import open_annotation_queue
from xeroml_nb.client import get_client
from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.markup import join, table, tag
from xeroml_nb.widgets.comparison.labelling import queue_for
from xeroml_nb.widgets.comparison.runs import newest_pair, offered, run_wire
from xeroml_nb.widgets.comparison.view import ComparisonView
from xeroml_nb.widgets.comparison.wire import score_rows
from xeroml_nb.widgets.host import Remainder, Static
from xeroml_nb.widgets.labeller import labeller_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.analysis.groups import Grouping
    from xeroml_nb.annotation.rubric import Rubric
    from xeroml_nb.client import Client
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.widgets.comparison.items import ItemList
    from xeroml_nb.widgets.labeller import Labeller

_ROWS = 20
_NOTHING = "Nothing to compare yet: run two experiments over one dataset, then choose them here."


class ComparisonPanel(widgets.VBox):
    """Compares experiments: verdicts, charts, every item, and the way to label some of them.

    Args:
        client: Whose experiments.
        options: Those of `Client.compare`.
        rubric: What is asked of the items that are labelled; pass or fail by default.
    """

    def __init__(
        self, client: Client, options: dict[str, Any], rubric: Rubric | None = None
    ) -> None:
        self._client = client
        self._options = options
        self._rubric = rubric
        self._remainder = Remainder()
        self._view = ComparisonView(self._choose_ids, self._label)
        self._below = widgets.VBox()
        self.comparison: Comparison | None = None
        self.labeller: Labeller | None = None
        super().__init__([self._view, self._below])

    def __repr__(self) -> str:
        what = "nothing chosen" if self.comparison is None else self.comparison.title
        return f"Comparison ({what}); run the cell again to use it"

    def _ipython_display_(self) -> None:
        display(self._repr_mimebundle_(), raw=True)
        self._remainder.show()

    @property
    def score(self) -> str | None:
        """The score that is looked at."""
        return None if self._view.items is None else self._view.items.score

    @property
    def candidate(self) -> str | None:
        """The label of the run that is held against the baseline."""
        return None if self._view.items is None else self._view.items.candidate.label

    @property
    def selection(self) -> list[str]:
        """The ids of the items that are checked; if none are, of those that the filter leaves."""
        return self._view.selection

    def on_selection(self, callback: Callable[[list[str]], None]) -> None:
        """Call a function with the ids whenever the selection becomes another one.

        It may be called on another thread while a cell runs.
        """
        self._view.on_selection(callback)

    def choose(
        self,
        *experiments: Experiment | str,
        baseline: Experiment | str | None = None,
        score: str | None = None,
    ) -> None:
        """Compare other experiments from now on.

        Args:
            experiments: Two or more, or their names; one beside a baseline.
            baseline: What the others are compared with; the first one by default.
            score: The score to look at; the first one by default.

        Raises:
            NotFound: If there is no such experiment or score.
            BadInput: If there is nothing to compare.
        """
        self._show(self._compared(experiments, baseline), score)

    def _compared(
        self, experiments: Sequence[Experiment | str], baseline: Experiment | str | None = None
    ) -> Comparison:
        made = self._client.compare(*experiments, baseline=baseline, **self._options)
        if not made.candidates:
            raise BadInput(f"{made.title} is one run.", "Choose another one to compare it with.")
        return made

    def _show(self, made: Comparison, score: str | None) -> None:
        candidate = made.candidates[0].label
        chosen = made.changes(score, candidate).score
        self._view.show(made, chosen, candidate)
        self.comparison = made
        self._below.children = ()
        self._offer()
        self._remainder.update(_static(made))

    def refresh(self) -> None:
        """Look again which experiments there are; with none chosen yet, the newest two are."""
        pair = [] if self.comparison else newest_pair(self._client)
        if pair:
            self.choose(*(record.id for record in pair))
            return
        self._view.show_trouble("" if self.comparison else _NOTHING)
        self._offer()

    def show_trouble(self, text: str) -> None:
        """Show an error above the comparison; an empty text clears it."""
        self._view.show_trouble(text)

    def _offer(self) -> None:
        runs = () if self.comparison is None else self.comparison.runs
        found = [run_wire(record) for record in offered(self._client, runs)]
        self._view.offer(found, [record.id for record in runs])

    def _choose_ids(self, ids: Sequence[str]) -> None:
        made = self._compared(ids)
        self._show(made, self.score if self.score in made.scores else None)

    def _label(self) -> str:
        """Open the labeller for what is selected; gives what the page says of it."""
        items: ItemList = _there(self._view.items)
        wanted = "chosen by hand" if self._view.is_checked else str(self._view.wanted)
        queue = queue_for(items, self.selection, wanted)
        store = self._client.store
        opened = open_annotation_queue(store, queue.id, self._rubric)
        self.labeller = labeller_of(store, opened)
        return self._place(self.labeller, queue.name)

    def _place(self, labeller: Labeller, name: str) -> str:
        """Show a labeller; gives what the page says of it."""
        self._below.children = (labeller.surface(),)
        return f"The labeller is open below: {name}"


class ComparisonOptions(TypedDict, total=False):
    """How `Client.compare` compares, whatever it is given."""

    by: Grouping | None
    cluster: Grouping | None
    scores: Sequence[str] | None
    directions: Mapping[str, str] | None
    bootstrap: int
    seed: int


def comparison(
    *experiments: Experiment | str,
    baseline: Experiment | str | None = None,
    score: str | None = None,
    client: Client | None = None,
    **options: Unpack[ComparisonOptions],
) -> ComparisonPanel:
    """A widget that compares experiments and shows on which items they differ.

    Args:
        experiments: Experiments, or their names such as "triage_v2 #3"; by default the two newest
            over one dataset.
        baseline: What the others are compared with; the first one by default.
        score: The score to look at; the first one by default.
        client: Whose experiments; the usual client's by default.
        options: Those of `Client.compare`: `by, cluster, scores, directions, bootstrap, seed`.

    Raises:
        NotFound: If there is no such experiment or score.
        BadInput: If there is nothing to compare.

    Example:
        `comparison("triage_v1", "triage_v2", score="accuracy")`
    """
    made = ComparisonPanel(client or get_client(), {**options})
    if experiments or baseline is not None:
        made.choose(*experiments, baseline=baseline, score=score)
    else:
        made.refresh()
    return made


def _there(items: ItemList | None) -> ItemList:
    if items is None:
        raise BadInput("Nothing is compared yet.", "Choose two runs.")
    return items


def _static(made: Comparison) -> Static:
    """What stays in a saved notebook."""
    sentences = made.sentences()
    rows = [
        (row["name"], row["of"], row["means"], row["text"], row["p"], row["verdict"])
        for row in score_rows(made)[:_ROWS]
    ]
    heads = ("score", "run", "means", "difference", "p", "verdict")
    counts = [tag("p", f"{d.score}: {d.counts}") for d in made.differences[:1]]
    labels = ", ".join(repr(record.label) for record in made.runs)
    go_on = tag("p", f"To look into the items: xn.comparison({labels})")
    notes = join(tag("p", note) for note in made.notes)
    title = tag("p", tag("strong", made.title))
    html = join([title, *counts, table(heads, rows, numeric={2, 3, 4}), notes, go_on])
    return Static("\n".join([made.title, *sentences[:_ROWS]]), html)
