"""Label outputs by hand: `annotate(experiment, rubric)`."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from xeroml_nb.annotation.adjudication import Disagreements
from xeroml_nb.annotation.labels import Labels
from xeroml_nb.annotation.material import ExperimentMaterial
from xeroml_nb.annotation.order import Order
from xeroml_nb.annotation.queue import (
    AnnotationQueue,
    Terms,
    material_of,
    open_annotation_queue,
    open_for_adjudication,
    open_for_experiments,
)
from xeroml_nb.annotation.rubric import Rubric
from xeroml_nb.annotation.session import LabellingSession
from xeroml_nb.annotation.sharing import Team
from xeroml_nb.client import get_client
from xeroml_nb.errors import BadInput, XeromlError
from xeroml_nb.experiments.experiment import Experiment
from xeroml_nb.experiments.markup import tag
from xeroml_nb.records.ids import checked_name
from xeroml_nb.records.json_text import said
from xeroml_nb.records.label import EntryKey
from xeroml_nb.widgets.host import Remainder, Static
from xeroml_nb.widgets.label_view import LabelView, text_of_moment
from xeroml_nb.widgets.name_form import NameForm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ipywidgets import Widget

    from xeroml_nb.annotation.material import Material, Show
    from xeroml_nb.annotation.queue import Opened
    from xeroml_nb.store.store import Store

_LOOK_SECONDS = 1.0
_SHARE = 10  # looking for what joins takes at most a tenth of the time
_QUIET_LOOKS = 5
_following: dict[tuple[str, str], Labeller]
_last_annotator: str | None = None


class Labeller(Labels):
    """A labelling surface in the notebook, and all that people said with it.

    Args:
        store: Where labels are kept.
        opened: The queue, what it asks, and what the person should know.
        material: What there is to label.
        annotator: Who labels; None asks on the surface.
        blind: Automatic scores and other people's labels are hidden until an item is decided.
    """

    def __init__(
        self,
        store: Store,
        opened: Opened,
        material: Material,
        *,
        annotator: str | None,
        blind: bool,
    ) -> None:
        super().__init__(store, opened.record, opened.rubric)
        self._opened = opened
        self._material = material
        self._blind = blind
        self._sessions: dict[str, LabellingSession] = {}
        self._session: LabellingSession | None = None
        self._last_line = ""
        self._is_shown = False
        self._displayed_in: int | None = None
        self._followers: list[Callable[[], None]] = []
        self._remainder = Remainder()
        self._view = LabelView()
        if annotator is not None:
            self._begin(annotator)

    def __repr__(self) -> str:
        return self._line()

    def _ipython_display_(self) -> None:
        # A cell that ends with `annotate(...)` has shown it already.
        if self._displayed_in is None or self._displayed_in != _execution_count():
            self.show()

    def show(self) -> None:
        """Appear below the running cell."""
        display(self.surface())
        self._remainder.update(self._static())
        self._remainder.show()

    def surface(self) -> Widget:
        """What people label on, for a place inside another widget."""
        self._is_shown, self._displayed_in = True, _execution_count()
        self._follow()
        return self._view if self._session is not None else NameForm(self._begin, self._view)

    def on_progress(self, callback: Callable[[], None]) -> None:
        """Call a function when labels or items were added, at most once a second.

        It is called on another thread, as long as this is the newest labeller of its queue.
        """
        self._followers.append(callback)

    @property
    def progress(self) -> tuple[int, int] | None:
        """How many are labelled, and of how many; None before anybody said who labels."""
        session = self._session
        return None if session is None else (session.tally.done, session.total)

    @property
    def session(self) -> LabellingSession:
        """What was decided and what comes next, for the person who labels.

        Raises:
            BadInput: If nobody has said yet who labels.
        """
        if self._session is None:
            raise BadInput("Nobody has said who labels.", "Pass annotator='your name'.")
        return self._session

    def requeue(self) -> int:
        """Ask again what was answered under an earlier version of the rubric.

        Returns:
            How many items are undecided again.
        """
        return self.session.requeue()

    def record(
        self,
        item_id: str,
        answers: Mapping[str, Any],
        *,
        annotator: str,
        comment: str = "",
        repetition: int = 0,
    ) -> None:
        """Store a label that was given elsewhere, such as in a spreadsheet.

        Args:
            item_id: The item.
            answers: Value by dimension.
            annotator: Who gave it.
            comment: Why.
            repetition: Of the item run.

        Raises:
            BadInput: If there is no such item, or an answer does not fit; nothing is stored then.
        """
        key = EntryKey(item_id, repetition)
        self._session_of(checked_name("annotator", annotator)).record(key, answers, comment)

    def adjudicate(self, *, annotator: str | None = None) -> Labeller:
        """Label once more what people disagree about, with their decisions shown nameless.

        Args:
            annotator: Who settles it.

        Raises:
            BadInput: If there is no disagreement.
        """
        material = Disagreements(self, self._material)
        if not material.finished():
            raise BadInput(
                f"Nobody disagrees in {self._queue.name!r}.",
                f"It was labelled by {', '.join(self.annotators) or 'nobody'}.",
            )
        opened = open_for_adjudication(self._store, self._queue, self._rubric)
        settled = Labeller(
            self._store, opened, material, annotator=_who(annotator), blind=self._blind
        )
        settled._show_in_notebook()
        return settled

    def _show_in_notebook(self) -> None:
        if get_ipython() is not None:
            self.show()

    def _session_of(self, annotator: str) -> LabellingSession:
        if annotator not in self._sessions:
            self._sessions[annotator] = LabellingSession(
                self._store,
                self._queue,
                self._rubric,
                annotator,
                self._material,
                blind=self._blind,
            )
        return self._sessions[annotator]

    def _begin(self, annotator: str) -> None:
        """Open the session of a person, from now on the one who labels in this process."""
        global _last_annotator  # noqa: PLW0603 - the name is said once per process
        name = checked_name("annotator", annotator.strip())
        session = self._session = self._session_of(name)
        _last_annotator = name
        self._view.show(session, self, self._notices(session))
        if self._is_shown:
            self._follow()

    def _notices(self, session: LabellingSession) -> list[dict[str, Any]]:
        texts = [*self._opened.notices, *filter(None, [session.note])]
        notices: list[dict[str, Any]] = [{"text": text} for text in texts]
        stale = {key for key, _ in session.stale()}
        if stale and self._opened.changed:
            text = f"{len(stale)} items were labelled under an earlier version of a question."
            actions = {"requeue": "Label them again", "keep": "Keep them"}
            notices.append({"text": text, "actions": actions})
        if session.saved:
            notices.append(
                {"text": f"Resumed: {session.tally.done} of {session.total} labelled so far."}
            )
        return notices

    def _follow(self) -> None:
        """Take in what joins the queue, in a thread, as long as this is the newest labeller."""
        if self._session is None:
            return
        key = (self._queue.id, self._session.annotator)
        if _following.get(key) is not self:
            _following[key] = self
            threading.Thread(target=self._look_after, args=[key], daemon=True).start()

    def _look_after(self, key: tuple[str, str]) -> None:
        """Take in what joins, and keep the line for the saved notebook up to date.

        As long as this is the newest labeller of its queue and person.
        """
        growing, said_last, quiet = True, self._line(), 0
        pause = threading.Event()
        while _following.get(key) is self:
            began = time.monotonic()
            growing = growing and self._take_in()
            line = self._line()
            quiet = quiet + 1 if line == self._last_line else 0
            self._last_line = line
            if not quiet:
                self._tell_followers()
            # Not with every label: a message of its own would follow each of them.
            if line != said_last and quiet >= _QUIET_LOOKS:
                said_last = line
                self._remainder.update(self._static())
            pause.wait(max(_LOOK_SECONDS, _SHARE * (time.monotonic() - began)))

    def _tell_followers(self) -> None:
        """Call the followers; what fails in one is shown, and labels are followed all the same."""
        try:
            for callback in self._followers:
                callback()
        except Exception as error:  # noqa: BLE001 - a thread's error would be seen by nobody
            self._view.show_trouble(said(error))

    def _take_in(self) -> bool:
        """Put in order what is finished by now; False once nothing more can follow."""
        try:
            growing = self._material.is_growing()
            if self.session.join():
                self._view.grew()
        except Exception as error:  # noqa: BLE001 - a thread's error would be seen by nobody
            text = str(error) if isinstance(error, XeromlError) else said(error)
            self._view.show_trouble(text)
            return False
        return growing

    def _line(self) -> str:
        session = self._session
        # Which runs are compared is told at the end.
        what = "two runs, blind," if self._queue.is_pair else self._queue.name
        if session is None:
            return f"Labels of {what}: nobody labels yet"
        words = f"Labels of {what} by {session.annotator}: {session.tally.done} of "
        return f"{words}{session.total} · {session.tally.text()}".rstrip(" ·")

    def _static(self) -> Static:
        text = f"{self._line()} · as of {text_of_moment()}"
        return Static(text, tag("p", text))


def annotate(  # noqa: PLR0913 - the words of the front door
    what: Experiment | AnnotationQueue | str,
    *others: Experiment | Rubric,
    annotator: str | None = None,
    order: Order | None = None,
    team: Sequence[str] | None = None,
    overlap: float = 1.0,
    repeats: float = 0.0,
    blind: bool = True,
    show: Show | None = None,
) -> Labeller:
    """Label the outputs of an experiment, or compare those of two, with single keys.

    Running the cell again goes on where it was left: same item, same order, same counts.

    Args:
        what: An experiment, a queue of traces, or the id of one.
        others: A second experiment to compare with, blind and item by item; a `Rubric`. Without
            one: pass, fail or defer; for two experiments, which output is better.
        annotator: Who labels; said once per session, otherwise asked for on the surface.
        order: What comes next; as given by default.
        team: Who shares the queue.
        overlap: Share of the items that everybody in the team labels; the rest is split.
        repeats: Share of the items shown a second time, to see how consistent a person is.
        blind: Hide automatic scores and other people's labels until an item is decided.
        show: A function of a `Result` that gives what to show, by name, instead of input, output
            and expected output.

    Raises:
        BadInput: If there is nothing to label, or the rubric does not fit; nothing is written.

    Example:
        `annotate(experiment, Rubric([Dimension("verdict", options=["pass", "fail"])]))`
    """
    experiments, rubric = _sorted_out(what, others)
    asked = order is not None or team is not None or overlap != 1.0 or bool(repeats)
    terms = Terms(order or Order(), Team(tuple(team or ()), overlap), repeats) if asked else None
    if experiments:
        store = experiments[0].store
        check_material(experiments)
        default = Rubric.preference() if len(experiments) > 1 else Rubric.pass_fail()
        opened = open_for_experiments(store, experiments, rubric or default, terms)
    else:
        if terms is not None:
            raise BadInput(
                "order=, team=, overlap= and repeats= are for experiments.",
                "A queue of traces comes as it was filled.",
            )
        store = get_client().store
        queue_id = what.id if isinstance(what, AnnotationQueue) else str(what)
        opened = open_annotation_queue(store, queue_id, rubric)
    material = material_of(store, opened.record, show)
    made = Labeller(store, opened, material, annotator=_who(annotator), blind=blind)
    made._show_in_notebook()  # noqa: SLF001 - made here
    return made


_following = {}


def _sorted_out(
    what: Experiment | AnnotationQueue | str, others: Sequence[Experiment | Rubric]
) -> tuple[list[Experiment], Rubric | None]:
    """Tell experiments from the rubric."""
    rubrics = [one for one in others if isinstance(one, Rubric)]
    experiments = [one for one in (what, *others) if isinstance(one, Experiment)]
    known = len(rubrics) + len(experiments)
    first_counts = not isinstance(what, Experiment)
    if known != len(others) + (not first_counts) or len(rubrics) > 1 or len(experiments) > 2:  # noqa: PLR2004
        raise BadInput(
            "annotate() was given " + ", ".join(type(o).__name__ for o in (what, *others)) + ".",
            "Pass one experiment or two, then a Rubric.",
        )
    return experiments, rubrics[0] if rubrics else None


def check_material(experiments: Sequence[Experiment]) -> None:
    """Refuse to label what has no output and will have none.

    Raises:
        BadInput: If it is so.
    """
    records = tuple(experiment.record for experiment in experiments)
    material = ExperimentMaterial(experiments[0].store, records)
    if not material.is_growing() and not material.first(1):
        names = " and ".join(record.label for record in records)
        shared = "no item that both finished" if len(records) > 1 else "no finished item"
        raise BadInput(f"{names} has {shared}.", "Run it, or see to_frame() for its errors.")


def labeller_of(store: Store, opened: Opened) -> Labeller:
    """A labeller for a place inside another widget; who labelled last here labels there too."""
    material = material_of(store, opened.record)
    return Labeller(store, opened, material, annotator=last_annotator(), blind=True)


def last_annotator() -> str | None:
    """Who said last in this process that they label; None if nobody did."""
    return _last_annotator


def _who(annotator: str | None) -> str | None:
    """The name given, or the one that was said last in this process."""
    return annotator if annotator is not None else _last_annotator


def _execution_count() -> int | None:
    shell = get_ipython()
    return None if shell is None else shell.execution_count
