"""An experiment as HTML: a summary that survives in a saved notebook, and a page of its own."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from xeroml_nb.experiments import lines
from xeroml_nb.experiments.markup import Markup, join, table, tag
from xeroml_nb.experiments.tally import shown_value
from xeroml_nb.records.experiment import ItemStatus
from xeroml_nb.records.json_text import preview

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.experiments.results import Result, ScoreSummary
    from xeroml_nb.experiments.tally import ErrorGroup, Progress

_SHOWN_ROWS = 1_000
_STYLE = Markup("""
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --dim: #666; --bad: #b3400f; }
@media (prefers-color-scheme: dark) { :root { --dim: #aaa; --bad: #f0905f; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1200px; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
.dim { color: var(--dim); } .bad { color: var(--bad); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { font-weight: 600; white-space: nowrap; } .num { text-align: right; white-space: nowrap; }
td:first-child { white-space: nowrap; } tbody tr:hover { background: var(--soft); }
pre { background: var(--soft); padding: 1rem; overflow-x: auto; }
""")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def summary_html(experiment: Experiment) -> Markup:
    """What a notebook keeps of a run: the line, the scores, the failures."""
    progress = experiment.progress
    found = experiment.score_summaries()
    line = tag("p", tag("strong", experiment.summary_line()))
    scores = _score_table(found) if found else Markup("")
    return tag("div", line, scores, _failures(progress), class_="xeroml-summary")


def write_page(experiment: Experiment, store_place: str) -> Path:
    """Write a self-contained page with an experiment's results; nothing in it is fetched.

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
    found = experiment.get_results()
    head = tag(
        "head",
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width">'),
        tag("title", experiment.label),
        tag("style", _STYLE),
    )
    body = tag(
        "body",
        tag("h1", experiment.label),
        tag("p", _about(experiment), class_="dim"),
        tag("p", experiment.summary_line()),
        tag("h2", "Scores"),
        tag("div", _score_table(experiment.score_summaries()), class_="scroll"),
        _failures(experiment.progress),
        tag("h2", "Items"),
        _item_table(found),
        _task(experiment),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _about(experiment: Experiment) -> str:
    record = experiment.record
    parts = [f"started {record.created_at:%Y-%m-%d %H:%M} UTC"]
    if record.dataset_name is not None and record.dataset_version is not None:
        parts.append(f"dataset {record.dataset_name} @ {record.dataset_version:%Y-%m-%d %H:%M:%S}")
    if record.environment.get("git"):
        parts.append(f"commit {record.environment['git']['commit'][:12]}")
    return " · ".join(parts)


def _score_table(summaries: Sequence[ScoreSummary]) -> Markup:
    if not summaries:
        return tag("p", "No scores.", class_="dim")
    heads = ("score", "mean", "scored", "attempted", "ok", "failed", "unscored", "if failed 0 … 1")
    rows = [
        (
            s.name,
            shown_value(s.mean) if s.mean is not None else _categories(s),
            s.scored,
            s.attempted,
            s.succeeded,
            s.failed,
            s.unscored,
            "–" if s.worst is None else f"{shown_value(s.worst)} … {shown_value(s.best)}",
        )
        for s in summaries
    ]
    return table(heads, rows, numeric={1, 2, 3, 4, 5, 6, 7})


def _categories(summary: ScoreSummary) -> str:
    return ", ".join(f"{preview(c, 40)} {n}" for c, n in list(summary.categories.items())[:5])


def _failures(progress: Progress) -> Markup:
    return join(_failure(group) for group in progress.errors)


def _failure(group: ErrorGroup) -> Markup:
    what = tag("summary", f"{group.count} × {group.kind}")
    return tag("details", what, tag("p", f"first: item {group.item_id} · {group.message}"))


def _item_table(found: Sequence[Result]) -> Markup:
    names = sorted({name for result in found for name in result.scores})
    worst_first = sorted(found, key=lambda r: r.status is ItemStatus.OK)
    shown = worst_first[:_SHOWN_ROWS]
    heads = ("item", "status", "input", "expected", "output", *names, "latency")
    rows = [
        (
            r.item.id if r.repetition == 0 else f"{r.item.id} · {r.repetition + 1}",
            tag("span", r.status.value, class_=None if r.status is ItemStatus.OK else "bad"),
            preview(r.item.input, 300),
            preview(r.item.expected_output, 200),
            preview(r.error if r.error is not None else r.output, 300),
            *(shown_value(r.score(name, None)) for name in names),
            lines.seconds(r.run.latency) if r.run and r.run.latency is not None else "–",
        )
        for r in shown
    ]
    cut = f"{len(shown)} of {len(found)} items, failures first." if len(found) > len(shown) else ""
    numeric = set(range(5, 6 + len(names)))
    return join(
        [
            tag("p", cut, class_="dim"),
            tag("div", table(heads, rows, numeric=numeric), class_="scroll"),
        ]
    )


def _task(experiment: Experiment) -> Markup:
    if experiment.task is None:
        return Markup("")
    title = f"Task {experiment.task.name} · fingerprint {experiment.task.fingerprint[:12]}"
    return tag("details", tag("summary", title), tag("pre", experiment.task.source))
