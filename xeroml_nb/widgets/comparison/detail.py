"""One item of a comparison in full: both outputs, how they differ, scores, labels and traces."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import pandas as pd

from xeroml_nb.analysis.trace_parts import SHOWN, headline, key_figures
from xeroml_nb.analysis.traces import held_value, read_trace
from xeroml_nb.annotation.content.difference import difference
from xeroml_nb.annotation.content.nodes import Node, element
from xeroml_nb.annotation.content.reading import chips, part
from xeroml_nb.experiments.lines import seconds
from xeroml_nb.experiments.tally import shown_value
from xeroml_nb.records.json_text import clean_text, preview, said
from xeroml_nb.records.score import ScoreSource
from xeroml_nb.store import scores
from xeroml_nb.widgets.comparison.page import signed_value

if TYPE_CHECKING:
    from xeroml_nb.records.observation import Observation
    from xeroml_nb.records.score import ScoreRecord
    from xeroml_nb.store.store import Store
    from xeroml_nb.widgets.comparison.items import ItemList

_NAME = 60
_LONGEST_ERROR = 2_000
_MOST_SCORES = 60
_VALUE = 2_000  # characters of what went in and out of one observation
_DEEPEST = 12


def item_wire(items: ItemList, place: int) -> dict[str, Any]:
    """The item at a place of `Changes.rows`, as a page shows it."""
    rows = items.changes.rows.loc[[place]]
    item: Any = next(items.changes.to_frame(rows).itertuples())
    expected = [] if item.expected_output is None else [_part("expected", item.expected_output)]
    return {
        "place": place,
        "title": preview(item.item_id),
        "change": str(item.change),
        "chips": [clean_text(chip) for chip in chips(item.metadata)],
        "parts": [_part("input", item.input), *expected],
        "sides": [
            _side(
                items.comparison.baseline.label,
                item.baseline_output,
                item.baseline_error,
                item.baseline_latency_s,
                traced=item.baseline_trace_id is not None,
            ),
            _side(
                items.candidate.label,
                item.output,
                item.error,
                item.latency_s,
                traced=item.trace_id is not None,
            ),
        ],
        "diff": _difference(item.baseline_output, item.output),
        "scores": _scores(items.comparison.store, [item.baseline_trace_id, item.trace_id]),
        "people": [clean_text(line) for line in items.people.lines(item.item_id)],
        "note": _note(items),
    }


def trace_wire(items: ItemList, place: int, side: int) -> list[Node]:
    """The trace of an item run: 0 for the baseline's, 1 for the other's.

    Raises:
        NotFound: If nothing of it is stored.
    """
    row = items.changes.to_frame(items.changes.rows.loc[[place]]).iloc[0]
    trace = read_trace(items.comparison.store, row[("baseline_trace_id", "trace_id")[side]])
    shown = [_observation(depth, found) for depth, found in islice(trace.walk(), SHOWN)]
    more = len(trace) - len(shown)
    rest = [element("p", f"… {more:,} more observations", class_="xn-dim")] if more > 0 else []
    return [element("p", headline(trace), class_="xn-dim"), *shown, *rest]


def _side(
    label: str, output: Any, error: str | None, latency: float | None, *, traced: bool
) -> dict[str, Any]:
    return {
        "label": clean_text(preview(label, _NAME)),
        "nodes": [] if error else _part("output", output)["nodes"],
        "error": clean_text(error[:_LONGEST_ERROR]) if error else "",
        "latency": "" if latency is None or pd.isna(latency) else seconds(latency),
        "traced": traced,
    }


def _part(name: str, value: Any) -> dict[str, Any]:
    try:
        return part(name, value).to_wire()
    except Exception as error:  # noqa: BLE001 - one odd value must not hide the others
        return {"name": name, "nodes": [["p", f"This could not be rendered ({said(error)})."]]}


def _difference(baseline: Any, run: Any) -> list[Node] | None:
    try:
        return difference(baseline, run, names=("baseline", "run"))
    except Exception as error:  # noqa: BLE001 - as above
        return [element("p", f"This could not be compared ({said(error)}).", class_="xn-dim")]


def _scores(store: Store, trace_ids: list[str | None]) -> list[list[str]]:
    """Every score of the two item runs: who gave it, its name, both values, the difference."""
    found: dict[tuple[str, str], list[ScoreRecord | None]] = {}
    with store.reading() as connection:
        for side, trace_id in enumerate(trace_ids):
            for score in scores.of_traces(connection, [trace_id] if trace_id else []):
                found.setdefault((score.name, _giver(score)), [None, None])[side] = score
    return [
        [clean_text(preview(name, _NAME)), giver, *_both(first, second)]
        for (name, giver), (first, second) in list(found.items())[:_MOST_SCORES]
    ]


def _giver(score: ScoreRecord) -> str:
    if score.source is ScoreSource.HUMAN:
        return clean_text(preview(score.author or "a person", _NAME))
    return ""


def _both(first: ScoreRecord | None, second: ScoreRecord | None) -> list[str]:
    values = [None if score is None else score.value for score in (first, second)]
    numbers = [float(v) for v in values if v is not None and not isinstance(v, str)]
    delta = signed_value(numbers[1] - numbers[0]) if len(numbers) == len(values) else ""
    return [*(clean_text(shown_value(value)) for value in values), delta]


def _note(items: ItemList) -> str:
    most = max(items.comparison.baseline.repetitions, items.candidate.repetitions)
    if most == 1:
        return ""
    return f"Shown is the first of {most} repetitions; the list averages their scores."


def _observation(depth: int, found: Observation) -> Node:
    """An observation that unfolds to what went in and what came out."""
    words = " · ".join([preview(found.name, _NAME), *key_figures(found)])
    inside: list[Node] = []
    for name, text in (("input", found.input_json), ("output", found.output_json)):
        if text is not None:
            inside.append(element("dt", name))
            inside.append(element("dd", *part(name, held_value(text), _VALUE).nodes))
    if found.error:
        inside.append(element("dt", "error", class_="xn-bad"))
        inside.append(element("dd", clean_text(found.error[:_VALUE])))
    shown = element("details", element("summary", clean_text(words)), element("dl", *inside))
    for _ in range(min(depth, _DEEPEST)):
        shown = element("div", shown, class_="xn-inside")
    return shown
