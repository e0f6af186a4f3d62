"""The facts about runs: their data, their code and what surrounded them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from xeroml_nb.analysis.code import CodeDifference
from xeroml_nb.analysis.comparison import Comparison
from xeroml_nb.errors import BadInput
from xeroml_nb.experiments.claims import present_status
from xeroml_nb.experiments.frames import read_table
from xeroml_nb.experiments.markup import Markup, tag
from xeroml_nb.notebook.listings import Listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.records.experiment import ExperimentRecord
    from xeroml_nb.store.store import Store

_ORDER = ("ok", "failed", "timeout", "stopped")


def facts_table(store: Store, runs: Sequence[ExperimentRecord]) -> Listing:
    """What produced some runs, one column each.

    Args:
        store: Where they live.
        runs: The experiments.
    """
    told = [dict(_facts(store, run)) for run in runs]
    rows = [(name, *(facts[name] for facts in told)) for name in told[0]]
    return Listing("", ("", *(run.label for run in runs)), rows)


def scored_alone(experiment: Experiment) -> Comparison | None:
    """An experiment alone, with the intervals of its scores; None where it has no scores."""
    try:
        return Comparison(experiment.store, [experiment.record])
    except BadInput:
        return None


def source_html(run: ExperimentRecord) -> Markup:
    """The text of a run's task, folded away; nothing where a loop of the user's own made it."""
    if run.task is None:
        return Markup("")
    title = f"Task {run.task.name} of {run.label} · fingerprint {run.task.fingerprint[:12]}"
    style = "white-space:pre-wrap;overflow-wrap:anywhere;padding:.8em"
    return tag("details", tag("summary", title), tag("pre", run.task.source, style=style))


def _facts(store: Store, run: ExperimentRecord) -> Iterator[tuple[str, str]]:
    yield "id", run.id
    yield "status", " · ".join(filter(None, (present_status(run).value, run.stop_reason)))
    yield "item runs", _counts(store, run)
    yield "repetitions", f"{run.repetitions:,}"
    yield "started", _moment(run.created_at)
    yield "ended", _moment(run.finished_at)
    for name, (value, _) in CodeDifference(run, run).facts.items():
        yield name, value
    yield "xeroml_nb", str(run.environment.get("packages", {}).get("xeroml_nb", "–"))


def _counts(store: Store, run: ExperimentRecord) -> str:
    with store.reading() as connection:
        statuses = Counter(map(str, read_table(connection, run).columns["status"]))
    told = [f"{statuses[name]:,} {name}" for name in _ORDER if statuses[name] or name == "ok"]
    return f"{statuses.total():,} attempted · {' · '.join(told)}"


def _moment(time: datetime | None) -> str:
    return "–" if time is None else f"{time:%Y-%m-%d %H:%M:%S} UTC"
