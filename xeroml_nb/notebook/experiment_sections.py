"""What a report says of one experiment."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from xeroml_nb import charts
from xeroml_nb.notebook.comparison_sections import role_of, spread
from xeroml_nb.notebook.items_table import failures, first_number, lowest_items
from xeroml_nb.notebook.provenance import provenance
from xeroml_nb.notebook.report_cells import Code, Section, plain_words
from xeroml_nb.notebook.run_facts import scored_alone
from xeroml_nb.notebook.words import MOST_CHARTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.experiments.experiment import Experiment


def experiment_sections(experiment: Experiment, rows: int) -> Iterator[Section]:
    """The sections of a report on an experiment.

    Args:
        experiment: What is reported.
        rows: How many items at most.
    """
    yield Section("result", "## Result", [_result(experiment)])
    scored = scored_alone(experiment)
    if scored is not None:
        yield Section("scores", "## Scores", list(_scores(experiment, scored)))
        yield spread("experiment", scored)
    frame = experiment.to_frame()
    if frame["status"].isin(["failed", "timeout"]).any():
        cell = Code("failed", "failures(experiment, rows)", partial(failures, experiment, rows))
        yield Section("failures", "## Failures", [cell])
    yield _items(frame, experiment, rows)
    yield Section("code", "## What produced the run", [_provenance(experiment)])


def _result(experiment: Experiment) -> Code:
    lines = (
        "client = xn.get_client(store)",
        "experiment = client.get_experiment(run)",
        "experiment",
    )
    return Code("experiment", "\n".join(lines), lambda: experiment)


def _scores(experiment: Experiment, scored: Comparison) -> Iterator[Code]:
    yield Code("summary", "experiment.summary()", experiment.summary)
    yield Code("means", "charts.summary(experiment)", lambda: charts.summary(scored))
    for score in scored.categorical[:MOST_CHARTS]:
        yield Code(
            role_of("categories", score),
            f"charts.categories(experiment, {score!r})",
            partial(charts.categories, scored, score),
        )


def _items(frame: pd.DataFrame, experiment: Experiment, rows: int) -> Section:
    numeric = first_number(frame)
    words = "## Items" if numeric is None else f"## Items, lowest {plain_words(numeric)} first"
    source = "lowest_items(experiment, rows)"
    return Section(
        "lowest", words, [Code("items", source, partial(lowest_items, experiment, rows))]
    )


def _provenance(experiment: Experiment) -> Code:
    return Code(
        "provenance",
        "provenance(client.store, [experiment.record])",
        lambda: provenance(experiment.store, [experiment.record]),
    )
