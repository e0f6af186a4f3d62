"""The live view of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anywidget
import traitlets
from IPython.display import display, update_display

from xeroml_nb.experiments.lines import score_figure, seconds
from xeroml_nb.records.experiment import ExperimentStatus, ItemStatus
from xeroml_nb.widgets.host import (
    STATIC,
    answer_while_busy,
    shown,
    style_sheet,
    summary_of,
    trouble_text,
)

if TYPE_CHECKING:
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.experiments.tally import LatestRow, Progress

_EMPTY: dict[str, Any] = {"label": "", "trouble": ""}


class RunView(anywidget.AnyWidget):
    """Draws an experiment and passes on what is pressed.

    Its state is small however large the run: counts, figures, the latest rows.
    """

    _esm = STATIC / "run_view.js"
    _css = style_sheet("run_view")
    state = traitlets.Dict(_EMPTY).tag(sync=True)

    def __init__(self) -> None:
        super().__init__()
        self._experiment: Experiment | None = None
        self._trouble = ""
        self.on_msg(self._pressed)

    def __repr__(self) -> str:
        return "Live view of a run (run the cell again to see it)"

    def follow(self, experiment: Experiment | None) -> None:
        """Show an experiment from now on; None shows nothing."""
        self._experiment = experiment
        self.refresh()

    def refresh(self) -> None:
        """Show the figures of this moment."""
        if self._experiment is not None:
            state = state_of(self._experiment) | {"trouble": self._trouble}
        else:
            state = _EMPTY | {"trouble": self._trouble}
        self.state = state
        answer_while_busy(self)

    def show_trouble(self, text: str) -> None:
        """Show an error below the figures; an empty text clears it."""
        if text != self._trouble:
            self._trouble = text
            self.refresh()

    def _pressed(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        self._act(content.get("action"))

    @shown
    def _act(self, action: Any) -> None:
        if self._experiment is None:
            return
        if action == "retry":
            self.retry()
        elif action == "resume":
            self.resume()
        elif action == "pause":
            self._experiment.pause()
        elif action == "stop":
            self._experiment.stop()
        self.refresh()

    def resume(self) -> None:
        """Go on with what is missing."""
        if self._experiment is not None:
            self._experiment.resume()

    def retry(self) -> None:
        """Run again what failed."""
        if self._experiment is not None:
            self._experiment.retry_failed()


class RunSurface:
    """Shows a live run below its cell, and leaves its summary there.

    Args:
        experiment: What is shown.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._view = RunView()

    def show(self) -> None:
        """Appear below the running cell."""
        self._view.follow(self._experiment)
        self._id = display(self._view, display_id=True).display_id

    def refresh(self) -> None:
        """Show the figures of this moment."""
        self._view.refresh()

    def close(self) -> None:
        """Put the summary, which needs no kernel, in the place of the view.

        A page that was loaded again does not know the place any more: there the view stays, and
        shows the end itself.
        """
        self._view.refresh()
        update_display(summary_of(self._experiment), display_id=self._id)


def state_of(experiment: Experiment) -> dict[str, Any]:
    """What the view draws of an experiment."""
    progress = experiment.progress
    status = "paused" if experiment.paused else experiment.status.value
    names = sorted(progress.scores)
    return {
        "label": experiment.label,
        "status": status,
        "planned": progress.planned,
        "done": progress.done,
        "succeeded": progress.succeeded,
        "failed": progress.failed,
        "figures": _figures(progress),
        "scores": [_score(name, progress) for name in names],
        "errors": [
            {"kind": e.kind, "count": e.count, "item": e.item_id, "message": e.message}
            for e in progress.errors[:5]
        ],
        "columns": names[:4],
        "rows": [_row(row, names[:4]) for row in progress.latest],
        "actions": _actions(experiment, progress),
    }


def failure_of(experiment: Experiment) -> str:
    """Why a run ended early, for people; empty if it did not."""
    error = experiment.failure
    return "" if error is None else trouble_text(error)


def _actions(experiment: Experiment, progress: Progress) -> list[str]:
    if experiment.is_running:
        return ["resume" if experiment.paused else "pause", "stop"]
    actions = []
    if experiment.status is ExperimentStatus.STOPPED:
        actions.append("resume")
    if progress.failed and experiment.is_live:
        actions.append("retry")
    return actions


def _figures(progress: Progress) -> list[str]:
    figures = [f"{progress.succeeded} ok", f"{progress.failed} failed"]
    if progress.running:
        figures.append(f"{progress.running} running")
    if progress.rate:
        figures.append(f"{progress.rate:.1f} items/s")
    if progress.eta is not None:
        figures.append(f"ETA {seconds(progress.eta)}")
    if progress.p50 is not None and progress.p95 is not None:
        figures += [f"p50 {seconds(progress.p50)}", f"p95 {seconds(progress.p95)}"]
    return [*figures, seconds(progress.elapsed)]


def _score(name: str, progress: Progress) -> dict[str, str]:
    figure, _, note = score_figure(progress.scores[name], progress.succeeded).partition(" (")
    return {"name": name, "figure": figure, "note": f"({note}"}


def _row(row: LatestRow, names: list[str]) -> dict[str, Any]:
    latency = "–" if row.latency is None else seconds(row.latency)
    values = [row.scores.get(name, "–") for name in names]
    cells = [row.item_id, row.status, row.output, *values, latency]
    return {"failed": row.status != ItemStatus.OK, "cells": cells}
