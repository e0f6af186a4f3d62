"""Where figures come from, at the end of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xeroml_nb.experiments.markup import join
from xeroml_nb.notebook.run_facts import facts_table, source_html
from xeroml_nb.widgets.host import Static

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.store.store import Store


def provenance(store: Store, runs: Sequence[ExperimentRecord]) -> Static:
    """What produced some runs, one column each, and the text of their tasks.

    Args:
        store: Where they live.
        runs: The experiments.
    """
    facts = facts_table(store, runs)
    text = "\n".join([repr(facts), *map(_source_text, runs)])
    html = join([facts._repr_html_(), *map(source_html, runs)])
    return Static(text, html)


def _source_text(run: ExperimentRecord) -> str:
    return "" if run.task is None else f"Task {run.task.name} of {run.label}:\n{run.task.source}\n"
