"""A trace as HTML: a tree that folds without a script and stays in a saved notebook."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from xeroml_nb.analysis.trace_parts import (
    SHOWN,
    giver,
    headline,
    key_figures,
    score_name,
    score_value,
    scores_by_id,
)
from xeroml_nb.analysis.traces import held_value
from xeroml_nb.experiments.markup import NO_FORMULAS, Markup, join, table, tag
from xeroml_nb.records.json_text import clean_text, is_unheld, preview, to_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from xeroml_nb.analysis.traces import Trace
    from xeroml_nb.records.observation import Observation
    from xeroml_nb.records.score import ScoreRecord

# A notebook keeps all this text: many observations show less of each value.
_CHARACTERS = 200_000
_LONGEST, _SHORTEST = 4_000, 200
_ONE_LINE = 120
_OPEN = 30
# Browsers nest elements only so deep.
_DEEPEST = 30
_NOTHING = Markup("")
_INSTANT = timedelta(microseconds=1)
_STYLE = Markup("""
.xeroml-trace { --line: #8884; --soft: #8881; --bar: #0072b2; --bad: #b3360b;
  color: var(--jp-ui-font-color1, var(--vscode-foreground, inherit)); line-height: 1.5;
  font-family: var(--jp-ui-font-family, system-ui, sans-serif);
  font-size: var(--jp-ui-font-size1, 13px); }
:is([data-jp-theme-light="false"], .vscode-dark) .xeroml-trace { --bar: #56b4e9; --bad: #f0905f; }
.xeroml-trace p { margin: .2em 0; }
.xeroml-trace .dim { opacity: .72; }
.xeroml-trace .bad { color: var(--bad); }
.xeroml-trace .inside { border-left: 1px solid var(--line); }
.xeroml-trace summary { cursor: pointer; padding: .1em .2em; overflow-wrap: anywhere; }
.xeroml-trace summary:hover { background: var(--soft); }
.xeroml-trace .time { display: inline-block; width: 120px; height: .55em; margin: 0 .6em;
  background: var(--soft); vertical-align: middle; overflow: hidden; }
.xeroml-trace .time span { display: block; height: 100%; min-width: 2px; background: var(--bar); }
.xeroml-trace pre { margin: .1em 0 .4em; padding: .5em .7em; max-height: 24em; overflow: auto;
  background: var(--soft); color: inherit; white-space: pre-wrap; overflow-wrap: anywhere;
  font: 12px/1.45 var(--jp-code-font-family, monospace); text-align: start; }
.xeroml-trace table { border-collapse: collapse; margin: .2em 0 .5em; }
.xeroml-trace :is(th, td) { padding: .1em .9em .1em 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; background: none; }
""")


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all observations of a shown trace have in common."""

    begin: datetime | None
    duration: timedelta
    scores: dict[str, list[ScoreRecord]]
    longest: int
    unfolded: bool


def trace_html(trace: Trace) -> Markup:
    """The trace, its scores, and its observations with what went in and came out.

    Args:
        trace: At most `SHOWN` observations of it are in the text.
    """
    shown = list(islice(trace.walk(), SHOWN))
    longest = _CHARACTERS // (2 * len(shown) or 1)
    longest = max(_SHORTEST, min(_LONGEST, longest))
    begin = trace[0].start if len(trace) else None
    duration = max(trace.duration, _INSTANT)
    frame = _Frame(begin, duration, scores_by_id(trace), longest, len(shown) <= _OPEN)
    left = len(trace) - len(shown)
    html = tag(
        "div",
        tag("style", _STYLE),
        tag("p", tag("strong", "Trace "), tag("code", trace.id)),
        tag("p", headline(trace), class_="dim"),
        tag("p", _attributes(trace), class_="dim"),
        _score_table(frame.scores.get("", []), on_trace=True),
        _nested(shown, frame),
        tag("p", f"{left} more observations; to_frame() has them all.") if left else _NOTHING,
        class_=f"xeroml-trace {NO_FORMULAS}",
    )
    return Markup(clean_text(html))


def _attributes(trace: Trace) -> Markup:
    """What the trace was labelled with, each value once."""
    words = ("user_id", "session_id", "version", "release", "environment")
    found = {word: {getattr(o, word) for o in trace} - {None} for word in words}
    found["tags"] = {label for o in trace for label in o.tags}
    return join(
        tag(
            "span",
            f"{word.removesuffix('_id')}: ",
            tag("bdi", preview(", ".join(sorted(v)))),
            " ",
            style="margin-right:1em",
        )
        for word, v in found.items()
        if v
    )


def _nested(shown: Sequence[tuple[int, Observation]], frame: _Frame) -> Markup:
    """The observations, each inside its parent, built from the leaves up."""
    inside: dict[int, list[Markup]] = defaultdict(list)
    for place in range(len(shown) - 1, -1, -1):
        depth, found = shown[place]
        level = min(depth, _DEEPEST)
        below = inside.pop(level + 1, []) if depth < _DEEPEST else []
        inside[level].append(_observation(found, frame, join(reversed(below))))
    return join(reversed(inside[0]))


def _observation(found: Observation, frame: _Frame, below: Markup) -> Markup:
    scores = frame.scores.get(found.id, [])
    marks = [f"{score_name(s)} {score_value(s)}" for s in scores]
    line = tag(
        "summary",
        tag("bdi", tag("strong", preview(found.name))),
        _time_bar(found, frame),
        tag("span", " · ".join(key_figures(found)), class_="dim"),
        tag("span", " · failed", class_="bad") if found.error is not None else _NOTHING,
        *(join([" · ", tag("bdi", mark)]) for mark in marks),
    )
    body = tag(
        "div",
        tag("p", f"failed: {_cut(found.error, frame.longest)}", class_="bad")
        if found.error is not None
        else _NOTHING,
        _value("input", found.input_json, frame.longest),
        _value("output", found.output_json, frame.longest),
        _value("metadata", to_json(found.metadata) if found.metadata else None, _SHORTEST),
        _score_table(scores),
        below,
        class_="inside",
        # Said inline, for readers of notebooks who drop style sheets.
        style="margin-left:.45em;padding-left:1em",
    )
    opened = frame.unfolded or found.parent_id is None or found.error is not None
    return tag("details", line, body, open="" if opened else None)


def _time_bar(found: Observation, frame: _Frame) -> Markup:
    """When the observation was, as a part of the trace's time."""
    begin = 100 * ((found.start - (frame.begin or found.start)) / frame.duration)
    width = 100 * ((found.end - found.start) / frame.duration)
    said = f"from {begin:.0f} % to {begin + width:.0f} % of the trace's time"
    style = f"margin-left:{min(begin, 98):.2f}%;width:{width:.2f}%"
    return tag("span", tag("span", style=style), class_="time", title=said)


def _value(word: str, text: str | None, longest: int) -> Markup:
    """What went in or came out: in one line where it fits, else folded."""
    if text is None:
        return _NOTHING
    value = held_value(text)
    full = _readable(value, indent=None)
    line = preview(full, _ONE_LINE)
    begin = tag("span", f"{word} ", class_="dim")
    if line == full:
        return tag("p", begin, tag("bdi", line))
    whole = _cut(_readable(value, indent=2), longest)
    return tag("details", tag("summary", begin, tag("bdi", line)), tag("pre", whole, dir="auto"))


def _readable(value: Any, *, indent: int | None) -> str:
    """A text as it is; other values as JSON."""
    if is_unheld(value):
        return preview(value, _LONGEST)
    if isinstance(value, str):
        return value
    return json.dumps(value, indent=indent, ensure_ascii=False)


def _cut(text: str, longest: int) -> str:
    left = len(text) - longest
    return text if left <= 0 else f"{text[:longest]}\n… {left:,} more characters"


def _score_table(scores: Sequence[ScoreRecord], *, on_trace: bool = False) -> Markup:
    if not scores:
        return _NOTHING
    elsewhere = on_trace and any(s.target.observation_id for s in scores)
    heads = ("score", "value", "by", "comment", *(["on observation"] if elsewhere else []))
    rows = [
        (
            tag("bdi", score_name(s)),
            tag("bdi", score_value(s)),
            tag("bdi", giver(s)),
            tag("bdi", preview(s.comment or "", _LONGEST)),
            *([tag("bdi", s.target.observation_id or "")] if elsewhere else []),
        )
        for s in scores
    ]
    return table(heads, rows, numeric=set())
