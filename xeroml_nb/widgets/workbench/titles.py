"""What the tabs of a workbench say they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.records.experiment import ExperimentStatus
from xeroml_nb.records.json_text import clean_text, preview

if TYPE_CHECKING:
    from xeroml_nb.experiments.dataset import Dataset
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.widgets.comparison.items import ItemList
    from xeroml_nb.widgets.labeller import Labeller

TABS = ("Dataset", "Run", "Label", "Compare")
_LONGEST = 40
_ENDS = {ExperimentStatus.FINISHED: "✓", ExperimentStatus.STOPPED: "■"}
_VERDICTS = {"better": " ▲", "higher": " ▲", "worse": " ▼", "lower": " ▼"}


def dataset_title(dataset: Dataset | None) -> str:
    """Such as "Dataset support/triage"."""
    return TABS[0] if dataset is None else f"{TABS[0]} {_short(dataset.name)}"


def run_title(experiment: Experiment | None) -> str:
    """Such as "Run ▶ 41/64" while it goes on, then "Run ✓ triage_v2 #3"."""
    if experiment is None:
        return TABS[1]
    if experiment.is_running:
        progress = experiment.progress
        mark = "‖" if experiment.paused else "▶"
        return f"{TABS[1]} {mark} {progress.done}/{progress.planned}"
    return f"{TABS[1]} {_ENDS.get(experiment.status, '○')} {_short(experiment.label)}"


def label_title(labeller: Labeller | None) -> str:
    """Such as "Label 57/64", once somebody labels."""
    progress = None if labeller is None else labeller.progress
    return TABS[2] if progress is None else f"{TABS[2]} {progress[0]}/{progress[1]}"


def comparison_title(items: ItemList | None) -> str:
    """Such as "Compare triage_v2 #3 ▲": the run, and how it does by the score that is looked at."""
    if items is None:
        return TABS[3]
    found = [
        d
        for d in items.comparison.differences
        if (d.score, d.run) == (items.score, items.candidate.label)
    ]
    mark = _VERDICTS.get(found[0].verdict, "") if found else ""
    return f"{TABS[3]} {_short(items.candidate.label)}{mark}"


def _short(name: str) -> str:
    return clean_text(preview(name, _LONGEST))
