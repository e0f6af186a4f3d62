"""The items on which a judge and people differ: as a table, and as a queue to look at again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from xeroml_nb.analysis.calibration.scale import Meeting
from xeroml_nb.analysis.contents import items
from xeroml_nb.annotation import queue as queues
from xeroml_nb.annotation.rubric import Rubric
from xeroml_nb.errors import BadInput
from xeroml_nb.records.ids import NAME_LIMIT
from xeroml_nb.records.score import ScoreSource
from xeroml_nb.store import experiments, scores
from xeroml_nb.store.rows import chunks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.analysis.calibration.calibration import Calibration
    from xeroml_nb.annotation.queue import AnnotationQueue
    from xeroml_nb.records.score import ScoreRecord

_COLUMNS = (
    "item_id",
    "repetition",
    "input",
    "expected_output",
    "output",
    "label",
    "verdict",
    "label_comment",
    "verdict_comment",
    "trace_id",
)


def differing(found: Calibration) -> pd.DataFrame:
    """The pairs that differ, the largest difference first; of categories as they come."""
    compared, pairing = found.compared, found.pairing
    differs: pd.DataFrame = compared[compared["label"] != compared["verdict"]]
    if pairing.meeting is Meeting.CATEGORIES:
        return differs
    whole = pairing.pairs.loc[differs.index, "verdict"]
    size = (whole - (differs["label"] if found.cut is None else found.cut)).abs()
    ordered: pd.DataFrame = differs.loc[size.sort_values(ascending=False, kind="stable").index]
    return ordered


def frame(found: Calibration) -> pd.DataFrame:
    """Those pairs with what was judged and what both sides said about it."""
    rows, record = differing(found), found.pairing.record
    keys = list(zip(rows["item_id"], rows["repetition"], strict=True))
    with found.store.reading() as connection:
        runs = experiments.item_runs_by_key(connection, record.id, keys)
        known = {item.id: item for item in items(connection, record)} if keys else {}
        given = [s for part in chunks(rows["trace_id"]) for s in scores.of_traces(connection, part)]
    of_label, of_verdict = _comments(given, found.people), _comments(given, found.judge)
    filled = [
        (
            *key,
            getattr(known.get(key[0]), "input", None),
            getattr(known.get(key[0]), "expected_output", None),
            runs[key].output,
            found.pairing.said.given[key],
            verdict,
            of_label.get(trace_id),
            of_verdict.get(trace_id),
            trace_id,
        )
        for key, verdict, trace_id in zip(keys, rows["given"], rows["trace_id"], strict=True)
    ]
    return pd.DataFrame(filled, columns=list(_COLUMNS)).astype({"repetition": np.int64})


def queue(found: Calibration, rubric: Rubric | None, name: str | None) -> AnnotationQueue:
    """A queue over those pairs, the largest difference first; one of that name is added to."""
    traces = list(differing(found)["trace_id"])
    if not traces:
        raise BadInput(f"Nothing differs in {found.title}.", "There is nothing to look at again.")
    asked = rubric or _rubric(found)
    called = (name or f"Where {found.title} differ")[:NAME_LIMIT]
    made = _found_or_made(found, asked, called)
    for trace_id in traces:
        queues.add_trace(found.store, made.id, trace_id)
    return made


def _found_or_made(found: Calibration, rubric: Rubric, name: str) -> AnnotationQueue:
    for one in queues.annotation_queues(found.store):
        if one.name == name and one.rubric.id == rubric.id:
            return one
    description = "Outputs that a judge and people judged differently."
    return queues.create_annotation_queue(found.store, name, rubric, description)


def _rubric(found: Calibration) -> Rubric:
    said = found.pairing.said
    if said.rubric is not None:
        return said.rubric
    if said.dimension is not None:
        return Rubric([said.dimension])
    raise BadInput(
        f"It is not known what people were asked for {said.name!r}.",
        "Pass a rubric, such as xn.Rubric.pass_fail().",
    )


def _comments(given: Sequence[ScoreRecord], column: str) -> dict[str, Any]:
    """The comments on the scores of a column, by trace; of several the last."""
    by_people = column.endswith(" (human)")
    names = {column, column.removesuffix(" (human)")}
    return {
        score.target.trace_id or "": score.comment
        for score in given
        if score.comment
        and score.name in names
        and (score.name == column or (by_people and score.source is ScoreSource.HUMAN))
    }
