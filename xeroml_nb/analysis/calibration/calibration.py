"""A judge held against people."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from xeroml_nb.analysis.calibration import differing, means
from xeroml_nb.analysis.calibration.agreement import agreement_of
from xeroml_nb.analysis.calibration.notes import notes_of
from xeroml_nb.analysis.calibration.page import calibration_html
from xeroml_nb.analysis.calibration.scale import Meeting
from xeroml_nb.analysis.calibration.tables import confusion_table, mean_table, threshold_table
from xeroml_nb.analysis.calibration.words import calibration_text
from xeroml_nb.analysis.statistics.cuts import best_cut, cuts
from xeroml_nb.annotation.queue import open_annotation_queue
from xeroml_nb.errors import BadInput
from xeroml_nb.provided import provided

if TYPE_CHECKING:
    import pandas as pd

    from xeroml_nb.analysis.calibration.agreement import JudgeAgreement
    from xeroml_nb.analysis.calibration.pairing import Pairing
    from xeroml_nb.analysis.statistics.cuts import Cut
    from xeroml_nb.analysis.statistics.prediction_powered import CorrectedMean
    from xeroml_nb.annotation.queue import AnnotationQueue
    from xeroml_nb.annotation.rubric import Rubric
    from xeroml_nb.experiments.markup import Markup
    from xeroml_nb.store.store import Store
    from xeroml_nb.widgets.labeller import Labeller


class Calibration:
    """A judge held against people: how far they agree, and what its mean is worth.

    Args:
        store: Where the experiment lives.
        pairing: The verdicts and labels.
        cut: From where on a number of the judge is a yes, where people say yes or no; by default
            where the two agree best.
    """

    def __init__(self, store: Store, pairing: Pairing, cut: float | None = None) -> None:
        self.store = store
        self.pairing = pairing
        self._cut = cut

    def __repr__(self) -> str:
        return calibration_text(self)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - IPython's words
        printer.text(repr(self))

    def _repr_html_(self) -> Markup:
        return calibration_html(self)

    @property
    def title(self) -> str:
        """What is held against what: "helpful against verdict (human) in triage_v2 #3"."""
        return f"{self.judge} against {self.people} in {self.pairing.record.label}"

    @property
    def judge(self) -> str:
        """The name of the judge's score."""
        return self.pairing.judge

    @property
    def people(self) -> str:
        """What people's labels are called."""
        return self.pairing.said.name

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What the reader must know, as sentences."""
        return tuple(notes_of(self))

    # Agreement.

    @property
    def cut(self) -> float | None:
        """From where on a number of the judge is a yes; None where there is nothing to cut."""
        if self.pairing.meeting is not Meeting.CUT or self._cut is not None:
            return self._cut
        best = best_cut(self._cuts)
        return None if best is None else best.at

    @property
    def is_cut_chosen(self) -> bool:
        """Whether the cut was chosen on the same labels that it is held against."""
        return self._cut is None and self.cut is not None

    def at(self, cut: float) -> Calibration:
        """The same with a cut of your own.

        Args:
            cut: From here on a number of the judge is a yes.

        Raises:
            BadInput: If there is nothing to cut.
        """
        self._check_cut()
        return Calibration(self.store, self.pairing, float(cut))

    @cached_property
    def agreement(self) -> JudgeAgreement:
        """Agreement, kappa, and for yes or no sensitivity and specificity, with intervals."""
        cut_or_so = self.cut is not None or self.pairing.meeting is Meeting.YES_OR_NO
        return agreement_of(self.compared, numeric=self.pairing.scale.numeric, yes_or_no=cut_or_so)

    @cached_property
    def compared(self) -> pd.DataFrame:
        """The pairs as they are compared: a number of the judge is cut where people say yes or no.

        Columns: `item_id, repetition, trace_id, ok, label, verdict, given` (the verdict as it was),
        `drawn` (how the label's place in its queue was).
        """
        pairs, cut = self.pairing.pairs, self.cut
        if cut is None:
            return pairs
        return pairs.assign(verdict=(pairs["verdict"] >= cut).astype(np.float64))

    @property
    def confusion(self) -> pd.DataFrame:
        """How many items got each label (index) and each verdict (columns).

        Many different numbers are put into five equal steps of their common range.
        """
        return confusion_table(self)

    def thresholds(self) -> pd.DataFrame:
        """What comes of each cut, where the judge gives numbers and people say yes or no.

        Columns: `cut` (this value and all above it are a yes), `yes` (how many items are one),
        `agreement, low, high` (95 %), `kappa, sensitivity, specificity, best`. The best was chosen
        on the same labels, so that its agreement is too good; see `at`.

        Raises:
            BadInput: If the judge gives no numbers to cut, or people gave one label only.
        """
        self._check_cut()
        if not self._cuts or best_cut(self._cuts) is None:
            raise BadInput(
                f"{self.title} has no cut: all labels or all verdicts are the same.",
                "Label items of both kinds.",
            )
        return threshold_table(self._cuts)

    # The means.

    @property
    def mean(self) -> CorrectedMean:
        """The mean over all items: the judge's, the one corrected by the labels, the labels' own.

        Raises:
            BadInput: If the judge gives categories.
        """
        if not self.pairing.scale.numeric:
            raise BadInput(f"{self.judge!r} gives categories, which have no mean.", "See .shares.")
        return self._means[""]

    @property
    def shares(self) -> dict[str, CorrectedMean]:
        """The share of each category over all items, in the same three ways.

        Raises:
            BadInput: If the judge gives numbers.
        """
        if self.pairing.scale.numeric:
            raise BadInput(f"{self.judge!r} gives numbers.", "See .mean.")
        return self._means

    def table(self) -> pd.DataFrame:
        """The means, or the shares of the categories, as a table.

        Columns: `category` (empty for a mean), `of` ("judge alone", "corrected", "labels alone"),
        `n` (items it is found from), `mean, low, high` (95 %), `method`.
        """
        return mean_table(self._means)

    @cached_property
    def _means(self) -> dict[str, CorrectedMean]:
        """By category; a mean of numbers under the empty text."""
        if self.pairing.scale.numeric:
            return {"": means.mean_of(self.pairing)}
        return means.shares_of(self.pairing)

    # The items.

    def disagreements(self) -> pd.DataFrame:
        """The items on which the judge and people differ, the largest difference first.

        Columns: `item_id, repetition, input, expected_output, output, label, verdict,
        label_comment, verdict_comment, trace_id`. Label and verdict are as they were given.
        """
        return differing.frame(self)

    def queue(self, rubric: Rubric | None = None, *, name: str | None = None) -> AnnotationQueue:
        """A queue of those items, for people to look at again; made once and found again.

        Args:
            rubric: What is asked; what people were asked before, where that is known.
            name: Of the queue.

        Raises:
            BadInput: If nothing differs, or it is not known what to ask.
        """
        return differing.queue(self, rubric, name)

    def annotate(self, rubric: Rubric | None = None) -> Labeller:
        """Label those items again, blind: what people and the judge said shows once it is decided.

        Args:
            rubric: What is asked; what people were asked before, where that is known.

        Raises:
            BadInput: If nothing differs, or it is not known what to ask.
        """
        opened = open_annotation_queue(self.store, self.queue(rubric).id, rubric)
        made: Labeller = provided("labeller")(self.store, opened)
        return made

    # Inside.

    @cached_property
    def _cuts(self) -> list[Cut]:
        pairs = self.pairing.pairs
        return cuts(pairs["verdict"], pairs["label"])

    def _check_cut(self) -> None:
        if self.pairing.meeting is not Meeting.CUT:
            raise BadInput(
                f"{self.title} has no cut: it is {self.pairing.meeting.value}.",
                "A cut needs a judge that gives numbers, and people who say yes or no.",
            )
