"""Evaluate LLM applications where you build them: in the notebook.

Pick a dataset, run a task over every item with live progress, read honest scores.

Example:
    >>> import xeroml_nb as xn
    >>> xn.create_trace_id(seed="session-1-msg-1")
    '09f8a60722d4dbdde93690147c249099'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xeroml_nb import charts
    from xeroml_nb.annotation.choices import Option
    from xeroml_nb.annotation.dimension import Dimension
    from xeroml_nb.annotation.order import Order
    from xeroml_nb.annotation.queue import AnnotationQueue
    from xeroml_nb.annotation.rubric import Rubric
    from xeroml_nb.client import (
        Client,
        arun,
        calibrate,
        compare,
        gate,
        get_client,
        plan,
        run,
        score,
        start,
        to_frame,
    )
    from xeroml_nb.errors import XeromlError
    from xeroml_nb.examples import example
    from xeroml_nb.experiments.dataset import Dataset
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.experiments.rate_limit import RateLimit
    from xeroml_nb.experiments.retries import Retries
    from xeroml_nb.notebook.magics import load_ipython_extension
    from xeroml_nb.records.dataset import DatasetItem
    from xeroml_nb.records.ids import create_trace_id
    from xeroml_nb.scoring import builtin as evaluators
    from xeroml_nb.scoring.cards.card import ScoreCard
    from xeroml_nb.scoring.evaluator import evaluator
    from xeroml_nb.scoring.given import Score
    from xeroml_nb.scoring.judging.judge import Judge
    from xeroml_nb.scoring.judging.pairwise import PairJudge
    from xeroml_nb.scoring.judging.panel import JudgePanel
    from xeroml_nb.scoring.reports.report import Report
    from xeroml_nb.tracing.observe import observe
    from xeroml_nb.tracing.prices import prices
    from xeroml_nb.tracing.propagate import disable_tracing, propagate_attributes
    from xeroml_nb.widgets.comparison.panel import comparison
    from xeroml_nb.widgets.dataset_picker import pick_dataset
    from xeroml_nb.widgets.export.panel import export_panel
    from xeroml_nb.widgets.labeller import annotate
    from xeroml_nb.widgets.run_panel import run_panel
    from xeroml_nb.widgets.score_card.panel import score_card
    from xeroml_nb.widgets.workbench.bench import workbench

from xeroml_nb.provided import provide as _provide

# Rooms and modules that are used by their own name.
_MODULES = {"charts": "charts", "evaluators": "scoring.builtin"}
# Name to the module that defines it: nothing is imported before it is used.
_HOMES = {
    "AnnotationQueue": "annotation.queue",
    "Client": "client",
    "Dataset": "experiments.dataset",
    "DatasetItem": "records.dataset",
    "Dimension": "annotation.dimension",
    "Experiment": "experiments.experiment",
    "Judge": "scoring.judging.judge",
    "JudgePanel": "scoring.judging.panel",
    "Option": "annotation.choices",
    "Order": "annotation.order",
    "PairJudge": "scoring.judging.pairwise",
    "RateLimit": "experiments.rate_limit",
    "Report": "scoring.reports.report",
    "Retries": "experiments.retries",
    "Rubric": "annotation.rubric",
    "Score": "scoring.given",
    "ScoreCard": "scoring.cards.card",
    "XeromlError": "errors",
    "annotate": "widgets.labeller",
    "arun": "client",
    "calibrate": "client",
    "compare": "client",
    "comparison": "widgets.comparison.panel",
    "create_trace_id": "records.ids",
    "disable_tracing": "tracing.propagate",
    "evaluator": "scoring.evaluator",
    "example": "examples",
    "export_panel": "widgets.export.panel",
    "gate": "client",
    "get_client": "client",
    "load_ipython_extension": "notebook.magics",
    "observe": "tracing.observe",
    "pick_dataset": "widgets.dataset_picker",
    "plan": "client",
    "prices": "tracing.prices",
    "propagate_attributes": "tracing.propagate",
    "run": "client",
    "run_panel": "widgets.run_panel",
    "score": "client",
    "score_card": "widgets.score_card.panel",
    "start": "client",
    "to_frame": "client",
    "workbench": "widgets.workbench.bench",
}

__all__ = [
    "AnnotationQueue",
    "Client",
    "Dataset",
    "DatasetItem",
    "Dimension",
    "Experiment",
    "Judge",
    "JudgePanel",
    "Option",
    "Order",
    "PairJudge",
    "RateLimit",
    "Report",
    "Retries",
    "Rubric",
    "Score",
    "ScoreCard",
    "XeromlError",
    "annotate",
    "arun",
    "calibrate",
    "charts",
    "compare",
    "comparison",
    "create_trace_id",
    "disable_tracing",
    "evaluator",
    "evaluators",
    "example",
    "export_panel",
    "gate",
    "get_client",
    "load_ipython_extension",
    "observe",
    "pick_dataset",
    "plan",
    "prices",
    "propagate_attributes",
    "run",
    "run_panel",
    "score",
    "score_card",
    "start",
    "to_frame",
    "workbench",
]


_provide("client", f"{__name__}.client:get_client")
_provide("comparison report", f"{__name__}.notebook.report:write_comparison")
_provide("experiment page", f"{__name__}.notebook.page:write_page")
_provide("experiment report", f"{__name__}.notebook.report:write_experiment")
_provide("judge pairs", f"{__name__}.analysis.pairwise_judging:judge_pairs")
_provide("labeller", f"{__name__}.widgets.labeller:labeller_of")
_provide("report", f"{__name__}.scoring.reports.making:report_on")
_provide("score cards up to date", f"{__name__}.scoring.reports.making:bring_scores_up")
_provide("reports", f"{__name__}.scoring.reports.making:reports_on")
_provide("show card result", f"{__name__}.notebook.report_display:show_result")
_provide("show comparison", f"{__name__}.notebook.comparison_display:show")
_provide("show report", f"{__name__}.notebook.report_display:show_report")
_provide("surface", f"{__name__}.widgets.run_view:RunSurface")


if not TYPE_CHECKING:  # who checks types sees the imports above, and no other name

    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            return import_module(f"{__name__}.{_MODULES[name]}")
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_MODULES})
