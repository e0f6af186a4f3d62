"""What people said of the item runs of an experiment, wherever it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from xeroml_nb.analysis.kinds import find_kinds
from xeroml_nb.annotation.dimension import Kind
from xeroml_nb.annotation.labels import Labels
from xeroml_nb.annotation.queue import AnnotationQueue, queue_by_id
from xeroml_nb.annotation.statistics.ratings import checked_value
from xeroml_nb.errors import BadInput, NotFound
from xeroml_nb.store import run_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xeroml_nb.annotation.dimension import Dimension
    from xeroml_nb.annotation.rubric import Rubric
    from xeroml_nb.annotation.statistics.ratings import Value
    from xeroml_nb.experiments.frames import RunTable
    from xeroml_nb.store.store import Store

    # Labels of a queue, a score's name, or labels by item id.
    LabelSource = Labels | AnnotationQueue | str | pd.DataFrame | pd.Series[Any] | Mapping[str, Any]

# Item and repetition.
Key = tuple[str, int]
_UNASKED = frozenset({Kind.TEXT, Kind.PREFERENCE})


@dataclass(frozen=True)
class Said:
    """Labels of the item runs of one experiment.

    Args:
        name: What they are called.
        given: By item and repetition.
        dimension: What people were asked, where it is known.
        rubric: What else they were asked along with it, where it is known.
        drawn: How the place of an item run in the queue was drawn, where there was a queue.
        split: Of how many item runs people said different things.
    """

    name: str
    given: dict[Key, Value] = field(repr=False)
    dimension: Dimension | None = None
    rubric: Rubric | None = None
    drawn: dict[Key, str] = field(default_factory=dict, repr=False)
    split: int = 0


def experiments_of(store: Store, source: LabelSource) -> tuple[str, ...]:
    """The ids of the experiments that labels are about; none where labels do not know.

    Raises:
        NotFound: If there is no such queue.
    """
    if not isinstance(source, (Labels, AnnotationQueue)):
        return ()
    queue = queue_by_id(store, _labels_of(store, source).queue_id)
    if queue.experiment_ids:
        return queue.experiment_ids
    traces = _labels_of(store, source).to_frame()["trace_id"].dropna().unique()
    with store.reading() as connection:
        return tuple(run_columns.experiments_of(connection, traces))


def read_said(store: Store, table: RunTable, source: LabelSource, label: str | None) -> Said:
    """What people said of the item runs of a table.

    Args:
        store: Where queues and rubrics are.
        table: The item runs, with their scores.
        source: Where labels come from.
        label: The question or column, where there are several.

    Raises:
        NotFound: If there is no such score, question or column.
        BadInput: If labels are no verdicts on one output, or it is open which are meant.
    """
    if isinstance(source, str):
        if label is not None:
            raise BadInput(f"{source!r} is a score already.", "Leave label=... out.")
        return _of_score(store, table, source)
    if isinstance(source, (Labels, AnnotationQueue)):
        return _of_queue(table, _labels_of(store, source), label)
    if isinstance(source, (pd.DataFrame, pd.Series, Mapping)):
        return _by_item(source, label)
    raise BadInput(
        f"calibrate() was given labels of type {type(source).__name__}.",
        "Pass labels or a queue, the name of a score, or a DataFrame, Series or dict by item id.",
    )


def _labels_of(store: Store, source: Labels | AnnotationQueue) -> Labels:
    if isinstance(source, Labels):
        return source
    return Labels(store, queue_by_id(store, source.id), source.rubric)


def _of_score(store: Store, table: RunTable, name: str) -> Said:
    if name not in table.scores:
        raise NotFound("score", name, table.scores, "Label with xn.annotate(experiment).")
    asked = find_kinds(store, [table], {}).dimensions.get(name)
    return Said(name, _values(table, name), asked)


def _of_queue(table: RunTable, labels: Labels, label: str | None) -> Said:
    """The labels that count: what was settled, else the latest, as in every table."""
    dimension = _asked(labels.rubric, label)
    frame = labels.to_frame()
    frame = frame[(frame["dimension"] == dimension.name) & ~frame["repeat"].astype(bool)]
    key_of = dict(zip(table.columns["trace_id"], _keys(table), strict=True))
    frame = frame.assign(key=frame["trace_id"].map(key_of)).dropna(subset=["key", "value"])
    column = f"{dimension.name} (human)"
    column = column if column in table.scores else dimension.name
    counting = _values(table, column) if column in table.scores else {}
    said = frame.groupby("key", sort=False)["value"]
    return Said(
        name=column,
        given={key: counting[key] for key in said.groups if key in counting},
        dimension=dimension,
        rubric=labels.rubric,
        drawn=_drawn(frame),
        split=sum(len(set(values)) > 1 for _, values in said),
    )


def _asked(rubric: Rubric, label: str | None) -> Dimension:
    known = [d for d in rubric.dimensions if d.kind not in _UNASKED]
    names = [d.name for d in known]
    if label is None and len(known) == 1:
        return known[0]
    if label is not None and label in names:
        return known[names.index(label)]
    if label is not None:
        hint = "Texts and preferences are no verdicts on one output."
        raise NotFound("question", label, names, hint)
    if not known:
        raise BadInput(
            f"Rubric {rubric.name!r} asks for no verdict on one output.",
            "Label with a dimension of options, a scale, a number, or yes and no.",
        )
    listed = ", ".join(map(repr, names))
    raise BadInput(f"Rubric {rubric.name!r} asks {listed}.", "Pass label=... with one of them.")


def _drawn(frame: pd.DataFrame) -> dict[Key, str]:
    """How each place was drawn; a place that one person drew at random counts as that."""
    places = frame.dropna(subset=["drawn"]).sort_values("drawn", key=lambda d: d == "random")
    return dict(zip(places["key"], places["drawn"], strict=True))


def _by_item(source: pd.DataFrame | pd.Series[Any] | Mapping[str, Any], label: str | None) -> Said:
    if isinstance(source, pd.DataFrame):
        return _of_frame(source, label)
    named = source.name if isinstance(source, pd.Series) else None
    pairs = source.items()
    name = label or (str(named) if named is not None else "labels")
    return Said(name, _checked(((str(item), 0), value) for item, value in pairs))


def _of_frame(frame: pd.DataFrame, label: str | None) -> Said:
    given = frame if "item_id" in frame else frame.rename_axis("item_id").reset_index()
    others = [str(c) for c in given.columns if c not in ("item_id", "repetition")]
    name = label or (others[0] if len(others) == 1 else "")
    if name not in others:
        if label is not None:
            raise NotFound("column", label, others)
        raise BadInput(
            f"The table of labels has {len(others)} columns beside the ids: {', '.join(others)}.",
            "Pass label=... with the one that holds the labels.",
        )
    repetitions = given["repetition"] if "repetition" in given else [0] * len(given)
    keys = zip(given["item_id"].map(str), map(int, repetitions), strict=True)
    return Said(name, _checked(zip(keys, given[name], strict=True)))


def _checked(pairs: Any) -> dict[Key, Value]:
    """Labels by item and repetition, without those that are missing."""
    found: dict[Key, Value] = {}
    for key, value in pairs:
        if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
            continue
        checked = checked_value(value, f"Item {key[0]!r}")
        if found.setdefault(key, checked) != checked:
            raise BadInput(
                f"Item {key[0]!r} has the labels {found[key]!r} and {checked!r}.",
                "Give one label an item; several people are told apart by xn.annotate().",
            )
    return found


def _values(table: RunTable, name: str) -> dict[Key, Value]:
    values = zip(_keys(table), table.scores[name].values(), strict=True)
    return {key: value for key, value in values if value is not None}


def _keys(table: RunTable) -> Sequence[Key]:
    return list(zip(table.columns["item_id"], table.columns["repetition"], strict=True))
