"""Reports as notebooks: they read without a kernel, and their cells rebuild them from the store.

Every output stands in the file as running its cell would leave it.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from xeroml_nb.errors import BadInput, MissingExtra

if any(find_spec(name) is None for name in ("IPython", "altair", "nbformat")):
    raise MissingExtra("A report", "lab")

from xeroml_nb.notebook.comparison_sections import comparison_sections
from xeroml_nb.notebook.experiment_sections import experiment_sections
from xeroml_nb.notebook.report_cells import SETTINGS, Code, Section, notebook_cells, plain_words
from xeroml_nb.notebook.report_file import checked_path, write_report
from xeroml_nb.records import clock
from xeroml_nb.store import experiments as stored

if TYPE_CHECKING:
    from pathlib import Path

    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.store.store import Store

_ROWS = 20
_SETUP = """\
import os

import pandas as pd
import xeroml_nb as xn
from xeroml_nb import charts
from xeroml_nb.notebook.items_table import {tables}
from xeroml_nb.notebook.provenance import provenance

{settings}"""


def write_comparison(compared: Comparison, path: str | Path) -> Path:
    """Write a comparison as a notebook.

    Args:
        compared: What it reports.
        path: Where to; an earlier report there is replaced.

    Returns:
        The path, absolute.

    Raises:
        BadInput: If `by` or `cluster` is a function, or the path cannot be a report's.
    """
    options = _repeatable(compared.options)
    place = checked_path(path)
    runs = [_reference(compared.store, run) for run in compared.runs]
    score = _telling_score(compared)
    parameters = [
        _store_line(compared.store, place),
        f"runs = {runs!r}  # the baseline first",
        f"options = {options!r}",
        f"score = {score!r}  # whose changed items are shown",
        f"rows = {_ROWS}",
    ]
    sections = [
        *_opening(compared.title, "changed_items, failed_items", parameters),
        *comparison_sections(compared, score, _ROWS),
    ]
    about = {"report": "comparison", "runs": [run.label for run in compared.runs]}
    return write_report(place, notebook_cells(sections), about)


def write_experiment(experiment: Experiment, path: str | Path) -> Path:
    """Write an experiment as a notebook.

    Args:
        experiment: What it reports, as the store has it.
        path: Where to; an earlier report there is replaced.

    Returns:
        The path, absolute.

    Raises:
        BadInput: If the path cannot be a report's.
    """
    place = checked_path(path)
    parameters = [
        _store_line(experiment.store, place),
        f"run = {_reference(experiment.store, experiment.record)!r}",
        f"rows = {_ROWS}",
    ]
    sections = [
        *_opening(experiment.label, "failures, lowest_items", parameters),
        *experiment_sections(experiment, _ROWS),
    ]
    about = {"report": "experiment", "runs": [experiment.label]}
    return write_report(place, notebook_cells(sections), about)


def _opening(title: str, tables: str, parameters: list[str]) -> list[Section]:
    """The title, what is imported, and what can be chosen."""
    setup = _SETUP.format(tables=tables, settings=SETTINGS)
    written = f"Written {clock.now():%Y-%m-%d %H:%M:%S} UTC by xeroml_nb."
    words = (
        f"# {plain_words(title)}\n\n{written} All figures stand in this file; "
        "running its cells rebuilds them from the store."
    )
    parameters_cell = Code("parameters", "\n".join(parameters), tags=("parameters",))
    return [Section("title", words, [Code("setup", setup, folded=True), parameters_cell])]


def _telling_score(compared: Comparison) -> str:
    """The first score by which a run is better or worse, else the first score."""
    told = [d.score for d in compared.differences if d.verdict in ("better", "worse")]
    return next(iter(told), compared.scores[0])


def _repeatable(options: dict[str, Any]) -> dict[str, Any]:
    """The options that are not as usual.

    Raises:
        BadInput: If one is a function.
    """
    for word in ("by", "cluster"):
        if callable(options[word]):
            raise BadInput(
                f"{word} is a function, which a notebook cannot repeat.",
                f"Pass a metadata field as {word}='...' instead.",
            )
    return {word: value for word, value in options.items() if value}


def _store_line(store: Store, place: Path) -> str:
    """Where the report's cells find the store: beside the report, and never by a password."""
    if "://" in store.place:
        return 'store = os.environ.get("XEROML_STORE")'
    try:
        beside = os.path.relpath(store.place, place.parent)
    except ValueError:  # on another drive
        beside = store.place
    return f'store = os.environ.get("XEROML_STORE") or {beside!r}'


def _reference(store: Store, run: ExperimentRecord) -> str:
    """What names a run: its label, or its id where another experiment is called like that."""
    with store.reading() as connection:
        return run.id if stored.by_name(connection, run.label) else run.label
