"""How events are made: of a decision, of a carried label, of a question asked again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from xeroml_nb.records import clock
from xeroml_nb.records.label import Action, EntryKey, Label, LabelEvent

if TYPE_CHECKING:
    from xeroml_nb.annotation.decision import Decision
    from xeroml_nb.annotation.material import Shown
    from xeroml_nb.annotation.rubric import Rubric

_VERSION = version("xeroml_nb")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is kept of an entry once it was shown, so that a decision on it can be checked.

    Args:
        title: What it was called.
        trace_id: The trace a label is about.
        content_hash: Of what was shown.
        swapped: Of a pair, the second run was on the left; None where there is no pair.
    """

    title: str
    trace_id: str
    content_hash: str
    swapped: bool | None = None


@dataclass(frozen=True, slots=True)
class EventMaker:
    """Makes the events of one person in one queue.

    Args:
        queue_id: The queue.
        annotator: Who.
        rubric: What is asked.
        blind: Scores and other people's labels are hidden.
    """

    queue_id: str
    annotator: str
    rubric: Rubric
    blind: bool

    def of_decision(
        self, decision: Decision, key: EntryKey, stamp: Stamp, before: Label
    ) -> LabelEvent:
        """The event of what a person did.

        Raises:
            BadInput: If the value does not answer the question.
        """
        value, config_id = self._checked(decision)
        return replace(
            self._plain(decision.action, key, decision.session),
            sequence=decision.sequence,
            trace_id=stamp.trace_id,
            content_hash=stamp.content_hash,
            dimension=decision.dimension,
            value=value,
            previous=before.answers.get(decision.dimension or ""),
            config_id=config_id,
            position=decision.position,
            swapped=stamp.swapped,
            presented_at=decision.presented_at,
            decided_at=decision.decided_at or clock.now(),
            active_seconds=decision.active_seconds,
        )

    def carrying(self, key: EntryKey, shown: Shown, label: Label) -> list[LabelEvent]:
        """The events that carry a label over to an entry with the same content."""
        session = f"carry:{self.queue_id}:{self.annotator}:{key.item_id}:{key.repetition}"
        known = {d.name: d.config_id for d in self.rubric.dimensions}
        return [
            replace(
                self._plain(Action.CARRY, key, session),
                sequence=count,
                trace_id=shown.trace_ids[0],
                content_hash=shown.content_hash,
                dimension=name,
                value=value,
                config_id=known[name],
                carried_from=label.trace_id,
                decided_at=label.decided_at,
            )
            for count, (name, value) in enumerate(label.answers.items(), 1)
            if name in known
        ]

    def clearing(self, key: EntryKey, dimension: str, label: Label, stamp: str) -> LabelEvent:
        """The event that makes a question undecided again."""
        return replace(
            self._plain(Action.CLEAR, key, f"requeue:{self.queue_id}:{stamp}"),
            dimension=dimension,
            previous=label.answers.get(dimension),
            trace_id=label.trace_id,
        )

    def _plain(self, action: Action, key: EntryKey, session: str) -> LabelEvent:
        return LabelEvent(
            queue_id=self.queue_id,
            annotator=self.annotator,
            session=session,
            sequence=1,
            action=action,
            key=key,
            blind=self.blind,
            decided_at=clock.now(),
            tool_version=_VERSION,
        )

    def _checked(self, decision: Decision) -> tuple[Any, str | None]:
        """The value of a decision, and the definition it was made under."""
        if decision.action is Action.SET:
            dimension = self.rubric[decision.dimension or ""]
            return dimension.checked(decision.value), dimension.config_id
        if decision.action is Action.CLEAR:
            return None, self.rubric[decision.dimension or ""].config_id
        if decision.action in (Action.COMMENT, Action.CORRECT):
            return None if decision.value is None else str(decision.value), None
        return None, None
