"""An experiment as one HTML page that holds all it shows; nothing in it is fetched."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from xeroml_nb.analysis.verdicts import shown
from xeroml_nb.experiments import lines
from xeroml_nb.experiments.markup import Markup, join, table, tag
from xeroml_nb.experiments.summary import bounds, categories, failures_html
from xeroml_nb.experiments.tally import shown_value
from xeroml_nb.notebook.page_charts import chart_figures
from xeroml_nb.notebook.page_style import STYLE
from xeroml_nb.notebook.run_facts import facts_table, scored_alone, source_html
from xeroml_nb.notebook.words import interval
from xeroml_nb.records.experiment import ItemStatus
from xeroml_nb.records.json_text import preview

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.analysis.comparison import Comparison
    from xeroml_nb.analysis.verdicts import Estimate
    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.experiments.results import Result, ScoreSummary

_SHOWN_ROWS = 1_000
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def write_page(experiment: Experiment, store_place: str) -> Path:
    """Write a self-contained page with an experiment's results.

    Args:
        experiment: What it shows, as it is at this moment.
        store_place: The store's file: the page goes in a folder beside it.
    """
    home = Path(store_place).parent if Path(store_place).is_file() else Path(tempfile.gettempdir())
    folder = home / "pages"
    folder.mkdir(parents=True, exist_ok=True)
    safe = _UNSAFE.sub("-", experiment.name)[:80]
    path = folder / f"{safe}-{experiment.number}-{experiment.id}.html"
    path.write_text(page_html(experiment), encoding="utf-8", errors="replace")
    return path


def page_html(experiment: Experiment) -> str:
    """The text of that page."""
    head = tag(
        "head",
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width">'),
        tag("title", experiment.label),
        tag("style", STYLE),
    )
    return f"<!doctype html>\n{tag('html', head, _body(experiment), lang='en')}\n"


def _body(experiment: Experiment) -> Markup:
    scored = scored_alone(experiment)
    return tag(
        "body",
        tag("h1", experiment.label),
        tag("p", _about(experiment), class_="dim"),
        tag("p", experiment.summary_line(), class_="status"),
        tag("h2", "Scores"),
        _scores(experiment.score_summaries(), scored),
        Markup("") if scored is None else chart_figures(scored),
        _failures(experiment),
        tag("h2", "Items"),
        _items(experiment.get_results()),
        tag("h2", "What produced the run"),
        _origin(experiment),
    )


def _origin(experiment: Experiment) -> Markup:
    facts = facts_table(experiment.store, [experiment.record])
    listed = tag("div", facts._repr_html_(), class_="scroll facts")
    return join([listed, source_html(experiment.record)])


def _about(experiment: Experiment) -> str:
    record = experiment.record
    parts = [f"started {record.created_at:%Y-%m-%d %H:%M} UTC"]
    if record.dataset_name is not None and record.dataset_version is not None:
        parts.append(f"dataset {record.dataset_name} @ {record.dataset_version:%Y-%m-%d %H:%M:%S}")
    if record.environment.get("git"):
        parts.append(f"commit {record.environment['git']['commit'][:12]}")
    return " · ".join(parts)


def _scores(summaries: Sequence[ScoreSummary], scored: Comparison | None) -> Markup:
    if not summaries:
        return tag("p", "No scores.", class_="dim")
    estimates = {} if scored is None else {e.score: e for e in scored.estimates}
    heads = ("score", "mean [95 % interval]", "scored", "attempted", "ok", "failed", "unscored")
    rows = [
        (
            s.name,
            categories(s) if s.mean is None else _mean(s.mean, estimates.get(s.name)),
            *(f"{count:,}" for count in (s.scored, s.attempted, s.succeeded, s.failed, s.unscored)),
            bounds(s),
        )
        for s in summaries
    ]
    found = table((*heads, "if failed 0 … 1"), rows, numeric=set(range(1, 8)))
    return tag("div", found, class_="scroll scores")


def _mean(mean: float, estimate: Estimate | None) -> str:
    ends = "" if estimate is None else interval(estimate.low, estimate.high)
    return f"{shown(mean)}{ends}"


def _failures(experiment: Experiment) -> Markup:
    progress = experiment.progress
    return join([tag("h2", "Failures"), failures_html(progress)]) if progress.errors else Markup("")


def _items(found: Sequence[Result]) -> Markup:
    names = sorted({name for result in found for name in result.scores})
    worst_first = sorted(found, key=lambda r: r.status is ItemStatus.OK)
    listed = worst_first[:_SHOWN_ROWS]
    heads = ("item", "status", *names, "input", "expected", "output", "latency")
    texts = {name for r in listed for name, s in r.scores.items() if isinstance(s.value, str)}
    numeric = {2 + place for place, name in enumerate(names) if name not in texts}
    rows = table(heads, [_row(r, names) for r in listed], numeric=numeric | {len(heads) - 1})
    cut = f"{len(listed):,} of {len(found):,} items, failures first."
    return join(
        [
            tag("p", cut, class_="dim") if len(found) > len(listed) else "",
            tag("div", rows, class_="scroll items"),
        ]
    )


def _row(result: Result, names: Sequence[str]) -> tuple[object, ...]:
    failed = result.status is not ItemStatus.OK
    latency = None if result.run is None else result.run.latency
    item, repetition = result.item, result.repetition
    return (
        item.id if repetition == 0 else f"{item.id} · {repetition + 1}",
        tag("span", result.status.value, class_="bad" if failed else None),
        *(shown_value(result.score(name, None)) for name in names),
        preview(item.input, 300),
        preview(item.expected_output, 200),
        preview(result.output if result.error is None else result.error, 300),
        "–" if latency is None else lines.seconds(latency),
    )
