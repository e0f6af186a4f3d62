"""What stays of a workbench in a saved notebook: one place for all tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.experiments.markup import join, tag
from xeroml_nb.widgets.host import Remainder, Static, summary_of

if TYPE_CHECKING:
    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.annotation.labels import Labels
    from xeroml_nb.experiments.dataset import Dataset
    from xeroml_nb.experiments.experiment import Experiment


class WorkbenchRemainder:
    """Keeps what each tab leaves, in the order of the tabs."""

    def __init__(self) -> None:
        self._remainder = Remainder()
        self._parts: dict[str, tuple[str, Static]] = {}

    def show(self) -> None:
        """Put it below what was displayed last."""
        self._remainder.show()

    def put_dataset(self, dataset: Dataset) -> None:
        """Say what was picked."""
        selected = " selected" if dataset.is_selection else ""
        self._put("1 dataset", _line(f"Dataset {dataset.name} · {len(dataset)} items{selected}"))

    def put_run(self, experiment: Experiment) -> None:
        """Leave the summary of a run that has ended."""
        self._put("2 run", summary_of(experiment))

    def put_labels(self, labels: Labels) -> None:
        """Say how far the labels are."""
        self._put("3 labels", _line(repr(labels)))

    def put_comparison(self, comparison: Comparison) -> None:
        """Leave the verdicts."""
        lines = [comparison.title, *comparison.sentences()]
        html = join([tag("p", line) for line in lines])
        self._put("4 comparison", Static("\n".join(lines), html))

    def _put(self, part: str, content: Static) -> None:
        text = repr(content)
        if self._parts.get(part, ("",))[0] == text:
            return
        self._parts = dict(sorted((self._parts | {part: (text, content)}).items()))
        texts = "\n".join(text for text, _ in self._parts.values())
        html = join([content._repr_html_() for _, content in self._parts.values()])
        self._remainder.update(Static(texts, html))


def _line(text: str) -> Static:
    return Static(text, tag("p", text))
