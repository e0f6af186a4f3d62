"""What people decide about items: events, and what they add up to."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Action(StrEnum):
    """What a person did."""

    SET = "set"
    CLEAR = "clear"
    SKIP = "skip"
    UNSKIP = "unskip"
    FLAG = "flag"
    UNFLAG = "unflag"
    COMMENT = "comment"
    CORRECT = "correct"
    CARRY = "carry"
    UNDO = "undo"
    REDO = "redo"


class EntryKey(NamedTuple):
    """What is labelled: an item run, or its hidden repeat.

    Args:
        item_id: The item; in a queue of traces, the trace.
        repetition: Of the item run.
        repeat: Shown a second time, to see how consistent a person is.
    """

    item_id: str
    repetition: int = 0
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class LabelEvent:
    """One thing that one person did; never changed once it is stored.

    Args:
        queue_id: The queue.
        annotator: Who.
        session: The page it came from.
        sequence: Counts from 1 in that session; the two together make repeats harmless.
        action: What was done.
        key: To which entry; for undo and redo, the one that was on the screen.
        trace_id: The trace that is labelled; of a pair, the first run's.
        content_hash: Of the input and output that were shown.
        dimension: What was set or cleared.
        value: What it was set to: a label, a comment, a correction.
        previous: What that was before.
        config_id: The dimension's definition at that moment.
        position: In the annotator's order, from 0.
        swapped: Of a pair, the second run was on the left.
        blind: Automatic scores and other people's labels were hidden.
        carried_from: The trace that a carried label was given on.
        presented_at: When the item appeared.
        decided_at: When the key was pressed.
        active_seconds: Between the two, without idle time.
        tool_version: Of this package.
        id: Given by the store: the order of the log.
    """

    queue_id: str
    annotator: str
    session: str
    sequence: int
    action: Action
    key: EntryKey
    trace_id: str | None = None
    content_hash: str | None = None
    dimension: str | None = None
    value: Any = None
    previous: Any = None
    config_id: str | None = None
    position: int | None = None
    swapped: bool | None = None
    blind: bool = True
    carried_from: str | None = None
    presented_at: datetime | None = None
    decided_at: datetime | None = None
    active_seconds: float | None = None
    tool_version: str = ""
    id: int = 0


def _nothing() -> Mapping[str, Any]:
    return _NOTHING


@dataclass(frozen=True, slots=True)
class Label:
    """What one person says of one entry.

    Args:
        answers: By dimension.
        configs: By dimension, the definition it was given under.
        skipped: Passed over undecided.
        flagged: To be looked at again.
        comment: Why.
        correction: What the output should have been.
        carried_from: The trace it was carried over from, as long as nothing was changed.
        trace_id: The trace it is about.
        content_hash: Of what was shown.
        swapped: Of a pair, the second run was on the left.
        decided_at: The latest change.
        active_seconds: Spent on it.
    """

    answers: Mapping[str, Any] = field(default_factory=_nothing)
    configs: Mapping[str, str] = field(default_factory=_nothing, repr=False)
    skipped: bool = False
    flagged: bool = False
    comment: str = ""
    correction: str | None = None
    carried_from: str | None = None
    trace_id: str | None = None
    content_hash: str | None = None
    swapped: bool | None = None
    decided_at: datetime | None = None
    active_seconds: float = 0.0

    def to_wire(self) -> dict[str, Any]:
        """The label as a front end reads it."""
        return {
            "answers": dict(self.answers),
            "skipped": self.skipped,
            "flagged": self.flagged,
            "comment": self.comment,
            "correction": self.correction,
            "carried": self.carried_from is not None,
        }


BLANK = Label()


@dataclass(frozen=True, slots=True)
class QueueRecord:
    """What is labelled by whom, in which order.

    Args:
        id: Derived from what is labelled and the rubric's name; random for queues of traces.
        name: For people.
        kind: "experiment", "pair", "traces" or "adjudication".
        experiment_ids: The experiments: one, or the two of a pair.
        dataset_id: Their dataset, if they share one.
        parent_id: Of an adjudication, the queue whose disagreements it settles.
        rubric_name: Labels of one name belong together.
        definitions: The dimensions of the rubric as it is now.
        order: Mode, score, share and seed, as `Order.to_wire` gives them.
        team: Who labels, and which share of the items everybody labels.
        repeats: Share of the items that are shown twice.
        description: For people.
        created_at: When it was made.
    """

    id: str
    name: str
    kind: str
    created_at: datetime
    experiment_ids: tuple[str, ...] = ()
    dataset_id: str | None = None
    parent_id: str | None = None
    rubric_name: str = "labels"
    definitions: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    order: dict[str, Any] = field(default_factory=dict)
    team: dict[str, Any] = field(default_factory=dict)
    repeats: float = 0.0
    description: str = ""

    @property
    def is_pair(self) -> bool:
        """Two experiments are compared item by item."""
        return len(self.experiment_ids) == 2  # noqa: PLR2004 - two make a pair
